#include "config/build.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX	     ".conf"
#define SUFFIX_BYTES 5

static bool is_profile(const struct dirent *entry, char *name, size_t size)
{
	size_t bytes = strlen(entry->d_name);

	if (bytes <= SUFFIX_BYTES || bytes - SUFFIX_BYTES >= size ||
	    strcmp(entry->d_name + bytes - SUFFIX_BYTES, SUFFIX) != 0)
		return false;
	memcpy(name, entry->d_name, bytes - SUFFIX_BYTES);
	name[bytes - SUFFIX_BYTES] = '\0';
	return true;
}

/* The name nearest to the one that is wanted, of the profiles in a folder. */
static void offer_folder(struct config_build *build, const char *folder,
			 struct conf_nearest *nearest)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	char name[256];

	if (!directory)
		return;
	while ((entry = readdir(directory)) != NULL) {
		const char *kept;

		if (!is_profile(entry, name, sizeof(name)))
			continue;
		kept = conf_copy(build->reader.store, name);
		if (!kept || !conf_nearest_offer(nearest, kept))
			break;
	}
	closedir(directory);
}

/* Checks what the file is made of. NULL: not of a profile of this name. */
static struct conf_node *check_file(struct config_build *build, struct conf_node *file,
				    const char *name)
{
	struct conf_node *node = file->children, *other;
	struct conf_source source = {.own = node};
	struct profile_block block = {0};

	if (!node) {
		if (!conf_is_lost(&build->reader, "profile", NULL))
			conf_complain(&build->reader.complaints, file->place,
				      "expected a block: profile \"%s\" { ... }", name);
		return NULL;
	}
	if (strcmp(node->title, name) != 0)
		conf_complain_node(&build->reader, node, node->place.line,
				   "expected the name of the file, \"%s\"", name);
	for (other = node->next; other; other = other->next)
		conf_complain_node(&build->reader, other, other->place.line,
				   "expected one profile in a file");
	conf_fill(&build->parser, &source, profile_options, NULL, &block);
	return node;
}

/* The file that is there, NULL: none (told at the entry) or no memory. */
static const char *find_profile(struct config_build *build, const struct conf_entry *entry,
				const char *name)
{
	const char *const folders[] = {conf_join(build->reader.store, "%sprofiles", build->folder),
				       DATADIR "/profiles"};
	struct conf_nearest nearest = {.word = name, .patience = &build->reader.patience};

	for (size_t i = 0; i < 2; i++) {
		const char *path = folders[i] ? conf_join(build->reader.store, "%s/%s" SUFFIX,
							  folders[i], name)
					      : NULL;

		if (!path)
			return NULL;
		if (access(path, F_OK) == 0)
			return path;
		offer_folder(build, folders[i], &nearest);
	}
	conf_complain_entry(&build->parser, entry, name, "there is no such file in %s or %s%s",
			    folders[0], folders[1], conf_nearest_hint(&nearest));
	return NULL;
}

const struct conf_node *config_profile(struct config_build *build, const struct conf_entry *entry,
				       const char *name)
{
	struct conf_node *file = NULL;
	struct conf_slot *slot;
	const char *path;

	if (!conf_is_name(name)) {
		conf_complain_entry(&build->parser, entry, name,
				    "not a profile, expected a-z, 0-9 and \"-\" only");
		return NULL;
	}
	slot = conf_index_slot(build->reader.store, &build->profiles, name);
	if (!slot || slot->number > 0)
		return slot ? slot->node : NULL;
	path = find_profile(build, entry, name);
	slot->number = path != NULL; /* one that is not there is told of each device */
	if (path)
		file = conf_tree_read(&build->reader, path, &conf_profile_file);
	if (file)
		slot->node = check_file(build, file, name);
	return slot->node;
}
