#include "config/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "config/letter.h"

#define LINES_TOLD  4 /* of one flaw */
#define UTF16_BYTES 256 /* that are looked at */
#define MENDED_MAX  8 /* looking for an end again and again takes its time */

/* ---- reading --------------------------------------------------------------------------- */

static int read_all(int fd, char *bytes, size_t size, size_t *ret_count)
{
	ssize_t got = 1;

	for (*ret_count = 0; *ret_count < size && got != 0;) {
		got = read(fd, bytes + *ret_count, size - *ret_count);
		if (got < 0 && errno != EINTR)
			return -errno;
		*ret_count += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

int conf_text_read(struct conf_store *store, const char *path, char **ret_bytes, size_t *ret_count)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	struct stat status;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		err = -errno;
	else if (!S_ISREG(status.st_mode))
		err = -EISDIR;
	else if (status.st_size >= INT_MAX) /* lines are counted in an int */
		err = -EFBIG;
	else if (!(*ret_bytes = conf_alloc(store, (size_t)status.st_size + 1)))
		err = -ENOMEM;
	else
		err = read_all(fd, *ret_bytes, (size_t)status.st_size, ret_count);
	(void)close(fd);
	return err;
}

/* ---- flaws ----------------------------------------------------------------------------- */

enum { BYTES = CONF_ALIKES, CONTROL, SEMICOLON, FLAWS }; /* beside those of enum conf_alike */

/* What is likely to come again and again is told once. */
struct flaw {
	char what[CONF_TELL_BYTES];
	int lines[LINES_TOLD];
	size_t count; /* of lines */
	int last;
};

struct lexer {
	struct conf_file *file;
	struct conf_complaints *complaints;
	char *at;
	char *ended; /* the byte behind a word: its NUL, when it has been looked at */
	int line;
	int odd_line; /* the last with a word that needs quotes */
	int mended, mended_line; /* texts in this line that curly quotes end */
	struct flaw flaws[FLAWS];
	struct conf_token *tokens;
	size_t count;
};

static struct conf_place here(const struct lexer *lexer)
{
	return (struct conf_place){.file = lexer->file, .line = lexer->line};
}

/* The flaw, when it is the first of its kind. */
static struct flaw *note(struct lexer *lexer, size_t kind)
{
	struct flaw *flaw = &lexer->flaws[kind];

	if (flaw->last == lexer->line)
		return NULL;
	if (flaw->count < LINES_TOLD)
		flaw->lines[flaw->count] = lexer->line;
	flaw->last = lexer->line;
	return flaw->count++ == 0 ? flaw : NULL;
}

static void note_letter(struct lexer *lexer, const struct conf_letter *letter)
{
	struct flaw *flaw = letter->alike != CONF_ITSELF ? note(lexer, letter->alike) : NULL;

	if (flaw)
		conf_letter_tell(letter, flaw->what);
}

static void note_byte(struct lexer *lexer, char byte, bool is_utf8)
{
	struct flaw *flaw = note(lexer, is_utf8 ? CONTROL : BYTES);

	if (flaw)
		snprintf(flaw->what, sizeof(flaw->what), "byte 0x%02x %s", (unsigned char)byte,
			 is_utf8 ? "is a control character, expected text"
				 : "is not UTF-8, expected a file saved as UTF-8");
}

/* "what (also in lines 3, 5, 8 and 12 more)" */
static void tell_flaw(struct lexer *lexer, const struct flaw *flaw)
{
	char also[16 * LINES_TOLD] = "", more[32] = "";
	size_t bytes = 0;

	lexer->line = flaw->lines[0];
	for (size_t i = 1; i < LINES_TOLD && i < flaw->count; i++)
		bytes += (size_t)snprintf(also + bytes, sizeof(also) - bytes, "%s%d",
					  i > 1 ? ", " : "", flaw->lines[i]);
	if (flaw->count > LINES_TOLD)
		snprintf(more, sizeof(more), " and %zu more", flaw->count - LINES_TOLD);
	if (flaw->count == 1)
		conf_complain(lexer->complaints, here(lexer), "%s", flaw->what);
	else if (flaw->count > 1)
		conf_complain(lexer->complaints, here(lexer), "%s (also in %s %s%s)", flaw->what,
			      flaw->count == 2 ? "line" : "lines", also, more);
}

/* ---- bytes ----------------------------------------------------------------------------- */

/* Of UTF-8: tabs and line ends too. */
static size_t control_bytes(const char *text)
{
	unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];

	if (first == 0xc2 && second >= 0x80 && second < 0xa0)
		return 2;
	return first < 0x20 || first == 0x7f;
}

/* Leaves UTF-8 without controls, tabs and one form of line ends. */
static void blank_bytes(struct lexer *lexer)
{
	size_t bytes = 0;

	if (strncmp(lexer->at, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
		memset(lexer->at, ' ', 3);
	for (char *at = lexer->at; *at != '\0'; at += bytes > 0 ? bytes : 1) {
		bytes = utf8_sequence(at);
		if (*at == '\r')
			*at = at[1] == '\n' ? ' ' : '\n';
		lexer->line += *at == '\n';
		if (bytes > 0 || strchr("\t\n ", *at))
			continue;
		bytes = control_bytes(at);
		note_byte(lexer, *at, bytes > 0);
		memset(at, ' ', bytes > 0 ? bytes : 1);
	}
}

/* Every other byte of text is a NUL there. */
static bool is_utf16(const char *bytes, size_t count)
{
	size_t looked_at = count < UTF16_BYTES ? count : UTF16_BYTES, nuls[2] = {0};

	if (strncmp(bytes, "\xff\xfe", 2) == 0 || strncmp(bytes, "\xfe\xff", 2) == 0)
		return true;
	for (size_t i = 0; i < looked_at; i++)
		nuls[i % 2] += bytes[i] == '\0';
	return (nuls[0] == 0) != (nuls[1] == 0) && 8 * (nuls[0] + nuls[1]) >= looked_at;
}

/* A file cut off by a loss of power ends in NULs. */
static bool is_text(struct lexer *lexer, size_t count)
{
	struct conf_place place = {.file = lexer->file};

	if (is_utf16(lexer->at, count)) {
		conf_complain(lexer->complaints, place,
			      "is UTF-16, expected a file saved as UTF-8: "
			      "iconv -f UTF-16 -t UTF-8 makes one of it");
		return false;
	}
	if (strlen(lexer->at) == count)
		return true;
	place.line = 1;
	for (const char *at = lexer->at; *at != '\0'; at++)
		place.line += *at == '\n';
	conf_complain(lexer->complaints, place,
		      "a NUL byte: the file is damaged, or no text; expected a text file");
	return false;
}

/* ---- words and marks ------------------------------------------------------------------- */

static struct conf_token *add(struct lexer *lexer, enum conf_mark mark, const char *text)
{
	struct conf_token *token = &lexer->tokens[lexer->count++];

	*token =
		(struct conf_token){.mark = (unsigned char)mark, .line = lexer->line, .text = text};
	return token;
}

static void skip_line(struct lexer *lexer)
{
	lexer->at++;
	lexer->at += strcspn(lexer->at, "\n");
}

static void skip_comment(struct lexer *lexer)
{
	struct conf_place begin = here(lexer);

	for (lexer->at += 2; *lexer->at != '\0'; lexer->at++) {
		if (lexer->at[0] == '*' && lexer->at[1] == '/') {
			lexer->at += 2;
			return;
		}
		lexer->line += *lexer->at == '\n';
	}
	conf_complain(lexer->complaints, begin, "this comment does not end, expected \"*/\"");
	lexer->file->cut = true;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_.:/%-[]@~", c));
}

/* Where the text ends that begins here, at the latest with its line. One with a curly quote at
 * either end ends with any. A straight one with a word right behind it begins another text. */
static char *end_of_quoted(struct lexer *lexer, char quote, bool *curly)
{
	char *first_curly = NULL, *at = lexer->at;

	while (*at != '\0' && *at != '\n') {
		struct conf_letter letter = conf_letter_at(at);

		if (*at == quote && first_curly && is_plain(at[1]))
			break;
		if (*at == quote || (*curly && letter.meant[0] == quote))
			return at;
		if (letter.meant[0] == quote && !first_curly)
			first_curly = at;
		at += *at == '\\' && (at[1] == quote || at[1] == '\\') ? 2 : letter.bytes;
	}
	if (lexer->mended_line != lexer->line)
		lexer->mended = 0;
	lexer->mended_line = lexer->line;
	if (!first_curly || lexer->mended++ == MENDED_MAX)
		return at;
	*curly = true;
	return first_curly;
}

/* Takes out the backslashes. The new end. */
static char *unescape(struct lexer *lexer, char *end, char quote)
{
	char *to = lexer->at;

	for (const char *from = lexer->at; from < end; from++) {
		if (*from == '\\' && (from[1] == quote || from[1] == '\\'))
			from++;
		else if (*from == '\\')
			conf_complain(lexer->complaints, here(lexer),
				      "a single \"\\\" in a text, expected \"\\\\\" or \"\\%c\"",
				      quote);
		*to++ = *from;
	}
	return to;
}

static void read_quoted(struct lexer *lexer, const struct conf_letter *opening)
{
	bool curly = opening->alike != CONF_ITSELF;
	char quote = opening->meant[0], *end;
	struct conf_letter closing;
	struct conf_token *token;

	lexer->at += opening->bytes;
	end = end_of_quoted(lexer, quote, &curly);
	closing = conf_letter_at(end);
	token = add(lexer, CONF_WORD, lexer->at);
	token->lost = closing.meant[0] != quote;
	while (token->lost && end > lexer->at && strchr(" \t}", end[-1]))
		end--; /* a "}" there is hardly part of it */
	lexer->ended = unescape(lexer, end, quote);
	lexer->at = token->lost ? end : end + closing.bytes;
	note_letter(lexer, opening->alike != CONF_ITSELF ? opening : &closing);
	if (token->lost && !curly)
		conf_complain(lexer->complaints, here(lexer),
			      "this text does not end, expected %c before the end of the line",
			      quote);
	lexer->file->cut |= token->lost;
	for (; token->lost && token >= lexer->tokens && token->line == lexer->line; token--)
		token->told = true; /* it may be the other end of a text that was lost before */
}

/* A word that is not quoted, up to what cannot be in one. What would need quotes is told. */
static char *end_of_word(struct lexer *lexer, bool *ret_told)
{
	bool foreign = false;
	int odd_bytes = 0;
	char *at, *odd = NULL;

	for (at = lexer->at; *at != '\0';) {
		struct conf_letter letter = conf_letter_at(at);
		bool comment = at[0] == '/' && (at[1] == '/' || at[1] == '*');

		if (letter.meant[0] != '\0' && strchr(" \t\n{}=,\"'#;", letter.meant[0]))
			break;
		if (!odd &&
		    (comment || (letter.alike != CONF_HIDDEN && !is_plain(letter.meant[0])))) {
			odd = at;
			odd_bytes = comment ? 2 : (int)letter.bytes;
		}
		foreign |= letter.bytes > 1;
		at += letter.bytes;
	}
	if (odd && lexer->odd_line != lexer->line)
		conf_complain(lexer->complaints, here(lexer),
			      "unexpected \"%.*s\", a text with it needs quotes", odd_bytes, odd);
	if (odd)
		lexer->odd_line = lexer->line;
	*ret_told = odd || (foreign && lexer->odd_line == lexer->line);
	return at;
}

static void read_word(struct lexer *lexer)
{
	struct conf_token *token = add(lexer, CONF_WORD, lexer->at);
	char *end = end_of_word(lexer, &token->told), *to = lexer->at;
	struct conf_letter letter;

	for (; lexer->at < end && !token->told; lexer->at += letter.bytes) {
		letter = conf_letter_at(lexer->at);
		note_letter(lexer, &letter);
		to = mempcpy(to, letter.meant, strlen(letter.meant));
	}
	lexer->ended = token->told ? end : to;
	lexer->at = end;
}

/* A mark, or what stands between others. */
static void read_mark(struct lexer *lexer, const struct conf_letter *letter)
{
	static const char marks[] = "{\0}\0=\0,\0";

	note_letter(lexer, letter);
	lexer->line += letter->meant[0] == '\n';
	lexer->at += letter->bytes;
	for (const char *mark = marks; *mark != '\0'; mark += 2)
		if (*mark == letter->meant[0])
			add(lexer, (enum conf_mark)(*mark), mark);
}

static void read_semicolon(struct lexer *lexer, size_t bytes)
{
	struct flaw *flaw = note(lexer, SEMICOLON);

	if (flaw)
		strcpy(flaw->what,
		       "unexpected \";\", nothing stands between two options, and a comment begins with #");
	lexer->at += bytes;
}

static void read_token(struct lexer *lexer)
{
	struct conf_letter letter = conf_letter_at(lexer->at);
	char c = letter.meant[0];

	if (lexer->ended)
		*lexer->ended = '\0';
	lexer->ended = NULL;
	if (c == '"' || c == '\'')
		read_quoted(lexer, &letter);
	else if (c == '#' || (c == '/' && lexer->at[1] == '/'))
		skip_line(lexer);
	else if (c == '/' && lexer->at[1] == '*')
		skip_comment(lexer);
	else if (c == ';')
		read_semicolon(lexer, letter.bytes);
	else if (letter.alike == CONF_HIDDEN || (c != '\0' && strchr(" \t\n{}=,", c)))
		read_mark(lexer, &letter);
	else
		read_word(lexer);
}

struct conf_token *conf_text_split(char *bytes, size_t count, struct conf_file *file,
				   struct conf_complaints *complaints)
{
	struct lexer lexer = {.file = file, .complaints = complaints, .at = bytes, .line = 1};

	lexer.tokens = conf_alloc(complaints->store, (count + 1) * sizeof(*lexer.tokens));
	if (!lexer.tokens)
		return NULL;
	file->cut = !is_text(&lexer, count);
	if (!file->cut) {
		blank_bytes(&lexer);
		lexer.line = 1;
		while (*lexer.at != '\0')
			read_token(&lexer);
	}
	if (lexer.ended)
		*lexer.ended = '\0';
	add(&lexer, CONF_END, "end");
	for (size_t kind = 0; kind < FLAWS; kind++)
		tell_flaw(&lexer, &lexer.flaws[kind]);
	return lexer.tokens;
}
