#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/tree.h"

struct conf_node *conf_node_new(struct conf_reader *reader, struct conf_node *parent,
				const struct conf_kind *kind, const char *title,
				struct conf_place place)
{
	struct conf_node *node = conf_alloc(reader->store, sizeof(*node));
	const char *before = parent ? parent->label : "", *blank = before[0] != '\0' ? " " : "";

	if (!node)
		return NULL;
	*node = (struct conf_node){
		.parent = parent, .kind = kind, .title = title, .label = "", .place = place};
	if (parent && title[0] != '\0')
		node->label = conf_join(reader->store, "%s%s%s \"%.63s\"", before, blank,
					kind->name, title);
	else if (parent)
		node->label = conf_join(reader->store, "%s%s%s", before, blank, kind->name);
	return node->label ? node : NULL;
}

/* The blocks of all files are in one place. NULL: no memory. */
static const char *key_of(struct conf_reader *reader, const struct conf_node *parent,
			  const char *kind, const char *title)
{
	const void *place = parent && parent->parent ? parent : NULL;

	return conf_join(reader->store, "%p %s %s", place, kind, title);
}

void conf_node_add(struct conf_reader *reader, struct conf_node *node)
{
	struct conf_node *parent = node->parent;
	const char *key = key_of(reader, parent, node->kind->name, node->title);
	struct conf_slot *slot = conf_index_slot(reader->store, &reader->blocks, key);

	if (parent->last)
		parent->last->next = node;
	else
		parent->children = node;
	parent->last = node;
	if (slot && !slot->node)
		slot->node = node;
}

struct conf_entry *conf_node_set(struct conf_reader *reader, struct conf_node *node,
				 const char *name, int line)
{
	struct conf_entry **end = &node->entries;

	while (*end && strcmp((*end)->name, name) != 0)
		end = &(*end)->next;
	if (*end)
		return *end;
	*end = conf_alloc(reader->store, sizeof(**end));
	if (*end)
		**end = (struct conf_entry){.name = name,
					    .node = node,
					    .place = {.file = node->place.file, .line = line}};
	return *end;
}

const struct conf_entry *conf_node_entry(const struct conf_node *node, const char *name)
{
	const struct conf_entry *entry = node->entries;

	while (entry && strcmp(entry->name, name) != 0)
		entry = entry->next;
	return entry;
}

struct conf_node *conf_node_of(struct conf_node *node, const char *kind)
{
	while (node && strcmp(node->kind->name, kind) != 0)
		node = node->next;
	return node;
}

struct conf_node *conf_node_find(struct conf_reader *reader, const struct conf_node *parent,
				 const char *kind, const char *title)
{
	const char *key = key_of(reader, parent, kind, title);
	const struct conf_slot *slot = conf_index_find(&reader->blocks, key);

	return slot ? slot->node : NULL;
}

void conf_node_lose(struct conf_reader *reader, struct conf_node *parent, const char *kind,
		    const char *title)
{
	const char *key = key_of(reader, NULL, kind, title);
	struct conf_slot *slot = conf_index_slot(reader->store, &reader->lost, key);

	parent->incomplete = true;
	if (slot)
		slot = conf_index_slot(reader->store, &reader->lost, kind);
	if (slot && title[0] == '\0')
		slot->node = parent;
}

bool conf_is_lost(struct conf_reader *reader, const char *kind, const char *title)
{
	const struct conf_slot *any = conf_index_find(&reader->lost, kind);
	const char *key = any && title ? key_of(reader, NULL, kind, title) : NULL;

	if (reader->cut || (any && (!title || any->node)))
		return true;
	return conf_index_find(&reader->lost, key);
}

void conf_complain_node(struct conf_reader *reader, const struct conf_node *node, int line,
			const char *format, ...)
{
	struct conf_place place = {.file = node->place.file, .line = line};
	const char *text;
	va_list args;

	va_start(args, format);
	text = conf_vjoin(reader->store, format, args);
	va_end(args);
	if (text)
		conf_complain(&reader->complaints, place, "%s%s%s", node->label,
			      node->label[0] != '\0' ? ": " : "", text);
}
