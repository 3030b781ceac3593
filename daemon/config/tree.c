#include "config/tree.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "config/unknown.h"

#define PATIENCE	  30000 /* for a few mistakes */
#define PATIENCE_PER_BYTE 100 /* and one in ten lines; less than half a microsecond */

/* A file being read. Blocks of known kinds lie at most three deep; all others are passed over,
 * however deep. */
struct descent {
	struct conf_reader *reader;
	struct conf_file *file;
	const struct conf_kind *kind; /* of the file */
	const struct conf_token *at; /* the next one; the last is a CONF_END */
	const struct conf_token *told; /* the last that was not expected */
	int unclosed; /* braces without their other half from here on; below 0: "}" too many */
	bool lost; /* a text or comment that does not end, which may well have braces */
	bool outwards; /* a "}" is missing here: back to where a block like this one belongs */
	const struct conf_node *astray; /* what a wrong "}" has put in here was told once */
};

static bool next_is(const struct descent *descent, enum conf_mark mark)
{
	return descent->at->mark == mark;
}

/* After a word, which is never the last token. */
static bool then_is(const struct descent *descent, enum conf_mark mark)
{
	return next_is(descent, CONF_WORD) && descent->at[1].mark == mark;
}

/* A word that is not the name of the next option. */
static bool next_is_value(const struct descent *descent)
{
	return next_is(descent, CONF_WORD) && !then_is(descent, CONF_EQUALS);
}

/* ---- what is wrong with the form ------------------------------------------------------- */

static void tell_unexpected(struct descent *descent, const struct conf_node *node)
{
	const struct conf_token *token = descent->at;

	if (next_is(descent, CONF_END))
		conf_complain_node(descent->reader, node, token->line,
				   "the file ends in the middle of an option or block");
	else if (!token->told)
		conf_complain_node(
			descent->reader, node, token->line,
			"unexpected \"%.60s\", is something missing before it?%s", token->text,
			strcmp(token->text, ",") == 0 ? " A number has a point: 0.1" : "");
	descent->told = token;
}

/* Of a block or list. */
static void tell_unclosed(struct descent *descent, int line)
{
	struct conf_place place = {.file = descent->file, .line = line};

	if (!descent->lost)
		conf_complain(&descent->reader->complaints, place,
			      "the \"{\" in this line has no \"}\"");
	descent->unclosed--;
}

static void pass_braces(struct descent *descent)
{
	int opened = descent->at->line;
	size_t depth = 0;

	do {
		depth += next_is(descent, CONF_OPEN);
		depth -= next_is(descent, CONF_CLOSE);
		descent->at++;
	} while (depth > 0 && !next_is(descent, CONF_END));
	if (depth > 0)
		tell_unclosed(descent, opened);
}

/* What follows a name that is not known: its value; or words in its line that are no names. */
static void pass_value(struct descent *descent, int line)
{
	bool has_equals = next_is(descent, CONF_EQUALS);

	if (has_equals)
		descent->at++;
	if (has_equals && next_is(descent, CONF_OPEN))
		pass_braces(descent);
	else if (has_equals && next_is_value(descent))
		descent->at++;
	while (!has_equals && next_is_value(descent) && descent->at->line == line &&
	       !then_is(descent, CONF_OPEN))
		descent->at++;
}

/* ---- options --------------------------------------------------------------------------- */

/* Takes a word, and in a list what forgot its quotes: 16=open. */
static struct conf_word **take_word(struct descent *descent, struct conf_entry *entry,
				    struct conf_word **end)
{
	struct conf_word *word = conf_alloc(descent->reader->store, sizeof(*word));
	const struct conf_token *token = descent->at++;
	const char *text = token->text;

	entry->told |= token->lost;
	if (token->lost)
		return end;
	if (next_is(descent, CONF_EQUALS) && descent->at[1].mark == CONF_WORD) {
		text = conf_join(descent->reader->store, "%s=%s", text, descent->at[1].text);
		descent->at += 2;
	}
	if (!word || !text)
		return end;
	*word = (struct conf_word){.text = text, .line = token->line};
	*end = word;
	entry->word_count++;
	return &word->next;
}

/* One complaint for a list. */
static void check_item(struct descent *descent, struct conf_entry *entry, bool after_word)
{
	bool fits = next_is(descent, after_word ? CONF_COMMA : CONF_WORD);

	if (entry->told || (fits && !then_is(descent, CONF_EQUALS)))
		return;
	if (then_is(descent, CONF_EQUALS))
		conf_complain_node(descent->reader, entry->node, descent->at->line,
				   "unexpected \"=\", a text with it needs quotes");
	else
		tell_unexpected(descent, entry->node);
	entry->told = true;
}

/* { word, word } */
static void read_list(struct descent *descent, struct conf_entry *entry)
{
	struct conf_word **end = &entry->words;
	int opened = descent->at++->line;
	bool after_word = false;

	while (!next_is(descent, CONF_CLOSE)) {
		if (next_is(descent, CONF_END) ||
		    (then_is(descent, CONF_EQUALS) && descent->unclosed > 0)) {
			tell_unclosed(descent, opened);
			return;
		}
		check_item(descent, entry, after_word);
		after_word = !next_is(descent, CONF_COMMA);
		if (next_is(descent, CONF_WORD))
			end = take_word(descent, entry, end);
		else if (next_is(descent, CONF_OPEN))
			pass_braces(descent);
		else
			descent->at++;
	}
	descent->at++;
}

static void read_value(struct descent *descent, struct conf_entry *entry)
{
	if (next_is(descent, CONF_OPEN)) {
		read_list(descent, entry);
	} else if (next_is_value(descent)) {
		take_word(descent, entry, &entry->words);
	} else {
		tell_unexpected(descent, entry->node);
		entry->told = true;
		if (next_is(descent, CONF_EQUALS) || next_is(descent, CONF_COMMA))
			descent->at++;
		if (next_is_value(descent))
			descent->at++;
	}
}

static void read_option(struct descent *descent, struct conf_node *node, const char *name)
{
	const struct conf_token *token = descent->at++;
	const struct conf_entry *before = conf_node_entry(node, name);
	struct conf_entry *entry = conf_node_set(descent->reader, node, name, token->line);

	if (!entry)
		return;
	if (before && !before->told)
		conf_complain_node(descent->reader, node, token->line,
				   "option \"%s\" is given twice, first in line %d", name,
				   entry->place.line);
	entry->words = NULL;
	entry->word_count = 0;
	entry->told = !next_is(descent, CONF_EQUALS);
	if (entry->told)
		conf_complain_node(descent->reader, node, token->line,
				   "after \"%s\" expected \"=\"", name);
	else
		descent->at++;
	if (!entry->told || (descent->at->line == token->line &&
			     (next_is_value(descent) || next_is(descent, CONF_OPEN))))
		read_value(descent, entry);
}

/* ---- blocks ---------------------------------------------------------------------------- */

/* What stands before the options of a block. */
struct heading {
	const struct conf_kind *kind;
	const char *title; /* "": none */
	int line;
	int opened; /* line of the "{"; 0: no options follow */
	bool told; /* something is wrong with it, and was told */
};

static void tell_heading(struct descent *descent, const struct conf_node *parent,
			 struct heading *heading)
{
	const char *kind = heading->kind->name;

	if (heading->told)
		return;
	heading->told = true;
	if (next_is(descent, CONF_END))
		tell_unexpected(descent, parent);
	else if (heading->kind->titled && heading->title[0] == '\0')
		conf_complain_node(descent->reader, parent, heading->line,
				   "this %s has no name, expected: %s \"name\" { ... }", kind,
				   kind);
	else
		conf_complain_node(descent->reader, parent, heading->line,
				   "after \"%s\" expected \"{\"", kind);
}

static void read_title(struct descent *descent, const struct conf_node *parent,
		       struct heading *heading)
{
	bool titled = heading->kind->titled;

	if (next_is(descent, CONF_EQUALS)) { /* block = { ... } */
		tell_heading(descent, parent, heading);
		descent->at++;
		if (!titled && next_is_value(descent) && !then_is(descent, CONF_OPEN))
			descent->at++;
	}
	if (titled && next_is(descent, CONF_WORD)) {
		heading->title = descent->at++->text;
	} else if (titled) {
		tell_heading(descent, parent, heading);
	} else if (then_is(descent, CONF_OPEN)) {
		tell_heading(descent, parent, heading);
		descent->at++;
	}
}

static void read_heading(struct descent *descent, const struct conf_node *parent,
			 struct heading *heading)
{
	read_title(descent, parent, heading);
	if (next_is(descent, CONF_OPEN)) {
		heading->opened = descent->at++->line;
		return;
	}
	tell_heading(descent, parent, heading);
	if (!then_is(descent, CONF_EQUALS) || descent->unclosed >= 0)
		return;
	heading->opened = heading->line; /* there is a "}", and only the "{" is missing */
	descent->unclosed++;
}

static void read_body(struct descent *descent, struct conf_node *node, int opened);

/* Stray: it was told, and will be in no tree; what is wrong within is told too. */
static void read_block(struct descent *descent, struct conf_node *parent,
		       const struct conf_kind *kind, bool stray)
{
	const struct conf_token *name = descent->at++;
	struct heading heading = {
		.kind = kind, .title = "", .line = name->line, .told = stray || name->told};
	struct conf_place place = {.file = descent->file, .line = heading.line};
	struct conf_node *node;
	bool nameless;

	read_heading(descent, parent, &heading);
	nameless = kind->titled && heading.told && heading.title[0] == '\0';
	node = conf_node_new(descent->reader, parent, kind, heading.title, place);
	if (stray || nameless || heading.opened == 0)
		conf_node_lose(descent->reader, parent, kind->name, heading.title);
	else if (node)
		conf_node_add(descent->reader, node);
	if (node && heading.opened > 0)
		read_body(descent, node, heading.opened);
}

/* ---- names that do not belong ---------------------------------------------------------- */

static const char *tell_unknown(struct descent *descent, const struct conf_node *node,
				const struct conf_token *token, bool is_block)
{
	if (token->told || token == descent->told || node == descent->astray)
		return NULL;
	if (!node->parent && descent->unclosed < 0)
		descent->astray = node;
	return conf_tell_unknown(descent->reader, node, token->text, is_block, token->line);
}

static void pass_option(struct descent *descent, struct conf_node *node)
{
	const struct conf_token *name = descent->at++;
	const char *meant = tell_unknown(descent, node, name, false);
	struct conf_entry *entry = NULL;

	if (meant && conf_kind_child(node->kind, meant))
		conf_node_lose(descent->reader, node, meant, "");
	else if (meant)
		entry = conf_node_set(descent->reader, node, meant, name->line);
	if (entry && !entry->words)
		entry->told = true; /* then the right one is not told to be missing */
	pass_value(descent, name->line);
}

static void pass_block(struct descent *descent, struct conf_node *node)
{
	const struct conf_token *name = descent->at++;
	const char *meant = tell_unknown(descent, node, name, true);
	const char *title = next_is(descent, CONF_WORD) ? descent->at->text : "";

	if (meant) {
		descent->at = name;
		read_block(descent, node, conf_kind_child(node->kind, meant), true);
		return;
	}
	conf_node_lose(descent->reader, node, name->text, title);
	while (!next_is(descent, CONF_OPEN))
		descent->at++;
	pass_braces(descent);
	if (node->parent && conf_kind_child(descent->kind, name->text)) {
		descent->outwards = descent->unclosed > 0;
		descent->astray = node;
	}
}

/* ---- files ----------------------------------------------------------------------------- */

static void read_item(struct descent *descent, struct conf_node *node)
{
	const struct conf_token *name = descent->at;
	const struct conf_kind *kind = conf_kind_child(node->kind, name->text);
	const char *option = kind ? NULL : conf_kind_option(node->kind, name->text);

	if (kind)
		read_block(descent, node, kind, false);
	else if (option)
		read_option(descent, node, option);
	else if (name[1].mark == CONF_OPEN ||
		 (name[1].mark == CONF_WORD && name[1].line == name->line &&
		  name[2].mark == CONF_OPEN))
		pass_block(descent, node);
	else
		pass_option(descent, node);
}

static void tell_excess(struct descent *descent)
{
	struct conf_place place = {.file = descent->file, .line = descent->at->line};

	if (!descent->lost)
		conf_complain(&descent->reader->complaints, place,
			      "\"}\" without a block or list that it could end");
	descent->file->cut = true; /* something was ended too early */
	descent->unclosed++;
	descent->astray = NULL;
}

static void read_any(struct descent *descent, struct conf_node *node)
{
	if (next_is(descent, CONF_WORD)) {
		read_item(descent, node);
		return;
	}
	if (next_is(descent, CONF_CLOSE))
		tell_excess(descent);
	else
		tell_unexpected(descent, node);
	if (next_is(descent, CONF_OPEN)) {
		pass_braces(descent);
		descent->file->cut = true;
	} else if (next_is(descent, CONF_EQUALS)) {
		pass_value(descent, descent->at->line);
	} else
		descent->at++;
}

/* From behind the "{" to behind its "}"; of a file to its end. */
static void read_body(struct descent *descent, struct conf_node *node, int opened)
{
	bool is_file = !node->parent;

	while (!next_is(descent, CONF_END) && (is_file || !next_is(descent, CONF_CLOSE)) &&
	       !descent->outwards) {
		read_any(descent, node);
		descent->outwards &= !is_file;
	}
	if (is_file)
		return;
	if (next_is(descent, CONF_CLOSE) && !descent->outwards) {
		descent->at++;
		return;
	}
	tell_unclosed(descent, opened);
	descent->outwards &= descent->unclosed > 0;
}

static int count_unclosed(const struct conf_token *token)
{
	int unclosed = 0;

	for (; token->mark != CONF_END; token++)
		unclosed += (token->mark == CONF_OPEN) - (token->mark == CONF_CLOSE);
	return unclosed;
}

struct conf_node *conf_tree_parse(struct conf_reader *reader, struct conf_file *file, char *bytes,
				  size_t count, const struct conf_kind *kind)
{
	struct conf_place place = {.file = file};
	struct conf_node *root = conf_node_new(reader, NULL, kind, "", place);
	struct conf_token *tokens = conf_text_split(bytes, count, file, &reader->complaints);
	struct descent descent = {.reader = reader, .file = file, .kind = kind, .at = tokens};

	if (!root || !tokens)
		return NULL;
	descent.unclosed = count_unclosed(tokens);
	descent.lost = file->cut;
	reader->patience += PATIENCE + PATIENCE_PER_BYTE * count;
	read_body(&descent, root, 0);
	reader->cut |= file->cut;
	return root;
}

/* NULL: no memory. */
static struct conf_file *new_file(struct conf_reader *reader, const char *path)
{
	struct conf_file *file = conf_alloc(reader->store, sizeof(*file));
	char *copy = conf_copy(reader->store, path), *folder, *full;

	if (!file || !copy)
		return NULL;
	file->path = conf_copy(reader->store, path);
	file->order = reader->files++;
	folder = dirname(copy);
	full = realpath(folder, NULL);
	file->folder = conf_copy(reader->store, full ? full : folder);
	free(full);
	return file->path && file->folder ? file : NULL;
}

struct conf_node *conf_tree_read(struct conf_reader *reader, const char *path,
				 const struct conf_kind *kind)
{
	struct conf_file *file = new_file(reader, path);
	struct conf_place place = {.file = file};
	char *bytes = NULL;
	size_t count = 0;
	int err = file ? conf_text_read(reader->store, path, &bytes, &count) : -ENOMEM;

	if (!err)
		return conf_tree_parse(reader, file, bytes, count, kind);
	reader->cut = true;
	if (file)
		conf_complain(&reader->complaints, place, "cannot be read: %s",
			      err == -EISDIR ? "not a plain file" : strerror(-err));
	return NULL;
}
