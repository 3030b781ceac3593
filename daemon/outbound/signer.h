/* corridord-signer as a process: started, told whose keys it is to know, asked line by line, started
 * again. It has the evidence key and no network; what it can be asked says signer/main.c. Used by one
 * thread, which the process follows into death. */
#ifndef CORRIDORD_OUTBOUND_SIGNER_H
#define CORRIDORD_OUTBOUND_SIGNER_H

#include <sys/types.h>

#include "base/worker.h"
#include "config/config.h"
#include "evidence/cosign.h"

#define SIGNER_LINE_BYTES (COSIGN_REQUEST_BYTES / 3 * 4 + 64)
#define SIGNER_KEYS_BYTES (2 * VERIFIER_BYTES)

struct signer {
	const struct signer_conf *conf; /* borrowed, as all here */
	const struct witness_conf *witness;
	char *name; /* of the key */
	struct worker *worker; /* whose thread waits for answers */
	pid_t pid; /* 0: there is none */
	int fd;
	char keys
		[SIGNER_KEYS_BYTES]; /* verifier keys it signs with, a blank between; empty: not known */
	const char *failure; /* of the last signer_ask() that failed, for people */
};

/* name: of the keys. -EINVAL: one of them is none, and standard error says why and what to do. One
 * that may not be read by who asks is passed over, as is all of a signer that cannot be asked. */
int signer_check_files(const struct signer_conf *conf, const struct witness_conf *witness,
		       const char *name);
/* Asks a line, gets a line, both without their end. Negative errno: there is no process any more. */
int signer_ask(struct signer *signer, const char *question, char answer[SIGNER_LINE_BYTES]);
void signer_put_down(struct signer *signer);

#endif
