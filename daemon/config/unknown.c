#include "config/unknown.h"

#include <string.h>

static void offer_name(void *data, const char *name)
{
	conf_nearest_offer(data, name);
}

/* The kind of block that has an option of this name, NULL: none. */
static const char *owner_of(const struct conf_kind *kind, const char *name)
{
	const char *owner = conf_kind_option(kind, name) ? kind->name : NULL;

	for (size_t i = 0; !owner && kind->children[i]; i++)
		owner = owner_of(kind->children[i], name);
	return owner;
}

/* Where a block of this name may stand, NULL: nowhere. */
static const char *place_of(const char *name)
{
	const struct conf_kind *const files[] = {&conf_main_file, &conf_profile_file};

	if (conf_kind_child(&conf_main_file, name))
		return "outside of other blocks: is a \"}\" missing before it?";
	if (conf_kind_child(&conf_profile_file, name))
		return "in a file of its own, profiles/NAME.conf";
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; files[i]->children[j]; j++)
			if (conf_kind_child(files[i]->children[j], name))
				return files[i]->children[j]->name;
	return NULL;
}

const char *conf_tell_unknown(struct conf_reader *reader, const struct conf_node *node,
			      const char *name, bool is_block, int line)
{
	const char *place = is_block ? place_of(name) : owner_of(&conf_main_file, name);
	const char *what = is_block ? "block" : "option";
	struct conf_nearest nearest = {.word = name, .patience = &reader->patience};

	if (!is_block)
		conf_kind_names(node->kind, &nearest, offer_name);
	if (place && !conf_nearest_is_meant(&nearest)) {
		conf_complain_node(
			reader, node, line,
			strchr(place, ' ')
				? "%s \"%s\" does not belong here, but %s"
				: "%s \"%s\" does not belong here, but in the block \"%s\"",
			what, name, place);
		return NULL;
	}
	for (size_t i = 0; (is_block || !node->parent) && node->kind->children[i]; i++)
		conf_nearest_offer(&nearest, node->kind->children[i]->name);
	if (!is_block && !node->parent)
		conf_complain_node(reader, node, line,
				   "option \"%.60s\" stands outside of all blocks%s", name,
				   conf_nearest_hint(&nearest));
	else
		conf_complain_node(reader, node, line, "unknown %s \"%.60s\"%s", what, name,
				   conf_nearest_hint(&nearest));
	return conf_nearest_word(&nearest);
}
