/* The list files of the configuration. A thread of their own reads each that is new or has changed
 * into a file of records beside the journal, which the registry then only has to open.
 *
 * A list is taken or refused as a whole: while a newer one is read, and when that is bad, the one
 * before stays in use.
 */
#ifndef CORRIDORD_REGISTRY_LISTS_H
#define CORRIDORD_REGISTRY_LISTS_H

#include "config/config.h"
#include "registry/file.h"
#include "registry/plan.h"
#include "registry/trust.h"

struct lists;

struct lists_ready {
	const char *path; /* of the file of records */
	int records;
	bool known; /* it was made before this start */
	unsigned char hash[EVENT_HASH_BYTES]; /* of a list that was read now */
};

/* A list is ready, or was refused. Called in the thread of the lists. */
struct lists_sink {
	void *data;
	/* list: its path. */
	void (*ready)(void *data, const char *list, const struct lists_ready *ready);
	/* complaint: the first one; more: how many follow it. */
	void (*refused)(void *data, const char *list, const struct registry_complaint *complaint,
			int more);
};

/* The plan is held; trust: borrowed, or NULL. */
int lists_new(struct registry_plan *plan, const struct trust *trust, const char *base,
	      const struct lists_sink *sink, struct lists **ret_lists);
int lists_start(struct lists *lists);
/* Goes by another plan from now on: lists that are in both stay as they are. It is held. */
void lists_change(struct lists *lists, struct registry_plan *plan);
/* As worker_stop(): ends after the record that is being read, or when a list is on the disk. */
bool lists_stop(struct lists *lists, int64_t deadline_mono_ns);
void lists_free(struct lists *lists); /* takes NULL; stopped, or never started */

#endif
