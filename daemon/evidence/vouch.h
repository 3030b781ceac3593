/* A note by which a key vouches for one message, as the last member of that message's JSON object.
 *
 * The text is that of a signed note (C2SP's signed-note), but never that of a head or of a
 * cosignature: its first line says what it is, and its second is no number.
 *
 *	corridor-handover/v1			or corridor-request/v1
 *	corridor/az-ganja/gw1/5f0c31a2b47d9e60	who: the log's origin, or an officer's key by its name
 *	ge-red-bridge/handover/6GE204567891	where it is published, below the root
 *	1795996800				when, seconds since 1970
 *	<SHA-256 of the message, in base64>
 *
 *	— corridor/az-ganja/gw1 <base64 of key id and signature>
 *
 * Hashed is the message without that member, byte for byte: what stands before `,"note":"`, and a
 * closing brace. Makes and reads these texts; knows no key. Nothing here allocates. */
#ifndef CORRIDORD_EVIDENCE_VOUCH_H
#define CORRIDORD_EVIDENCE_VOUCH_H

#include <stdbool.h>

#include "evidence/note.h"

#define VOUCH_HANDOVER	  "corridor-handover/v1"
#define VOUCH_REQUEST	  "corridor-request/v1"
#define VOUCH_RECORD	  "corridor-record/v1" /* of a registry, by its keeper */
#define VOUCH_LIST	  "corridor-list/v1" /* beside a file, whose name stands for the topic */
#define VOUCH_TOPIC_BYTES 256
#define VOUCH_TEXT_BYTES  (NOTE_NAME_BYTES + VOUCH_TOPIC_BYTES + 128)
#define VOUCH_LINES	  2 /* signatures: of two keys while they are changed */
#define VOUCH_NOTE_BYTES  (VOUCH_TEXT_BYTES + VOUCH_LINES * (NOTE_NAME_BYTES + 128))

struct vouch {
	const char *kind; /* a constant: one of the first lines */
	char by[NOTE_NAME_BYTES];
	char topic[VOUCH_TOPIC_BYTES];
	uint64_t time_s;
	struct tree_hash hash;
};

bool vouch_topic_is_good(const char *topic); /* no blank, not empty, not too long */

/* Characters, or -EINVAL. */
int vouch_text(const struct vouch *vouch, char out[VOUCH_TEXT_BYTES]);
/* kind: what it has to be. Its signatures and text_bytes in ret_note. -EINVAL: it is no such note. */
int vouch_read(const char *text, size_t bytes, const char *kind, struct vouch *ret_vouch,
	       struct note *ret_note);

/* Of a message that has no note. */
struct tree_hash vouch_hash(const char *payload, size_t bytes);
/* Puts it in. payload: has room for size bytes. Bytes then; -E2BIG: no room; -EINVAL: no object, or
 * what would have to be escaped. */
int vouch_put(char *payload, size_t bytes, size_t size, const char *note);

enum vouch_found { VOUCH_NONE, VOUCH_BAD, VOUCH_FOUND };

/* What a message has: the note, with a NUL, and the hash of all else. BAD: a note that is too long, or
 * not written as above. */
enum vouch_found vouch_take(const char *payload, size_t bytes, char note[NOTE_BYTES],
			    struct tree_hash *ret_hash);

/* How much of a message stands before its note; all of one that has none. */
size_t vouch_before(const char *payload, size_t bytes);

#endif
