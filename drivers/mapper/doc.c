#include "mapper/doc.h"

#include <string.h>

#define HASH_BASIS UINT32_C(2166136261) /* FNV-1a */
#define HASH_PRIME UINT32_C(16777619)

void doc_clear(struct doc *doc)
{
	doc->count = 0;
	doc->text_bytes = 0;
}

uint32_t doc_hash(const char *name)
{
	uint32_t hash = HASH_BASIS;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * HASH_PRIME;
	return hash;
}

uint32_t doc_add(struct doc *doc, uint32_t parent, uint32_t after, uint32_t name)
{
	const uint32_t index = doc->count;

	if (index == DOC_NODES)
		return DOC_NONE;
	doc->count++;
	doc->node[index] = (struct doc_node){
		.name = name,
		.name_hash = name == DOC_NONE ? 0 : doc_hash(doc->text + name),
		.text = DOC_NONE,
		.next = DOC_NONE,
		.child = DOC_NONE,
	};
	if (after != DOC_NONE)
		doc->node[after].next = index;
	else if (parent != DOC_NONE)
		doc->node[parent].child = index;
	return index;
}

bool doc_put(struct doc *doc, char byte)
{
	if (doc->text_bytes == DOC_TEXT_BYTES)
		return false;
	doc->text[doc->text_bytes++] = byte;
	return true;
}

const char *doc_text(const struct doc *doc, const struct doc_node *node)
{
	return node->text == DOC_NONE ? NULL : doc->text + node->text;
}

static const struct doc_node *node_at(const struct doc *doc, uint32_t index)
{
	return index == DOC_NONE ? NULL : &doc->node[index];
}

const struct doc_node *doc_child(const struct doc *doc, const struct doc_node *node)
{
	return node_at(doc, node->child);
}

const struct doc_node *doc_next(const struct doc *doc, const struct doc_node *node)
{
	return node_at(doc, node->next);
}

/* ---- pointers -------------------------------------------------------------------------- */

const char *doc_pointer_fault(const char *pointer)
{
	if (*pointer && *pointer != '/')
		return "expected a JSON Pointer: \"\", or \"/name/...\"";
	for (; *pointer; pointer++)
		if (*pointer == '~' && pointer[1] != '0' && pointer[1] != '1')
			return "has a \"~\" that is neither \"~0\" nor \"~1\"";
	return NULL;
}

/* Whether the token, which ends at a "/" or with the pointer, is this name. */
static bool token_is(const char *token, const char *name)
{
	for (; *token && *token != '/'; token++, name++) {
		char wanted = *token;

		if (wanted == '~')
			wanted = *++token == '1' ? '/' : '~';
		if (*name != wanted)
			return false;
	}
	return *name == '\0';
}

static const struct doc_node *member(const struct doc *doc, const struct doc_node *object,
				     const char *token)
{
	const struct doc_node *node = doc_child(doc, object);

	while (node && !token_is(token, doc->text + node->name))
		node = doc_next(doc, node);
	return node;
}

/* "0", "12", not "-", "012" or "1x". */
static const struct doc_node *element(const struct doc *doc, const struct doc_node *array,
				      const char *token)
{
	const struct doc_node *node = doc_child(doc, array);
	const size_t digits = strspn(token, "0123456789");
	uint32_t index = 0;

	if (digits == 0 || digits > 6 || (digits > 1 && *token == '0') ||
	    (token[digits] && token[digits] != '/'))
		return NULL;
	for (size_t i = 0; i < digits; i++)
		index = index * 10 + (uint32_t)(token[i] - '0');
	while (node && index-- > 0)
		node = doc_next(doc, node);
	return node;
}

const struct doc_node *doc_at(const struct doc *doc, const struct doc_node *from,
			      const char *pointer)
{
	while (from && *pointer == '/') {
		const char *token = pointer + 1;

		if (from->kind == DOC_OBJECT)
			from = member(doc, from, token);
		else if (from->kind == DOC_ARRAY)
			from = element(doc, from, token);
		else
			from = NULL;
		pointer = token + strcspn(token, "/");
	}
	return from;
}
