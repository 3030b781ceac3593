/* All that the registry holds: the stream in one file, each list in a file of its own.
 *
 * Used by the registry's thread. Answers leave it: what they point to is counted and lives until
 * the last of them is freed, in whatever thread.
 *
 * Of two records with the same key in different files the one with the newer as_of is right.
 */
#ifndef CORRIDORD_REGISTRY_STORE_H
#define CORRIDORD_REGISTRY_STORE_H

#include <stdatomic.h>

#include "journal_records.h"

#define STORE_PATH_BYTES 1024
#define STORE_LISTS_MAX	 32 /* REGISTRY_FILES_MAX of config.h */

/* A list as answers refer to it. */
struct stamp {
	_Atomic int users;
	struct registry_list list;
	char version[64];
};

struct store_source {
	char path[STORE_PATH_BYTES]; /* empty: none */
	struct records *records; /* NULL: it could not be opened */
	struct stamp *stamps[REGISTRY_KINDS]; /* NULL: nothing of this kind */
};

/* Arrangements and members, read once and shared by answers. */
struct store_table {
	_Atomic int users;
	struct arrangement_table table;
	struct registry_record **records;
	size_t record_count;
	struct arrangement *arrangements;
	struct group_member *members;
	struct stamp *stamps[1 + STORE_LISTS_MAX];
	size_t stamp_count;
};

struct store {
	int64_t max_age_ns, limit_bytes;
	struct store_source stream;
	struct store_source lists[STORE_LISTS_MAX]; /* by their place in the configuration */
	struct store_table *table; /* NULL: to be read again */
	bool writing; /* a transaction of the stream is open */
};

/* Opens the stream; a damaged one is renamed and begun anew (*ret_anew). The lists that lie
 * there are opened by store_take_list(). */
int store_open(struct store *store, const char *path, int64_t limit_bytes, int64_t max_age_ns,
	       bool *ret_anew);
void store_close(struct store *store);

/* One record of the stream as it came. 1: it is held as it is already. -EINVAL: see the
 * complaint. Opens a transaction when it has to: store_commit(). */
int store_put(struct store *store, enum registry_kind kind, const char *key, const char *json,
	      size_t bytes, int64_t now_utc_ns, struct registry_complaint *ret_complaint);
int store_remove(struct store *store, enum registry_kind kind, const char *key, int64_t now_utc_ns);
int store_commit(struct store *store);
void store_rollback(struct store *store);
int64_t store_stream_bytes(struct store *store);

/* The list in this file takes this place; the one that was there is closed. The file is the
 * caller's. NULL: there is none any more. */
int store_take_list(struct store *store, size_t place, const char *path,
		    struct registry_list *ret_list, enum registry_kind *ret_kind);

/* Always an answer; NULL: no memory. Any file that cannot be read makes it REGISTRY_FAILED,
 * and *ret_err says why. */
struct registry_answer *store_answer(struct store *store, const struct registry_question *question,
				     int *ret_err);

/* registry_answer.c, and what it needs. */
struct stamp *stamp_new(const struct records_list *list, int64_t max_age_ns);
struct stamp *stamp_hold(struct stamp *stamp); /* takes NULL */
void stamp_release(struct stamp *stamp);
int store_table(struct store *store, struct store_table **ret_table); /* borrowed */
void store_table_release(struct store_table *table);
struct store_source *store_source(struct store *store, size_t i); /* NULL: that was the last */
/* The newest of a kind, NULL: none. */
struct stamp *store_stamp(struct store *store, enum registry_kind kind);

#endif
