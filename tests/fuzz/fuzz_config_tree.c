/* Any bytes as a file of the configuration, read to a tree: all that is in it and all that is
 * told has its line. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/tree.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check_words(const struct conf_entry *entry, int lines)
{
	size_t count = 0;

	for (const struct conf_word *word = entry->words; word != NULL; word = word->next, count++)
		assert(strlen(word->text) < SIZE_MAX && word->line >= 1 && word->line <= lines);
	assert(count == entry->word_count);
}

static size_t check_node(struct conf_reader *reader, const struct conf_node *node, int lines)
{
	size_t count = 1;

	assert(node->place.line <= lines && strlen(node->label) < 400);
	for (const struct conf_entry *entry = node->entries; entry != NULL; entry = entry->next) {
		assert(conf_node_entry(node, entry->name) == entry && entry->node == node);
		check_words(entry, lines);
	}
	for (struct conf_node *child = node->children; child != NULL; child = child->next) {
		assert(child->parent == node && child->place.line >= node->place.line);
		assert(conf_node_find(reader, node, child->kind->name, child->title) != NULL);
		count += check_node(reader, child, lines);
	}
	return count;
}

/* The first byte says of which kind the file is. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static FILE *sink;
	struct conf_store *store = conf_store_new();
	struct conf_reader reader = {.store = store, .complaints.store = store};
	struct conf_file file = {.path = "fuzz.conf", .folder = "/"};
	bool profile = size > 0 && data[0] == 'p';
	char *bytes = malloc(size + 1);
	const struct conf_node *root;
	int lines = 1;

	sink = sink != NULL ? sink : fopen("/dev/null", "we");
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || data[i] == '\r';
	memcpy(bytes, data, size);
	bytes[size] = '\0';
	root = conf_tree_parse(&reader, &file, bytes, size,
			       profile ? &conf_profile_file : &conf_main_file);
	assert(root != NULL);
	assert(check_node(&reader, root, lines) <= size + 1);
	assert(!file.cut || reader.complaints.count > 0);
	assert(reader.complaints.count <= 4 * size);
	conf_complaints_print(&reader.complaints, sink);
	free(bytes);
	conf_store_free(store);
	return 0;
}
