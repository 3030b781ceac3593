/* The evidence key: made, read, used. Ed25519 or ECDSA P-256 by OpenSSL's EVP, in a PEM file. */
#ifndef CORRIDORD_SIGNER_KEY_H
#define CORRIDORD_SIGNER_KEY_H

#include "evidence/vouch.h"

struct key;

/* All say on standard error what is wrong. Negative errno. */
/* A new file, for its owner alone; -EEXIST: it is there. What root makes is the service's. type:
 * NOTE_ED25519 or NOTE_ECDSA of a log, NOTE_COSIGNATURE of a witness. */
int key_make(const char *path, unsigned char type);
/* of_log: else a witness's, which has to be an Ed25519 one. */
int key_open(const char *path, const char *name, bool of_log, struct key **ret_key);
/* A certificate request (PKCS #10, PEM) for the key, to standard output: O=corridor, OU=<checkpoint>,
 * CN=<gateway> of its name. Negative errno; standard error says why. */
int key_print_request(const struct key *key);

/* Two keys of a log sign as one from then on, a line each; other is owned by key. */
void key_join(struct key *key, struct key *other);

void key_free(struct key *key); /* takes NULL; of joined ones all */

const struct note_verifier *key_verifier(const struct key *key);
const struct key *key_joined(const struct key *key); /* the other one, or NULL */

/* The whole note of that head, with a NUL. Characters, or a negative errno. */
int key_sign(const struct key *key, const struct note_head *head, char out[NOTE_BYTES]);
/* The whole note that vouches for a message, with a NUL. Characters, or a negative errno. */
int key_vouch(const struct key *key, const struct vouch *vouch, char out[VOUCH_NOTE_BYTES]);
/* A witness's word for the head of a note: the note with one more signature line. Characters, or a
 * negative errno. */
int key_cosign(const struct key *key, uint64_t time_s, const char *note, char out[NOTE_BYTES]);

#endif
