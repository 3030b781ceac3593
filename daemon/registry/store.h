/* All records of the registry: the stream in one file, each list in a file of its own.
 *
 * Used by the registry's thread. Answers leave that thread: what they point to counts its users and
 * lives until the last answer is freed, in whatever thread.
 *
 * Of two records with the same key in different files the one with the newer as_of is right.
 */
#ifndef CORRIDORD_REGISTRY_STORE_H
#define CORRIDORD_REGISTRY_STORE_H

#include <stdatomic.h>

#include "registry/records.h"
#include "registry/trust.h"

#define STORE_PATH_BYTES 1024
#define STORE_LISTS_MAX	 32 /* REGISTRY_FILES_MAX of config.h */

/* Which list a record is from, as answers refer to it. */
struct stamp {
	_Atomic int users;
	struct registry_list list;
	char version[64];
};

struct store_source {
	char path[STORE_PATH_BYTES]; /* empty: none */
	struct records *records; /* NULL: it could not be opened */
	bool stream; /* else a list */
	struct stamp *stamps[REGISTRY_KINDS]; /* NULL: it has no records of this kind */
};

/* Arrangements and members, read once and shared by answers. */
struct store_table {
	_Atomic int users;
	struct arrangement_table table;
	struct registry_record **records;
	size_t record_count;
	struct arrangement *arrangements;
	struct group_member *members;
	struct registry_list *lists; /* that they refer to, by record */
	struct stamp *stamps[2 * (1 + STORE_LISTS_MAX)];
	size_t stamp_count;
};

struct store {
	int64_t max_age_ns, limit_bytes;
	const struct trust *trust; /* borrowed; NULL: no record has to be signed */
	const char *checkpoint; /* whose stream it is: borrowed */
	char plain[CONSIGNMENT_BYTES]; /* a record without its note */
	struct store_source stream;
	struct store_source lists[STORE_LISTS_MAX]; /* by their place in the configuration */
	struct store_table *table; /* NULL: read when it is needed next */
	bool writing; /* a transaction of the stream is open */
	bool undated; /* records were heard before a clock was set, perhaps */
	bool forgot; /* records that now need a signature: they are to be asked for again */
};

/* A message of the stream. */
struct store_arrival {
	struct instant at;
	bool retained; /* it may have been said long ago */
	int64_t sum; /* of it as it came, with its note */
	const struct trust_word *word; /* NULL: nobody signed it */
};

/* Opens the stream; a damaged one is renamed and begun anew (*ret_anew). The lists that lie
 * there are opened by store_take_list(). */
int store_open(struct store *store, const char *path, int64_t limit_bytes, int64_t max_age_ns,
	       bool *ret_anew);
void store_close(struct store *store);

/* One record of the stream as it came. 1: it is held as it is already, and not younger for being
 * repeated by the broker. -EINVAL: see the complaint. Opens a transaction when it has to:
 * store_commit(). */
int store_put(struct store *store, enum registry_kind kind, const char *key, const char *json,
	      size_t bytes, const struct store_arrival *arrival,
	      struct registry_complaint *ret_complaint);
/* The same, of what may be held already, byte for byte, with its note: then that need not be judged. 1: it
 * is; 0: it is not. */
int store_hear(struct store *store, enum registry_kind kind, const char *key,
	       const struct store_arrival *arrival);
/* The clock is set: what was heard without one is as of now. */
int store_date(struct store *store, int64_t now_utc_ns);
/* -EINVAL: this word may not remove it. */
int store_remove(struct store *store, enum registry_kind kind, const char *key,
		 const struct store_arrival *arrival, struct registry_complaint *ret_complaint);
int store_commit(struct store *store);
void store_rollback(struct store *store);
int64_t store_stream_bytes(struct store *store);

/* The list in this file takes this place; the one that was there is closed. The file is the
 * caller's. NULL: there is none any more. */
int store_take_list(struct store *store, size_t place, const char *path,
		    struct registry_list *ret_list, enum registry_kind *ret_kind);

/* Another order of the lists: in each place that which was in places[i] before, or none if that is
 * beyond STORE_LISTS_MAX. Those that have no place any more are closed. */
void store_arrange(struct store *store, const size_t places[STORE_LISTS_MAX]);
/* From now on; what answers have already stays as it is. -ENOMEM: some of it is as before. */
int store_limit(struct store *store, int64_t limit_bytes, int64_t max_age_ns);

/* Always an answer; NULL: no memory. Any file that cannot be read makes it REGISTRY_FAILED,
 * and *ret_err says why. */
struct registry_answer *store_answer(struct store *store, const struct registry_question *question,
				     const struct instant *now, int *ret_err);

/* answer.c, and what it needs. */
struct stamp *stamp_new(const struct records_list *list, int64_t max_age_ns);
struct stamp *stamp_hold(struct stamp *stamp); /* takes NULL */
void stamp_release(struct stamp *stamp);
int store_table(struct store *store, struct store_table **ret_table); /* borrowed */
void store_table_release(struct store_table *table);
/* Of a row: its own version and date, where it has them, else those of the list it is in. */
struct registry_list store_edition(const struct store_source *source, const struct records_row *row,
				   const struct registry_record *record);
/* When its keeper said so; which of two is right. What lies in the future yields to all others. */
int64_t store_as_of(const struct store_source *source, const struct records_row *row,
		    const struct instant *now);
struct store_source *store_source(struct store *store, size_t i); /* NULL: that was the last */
/* The newest of a kind, NULL: none. */
struct stamp *store_stamp(struct store *store, enum registry_kind kind);

#endif
