/* A list of registry records in a file: JSON lines (.jsonl) or CSV (.csv).
 *
 * The first line is the head: {"list":{"kind":"aeo","version":"…","as_of":"…"}}, in CSV after
 * a "#". Then one record a line, all of that kind. Empty lines, and lines that begin with "#",
 * are passed over. A list is taken or refused as one: after the first complaint reading goes on
 * for further complaints (20 are handed out, then a count), and no more records are handed out.
 *
 * Reading does not load the file: memory is one line, and 16 bytes for each record to find
 * what is listed twice. A record that was handed out may thus be followed by a complaint; who
 * needs to know before reads the file twice, the first time with record NULL.
 */
#ifndef CORRIDORD_REGISTRY_FILE_H
#define CORRIDORD_REGISTRY_FILE_H

#include "registry/record/head.h"

#define REGISTRY_COMPLAINTS_MAX 20

/* Called by registry_file_read(), in its thread; each may be NULL. */
struct registry_file_sink {
	void *data;
	int64_t latest_utc_ns; /* a later as_of is refused; 0: none is */
	/* Once, before any record. Negative: stop, registry_file_read() returns it. */
	int (*head)(void *data, const struct registry_file_head *head);
	/* Whether this record may come with this file. false: the complaint says why. Asked no more
	 * after the first that may not. */
	bool (*may)(void *data, const struct registry_record *record,
		    struct registry_complaint *ret_complaint);
	/* All of the file was read, and nothing is wrong with it: its SHA-256. false: as above. */
	bool (*whole)(void *data, const unsigned char hash[EVENT_HASH_BYTES],
		      struct registry_complaint *ret_complaint);
	/* Owns the record. Negative: stop, registry_file_read() returns it. */
	int (*record)(void *data, struct registry_record *record);
	void (*complain)(void *data, const struct registry_complaint *complaint);
};

/* How many records the list has. -EINVAL: bad, the complaints say why; other negative errno:
 * it could not be read, or what the sink returned. */
int registry_file_read(const char *path, const struct registry_file_sink *sink);

#endif
