#include "conf_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading --------------------------------------------------------------------------- */

static int read_all(int fd, char *bytes, size_t *ret_count)
{
	size_t count = 0;

	while (count <= CONF_FILE_BYTES) {
		ssize_t got = read(fd, bytes + count, CONF_FILE_BYTES + 1 - count);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0) {
			*ret_count = count;
			return 0;
		}
		count += (size_t)got;
	}
	return -EFBIG;
}

int conf_text_read(const char *path, char **ret_bytes, size_t *ret_count)
{
	char *bytes = NULL;
	struct stat status;
	int fd, result;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	result = fstat(fd, &status) < 0 ? -errno : 0;
	if (result == 0 && !S_ISREG(status.st_mode))
		result = -EISDIR;
	if (result == 0) {
		bytes = malloc(CONF_FILE_BYTES + 1);
		result = bytes == NULL ? -ENOMEM : read_all(fd, bytes, ret_count);
	}
	(void)close(fd);
	if (result == 0)
		*ret_bytes = bytes;
	else
		free(bytes);
	return result;
}

/* ---- bytes ----------------------------------------------------------------------------- */

/* Bytes of the UTF-8 character at the start, 0: it is none. */
static size_t utf8_bytes(const unsigned char *text, size_t count)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max, bytes;
	} forms[] = {{0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
		     {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		     {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		     {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		     {0xf4, 0xf4, 0x80, 0x8f, 4}};
	size_t i, at;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (text[0] < forms[i].first_min || text[0] > forms[i].first_max)
			continue;
		if (forms[i].bytes > count)
			return 0;
		if (forms[i].bytes > 1 &&
		    (text[1] < forms[i].second_min || text[1] > forms[i].second_max))
			return 0;
		for (at = 2; at < forms[i].bytes; at++)
			if ((text[at] & 0xc0) != 0x80)
				return 0;
		return forms[i].bytes;
	}
	return 0;
}

static bool is_control(const unsigned char *text, size_t bytes)
{
	if (bytes == 2) /* U+0080 to U+009F */
		return text[0] == 0xc2 && text[1] < 0xa0;
	return bytes == 1 && (text[0] < 0x20 || text[0] == 0x7f) &&
	       strchr("\t\r\n", text[0]) == NULL;
}

/* Blanks what is not printable UTF-8, with one complaint a line; and the CR of a line's end. */
static void check_bytes(unsigned char *text, size_t count, const struct conf_file *file,
			struct conf_complaints *complaints)
{
	struct conf_place place = {.file = file, .line = 1};
	size_t at = 0, bytes;
	int complained = 0;

	if (count >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
		memset(text, ' ', 3);
	for (; at < count; at += bytes) {
		const char *what = NULL;

		bytes = utf8_bytes(text + at, count - at);
		if (bytes == 0)
			what = "is not UTF-8, expected a file saved as UTF-8";
		else if (text[at] == '\0' || is_control(text + at, bytes))
			what = "is a control character, expected text";
		if (what != NULL && complained != place.line) {
			conf_complain(complaints, place, "byte 0x%02x %s", text[at], what);
			complained = place.line;
		}
		if (bytes == 0)
			bytes = 1;
		if (text[at] == '\n')
			place.line++;
		else if (what != NULL || text[at] == '\r')
			memset(text + at, ' ', bytes);
	}
}

/* ---- lexical cleaning ------------------------------------------------------------------ */

struct cleaner {
	const char *in, *end;
	char *out;
	struct conf_place place;
	struct conf_complaints *complaints;
	int opened[CONF_BLOCK_DEPTH]; /* lines of the braces that are open */
	size_t depth;
	bool balanced;
};

static void put(struct cleaner *cleaner, char c)
{
	*cleaner->out++ = c;
}

static bool looking_at(const struct cleaner *cleaner, const char *text)
{
	size_t bytes = strlen(text);

	return (size_t)(cleaner->end - cleaner->in) >= bytes &&
	       memcmp(cleaner->in, text, bytes) == 0;
}

static void skip_line(struct cleaner *cleaner)
{
	while (cleaner->in < cleaner->end && *cleaner->in != '\n')
		cleaner->in++;
}

static void skip_comment(struct cleaner *cleaner)
{
	struct conf_place begin = cleaner->place;

	put(cleaner, ' ');
	for (cleaner->in += 2; !looking_at(cleaner, "*/"); cleaner->in++) {
		if (cleaner->in >= cleaner->end) {
			conf_complain(cleaner->complaints, begin,
				      "this comment does not end, expected \"*/\"");
			cleaner->balanced = false;
			return;
		}
		if (*cleaner->in == '\n') {
			put(cleaner, '\n');
			cleaner->place.line++;
		}
	}
	cleaner->in += 2;
}

static void copy_escape(struct cleaner *cleaner, char quote)
{
	char escaped = cleaner->in + 1 < cleaner->end ? cleaner->in[1] : '\n';

	if (escaped == quote || escaped == '\\') {
		put(cleaner, '\\');
		put(cleaner, escaped);
		cleaner->in += 2;
		return;
	}
	conf_complain(cleaner->complaints, cleaner->place,
		      "a single \"\\\" in a text, expected \"\\\\\" or \"\\%c\"", quote);
	put(cleaner, '\\');
	put(cleaner, '\\');
	cleaner->in++;
}

/* A text ends in the line where it begins. One that does not is ended there. */
static void copy_quoted(struct cleaner *cleaner)
{
	char quote = *cleaner->in++;

	put(cleaner, quote);
	while (cleaner->in < cleaner->end && *cleaner->in != quote && *cleaner->in != '\n') {
		if (*cleaner->in == '\\') {
			copy_escape(cleaner, quote);
			continue;
		}
		if (quote == '"' && looking_at(cleaner, "${"))
			put(cleaner, '\\');
		put(cleaner, *cleaner->in++);
	}
	put(cleaner, quote);
	if (cleaner->in < cleaner->end && *cleaner->in == quote) {
		cleaner->in++;
		return;
	}
	conf_complain(cleaner->complaints, cleaner->place,
		      "this text does not end, expected %c before the end of the line", quote);
	cleaner->balanced = false;
}

static void open_brace(struct cleaner *cleaner)
{
	if (cleaner->depth < CONF_BLOCK_DEPTH)
		cleaner->opened[cleaner->depth] = cleaner->place.line;
	else if (cleaner->depth == CONF_BLOCK_DEPTH) {
		conf_complain(cleaner->complaints, cleaner->place,
			      "more than %d blocks within each other", CONF_BLOCK_DEPTH);
		cleaner->balanced = false;
	}
	cleaner->depth++;
}

static void close_brace(struct cleaner *cleaner)
{
	if (cleaner->depth > 0) {
		cleaner->depth--;
		return;
	}
	conf_complain(cleaner->complaints, cleaner->place,
		      "\"}\" without a block or list that it could end");
	cleaner->balanced = false;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_.:/%-[]@~", c) != NULL);
}

static void copy_plain(struct cleaner *cleaner)
{
	size_t bytes = utf8_bytes((const unsigned char *)cleaner->in,
				  (size_t)(cleaner->end - cleaner->in));
	char c = *cleaner->in;

	if (c == '{')
		open_brace(cleaner);
	else if (c == '}')
		close_brace(cleaner);
	if (c == '\n')
		cleaner->place.line++;
	if (is_word(c) || strchr(" \t\n{}=,", c) != NULL)
		put(cleaner, c);
	else {
		conf_complain(cleaner->complaints, cleaner->place, "unexpected \"%.*s\"%s",
			      (int)bytes, cleaner->in,
			      c == ';' ? ", nothing stands between two options"
				       : ", a text with it needs quotes");
		put(cleaner, c == ';' ? ' ' : '_');
	}
	cleaner->in += bytes;
}

static void clean(struct cleaner *cleaner)
{
	while (cleaner->in < cleaner->end) {
		if (*cleaner->in == '"' || *cleaner->in == '\'')
			copy_quoted(cleaner);
		else if (*cleaner->in == '#' || looking_at(cleaner, "//"))
			skip_line(cleaner);
		else if (looking_at(cleaner, "/*"))
			skip_comment(cleaner);
		else
			copy_plain(cleaner);
	}
	if (cleaner->depth > 0 && cleaner->balanced) {
		if (cleaner->depth <= CONF_BLOCK_DEPTH)
			cleaner->place.line = cleaner->opened[cleaner->depth - 1];
		conf_complain(cleaner->complaints, cleaner->place,
			      "the \"{\" in this line has no \"}\"");
		cleaner->balanced = false;
	}
	*cleaner->out = '\0';
}

char *conf_text_clean(const char *bytes, size_t count, const struct conf_file *file,
		      struct conf_complaints *complaints, bool *ret_balanced)
{
	char *checked = malloc(count + 1);
	char *text = malloc(3 * count + 3); /* worst: "\n for each byte, and a blank */
	struct cleaner cleaner = {.in = checked,
				  .out = text,
				  .place = {.file = file, .line = 1},
				  .complaints = complaints,
				  .balanced = true};

	if (checked == NULL || text == NULL) {
		free(checked);
		free(text);
		return NULL;
	}
	memcpy(checked, bytes, count);
	check_bytes((unsigned char *)checked, count, file, complaints);
	cleaner.end = checked + count;
	clean(&cleaner);
	free(checked);
	*ret_balanced = cleaner.balanced;
	return text;
}

/* ---- blanking -------------------------------------------------------------------------- */

static char *after_blanks(char *at, const char *blanks)
{
	return at + strspn(at, blanks);
}

static char *after_quoted(char *at)
{
	char quote = *at++;

	while (*at != '\0' && *at != quote)
		at += *at == '\\' && at[1] != '\0' ? 2 : 1;
	return *at == quote ? at + 1 : at;
}

static char *after_word(char *at)
{
	while (is_word(*at))
		at++;
	return at;
}

static char *after_value(char *at)
{
	return *at == '"' || *at == '\'' ? after_quoted(at) : after_word(at);
}

/* From a "{" to behind its "}". */
static char *after_braces(char *at)
{
	size_t depth = 0;

	do {
		if (*at == '"' || *at == '\'') {
			at = after_quoted(at);
			continue;
		}
		depth += *at == '{';
		depth -= *at == '}';
		at++;
	} while (depth > 0 && *at != '\0');
	return at;
}

static char *find_name(char *text, int line, const char *name, int *ret_line)
{
	size_t bytes = strlen(name);
	char *at = text, *found = NULL;
	int here = 1;

	while (*at != '\0' && here <= line) {
		char *end = after_value(at);

		if ((size_t)(end - at) == bytes && memcmp(at, name, bytes) == 0) {
			found = at;
			*ret_line = here;
			if (here == line)
				break;
		}
		here += *at == '\n';
		at = end > at ? end : at + 1;
	}
	return found;
}

enum conf_shape conf_text_blank(char *text, int line, const char *name, int *ret_line)
{
	enum conf_shape shape = CONF_SHAPE_OPTION;
	char *begin, *at;

	begin = *name != '\0' ? find_name(text, line, name, ret_line) : NULL;
	if (begin == NULL)
		return CONF_SHAPE_NONE;
	at = begin + strlen(name);
	if (*after_blanks(at, " \t\n") == '=') {
		at = after_blanks(after_blanks(at, " \t\n") + 1, " \t\n");
		at = *at == '{' ? after_braces(at) : after_value(at);
	} else {
		at = after_value(after_blanks(at, " \t")); /* a title, or a value without "=" */
		if (*after_blanks(at, " \t\n") == '{') {
			at = after_braces(after_blanks(at, " \t\n"));
			shape = CONF_SHAPE_BLOCK;
		}
	}
	for (; begin < at; begin++)
		if (*begin != '\n')
			*begin = ' ';
	return shape;
}
