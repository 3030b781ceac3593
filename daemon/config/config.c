#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/build.h"
#include "config/value.h"

/* ---- files ----------------------------------------------------------------------------- */

/* NULL: it cannot be read, told; or no memory. */
static const struct conf_node *read_file(struct config_build *build, const char *path)
{
	struct conf_node *file = conf_tree_read(&build->reader, path, &conf_main_file);

	if (!file || !file->children)
		return file;
	if (build->last_block)
		build->last_block->next = file->children;
	else
		build->blocks = file->children;
	build->last_block = file->last;
	return file;
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

/* conf.d/<any>.conf beside the main file. */
static void read_parts(struct config_build *build)
{
	const char *folder = conf_join(build->reader.store, "%sconf.d", build->folder), *path;
	struct dirent **entries = NULL;
	int count = folder ? scandir(folder, &entries, is_part, by_name) : -1;

	for (int i = 0; i < count; i++) {
		path = conf_join(build->reader.store, "%s/%s", folder, entries[i]->d_name);
		if (path)
			(void)read_file(build, path);
		free(entries[i]);
	}
	free(entries);
}

/* false: there is no main file, told; or no memory. */
static bool read_files(struct config_build *build, const char *path)
{
	char *folder = conf_copy(build->reader.store, path);
	const struct conf_node *file = read_file(build, path);

	if (!folder || !file)
		return false;
	folder[strrchr(path, '/') ? strrchr(path, '/') + 1 - path : 0] = '\0';
	build->folder = folder;
	build->file = file->place.file;
	read_parts(build);
	return true;
}

/* ---- whole ----------------------------------------------------------------------------- */

static bool has_failed(const struct config_build *build)
{
	return conf_store_failed(build->parser.store) || conf_store_failed(build->reader.store);
}

static int build_config(struct config_build *build, const char *path, FILE *errors)
{
	static void (*const parts[])(struct config_build *) = {
		config_build_site,   config_build_buses, config_build_devices,
		config_list_devices, config_build_lanes, config_build_contacts,
		config_build_meters,
	};
	bool read = read_files(build, path);

	for (size_t i = 0; read && i < sizeof(parts) / sizeof(parts[0]) && !has_failed(build); i++)
		parts[i](build);
	conf_complaints_print(&build->reader.complaints, errors);
	if (has_failed(build))
		return -ENOMEM;
	return build->reader.complaints.count > 0 ? -EINVAL : 0;
}

int config_load(const char *path, FILE *errors, struct config **ret_config)
{
	struct config *config = calloc(1, sizeof(*config));
	struct conf_store *store = conf_store_new();
	struct config_build build = {
		.reader = {.store = store, .complaints.store = store},
		.parser = {.reader = &build.reader, .config = config},
		.config = config,
	};
	int err = -ENOMEM;

	if (config)
		build.parser.store = config->store = conf_store_new();
	if (store && build.parser.store)
		err = build_config(&build, path, errors);
	conf_store_free(store);
	if (!err)
		*ret_config = config;
	else
		config_free(config);
	return err;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	conf_store_free(config->store);
	free(config);
}
