/* What passes between a log and its witness, as C2SP's tlog-witness and tlog-cosignature have it.
 *
 * The log asks for a cosignature of its newest head, and proves that it continues the one that was
 * cosigned last (the body of add-checkpoint):
 *
 *	old 4096
 *	<hash in base64>, a line for each of the consistency proof
 *
 *	<the signed head>
 *
 * The witness signs a text that begins with the time and goes on with the head's. Makes and reads
 * these texts, knows no key. Nothing here allocates. */
#ifndef CORRIDORD_EVIDENCE_COSIGN_H
#define CORRIDORD_EVIDENCE_COSIGN_H

#include "evidence/note.h"

#define COSIGN_REQUEST_BYTES (NOTE_BYTES + TREE_PATH_MAX * 45 + 32)
#define COSIGN_TEXT_BYTES    (NOTE_TEXT_BYTES + 64)
#define COSIGN_TIME_BYTES    8
#define COSIGNATURE_BYTES    (COSIGN_TIME_BYTES + ED25519_SIGNATURE_BYTES)

struct cosign_request {
	uint64_t old_size; /* 0: nothing was cosigned yet */
	struct tree_path path; /* from there */
	const char *note; /* within the text */
	size_t note_bytes;
};

/* Characters, or -E2BIG. note: with its NUL. */
int cosign_request_write(uint64_t old_size, const struct tree_path *path, const char *note,
			 char out[COSIGN_REQUEST_BYTES]);
/* -EINVAL: it is none. The text is borrowed. */
int cosign_request_read(const char *text, size_t bytes, struct cosign_request *ret_request);

/* What is signed. text: the head's, out of its note. Characters, or -E2BIG. */
int cosign_text(uint64_t time_s, const char *text, size_t bytes, char out[COSIGN_TEXT_BYTES]);
/* The first bytes of a cosignature. */
void cosign_put_time(uint64_t time_s, unsigned char out[COSIGN_TIME_BYTES]);
uint64_t cosign_time(const unsigned char *signature);

#endif
