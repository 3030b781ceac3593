/* Signed notes and the heads of logs in them, as C2SP's signed-note and tlog-checkpoint have them.
 *
 * A head says: the log of this origin has so many leaves and this root. Its text is signed by one or
 * more keys, each with a line of its own:
 *
 *	corridor/ge-red-bridge/gw1/5f0c31a2b47d9e60
 *	4711
 *	<root in base64>
 *
 *	— corridor/ge-red-bridge/gw1 <base64 of key id and signature>
 *
 * Makes and reads these texts, and key ids. Knows no key and checks no signature. Nothing here
 * allocates.
 */
#ifndef CORRIDORD_EVIDENCE_NOTE_H
#define CORRIDORD_EVIDENCE_NOTE_H

#include "evidence/tree.h"

#define NOTE_NAME_BYTES	 192 /* of an origin or a key, with the NUL */
#define NOTE_TEXT_BYTES	 320 /* of a head's text */
#define NOTE_BYTES	 2048 /* with its signatures */
#define NOTE_SIGNATURES	 16
#define NOTE_SIGNED_MOST 76 /* bytes of a signature, the largest is a cosignature */
#define NOTE_KEY_MOST	 128
#define NOTE_SIGNED_TEXT (((NOTE_SIGNED_MOST + 4) + 2) / 3 * 4 + 1) /* with the key id, in base64 */
#define NOTE_HASH_TEXT	 45 /* of 32 bytes in base64; these with the NUL */
#define VERIFIER_BYTES	 512 /* of a verifier key's text */

#define ED25519_BYTES		32
#define ED25519_SIGNATURE_BYTES 64
#define P256_BYTES		91 /* SubjectPublicKeyInfo in DER (RFC 5480), the point not compressed */
#define P256_SIGNATURE_MOST	72 /* in DER (RFC 3279) */

/* Types of keys */
#define NOTE_ED25519	 0x01 /* of a log */
#define NOTE_ECDSA	 0x02 /* of a log: P-256 with SHA-256 */
#define NOTE_COSIGNATURE 0x04 /* of a witness: Ed25519, with a time */

struct note_head {
	char origin[NOTE_NAME_BYTES];
	uint64_t size;
	struct tree_hash root;
};

struct note_signature {
	char name[NOTE_NAME_BYTES];
	uint32_t id;
	unsigned char bytes[NOTE_SIGNED_MOST];
	size_t count;
};

struct note {
	struct note_head head;
	size_t text_bytes; /* of the note: what is signed */
	size_t count;
	struct note_signature signature[NOTE_SIGNATURES]; /* of further ones nothing is known */
};

/* What is handed to others, to check signatures with. */
struct note_verifier {
	char name[NOTE_NAME_BYTES];
	uint32_t id;
	unsigned char type;
	unsigned char key[NOTE_KEY_MOST];
	size_t key_bytes;
};

/* out: with a NUL. Characters written without it. */
size_t base64_encode(const void *bytes, size_t count, char *out);
/* Bytes, or -EINVAL: it is not base64 with its padding, or more than size bytes. */
int base64_decode(const char *text, size_t length, void *out, size_t size);

/* The line at *at, without its end, which is passed over. NULL: there is no whole one. */
const char *note_next_line(const char **at, const char *end, size_t *ret_length);
/* As notes have them: decimal, no zero in front. 0, or -EINVAL. */
int note_read_number(const char *line, size_t length, uint64_t *ret_number);
/* Hashes in base64, a line each, and the empty line behind them. 0, or -EINVAL. */
int note_read_path(const char **at, const char *end, struct tree_path *path);

bool note_name_is_good(const char *name); /* no blank, no plus, not empty */
bool note_is_of_log(unsigned char type); /* else of a witness, or of a kind that is not known */
/* A key of that type is one that we know. */
bool note_key_is_known(unsigned char type, const unsigned char *key, size_t key_bytes);
/* Of NOTE_ECDSA over the key alone, as signed-note has it; of the others over name, type and key. */
uint32_t note_key_id(const char *name, unsigned char type, const unsigned char *key,
		     size_t key_bytes);

/* Characters, or -E2BIG, -EINVAL. */
int note_text(const struct note_head *head, char out[NOTE_TEXT_BYTES]);
/* The last word of a line of signature. */
int note_signed_text(uint32_t id, const unsigned char *signature, size_t count,
		     char out[NOTE_SIGNED_TEXT]);
int note_sign_line(const char *name, uint32_t id, const unsigned char *signature, size_t count,
		   char *out, size_t size);
int note_verifier_text(const struct note_verifier *verifier, char out[VERIFIER_BYTES]);

/* The lines behind the empty one, into count and signature. -EINVAL: there is none. */
int note_read_signatures(const char **at, const char *end, struct note *note);

/* -EINVAL: it is none. */
int note_read(const char *note, size_t bytes, struct note *ret_note);
int note_verifier_read(const char *text, struct note_verifier *ret_verifier);

#endif
