/* The parts of file.c: rows of CSV, and what was listed already. */
#ifndef CORRIDORD_REGISTRY_FILE_PRIVATE_H
#define CORRIDORD_REGISTRY_FILE_PRIVATE_H

#include <stdio.h>

#include "registry/file.h"

#define CSV_CELLS_MAX 40

/* Lines, and rows of CSV (RFC 4180; also with \n alone), of at most CONSIGNMENT_BYTES. */
struct registry_rows {
	char separator; /* between cells */
	FILE *in;
	int next_line; /* number of the line that is read next */
	int line; /* that the last line or row began on */
	const char *wrong; /* with it, after -EINVAL */
	size_t bytes;
	char text[CONSIGNMENT_BYTES];
	size_t count;
	char *cells[CSV_CELLS_MAX];
};

/* Past empty lines and comments. 1; 0: the end; -EINVAL: bad, and the next call goes on behind
 * it; other negative errno. */
int registry_rows_line(struct registry_rows *rows, bool keep_comment);
int registry_rows_csv(struct registry_rows *rows);

/* The one cell that there is, by the separator. */
int registry_rows_split(struct registry_rows *rows);

/* The bytes of a file, hashed as they are read. */
struct registry_bytes;

/* Only of a regular one: a pipe could keep us waiting. in: the bytes' own. */
int registry_bytes_open(const char *path, struct registry_bytes **ret_bytes, FILE **ret_in);
/* At the end of the file: of all that was read. */
void registry_bytes_hash(struct registry_bytes *bytes, unsigned char hash[EVENT_HASH_BYTES]);
void registry_bytes_close(struct registry_bytes *bytes); /* takes NULL */

/* Keys that have been seen, by 64 bits of hash: among a million two that are taken for one
 * another are a chance of 1 in 10 to the 7. */
struct registry_seen {
	uint64_t *slots;
	size_t size, used;
};

int registry_seen_add(struct registry_seen *seen, const char *key); /* 1: new; 0; -ENOMEM */
void registry_seen_fini(struct registry_seen *seen);

#endif
