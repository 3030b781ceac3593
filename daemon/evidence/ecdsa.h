/* Signatures by keys on P-256, as signed notes have them: ASN.1 of RFC 3279, over SHA-256. */
#ifndef CORRIDORD_EVIDENCE_ECDSA_H
#define CORRIDORD_EVIDENCE_ECDSA_H

#include <stdbool.h>

#include "evidence/note.h"

/* key: as note_key_is_known() takes it. */
bool ecdsa_is_good(const unsigned char key[P256_BYTES], const char *text, size_t bytes,
		   const unsigned char *signature, size_t count);

#endif
