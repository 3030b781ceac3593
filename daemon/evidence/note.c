#include "evidence/note.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"

#define DASH	      "\xe2\x80\x94 " /* an em dash, and a blank */
#define BASE64_HASH   44
#define LINE_BYTES    (NOTE_NAME_BYTES + 160)
#define ID_BYTES      4
#define NUMBER_DIGITS 20

/* ---- base64 ------------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const void *bytes, size_t count, char *out)
{
	const unsigned char *in = bytes;
	size_t at = 0;

	for (size_t i = 0; i < count; i += 3) {
		uint32_t three = (uint32_t)in[i] << 16;

		three |= i + 1 < count ? (uint32_t)in[i + 1] << 8 : 0;
		three |= i + 2 < count ? in[i + 2] : 0;
		out[at++] = digits[three >> 18];
		out[at++] = digits[three >> 12 & 63];
		out[at++] = i + 1 < count ? digits[three >> 6 & 63] : '=';
		out[at++] = i + 2 < count ? digits[three & 63] : '=';
	}
	out[at] = '\0';
	return at;
}

static int digit_of(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Up to three bytes of four characters. -EINVAL */
static int decode_four(const char four[4], bool last, unsigned char out[3])
{
	int padding = !last ? 0 : four[3] != '=' ? 0 : four[2] != '=' ? 1 : 2;
	uint32_t three = 0;

	for (int i = 0; i < 4; i++) {
		int digit = i < 4 - padding ? digit_of(four[i]) : 0;

		if (digit < 0)
			return -EINVAL;
		three = three << 6 | (uint32_t)digit;
	}
	if ((padding == 1 && (three & 0xFF)) || (padding == 2 && (three & 0xFFFF)))
		return -EINVAL;
	out[0] = (unsigned char)(three >> 16);
	out[1] = (unsigned char)(three >> 8);
	out[2] = (unsigned char)three;
	return 3 - padding;
}

int base64_decode(const char *text, size_t length, void *out, size_t size)
{
	unsigned char *bytes = out, three[3];
	size_t at = 0;

	if (length % 4 != 0)
		return -EINVAL;
	for (size_t i = 0; i < length; i += 4) {
		int count = decode_four(text + i, i + 4 == length, three);

		if (count < 0 || at + (size_t)count > size)
			return -EINVAL;
		memcpy(bytes + at, three, (size_t)count);
		at += (size_t)count;
	}
	return (int)at;
}

/* ---- keys --------------------------------------------------------------------------- */

bool note_name_is_good(const char *name)
{
	if (!name[0] || strlen(name) >= NOTE_NAME_BYTES)
		return false;
	for (; *name; name++)
		if ((unsigned char)*name <= ' ' || *name == '+' || *name == 0x7F)
			return false;
	return true;
}

bool note_is_of_log(unsigned char type)
{
	return type == NOTE_ED25519 || type == NOTE_ECDSA;
}

bool note_key_is_known(unsigned char type, const unsigned char *key, size_t key_bytes)
{
	/* RFC 5480: id-ecPublicKey, secp256r1, a bit string of 66 bytes */
	static const unsigned char p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
					     0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
					     0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

	if (type == NOTE_ECDSA)
		return key_bytes == P256_BYTES && memcmp(key, p256, sizeof(p256)) == 0;
	return (type == NOTE_ED25519 || type == NOTE_COSIGNATURE) && key_bytes == ED25519_BYTES;
}

uint32_t note_key_id(const char *name, unsigned char type, const unsigned char *key,
		     size_t key_bytes)
{
	unsigned char hash[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	if (type != NOTE_ECDSA) {
		sha256_update(&sha, strlen(name), (const unsigned char *)name);
		sha256_update(&sha, 1, (const unsigned char *)"\n");
		sha256_update(&sha, 1, &type);
	}
	sha256_update(&sha, key_bytes, key);
	sha256_end(&sha, hash);
	return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

int note_verifier_text(const struct note_verifier *verifier, char out[VERIFIER_BYTES])
{
	unsigned char bytes[1 + NOTE_KEY_MOST];
	char key[(sizeof(bytes) + 2) / 3 * 4 + 1];

	bytes[0] = verifier->type;
	memcpy(bytes + 1, verifier->key, verifier->key_bytes);
	base64_encode(bytes, 1 + verifier->key_bytes, key);
	return snprintf(out, VERIFIER_BYTES, "%s+%08" PRIx32 "+%s", verifier->name, verifier->id,
			key);
}

int note_verifier_read(const char *text, struct note_verifier *ret_verifier)
{
	unsigned char bytes[1 + NOTE_KEY_MOST];
	struct note_verifier verifier = {0};
	const char *first = strchr(text, '+');
	char *second;
	int count;

	if (!first || (size_t)(first - text) >= sizeof(verifier.name))
		return -EINVAL;
	memcpy(verifier.name, text, (size_t)(first - text));
	verifier.id = (uint32_t)strtoul(first + 1, &second, 16);
	if (second != first + 9 || *second != '+' || !note_name_is_good(verifier.name))
		return -EINVAL;
	count = base64_decode(second + 1, strlen(second + 1), bytes, sizeof(bytes));
	if (count < 2)
		return -EINVAL;
	verifier.type = bytes[0];
	verifier.key_bytes = (size_t)count - 1;
	memcpy(verifier.key, bytes + 1, verifier.key_bytes);
	if (note_key_id(verifier.name, verifier.type, verifier.key, verifier.key_bytes) !=
	    verifier.id)
		return -EINVAL;
	*ret_verifier = verifier;
	return 0;
}

/* ---- notes -------------------------------------------------------------------------- */

int note_text(const struct note_head *head, char out[NOTE_TEXT_BYTES])
{
	char root[BASE64_HASH + 1];
	int length;

	if (!note_name_is_good(head->origin))
		return -EINVAL;
	base64_encode(head->root.bytes, sizeof(head->root.bytes), root);
	length = snprintf(out, NOTE_TEXT_BYTES, "%s\n%" PRIu64 "\n%s\n", head->origin, head->size,
			  root);
	return length < NOTE_TEXT_BYTES ? length : -E2BIG;
}

int note_signed_text(uint32_t id, const unsigned char *signature, size_t count,
		     char out[NOTE_SIGNED_TEXT])
{
	unsigned char bytes[ID_BYTES + NOTE_SIGNED_MOST];

	if (count > NOTE_SIGNED_MOST)
		return -E2BIG;
	for (int i = 0; i < ID_BYTES; i++)
		bytes[i] = (unsigned char)(id >> (24 - 8 * i));
	memcpy(bytes + ID_BYTES, signature, count);
	return (int)base64_encode(bytes, ID_BYTES + count, out);
}

int note_sign_line(const char *name, uint32_t id, const unsigned char *signature, size_t count,
		   char *out, size_t size)
{
	char text[NOTE_SIGNED_TEXT];
	int length = note_signed_text(id, signature, count, text);

	if (length < 0)
		return length;
	length = snprintf(out, size, DASH "%s %s\n", name, text);
	return (size_t)length < size ? length : -E2BIG;
}

const char *note_next_line(const char **at, const char *end, size_t *ret_length)
{
	const char *line = *at;
	const char *stop = memchr(line, '\n', (size_t)(end - line));

	if (!stop)
		return NULL;
	*ret_length = (size_t)(stop - line);
	*at = stop + 1;
	return line;
}

int note_read_number(const char *line, size_t length, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (length == 0 || length >= NUMBER_DIGITS || (length > 1 && line[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -EINVAL;
		number = number * 10 + (uint64_t)(line[i] - '0');
	}
	*ret_number = number;
	return 0;
}

int note_read_path(const char **at, const char *end, struct tree_path *path)
{
	const char *line;
	size_t length;

	while ((line = note_next_line(at, end, &length)) && length > 0) {
		struct tree_hash *hash = &path->hash[path->count];

		if (path->count == TREE_PATH_MAX || length != BASE64_HASH ||
		    base64_decode(line, length, hash->bytes, sizeof(hash->bytes)) !=
			    TREE_HASH_BYTES)
			return -EINVAL;
		path->count++;
	}
	return line ? 0 : -EINVAL;
}

static int read_name(const char *from, size_t length, char out[NOTE_NAME_BYTES])
{
	if (length >= NOTE_NAME_BYTES || memchr(from, '\0', length))
		return -EINVAL;
	memcpy(out, from, length);
	out[length] = '\0';
	return note_name_is_good(out) ? 0 : -EINVAL;
}

/* Lines between the root and the empty one are extensions, signed and otherwise nothing to us. */
static int read_text(const char **at, const char *end, struct note_head *head)
{
	size_t length;
	const char *line = note_next_line(at, end, &length);

	if (!line || read_name(line, length, head->origin) < 0)
		return -EINVAL;
	line = note_next_line(at, end, &length);
	if (!line || note_read_number(line, length, &head->size) < 0)
		return -EINVAL;
	line = note_next_line(at, end, &length);
	if (!line || length != BASE64_HASH ||
	    base64_decode(line, length, head->root.bytes, sizeof(head->root.bytes)) !=
		    TREE_HASH_BYTES)
		return -EINVAL;
	return 0;
}

static int read_signature(const char *line, size_t length, struct note_signature *signature)
{
	unsigned char bytes[ID_BYTES + NOTE_SIGNED_MOST];
	const char *name = line + strlen(DASH);
	const char *blank;
	int count;

	if (length <= strlen(DASH) || memcmp(line, DASH, strlen(DASH)) != 0)
		return -EINVAL;
	blank = memchr(name, ' ', length - strlen(DASH));
	if (!blank || read_name(name, (size_t)(blank - name), signature->name) < 0)
		return -EINVAL;
	count = base64_decode(blank + 1, (size_t)(line + length - blank - 1), bytes, sizeof(bytes));
	if (count <= ID_BYTES)
		return -EINVAL;
	signature->id = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
			(uint32_t)bytes[2] << 8 | bytes[3];
	signature->count = (size_t)count - ID_BYTES;
	memcpy(signature->bytes, bytes + ID_BYTES, signature->count);
	return 0;
}

int note_read_signatures(const char **at, const char *end, struct note *note)
{
	const char *line;
	size_t length;

	while (*at < end && note->count < NOTE_SIGNATURES) {
		line = note_next_line(at, end, &length);
		if (!line)
			return -EINVAL;
		/* one that is longer than we know is another's business */
		if (length < LINE_BYTES &&
		    read_signature(line, length, &note->signature[note->count]) == 0)
			note->count++;
	}
	return note->count > 0 ? 0 : -EINVAL;
}

int note_read(const char *note, size_t bytes, struct note *ret_note)
{
	struct note found = {0};
	const char *at = note, *end = note + bytes, *line;
	size_t length = 1;

	if (read_text(&at, end, &found.head) < 0)
		return -EINVAL;
	do {
		line = note_next_line(&at, end, &length);
		if (!line)
			return -EINVAL;
	} while (length > 0);
	found.text_bytes = (size_t)(at - note) - 1;
	if (note_read_signatures(&at, end, &found) < 0)
		return -EINVAL;
	*ret_note = found;
	return 0;
}
