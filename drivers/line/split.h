/* A stream of bytes as lines: between a begin and an end, or from end to end. Pure.
 *
 * What is half is dropped: what came before the first begin or end, what is too long, what was
 * begun and not gone on with. Each kind is counted, and why the last whole one was refused is said.
 */
#ifndef CORRIDORD_LINE_SPLIT_H
#define CORRIDORD_LINE_SPLIT_H

#include "line/conf.h"
#include "line/marks.h"

struct split_counts {
	uint64_t lines, half, too_long, wrong_sum;
};

struct split {
	struct mark begin, end;
	enum line_checksum checksum;
	size_t longest;
	bool inside; /* a line, else what comes is passed over until one begins */
	bool sum_is_due; /* the line has ended, its checksum stands behind the end */
	bool skip; /* until the next end: the line's beginning was not seen, or it is too long */
	uint64_t tail; /* the last bytes, the latest lowest */
	size_t tail_count;
	int64_t last_mono_ns; /* a byte came */
	struct split_counts counts;
	const char *refused; /* why, of the line that ended just now; NULL: none was */
	size_t refused_bytes; /* of it, as far as it is in .line */
	size_t count;
	char line[LINE_LONGEST_MAX + MARK_BYTES + 1];
};

/* Whether bytes that came first may be the end of a line that began before. */
void split_begin(struct split *split, bool in_the_middle);

/* Takes bytes until a line is whole: its place and length, with a NUL behind it, valid until the
 * next call. false: there is none, or it was refused. *taken: how many it took. */
bool split_take(struct split *split, const uint8_t *bytes, size_t count, int64_t now_mono_ns,
		size_t *ret_taken, const char **ret_line, size_t *ret_bytes);

/* Bytes of a line have come that is not whole. */
bool split_is_in_a_line(const struct split *split);

#endif
