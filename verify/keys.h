/* The keys that notes are checked with, and the checks (OpenSSL). */
#ifndef CORRIDORD_VERIFY_KEYS_H
#define CORRIDORD_VERIFY_KEYS_H

#include <stdbool.h>

#include "evidence/note.h"

#define KEYS_MAX 64

struct keys {
	struct note_verifier verifier[KEYS_MAX];
	size_t count;
};

enum note_worth { NOTE_STRANGE, NOTE_FORGED, NOTE_GOOD };

int keys_add(struct keys *keys, const char *text); /* -EINVAL: it is none; -ENOSPC */
/* FORGED: it has a signature of a known key that is wrong. ret_by: whose. */
enum note_worth keys_check(const struct keys *keys, const struct note *note, const char *text,
			   const struct note_verifier **ret_by);

#endif
