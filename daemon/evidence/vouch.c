#include "evidence/vouch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

#define MARK	",\"note\":\""
#define END	"\"}"
#define DASH	"\xe2\x80\x94"
#define DASH_AS "u2014" /* behind the backslash: how some programs write it */

bool vouch_topic_is_good(const char *topic)
{
	if (!topic[0] || strlen(topic) >= VOUCH_TOPIC_BYTES)
		return false;
	for (; *topic; topic++)
		if ((unsigned char)*topic <= ' ' || *topic == 0x7F)
			return false;
	return true;
}

int vouch_text(const struct vouch *vouch, char out[VOUCH_TEXT_BYTES])
{
	char hash[NOTE_HASH_TEXT];
	int length;

	if (!note_name_is_good(vouch->by) || !vouch_topic_is_good(vouch->topic))
		return -EINVAL;
	base64_encode(vouch->hash.bytes, sizeof(vouch->hash.bytes), hash);
	length = snprintf(out, VOUCH_TEXT_BYTES, "%s\n%s\n%s\n%" PRIu64 "\n%s\n", vouch->kind,
			  vouch->by, vouch->topic, vouch->time_s, hash);
	return length < VOUCH_TEXT_BYTES ? length : -EINVAL;
}

/* ---- reading ------------------------------------------------------------------------- */

static int read_line(const char **at, const char *end, char *out, size_t size)
{
	size_t length;
	const char *line = note_next_line(at, end, &length);

	if (!line || length >= size || memchr(line, '\0', length))
		return -EINVAL;
	memcpy(out, line, length);
	out[length] = '\0';
	return 0;
}

static int read_hash(const char **at, const char *end, struct tree_hash *ret_hash)
{
	size_t length;
	const char *line = note_next_line(at, end, &length);

	if (!line || length != NOTE_HASH_TEXT - 1 ||
	    base64_decode(line, length, ret_hash->bytes, sizeof(ret_hash->bytes)) !=
		    TREE_HASH_BYTES)
		return -EINVAL;
	return 0;
}

static int read_text(const char **at, const char *end, const char *kind, struct vouch *vouch)
{
	char first[32];
	size_t length;
	const char *line;

	vouch->kind = kind;
	if (read_line(at, end, first, sizeof(first)) < 0 || strcmp(first, kind) != 0 ||
	    read_line(at, end, vouch->by, sizeof(vouch->by)) < 0 ||
	    read_line(at, end, vouch->topic, sizeof(vouch->topic)) < 0)
		return -EINVAL;
	line = note_next_line(at, end, &length);
	if (!line || note_read_number(line, length, &vouch->time_s) < 0 ||
	    read_hash(at, end, &vouch->hash) < 0)
		return -EINVAL;
	return note_name_is_good(vouch->by) && vouch_topic_is_good(vouch->topic) ? 0 : -EINVAL;
}

int vouch_read(const char *text, size_t bytes, const char *kind, struct vouch *ret_vouch,
	       struct note *ret_note)
{
	const char *at = text, *end = text + bytes, *line;
	struct note note = {0};
	size_t length;

	if (read_text(&at, end, kind, ret_vouch) < 0)
		return -EINVAL;
	line = note_next_line(&at, end, &length);
	if (!line || length > 0) /* nothing is added to it */
		return -EINVAL;
	note.text_bytes = (size_t)(at - text) - 1;
	if (note_read_signatures(&at, end, &note) < 0)
		return -EINVAL;
	*ret_note = note;
	return 0;
}

/* ---- in a message -------------------------------------------------------------------- */

static struct tree_hash hash_of(const char *payload, size_t bytes, const char *rest)
{
	struct tree_hash hash;
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, bytes, (const unsigned char *)payload);
	sha256_update(&sha, strlen(rest), (const unsigned char *)rest);
	sha256_end(&sha, hash.bytes);
	return hash;
}

struct tree_hash vouch_hash(const char *payload, size_t bytes)
{
	return hash_of(payload, bytes, "");
}

static size_t escape(const char *note, char *out)
{
	size_t at = 0;

	for (; *note; note++) {
		if (*note == '\n')
			out[at++] = '\\';
		out[at++] = *note == '\n' ? 'n' : *note;
	}
	return at;
}

int vouch_put(char *payload, size_t bytes, size_t size, const char *note)
{
	char escaped[2 * VOUCH_NOTE_BYTES];
	size_t count;

	if (bytes < strlen("{\"\":0}") || payload[bytes - 1] != '}' || strpbrk(note, "\"\\") ||
	    strlen(note) >= VOUCH_NOTE_BYTES)
		return -EINVAL;
	count = escape(note, escaped);
	if (bytes - 1 + strlen(MARK) + count + strlen(END) > size)
		return -E2BIG;
	bytes--;
	memcpy(payload + bytes, MARK, sizeof(MARK) - 1);
	bytes += sizeof(MARK) - 1;
	memcpy(payload + bytes, escaped, count);
	bytes += count;
	memcpy(payload + bytes, END, sizeof(END) - 1);
	return (int)(bytes + sizeof(END) - 1);
}

/* The last of them: none is within a string, where its quotes would be escaped. */
static const char *find_mark(const char *payload, size_t bytes)
{
	const size_t length = strlen(MARK);

	for (size_t at = bytes; at-- > 0;)
		if (at + length <= bytes && memcmp(payload + at, MARK, length) == 0)
			return payload + at;
	return NULL;
}

/* Of a note nothing else is escaped. How much of text that was; 0: something else. */
static size_t unescape(const char *text, size_t bytes, char **out)
{
	if (bytes >= 2 && text[1] == 'n') {
		*(*out)++ = '\n';
		return 2;
	}
	if (bytes >= 1 + strlen(DASH_AS) && memcmp(text + 1, DASH_AS, strlen(DASH_AS)) == 0) {
		memcpy(*out, DASH, strlen(DASH));
		*out += strlen(DASH);
		return 1 + strlen(DASH_AS);
	}
	return 0;
}

static bool read_note(const char *text, size_t bytes, char note[NOTE_BYTES])
{
	char *out = note;
	size_t step;

	for (size_t at = 0; at < bytes; at += step) {
		if (out >= note + NOTE_BYTES - 4 || text[at] == '"' || text[at] == '\0')
			return false;
		step = text[at] == '\\' ? unescape(text + at, bytes - at, &out) : 1;
		if (step == 0)
			return false;
		if (text[at] != '\\')
			*out++ = text[at];
	}
	*out = '\0';
	return true;
}

/* Its string is the last thing in the object: so it is a member of that and of nothing within. */
enum vouch_found vouch_take(const char *payload, size_t bytes, char note[NOTE_BYTES],
			    struct tree_hash *ret_hash)
{
	const char *mark = find_mark(payload, bytes);
	const char *text, *end;

	if (!mark)
		return VOUCH_NONE;
	text = mark + strlen(MARK);
	end = payload + bytes - strlen(END);
	if (end < text || memcmp(end, END, strlen(END)) != 0 ||
	    !read_note(text, (size_t)(end - text), note))
		return VOUCH_BAD;
	*ret_hash = hash_of(payload, (size_t)(mark - payload), "}");
	return VOUCH_FOUND;
}

size_t vouch_before(const char *payload, size_t bytes)
{
	const char *mark = find_mark(payload, bytes);

	return mark ? (size_t)(mark - payload) : bytes;
}
