#include "conf_unknown.h"

#include <string.h>

static void offer_name(void *data, const char *name)
{
	conf_nearest_offer(data, name);
}

struct wanted {
	const char *name;
	bool found;
};

static void compare_name(void *data, const char *name)
{
	struct wanted *wanted = data;

	wanted->found |= strcmp(wanted->name, name) == 0;
}

/* The kind of block that has an option of this name, NULL: none. */
static const char *owner_of(const struct conf_kind *kind, const char *name)
{
	struct wanted wanted = {.name = name};
	const char *owner = NULL;
	size_t i;

	conf_kind_names(kind, &wanted, compare_name);
	if (wanted.found)
		return kind->name;
	for (i = 0; owner == NULL && kind->children[i] != NULL; i++)
		owner = owner_of(kind->children[i], name);
	return owner;
}

/* Where a block of this name may stand, NULL: nowhere. */
static const char *place_of(const char *name)
{
	const struct conf_kind *const files[] = {&conf_main_file, &conf_profile_file};
	size_t i, j;

	if (conf_kind_child(&conf_main_file, name) != NULL)
		return "outside of other blocks: is a \"}\" missing before it?";
	if (conf_kind_child(&conf_profile_file, name) != NULL)
		return "in a file of its own, profiles/NAME.conf";
	for (i = 0; i < 2; i++)
		for (j = 0; files[i]->children[j] != NULL; j++)
			if (conf_kind_child(files[i]->children[j], name) != NULL)
				return files[i]->children[j]->name;
	return NULL;
}

void conf_tell_unknown(struct conf_reader *reader, const struct conf_node *node, const char *name,
		       enum conf_shape shape, int line)
{
	const char *place =
		shape == CONF_SHAPE_BLOCK ? place_of(name) : owner_of(&conf_main_file, name);
	const char *what = shape == CONF_SHAPE_BLOCK ? "block" : "option";
	const struct conf_kind *kind = node->kind;
	struct conf_nearest nearest = {.word = name};
	size_t i;

	for (i = 0; shape == CONF_SHAPE_BLOCK && kind->children[i] != NULL; i++)
		conf_nearest_offer(&nearest, kind->children[i]->name);
	if (shape == CONF_SHAPE_OPTION)
		conf_kind_names(kind, &nearest, offer_name);
	if (place != NULL)
		conf_complain_node(
			reader, node, line,
			strchr(place, ' ') != NULL
				? "%s \"%s\" does not belong here, but %s"
				: "%s \"%s\" does not belong here, but in the block \"%s\"",
			what, name, place);
	else if (shape == CONF_SHAPE_OPTION && node->parent == NULL)
		conf_complain_node(reader, node, line, "option \"%s\" stands outside of all blocks",
				   name);
	else
		conf_complain_node(reader, node, line, "unknown %s \"%s\"%s", what, name,
				   conf_nearest_hint(&nearest));
}
