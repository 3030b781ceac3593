/* What fold.c looks up; fold_table.c is written by tests/tools/fold_table.py. All sorted. */
#ifndef CORRIDORD_BASE_FOLD_TABLE_H
#define CORRIDORD_BASE_FOLD_TABLE_H

#include <stdint.h>

#define FOLD_RUNS    1195
#define FOLD_SEVERAL 257
#define FOLD_PAIRS   360

struct fold_run { /* each step-th character from first to last is as far from its own */
	uint16_t first, last, step, to;
};

struct fold_several {
	uint16_t from;
	char to[5]; /* ASCII */
};

struct fold_pair {
	uint16_t base, mark, to;
};

extern const struct fold_run fold_runs[FOLD_RUNS];
extern const struct fold_several fold_several[FOLD_SEVERAL];
extern const struct fold_pair fold_pairs[FOLD_PAIRS];

#endif
