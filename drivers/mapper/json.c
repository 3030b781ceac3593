#include "mapper/json.h"

#include <string.h>

static bool refuse(struct json *json, const char *error)
{
	json->error = error;
	return false;
}

void json_begin(struct json *json, struct doc *doc)
{
	*json = (struct json){.doc = doc, .name = DOC_NONE};
	doc_clear(doc);
}

/* ---- values ---------------------------------------------------------------------------- */

static struct doc_node *around(const struct json *json)
{
	return json->depth == 0 ? NULL : &json->doc->node[json->open[json->depth - 1]];
}

static bool is_there(const struct json *json, const struct doc_node *object, uint32_t name)
{
	const char *text = json->doc->text + name;
	const uint32_t hash = doc_hash(text);

	for (const struct doc_node *node = doc_child(json->doc, object); node;
	     node = doc_next(json->doc, node))
		if (node->name_hash == hash && strcmp(json->doc->text + node->name, text) == 0)
			return true;
	return false;
}

/* NULL: refused. */
static struct doc_node *add(struct json *json, enum doc_kind kind)
{
	const uint32_t level = json->depth - 1; /* unused at the top */
	uint32_t index;

	index = json->depth == 0
			? doc_add(json->doc, DOC_NONE, DOC_NONE, DOC_NONE)
			: doc_add(json->doc, json->open[level], json->last[level], json->name);
	if (index == DOC_NONE) {
		refuse(json, "has too many values");
		return NULL;
	}
	if (json->depth > 0)
		json->last[level] = index;
	json->name = DOC_NONE;
	json->doc->node[index].kind = (uint8_t)kind;
	json->state = JSON_AT_BEHIND;
	return &json->doc->node[index];
}

static bool open_container(struct json *json, enum doc_kind kind)
{
	struct doc_node *node;

	if (json->depth == DOC_DEPTH)
		return refuse(json, "is too deep");
	node = add(json, kind);
	if (!node)
		return false;
	json->open[json->depth] = (uint32_t)(node - json->doc->node);
	json->last[json->depth++] = DOC_NONE;
	json->state = kind == DOC_ARRAY ? JSON_AT_FIRST_ITEM : JSON_AT_FIRST_MEMBER;
	return true;
}

static bool close_container(struct json *json, enum doc_kind kind)
{
	const struct doc_node *open = around(json);

	if (!open || open->kind != kind)
		return refuse(json, "ends what was not begun");
	json->depth--;
	json->state = JSON_AT_BEHIND;
	return true;
}

static void begin_text(struct json *json, enum json_step state, bool is_name)
{
	json->state = state;
	json->text = json->doc->text_bytes;
	json->bytes = 0;
	json->is_name = is_name;
	json->over = false;
	json->high = 0;
	json->rest = 0;
}

static bool put(struct json *json, char byte)
{
	if (json->over)
		return true;
	if (json->bytes == DOC_LONGEST) {
		json->over = true;
		json->doc->text_bytes = json->text;
		return !json->is_name || refuse(json, "has a name that is too long");
	}
	json->bytes++;
	return doc_put(json->doc, byte) || refuse(json, "has too much text");
}

/* ---- words and numbers ----------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at)
{
	while (is_digit(*at))
		at++;
	return at;
}

static bool is_number(const char *at)
{
	at += *at == '-';
	if (!is_digit(*at))
		return false;
	at = *at == '0' ? at + 1 : skip_digits(at);
	if (*at == '.') {
		if (!is_digit(*++at))
			return false;
		at = skip_digits(at);
	}
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '+' || *at == '-';
		if (!is_digit(*at))
			return false;
		at = skip_digits(at);
	}
	return *at == '\0';
}

static bool end_word(struct json *json)
{
	const char *word = json->doc->text + json->text;
	struct doc_node *node;
	enum doc_kind kind;

	if (json->over || !doc_put(json->doc, '\0'))
		return refuse(json, "has too much text");
	if (json->bytes > JSON_NUMBER_LONGEST)
		return refuse(json, "has a number that is too long");
	if (strcmp(word, "null") == 0)
		kind = DOC_NULL;
	else if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
		kind = DOC_BOOL;
	else if (is_number(word))
		kind = DOC_NUMBER;
	else
		return refuse(json, "is no JSON: has a word that is neither value nor number");
	node = add(json, kind);
	if (node && kind != DOC_NULL)
		node->text = json->text;
	return node;
}

static bool is_of_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '+' || c == '.';
}

/* ---- strings --------------------------------------------------------------------------- */

static bool end_name(struct json *json)
{
	if (!doc_put(json->doc, '\0'))
		return refuse(json, "has too much text");
	if (is_there(json, around(json), json->text))
		return refuse(json, "has a member twice");
	json->name = json->text;
	json->state = JSON_AT_COLON;
	return true;
}

static bool end_string(struct json *json)
{
	struct doc_node *node;

	if (json->rest > 0 || json->high)
		return refuse(json, "has a character that is cut");
	if (json->is_name)
		return end_name(json);
	if (!json->over && !doc_put(json->doc, '\0'))
		return refuse(json, "has too much text");
	node = add(json, json->over ? DOC_PASSED_OVER : DOC_TEXT);
	if (node && !json->over)
		node->text = json->text;
	return node;
}

/* Unicode 15, table 3-7: the bytes that may begin a character, and those that may follow first. */
static bool begin_character(struct json *json, uint8_t byte)
{
	json->low_bound = 0x80;
	json->high_bound = 0xBF;
	if (byte >= 0xC2 && byte <= 0xDF) {
		json->rest = 1;
	} else if (byte >= 0xE0 && byte <= 0xEF) {
		json->rest = 2;
		json->low_bound = byte == 0xE0 ? 0xA0 : 0x80;
		json->high_bound = byte == 0xED ? 0x9F : 0xBF;
	} else if (byte >= 0xF0 && byte <= 0xF4) {
		json->rest = 3;
		json->low_bound = byte == 0xF0 ? 0x90 : 0x80;
		json->high_bound = byte == 0xF4 ? 0x8F : 0xBF;
	} else {
		return refuse(json, "is no UTF-8");
	}
	return true;
}

static bool go_on_with_character(struct json *json, uint8_t byte)
{
	if (byte < json->low_bound || byte > json->high_bound)
		return refuse(json, "is no UTF-8");
	json->low_bound = 0x80;
	json->high_bound = 0xBF;
	json->rest--;
	return true;
}

static bool take_of_string(struct json *json, char c)
{
	const uint8_t byte = (uint8_t)c;

	if (json->high && c != '\\')
		return refuse(json, "has half of a surrogate pair");
	if (json->rest > 0 || byte >= 0x80) {
		if (json->rest > 0 ? !go_on_with_character(json, byte)
				   : !begin_character(json, byte))
			return false;
		return put(json, c);
	}
	if (byte < 0x20)
		return refuse(json, "has a control character in a text");
	if (c == '"')
		return end_string(json);
	if (c == '\\') {
		json->state = JSON_AT_ESCAPE;
		return true;
	}
	return put(json, c);
}

static bool take_of_escape(struct json *json, char c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *which = c ? strchr(from, c) : NULL;

	if (c == 'u') {
		json->state = JSON_AT_UNICODE;
		json->digits = 4;
		json->code = 0;
		return true;
	}
	if (!which || json->high)
		return refuse(json, "has an escape that is none");
	json->state = JSON_AT_STRING;
	return put(json, to[which - from]);
}

static bool put_code(struct json *json, uint32_t code)
{
	if (code < 0x80)
		return put(json, (char)code);
	if (code < 0x800)
		return put(json, (char)(0xC0 | code >> 6)) && put(json, (char)(0x80 | (code & 63)));
	if (code < 0x10000)
		return put(json, (char)(0xE0 | code >> 12)) &&
		       put(json, (char)(0x80 | (code >> 6 & 63))) &&
		       put(json, (char)(0x80 | (code & 63)));
	return put(json, (char)(0xF0 | code >> 18)) &&
	       put(json, (char)(0x80 | (code >> 12 & 63))) &&
	       put(json, (char)(0x80 | (code >> 6 & 63))) && put(json, (char)(0x80 | (code & 63)));
}

static bool end_unicode(struct json *json)
{
	uint32_t code = json->code;
	const bool is_low = code >= 0xDC00 && code <= 0xDFFF;

	json->state = JSON_AT_STRING;
	if (is_low != (json->high != 0))
		return refuse(json, "has half of a surrogate pair");
	if (code >= 0xD800 && code <= 0xDBFF) {
		json->high = code;
		return true;
	}
	if (code == 0)
		return refuse(json, "has U+0000 in a text");
	if (is_low)
		code = 0x10000 + ((json->high - 0xD800) << 10) + (code - 0xDC00);
	json->high = 0;
	return put_code(json, code);
}

static bool take_of_unicode(struct json *json, char c)
{
	uint32_t digit;

	if (is_digit(c))
		digit = (uint32_t)(c - '0');
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		digit = (uint32_t)((c | 0x20) - 'a' + 10);
	else
		return refuse(json, "has an escape that is none");
	json->code = json->code << 4 | digit;
	return --json->digits > 0 || end_unicode(json);
}

/* ---- between them ---------------------------------------------------------------------- */

static bool begin_value(struct json *json, char c)
{
	if (c == '{')
		return open_container(json, DOC_OBJECT);
	if (c == '[')
		return open_container(json, DOC_ARRAY);
	if (c == '"') {
		begin_text(json, JSON_AT_STRING, false);
		return true;
	}
	if (!is_of_word(c))
		return refuse(json, "is no JSON: lacks a value");
	begin_text(json, JSON_AT_WORD, false);
	return put(json, c);
}

static bool begin_name(struct json *json, char c)
{
	if (c != '"')
		return refuse(json, "is no JSON: lacks the name of a member");
	begin_text(json, JSON_AT_STRING, true);
	return true;
}

static bool go_on_behind(struct json *json, char c)
{
	const struct doc_node *open = around(json);

	if (!open)
		return refuse(json, "has something behind its end");
	if (c == ']' || c == '}')
		return close_container(json, c == ']' ? DOC_ARRAY : DOC_OBJECT);
	if (c != ',')
		return refuse(json, "is no JSON: lacks a comma");
	json->state = open->kind == DOC_ARRAY ? JSON_AT_VALUE : JSON_AT_MEMBER;
	return true;
}

static bool take_between(struct json *json, char c)
{
	if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return true;
	switch (json->state) {
	case JSON_AT_FIRST_ITEM:
		return c == ']' ? close_container(json, DOC_ARRAY) : begin_value(json, c);
	case JSON_AT_FIRST_MEMBER:
		return c == '}' ? close_container(json, DOC_OBJECT) : begin_name(json, c);
	case JSON_AT_MEMBER:
		return begin_name(json, c);
	case JSON_AT_COLON:
		json->state = JSON_AT_VALUE;
		return c == ':' || refuse(json, "is no JSON: lacks a colon");
	case JSON_AT_BEHIND:
		return go_on_behind(json, c);
	default:
		return begin_value(json, c);
	}
}

static bool take(struct json *json, char c)
{
	switch (json->state) {
	case JSON_AT_STRING:
		return take_of_string(json, c);
	case JSON_AT_ESCAPE:
		return take_of_escape(json, c);
	case JSON_AT_UNICODE:
		return take_of_unicode(json, c);
	case JSON_AT_WORD:
		if (is_of_word(c))
			return put(json, c);
		return end_word(json) && take_between(json, c);
	default:
		return take_between(json, c);
	}
}

bool json_take(struct json *json, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count && !json->error; i++, json->at++)
		(void)take(json, bytes[i]);
	return !json->error;
}

bool json_end(struct json *json)
{
	if (!json->error && json->state == JSON_AT_WORD)
		(void)end_word(json);
	if (!json->error && (json->depth > 0 || json->state != JSON_AT_BEHIND))
		refuse(json, json->at == 0 ? "is empty" : "is cut");
	return !json->error;
}
