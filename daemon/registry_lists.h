/* The list files of the configuration: read in a thread of their own, when they are new or have
 * changed, into a file beside the journal that the registry then only has to open.
 *
 * A list is taken or refused as one: while a new one is read, and when it is bad, the one before
 * stays.
 */
#ifndef CORRIDORD_REGISTRY_LISTS_H
#define CORRIDORD_REGISTRY_LISTS_H

#include "config.h"
#include "registry_file.h"

struct lists;

/* A list is ready, or was refused. Called in the thread of the lists. */
struct lists_sink {
	void *data;
	/* path: the file made of it; records of it; known: the same one as before. */
	void (*ready)(void *data, size_t place, const char *path, int records, bool known);
	/* more: complaints beside this one. */
	void (*refused)(void *data, size_t place, const struct registry_complaint *complaint,
			int more);
};

int lists_new(const struct registry_conf *conf, const char *base, const struct lists_sink *sink,
	      struct lists **ret_lists);
int lists_start(struct lists *lists);
/* Waits for the record that is being read, or what was made of a list to be on the disk. false:
 * in vain until the deadline; may be called once more. Takes NULL. */
bool lists_stop(struct lists *lists, int64_t deadline_mono_ns);
void lists_free(struct lists *lists); /* takes NULL; stopped, or never started */

#endif
