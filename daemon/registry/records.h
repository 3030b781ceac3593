/* One file of registry records: SQLite rows of canonical JSON, indexed by all they are looked
 * up by.
 *
 * The stream (what comes record by record over MQTT) is such a file. So is each list: built
 * aside by another thread, then only read, and replaced whole. They lie beside the journal and
 * not in it, so that a registry of any size, or a damaged one, costs no event: neither room,
 * nor a sync, nor a salvage.
 *
 * Used by one thread at a time. 0 or a negative errno; worth telling apart: -EUCLEAN (damaged,
 * or not ours), -ENOSPC (full, or beyond its limit).
 */
#ifndef CORRIDORD_REGISTRY_RECORDS_H
#define CORRIDORD_REGISTRY_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/record/record.h"

struct records;

enum records_mode {
	RECORDS_STREAM, /* created when it is not there; every commit is synced */
	RECORDS_BUILD, /* a new file; nothing is safe before records_finish() */
	RECORDS_READ,
};

/* What is looked up beside the keys of transit/registry/question.h: operators by their TIN. */
#define RECORDS_BY_TIN REGISTRY_KEYS

struct records_row {
	int64_t id;
	enum registry_kind kind;
	const char *key;
	int64_t sum; /* of the text in which it came */
	int64_t as_of_utc_ns;
	int64_t heard_utc_ns; /* when it was first heard; RECORDS_UNDATED: no clock was set then */
	const char *signer; /* the key's name; empty: nobody, or whoever signed the list */
	int64_t signed_s; /* by the signer's clock */
	const char *json;
	size_t bytes;
};

/* What is known of a list, or of the stream of one kind. */
struct records_list {
	char version[64];
	int64_t as_of_utc_ns, received_utc_ns;
	int64_t records;
	int64_t sum; /* of the file it was read from, 0: none */
	char signer[SIGNER_BYTES]; /* of the list; empty: nobody */
	int64_t signed_s;
	int64_t trust; /* the rules by which it was taken: trust_sum() */
};

/* Who signed a record of the stream. */
struct records_signature {
	const char *signer; /* the key's name; empty: nobody */
	int64_t signed_s;
};

/* The sum by which a text is recognised when it comes again. */
int64_t records_sum(const void *bytes, size_t count);

/* limit_bytes: 0: none. */
int records_open(const char *path, enum records_mode mode, int64_t limit_bytes,
		 struct records **ret_records);
void records_close(struct records *records); /* takes NULL */

int64_t records_bytes(struct records *records); /* of the file */
int records_limit(struct records *records,
		  int64_t limit_bytes); /* another one than it was opened with */

int records_begin(struct records *records);
int records_commit(struct records *records);
void records_rollback(struct records *records);

/* RECORDS_BUILD: puts everything on the disk. */
int records_finish(struct records *records);

/* What row points to lives during the call. false: no more of them. */
typedef bool (*records_call)(void *data, const struct records_row *row);

/* -ENOENT: there is none. */
int records_find(struct records *records, enum registry_kind kind, const char *key,
		 records_call call, void *data);
/* by: enum registry_key, or RECORDS_BY_TIN. */
int records_search(struct records *records, int by, const char *text, records_call call,
		   void *data);
int records_count(struct records *records, enum registry_kind kind, int64_t *ret_count);
int records_each(struct records *records, enum registry_kind kind, records_call call, void *data);

#define RECORDS_UNDATED 0

/* Within a transaction. Takes the place of a record of the same key. */
int records_put(struct records *records, const struct registry_record *record, int64_t sum,
		int64_t heard_utc_ns, const struct records_signature *signature);
/* All of a kind, and what is known of its list. */
int records_forget(struct records *records, enum registry_kind kind);
/* It was said once more. */
int records_hear(struct records *records, int64_t id, int64_t heard_utc_ns);
/* All that are undated were heard now. */
int records_date(struct records *records, int64_t now_utc_ns);
/* -ENOENT: there was none. */
int records_remove(struct records *records, enum registry_kind kind, const char *key);

/* Of a stream: when the last removal of that key was signed, whether it is there again or not. -ENOENT:
 * none was put. The last RECORDS_REMOVALS are kept. */
#define RECORDS_REMOVALS 16384
int records_removal(struct records *records, enum registry_kind kind, const char *key,
		    int64_t *ret_signed_s);
/* Within a transaction. One that was signed before is no news. */
int records_put_removal(struct records *records, enum registry_kind kind, const char *key,
			int64_t signed_s);

/* -ENOENT: none was put. */
int records_list(struct records *records, enum registry_kind kind, struct records_list *ret_list);
int records_put_list(struct records *records, enum registry_kind kind,
		     const struct records_list *list);

#endif
