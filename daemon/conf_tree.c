#include "conf_tree.h"

#include <assert.h>
#include <confuse.h>
#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"
#include "conf_unknown.h"

#define RETRIES_MAX 100 /* unknown names in one file */

/* A name no file can contain; an option of every block. Its default is parsed when the block
 * begins: that is how we learn of it, with the line. */
#define BEGIN_NAME "\x01"

struct scan {
	struct conf_reader *reader;
	struct conf_file *file;
	const struct conf_kind *kind;
	struct conf_node *root, *top;
	cfg_t *cfg[CONF_BLOCK_DEPTH]; /* of the blocks that are open */
	size_t depth;
	char *text;
	bool balanced;
	size_t mark; /* complaints that a second reading does not repeat */
	bool again;
	bool told; /* why libconfuse stopped */
	bool no_memory; /* what is taken down no longer counts */
};

/* ---- what libconfuse tells while it reads ---------------------------------------------- */

/* libconfuse hands no data to its callbacks. The number of the default value, which means
 * nothing for our type of option, carries it. */
static struct scan *scan_of(const cfg_opt_t *opt)
{
	struct scan *scan;

	_Static_assert(sizeof(scan) == sizeof(opt->def.number), "a long holds a pointer");
	memcpy(&scan, &opt->def.number, sizeof(scan));
	return scan;
}

/* The kind of the block that begins. A "|" in a quoted name leads into another block. */
static const struct conf_kind *kind_of(struct scan *scan, const cfg_t *cfg)
{
	static const struct conf_option *const no_tables[] = {NULL};
	static const struct conf_kind *const no_kinds[] = {NULL};
	static const struct conf_kind strange = {
		.name = "?", .tables = no_tables, .children = no_kinds};
	const struct conf_kind *kind = scan->kind;

	if (scan->top != NULL)
		kind = conf_kind_child(scan->top->kind, cfg->name);
	if (kind != NULL)
		return kind;
	conf_complain_node(scan->reader, scan->top, cfg->line, "block \"%s\" does not belong here",
			   cfg->name);
	return &strange;
}

/* false: no memory. */
static bool append_block(struct scan *scan, const cfg_t *cfg)
{
	struct conf_node *node = conf_alloc(scan->reader->store, sizeof(*node)), **end;

	if (node == NULL)
		return false;
	node->parent = scan->top;
	node->kind = kind_of(scan, cfg);
	node->title = conf_copy(scan->reader->store, cfg->title != NULL ? cfg->title : "");
	node->place = (struct conf_place){.file = scan->file, .line = cfg->line};
	if (node->title == NULL)
		return false;
	if (scan->top != NULL) {
		for (end = &scan->top->children; *end != NULL;)
			end = &(*end)->next;
		*end = node;
	} else
		scan->root = node;
	scan->top = node;
	return true;
}

/* Never fails: libconfuse aborts the process when a default is refused. */
static int block_begins(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct scan *scan = scan_of(opt);

	(void)value;
	*(void **)result = NULL;
	if (!scan->no_memory && !append_block(scan, cfg))
		scan->no_memory = true;
	if (!scan->no_memory)
		scan->cfg[scan->depth++] = cfg;
	return 0;
}

static int block_ends(cfg_t *cfg, cfg_opt_t *opt)
{
	struct scan *scan = scan_of(opt);

	(void)cfg;
	if (scan->no_memory)
		return -1;
	scan->top = scan->top->parent;
	scan->depth--;
	return 0;
}

static struct conf_entry *add_entry(struct scan *scan, const char *name, int line)
{
	struct conf_entry *entry = conf_alloc(scan->reader->store, sizeof(*entry)), **end;

	if (entry == NULL)
		return NULL;
	entry->name = conf_copy(scan->reader->store, name);
	if (entry->name == NULL)
		return NULL;
	entry->node = scan->top;
	entry->place = (struct conf_place){.file = scan->file, .line = line};
	for (end = &scan->top->entries; *end != NULL;)
		end = &(*end)->next;
	*end = entry;
	return entry;
}

static struct conf_entry *entry_for(struct scan *scan, const cfg_opt_t *opt, int line)
{
	struct conf_entry *entry;

	for (entry = scan->top->entries; entry != NULL; entry = entry->next)
		if (strcmp(entry->name, opt->name) == 0)
			break;
	if (entry == NULL)
		return add_entry(scan, opt->name, line);
	if (opt->nvalues == 1) { /* the first word after a "=" */
		conf_complain_node(scan->reader, scan->top, line,
				   "option \"%s\" is given twice, first in line %d", opt->name,
				   entry->place.line);
		entry->words = NULL;
		entry->word_count = 0;
	}
	return entry;
}

static bool has_option(cfg_t *cfg, const cfg_opt_t *opt)
{
	unsigned int i;

	for (i = 0; cfg_getnopt(cfg, i) != NULL; i++)
		if (cfg_getnopt(cfg, i) == opt)
			return true;
	return false;
}

static int word_read(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct scan *scan = scan_of(opt);
	struct conf_word *word = NULL, **end;
	struct conf_entry *entry = NULL;

	*(void **)result = NULL;
	if (!has_option(cfg, opt)) { /* a "|" in its name leads into another block */
		conf_complain_node(scan->reader, scan->top, cfg->line,
				   "option \"%s\" does not belong here", opt->name);
		return 0;
	}
	if (!scan->no_memory) {
		word = conf_alloc(scan->reader->store, sizeof(*word));
		entry = entry_for(scan, opt, cfg->line);
	}
	if (word != NULL)
		word->text = conf_copy(scan->reader->store, value);
	if (entry == NULL || word == NULL || word->text == NULL) {
		scan->no_memory = true;
		return -1;
	}
	word->line = cfg->line;
	for (end = &entry->words; *end != NULL;)
		end = &(*end)->next;
	*end = word;
	entry->word_count++;
	return 0;
}

/* ---- errors of libconfuse -------------------------------------------------------------- */

/* A complaint of libconfuse about a name. What is behind the name is blanked in the text. */
static void tell_name(struct scan *scan, int line, const char *format, const char *name)
{
	enum conf_shape shape;
	int found = line;

	scan->told = true;
	shape = conf_text_blank(scan->text, line, name, &found);
	scan->again = shape != CONF_SHAPE_NONE;
	if (scan->again) /* what else this reading found the next one finds too */
		conf_complaints_cut(&scan->reader->complaints, scan->mark);
	if (strncmp(format, "no such option", 14) == 0)
		conf_tell_unknown(scan->reader, scan->top, name, shape, found);
	else if (strncmp(format, "missing title", 13) == 0)
		conf_complain_node(scan->reader, scan->top, found,
				   "this %s has no name, expected: %s \"name\" { ... }", name,
				   name);
	else if (strncmp(format, "missing opening brace", 21) == 0)
		conf_complain_node(scan->reader, scan->top, found, "after \"%s\" expected \"{\"",
				   name);
	else
		conf_complain_node(scan->reader, scan->top, found, "after \"%s\" expected \"=\"",
				   name);
	scan->mark = scan->reader->complaints.count;
}

static void confuse_error(cfg_t *cfg, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void confuse_error(cfg_t *cfg, const char *format, va_list args)
{
	static const char *const about_names[] = {"no such option", "missing title for section",
						  "missing opening brace", "missing equal sign"};
	struct scan *scan = scan_of(&cfg->opts[0]);
	char text[200];
	size_t i;

	if (scan->told || scan->no_memory)
		return;
	for (i = 0; i < sizeof(about_names) / sizeof(about_names[0]); i++)
		if (strncmp(format, about_names[i], strlen(about_names[i])) == 0) {
			tell_name(scan, cfg->line, format, va_arg(args, const char *));
			return;
		}
	scan->told = true;
	if (!scan->balanced) /* that is why, and has been told */
		return;
	if (strncmp(format, "unexpected token", 16) == 0)
		snprintf(text, sizeof(text),
			 "unexpected \"%.100s\", is something missing before it?",
			 va_arg(args, const char *));
	else if (strncmp(format, "premature end", 13) == 0)
		snprintf(text, sizeof(text), "the file ends in the middle of an option or block");
	else
		vsnprintf(text, sizeof(text), format, args);
	conf_complain_node(scan->reader, scan->top, cfg->line, "%s", text);
}

/* ---- tables for libconfuse ------------------------------------------------------------- */

struct table {
	struct scan *scan;
	cfg_opt_t *opts;
	size_t count;
};

static cfg_opt_t *add_row(struct table *table, const char *name, cfg_type_t type)
{
	cfg_opt_t *row = &table->opts[table->count++];

	row->name = name;
	row->type = type;
	memcpy(&row->def.number, &table->scan, sizeof(table->scan));
	return row;
}

static void add_option(void *data, const char *name)
{
	struct table *table = data;
	cfg_opt_t *row;
	size_t i;

	for (i = 0; i < table->count; i++)
		if (strcmp(table->opts[i].name, name) == 0)
			return;
	row = add_row(table, name, CFGT_PTR);
	row->flags = CFGF_LIST | CFGF_NODEFAULT;
	row->parsecb = word_read;
}

static void count_option(void *data, const char *name)
{
	(void)name;
	++*(size_t *)data;
}

/* NULL: no memory. */
static cfg_opt_t *confuse_table(struct scan *scan, const struct conf_kind *kind)
{
	static const char begin[] = "begin";
	struct table table = {.scan = scan};
	size_t rows = 2, i; /* the first, and one that ends the table */
	cfg_opt_t *row;

	conf_kind_names(kind, &rows, count_option);
	for (i = 0; kind->children[i] != NULL; i++)
		rows++;
	table.opts = conf_alloc(scan->reader->store, rows * sizeof(*table.opts));
	if (table.opts == NULL)
		return NULL;
	row = add_row(&table, BEGIN_NAME, CFGT_PTR);
	row->parsecb = block_begins;
	row->def.parsed = conf_copy(scan->reader->store, begin);
	for (i = 0; kind->children[i] != NULL; i++) {
		row = add_row(&table, kind->children[i]->name, CFGT_SEC);
		row->flags = CFGF_MULTI | (kind->children[i]->titled ? CFGF_TITLE : 0);
		row->validcb = block_ends;
		row->subopts = confuse_table(scan, kind->children[i]);
		if (row->subopts == NULL)
			return NULL;
	}
	conf_kind_names(kind, &table, add_option);
	return table.opts;
}

/* ---- files ----------------------------------------------------------------------------- */

static int parse_once(struct scan *scan, cfg_opt_t *opts)
{
	cfg_t *cfg;
	int result;

	scan->top = scan->root = NULL;
	scan->depth = 0;
	scan->again = scan->told = false;
	cfg = cfg_init(opts, CFGF_NONE);
	if (cfg == NULL)
		return -ENOMEM;
	cfg_set_error_function(cfg, confuse_error);
	result = scan->no_memory ? CFG_PARSE_ERROR : cfg_parse_buf(cfg, scan->text);
	assert(scan->depth > 0 || scan->no_memory); /* the file is the outermost block */
	if (result != CFG_SUCCESS && !scan->told && scan->balanced && !scan->no_memory)
		conf_complain_node(scan->reader, scan->top, scan->cfg[scan->depth - 1]->line,
				   "not understood, expected option = value");
	cfg_free(cfg); /* and with it what the lexer remembers of a file cut short */
	if (scan->no_memory)
		return -ENOMEM;
	return result == CFG_SUCCESS ? 0 : -EINVAL;
}

static int parse(struct scan *scan)
{
	cfg_opt_t *opts = confuse_table(scan, scan->kind);
	int retries = 0, result;

	if (opts == NULL)
		return -ENOMEM;
	do {
		result = parse_once(scan, opts);
	} while (result == -EINVAL && scan->again && ++retries < RETRIES_MAX);
	scan->file->cut = result == -EINVAL || !scan->balanced;
	scan->reader->cut |= scan->file->cut;
	return result == -EINVAL ? 0 : result;
}

static int tell_unreadable(struct scan *scan, int err)
{
	struct conf_place place = {.file = scan->file};
	const char *why = strerror(-err);

	if (err == -EISDIR)
		why = "not a plain file";
	else if (err == -EFBIG)
		why = "larger than 1 MiB";
	scan->file->cut = scan->reader->cut = true;
	conf_complain(&scan->reader->complaints, place, "cannot be read: %s", why);
	return err;
}

/* NULL: no memory. */
static struct conf_file *new_file(struct conf_reader *reader, const char *path)
{
	struct conf_file *file = conf_alloc(reader->store, sizeof(*file));
	char *copy = conf_copy(reader->store, path), *folder, *full;

	if (file == NULL || copy == NULL)
		return NULL;
	file->path = conf_copy(reader->store, path);
	file->order = reader->files++;
	folder = dirname(copy);
	full = realpath(folder, NULL);
	file->folder = conf_copy(reader->store, full != NULL ? full : folder);
	free(full);
	return file->path != NULL && file->folder != NULL ? file : NULL;
}

int conf_tree_read(struct conf_reader *reader, const char *path, const struct conf_kind *kind,
		   struct conf_node **ret_file)
{
	struct scan scan = {.reader = reader, .kind = kind};
	char *bytes = NULL;
	size_t count = 0;
	int result;

	scan.file = new_file(reader, path);
	if (scan.file == NULL)
		return -ENOMEM;
	result = conf_text_read(path, &bytes, &count);
	if (result < 0)
		return tell_unreadable(&scan, result);
	scan.text = conf_text_clean(bytes, count, scan.file, &reader->complaints, &scan.balanced);
	free(bytes);
	if (scan.text == NULL)
		return -ENOMEM;
	scan.mark = reader->complaints.count;
	result = parse(&scan);
	free(scan.text);
	if (result == 0)
		*ret_file = scan.root;
	return result;
}
