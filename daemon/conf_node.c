#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_tree.h"

#define LABEL_BYTES 200

static void label_node(const struct conf_node *node, char *label, size_t size)
{
	size_t bytes;

	if (node->parent == NULL)
		return;
	label_node(node->parent, label, size);
	bytes = strlen(label);
	snprintf(label + bytes, size - bytes, "%s%s", bytes > 0 ? " " : "", node->kind->name);
	bytes = strlen(label);
	if (node->kind->titled)
		snprintf(label + bytes, size - bytes, " \"%.63s\"", node->title);
}

void conf_complain_node(struct conf_reader *reader, const struct conf_node *node, int line,
			const char *format, ...)
{
	struct conf_place place = {.file = node->place.file, .line = line};
	char label[LABEL_BYTES] = "";
	char *text = NULL;
	va_list args;

	label_node(node, label, sizeof(label));
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		reader->complaints.no_memory = true;
	else
		conf_complain(&reader->complaints, place, "%s%s%s", label,
			      label[0] != '\0' ? ": " : "", text);
	va_end(args);
	free(text);
}

const struct conf_entry *conf_node_entry(const struct conf_node *node, const char *name)
{
	const struct conf_entry *entry;

	for (entry = node->entries; entry != NULL; entry = entry->next)
		if (strcmp(entry->name, name) == 0)
			return entry;
	return NULL;
}

struct conf_node *conf_node_of(struct conf_node *node, const char *kind)
{
	while (node != NULL && strcmp(node->kind->name, kind) != 0)
		node = node->next;
	return node;
}
