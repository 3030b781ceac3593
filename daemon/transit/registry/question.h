/* What the pure part asks the registry, and what it is answered.
 *
 * Questions leave through registry_questions.ask() and are answered later, in any number of turns,
 * by transit_answer(): capture never waits for the database. An answer carries all that a
 * binding and its recognition need, as of one moment, with the versions of the lists; so the
 * decision can be repeated from it and is written into the event.
 */
#ifndef CORRIDORD_TRANSIT_REGISTRY_QUESTION_H
#define CORRIDORD_TRANSIT_REGISTRY_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/registry/consignment.h"
#include "transit/registry/recognition.h"

#define REGISTRY_ANSWERS_MAX 64 /* consignments in one answer; more are counted only */

enum registry_key { KEY_UCR, KEY_SEAL, KEY_CONTAINER, KEY_PLATE, KEY_DOCUMENT, REGISTRY_KEYS };

struct registry_question {
	uint64_t tag; /* the asker's, comes back with the answer */
	enum registry_key key;
	char text[IDENTIFIER_BYTES]; /* normalised */
	char state[3]; /* of who asks: who claims nothing is looked for among its operators */
};

/* What an operator is known to hold. */
struct operator_record {
	/* The one that it claims, or the nearest to recognition of those that its TIN has. */
	const struct aeo_authorisation *authorisations;
	size_t authorisation_count;
	const struct registry_list *searched; /* list they were looked up in; NULL: none held */
};

struct dossier {
	const struct consignment *consignment;
	const struct registry_list *list; /* its edition; NULL: as that of the answer */
	const struct operator_record *operators; /* one for each party, same index */
};

enum registry_outcome {
	REGISTRY_ANSWERED, /* dossier_count says how many there are */
	REGISTRY_LOADING, /* a list has not been read yet: it may be known then */
	REGISTRY_FAILED, /* the database could not be read: nothing is known */
};

/* One block of memory: registry_answer_free(). */
struct registry_answer {
	uint64_t tag;
	enum registry_key key;
	char text[IDENTIFIER_BYTES];
	enum registry_outcome outcome;
	const struct dossier *dossiers; /* REGISTRY_ANSWERS_MAX at most */
	size_t dossier_count;
	uint64_t found; /* in the registry, may be more than there are dossiers */
	const struct registry_list
		*consignments; /* list or stream they came with, NULL: none held */
	struct arrangement_table arrangements; /* all that are held */
	void (*free)(struct registry_answer *answer);
};

static inline void registry_answer_free(struct registry_answer *answer)
{
	if (answer)
		answer->free(answer);
}

const char *registry_key_name(enum registry_key key); /* "seal" */

/* Takes questions; does not block. -EAGAIN: too many are open, ask again later. */
struct registry_questions {
	void *data;
	int (*ask)(void *data, const struct registry_question *question);
};

#endif
