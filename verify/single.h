/* One event and its proof (c2sp.org/tlog-proof): whether the log that is signed has it. */
#ifndef CORRIDORD_VERIFY_SINGLE_H
#define CORRIDORD_VERIFY_SINGLE_H

#include "evidence/keys.h"
#include "verify/message.h"

enum single_worth {
	SINGLE_GOOD, /* it is in the log, and a key that is known says so */
	SINGLE_STRANGE, /* it is in the log, and no key that is known says so */
	SINGLE_UNWITNESSED, /* the same, but of witnesses too few */
	SINGLE_WRONG, /* it is not what was signed, or not of this log */
};

struct single {
	enum single_worth worth;
	struct message event;
	uint64_t size; /* of the signed head */
	char by[NOTE_NAME_BYTES]; /* whose key, empty: none */
	size_t witnesses; /* that have cosigned it */
};

/* The first event of the file at event_path, as it came. Negative errno: a file cannot be read;
 * witnesses: how many have to have cosigned it. -EBADMSG: it is no proof, or no event. */
int single_judge(const struct keys *keys, size_t witnesses, const char *proof_path,
		 const char *event_path, struct single *ret_single);

#endif
