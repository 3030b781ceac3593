#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_value.h"
#include "config_build.h"

/* ---- shared by the parts --------------------------------------------------------------- */

void config_check_title(struct config_build *build, const struct conf_node *node)
{
	const struct conf_node *other = node->parent->children;

	if (!conf_is_name(node->title))
		conf_complain_node(&build->reader, node, node->place.line,
				   "not a name, expected 1 to 63 of a-z, 0-9 and \"-\"");
	if (node->parent->parent == NULL) /* of several files: they are one list */
		other = build->blocks;
	for (; other != node; other = other->next)
		if (other->kind == node->kind && strcmp(other->title, node->title) == 0) {
			conf_complain_node(&build->reader, node, node->place.line,
					   "is there twice, first in %s:%d",
					   other->place.file->path, other->place.line);
			return;
		}
}

void config_check_order(struct config_build *build, const struct conf_node *node, const char *less,
			int64_t less_ns, const char *more, int64_t more_ns)
{
	char longer[CONF_NUMBER_BYTES], shorter[CONF_NUMBER_BYTES];

	if (less_ns <= more_ns)
		return;
	conf_write_duration(less_ns, longer);
	conf_write_duration(more_ns, shorter);
	conf_complain_node(&build->reader, node, node->place.line,
			   "\"%s\" (%s) is longer than \"%s\" (%s)", less, longer, more, shorter);
}

void *config_grow(struct config_build *build, void *array, size_t count, size_t item_bytes)
{
	void *grown = array;

	if ((count & (count - 1)) == 0) /* 0 or a power of two: full */
		grown = conf_alloc(build->parser.store, (count == 0 ? 1 : 2 * count) * item_bytes);
	if (grown == NULL)
		build->parser.no_memory = true;
	else if (grown != array && count > 0)
		memcpy(grown, array, count * item_bytes);
	return grown;
}

/* ---- files ----------------------------------------------------------------------------- */

static void append_blocks(struct config_build *build, struct conf_node *file)
{
	struct conf_node **end = &build->blocks;

	while (*end != NULL)
		end = &(*end)->next;
	*end = file != NULL ? file->children : NULL;
}

static int is_part(const struct dirent *entry)
{
	size_t bytes = strlen(entry->d_name);

	return entry->d_name[0] != '.' && bytes > 5 &&
	       strcmp(entry->d_name + bytes - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* conf.d/<any>.conf beside the main file. A file that cannot be read is told. */
static int read_parts(struct config_build *build)
{
	const char *folder = conf_join(build->reader.store, "%sconf.d", build->folder);
	struct dirent **entries = NULL;
	int count, i, result = 0;

	count = folder != NULL ? scandir(folder, &entries, is_part, by_name) : -1;
	for (i = 0; i < count; i++) {
		struct conf_node *file = NULL;
		const char *path =
			conf_join(build->reader.store, "%s/%s", folder, entries[i]->d_name);

		if (path == NULL ||
		    conf_tree_read(&build->reader, path, &conf_main_file, &file) == -ENOMEM)
			result = -ENOMEM;
		append_blocks(build, file);
		free(entries[i]);
	}
	free(entries);
	return folder != NULL ? result : -ENOMEM;
}

static int read_files(struct config_build *build, const char *path)
{
	char *folder = conf_copy(build->reader.store, path);
	struct conf_node *file = NULL;
	int result;

	if (folder == NULL)
		return -ENOMEM;
	folder[strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 - path : 0] = '\0';
	build->folder = folder;
	result = conf_tree_read(&build->reader, path, &conf_main_file, &file);
	if (result < 0)
		return result == -ENOMEM ? -ENOMEM : -EINVAL;
	build->file = file->place.file;
	append_blocks(build, file);
	return read_parts(build);
}

/* ---- whole ----------------------------------------------------------------------------- */

static int build_config(struct config_build *build, const char *path)
{
	static void (*const parts[])(struct config_build *) = {
		config_build_site,   config_build_buses, config_build_devices,
		config_list_devices, config_build_lanes, config_build_meters,
	};
	int result = read_files(build, path);
	size_t i;

	if (result < 0)
		return result;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]) && !build->parser.no_memory; i++)
		parts[i](build);
	if (build->parser.no_memory || build->reader.complaints.no_memory)
		return -ENOMEM;
	return build->reader.complaints.count > 0 ? -EINVAL : 0;
}

int config_load(const char *path, FILE *errors, struct config **ret_config)
{
	struct config_build build = {.reader.store = conf_store_new(),
				     .config = calloc(1, sizeof(struct config))};
	int result = -ENOMEM;

	if (build.reader.store == NULL || build.config == NULL)
		goto out;
	build.config->store = conf_store_new();
	if (build.config->store == NULL)
		goto out;
	build.parser = (struct conf_parser){
		.reader = &build.reader, .store = build.config->store, .config = build.config};
	result = build_config(&build, path);
	conf_complaints_print(&build.reader.complaints, errors);
	conf_complaints_free(&build.reader.complaints);
out:
	conf_store_free(build.reader.store);
	if (result == 0)
		*ret_config = build.config;
	else
		config_free(build.config);
	return result;
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	conf_store_free(config->store);
	free(config);
}
