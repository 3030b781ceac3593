#include "readers/multipart.h"

#include <string.h>
#include <strings.h>

static const char *find_boundary(const char *content_type)
{
	static const char name[] = "boundary=";
	const char *at = content_type;

	if (strncasecmp(content_type, "multipart/", 10) != 0)
		return NULL;
	while ((at = strchr(at, ';')) != NULL) {
		at += 1 + strspn(at + 1, " \t");
		if (strncasecmp(at, name, sizeof(name) - 1) == 0)
			return at + sizeof(name) - 1;
	}
	return NULL;
}

bool multipart_begin(struct multipart *multipart, const char *content_type)
{
	const char *at = content_type ? find_boundary(content_type) : NULL;
	const bool quoted = at && *at == '"';
	size_t bytes;

	*multipart = (struct multipart){.delimiter = "--", .delimiter_bytes = 2, .at_line = true};
	if (!at)
		return false;
	at += quoted;
	bytes = strcspn(at, quoted ? "\"" : "; \t\r\n");
	if (bytes == 0 || bytes >= MULTIPART_BOUNDARY_BYTES)
		return false;
	memcpy(multipart->delimiter + 2, at, bytes);
	multipart->delimiter_bytes += bytes;
	return true;
}

static bool is_line_end(char byte)
{
	return byte == '\r' || byte == '\n';
}

static void give_held(struct multipart *multipart, size_t count)
{
	if (count == 0)
		return;
	multipart->take(multipart->data, multipart->held, count);
	multipart->held_count -= count;
	memmove(multipart->held, multipart->held + count, multipart->held_count);
}

static void hold(struct multipart *multipart, const char *bytes, size_t count)
{
	const size_t whole = multipart->held_count + count, room = sizeof(multipart->held);

	give_held(multipart, whole > room ? whole - room : 0);
	memcpy(multipart->held + multipart->held_count, bytes, count);
	multipart->held_count += count;
}

static void give(struct multipart *multipart, const char *bytes, size_t count)
{
	size_t line_end = 0;

	if (multipart->state != MULTIPART_BODY || count == 0)
		return;
	while (line_end < count && line_end < sizeof(multipart->held) &&
	       is_line_end(bytes[count - 1 - line_end]))
		line_end++;
	if (line_end < count) {
		give_held(multipart, multipart->held_count);
		multipart->take(multipart->data, bytes, count - line_end);
	}
	hold(multipart, bytes + count - line_end, line_end);
}

/* CR LF, LF, or LF CR of those who mix them up. */
static void drop_line_end(struct multipart *multipart)
{
	const bool is_one = multipart->held_count == 2 && multipart->held[0] != multipart->held[1];

	give_held(multipart, multipart->held_count - (is_one ? 2 : multipart->held_count > 0));
	multipart->held_count = 0;
}

static void found(struct multipart *multipart)
{
	if (multipart->state == MULTIPART_BODY) {
		drop_line_end(multipart);
		multipart->end(multipart->data);
	}
	multipart->state = MULTIPART_DELIMITER;
	multipart->matched = 0;
	multipart->dashes = 0;
}

/* A byte where a delimiter may stand. Returns whether it is to be handed over. */
static bool look(struct multipart *multipart, char byte)
{
	const size_t matched = multipart->matched;

	if ((matched > 0 || multipart->at_line) && byte == multipart->delimiter[matched]) {
		multipart->at_line = false;
		if (++multipart->matched == multipart->delimiter_bytes)
			found(multipart);
		return false;
	}
	multipart->matched = 0;
	give(multipart, multipart->delimiter, matched); /* it was none */
	multipart->at_line = byte == '\n' || (byte == '\r' && multipart->at_line);
	return true;
}

/* As many bytes as can be taken at once, at least one. */
static size_t take_body(struct multipart *multipart, const char *bytes, size_t count)
{
	const char *line;
	size_t run;

	if (multipart->matched > 0 || multipart->at_line) {
		if (look(multipart, *bytes))
			give(multipart, bytes, 1);
		return 1;
	}
	line = memchr(bytes, '\n', count);
	run = line ? (size_t)(line - bytes) + 1 : count;
	give(multipart, bytes, run);
	multipart->at_line = line != NULL;
	return run;
}

static void take_delimiter(struct multipart *multipart, char byte)
{
	if (byte == '-' && multipart->dashes < 2) {
		if (++multipart->dashes == 2)
			multipart->state = MULTIPART_OVER;
	} else if (byte == '\n') {
		multipart->state = MULTIPART_HEADERS;
		multipart->empty_line = true;
	}
}

static void take_header(struct multipart *multipart, char byte)
{
	if (byte != '\n') {
		multipart->empty_line &= byte == '\r';
		return;
	}
	if (multipart->empty_line) {
		multipart->state = MULTIPART_BODY;
		multipart->at_line = true;
		multipart->held_count = 0;
		multipart->begin(multipart->data);
	}
	multipart->empty_line = true;
}

void multipart_take(struct multipart *multipart, const char *bytes, size_t count)
{
	size_t at = 0;

	while (at < count && multipart->state != MULTIPART_OVER) {
		switch (multipart->state) {
		case MULTIPART_DELIMITER:
			take_delimiter(multipart, bytes[at++]);
			break;
		case MULTIPART_HEADERS:
			take_header(multipart, bytes[at++]);
			break;
		default:
			at += take_body(multipart, bytes + at, count - at);
			break;
		}
	}
}

void multipart_end(struct multipart *multipart)
{
	if (multipart->state != MULTIPART_BODY)
		return;
	give(multipart, multipart->delimiter, multipart->matched);
	give_held(multipart, multipart->held_count);
	multipart->end(multipart->data);
	multipart->state = MULTIPART_OVER;
}
