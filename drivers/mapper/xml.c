#include "mapper/xml.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

struct xml {
	struct doc *doc;
	XML_Parser parser;
	const char *error; /* NULL: none yet */
	uint32_t open[DOC_DEPTH]; /* elements around, */
	uint32_t last[DOC_DEPTH]; /* and the latest child of each */
	uint32_t depth;
	uint32_t text; /* where that of the innermost begins; DOC_NONE: it is passed over */
	bool taken; /* it has a child already: what follows is no text of its own */
	bool over; /* its text is longer than anyone wants */
};

static void refuse(struct xml *xml, const char *error)
{
	if (!xml->error)
		xml->error = error;
	(void)XML_StopParser(xml->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static bool put_text(struct xml *xml, const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!doc_put(xml->doc, text[i]))
			return false;
	return true;
}

/* Below the innermost element. DOC_NONE: refused. */
static uint32_t add(struct xml *xml, const char *mark, const char *name)
{
	const uint32_t at = xml->doc->text_bytes, level = xml->depth - 1;
	uint32_t index;

	if (strlen(name) > DOC_LONGEST) {
		refuse(xml, "has a name that is too long");
		return DOC_NONE;
	}
	if (!put_text(xml, mark, strlen(mark)) || !put_text(xml, name, strlen(name) + 1)) {
		refuse(xml, "has too much text");
		return DOC_NONE;
	}
	index = xml->depth == 0 ? doc_add(xml->doc, DOC_NONE, DOC_NONE, at)
				: doc_add(xml->doc, xml->open[level], xml->last[level], at);
	if (index == DOC_NONE)
		refuse(xml, "has too many values");
	else if (xml->depth > 0)
		xml->last[level] = index;
	return index;
}

static void add_attribute(struct xml *xml, const char *name, const char *value)
{
	const size_t bytes = strlen(value);
	const uint32_t index = add(xml, "@", local_name(name));
	struct doc_node *node;

	if (index == DOC_NONE)
		return;
	node = &xml->doc->node[index];
	node->kind = bytes > DOC_LONGEST ? DOC_PASSED_OVER : DOC_TEXT;
	if (bytes > DOC_LONGEST)
		return;
	node->text = xml->doc->text_bytes;
	if (!put_text(xml, value, bytes + 1))
		refuse(xml, "has too much text");
}

/* What the element around had of text, before this child, is between its children. */
static void drop_text(struct xml *xml)
{
	if (xml->depth > 0 && !xml->taken)
		xml->doc->text_bytes = xml->text;
}

static void XMLCALL on_start(void *data, const char *name, const char **attributes)
{
	struct xml *xml = data;
	uint32_t index;

	if (xml->error)
		return;
	if (xml->depth == DOC_DEPTH) {
		refuse(xml, "is too deep");
		return;
	}
	drop_text(xml);
	index = add(xml, "", local_name(name));
	if (index == DOC_NONE)
		return;
	xml->doc->node[index].kind = DOC_OBJECT;
	xml->open[xml->depth] = index;
	xml->last[xml->depth++] = DOC_NONE;
	for (; *attributes && !xml->error; attributes += 2)
		if (strncmp(*attributes, "xmlns", 5) != 0)
			add_attribute(xml, attributes[0], attributes[1]);
	xml->text = xml->doc->text_bytes;
	xml->taken = false;
	xml->over = false;
}

static void XMLCALL on_text(void *data, const char *text, int count)
{
	struct xml *xml = data;

	if (xml->error || xml->taken || xml->over || xml->depth == 0)
		return;
	if (xml->doc->text_bytes - xml->text + (size_t)count > DOC_LONGEST) {
		xml->over = true;
		xml->doc->text_bytes = xml->text;
	} else if (!put_text(xml, text, (size_t)count)) {
		refuse(xml, "has too much text");
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Without the blanks around it. */
static void keep_text(struct xml *xml, struct doc_node *node)
{
	struct doc *doc = xml->doc;

	while (doc->text_bytes > xml->text && is_blank(doc->text[doc->text_bytes - 1]))
		doc->text_bytes--;
	node->text = xml->text;
	while (node->text < doc->text_bytes && is_blank(doc->text[node->text]))
		node->text++;
	if (!doc_put(doc, '\0'))
		refuse(xml, "has too much text");
}

static void XMLCALL on_end(void *data, const char *name)
{
	struct xml *xml = data;
	struct doc_node *node;

	(void)name;
	if (xml->error || xml->depth == 0)
		return;
	node = &xml->doc->node[xml->open[--xml->depth]];
	if (!xml->taken) {
		const bool bare = node->child == DOC_NONE;

		if (xml->over && bare)
			node->kind = DOC_PASSED_OVER;
		else if (bare)
			node->kind = DOC_TEXT;
		if (!xml->over)
			keep_text(xml, node);
	}
	xml->taken = true; /* of the element around */
}

static void XMLCALL on_doctype(void *data, const char *name, const char *system_id,
			       const char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	refuse(data, "has a document type");
}

int xml_new(struct doc *doc, struct xml **ret_xml)
{
	struct xml *xml = calloc(1, sizeof(*xml));

	if (!xml)
		return -ENOMEM;
	xml->doc = doc;
	xml->parser = XML_ParserCreate(NULL);
	if (!xml->parser) {
		free(xml);
		return -ENOMEM;
	}
	*ret_xml = xml;
	return 0;
}

void xml_free(struct xml *xml)
{
	if (!xml)
		return;
	XML_ParserFree(xml->parser);
	free(xml);
}

void xml_begin(struct xml *xml)
{
	(void)XML_ParserReset(xml->parser, NULL);
	XML_SetUserData(xml->parser, xml);
	XML_SetElementHandler(xml->parser, on_start, on_end);
	XML_SetCharacterDataHandler(xml->parser, on_text);
	XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
	xml->error = NULL;
	xml->depth = 0;
	xml->taken = xml->over = false;
	doc_clear(xml->doc);
}

static bool parse(struct xml *xml, const char *bytes, size_t count, int is_last)
{
	if (xml->error)
		return false;
	if (XML_Parse(xml->parser, bytes, (int)count, is_last) == XML_STATUS_OK)
		return true;
	if (!xml->error) {
		const enum XML_Error code = XML_GetErrorCode(xml->parser);
		const char *ended = xml->doc->count > 0 ? "is cut" : "is empty";

		xml->error = code == XML_ERROR_NO_ELEMENTS ? ended : XML_ErrorString(code);
	}
	return false;
}

bool xml_take(struct xml *xml, const char *bytes, size_t count)
{
	static const size_t most = 1 << 20; /* as an int takes it */

	for (; count > most; bytes += most, count -= most)
		if (!parse(xml, bytes, most, 0))
			return false;
	return parse(xml, bytes, count, 0);
}

bool xml_end(struct xml *xml)
{
	return parse(xml, "", 0, 1);
}

const char *xml_error(const struct xml *xml)
{
	return xml->error;
}

size_t xml_at(const struct xml *xml)
{
	const XML_Index at = XML_GetCurrentByteIndex(xml->parser);

	return at < 0 ? 0 : (size_t)at;
}
