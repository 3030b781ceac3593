/* A quick pass over a serial line: one question to each unit, and none of them is waited for, as an
 * answer says by coming that somebody hears this speed. Who it was has to be asked again. */
#ifndef CORRIDORCTL_SPRINT_H
#define CORRIDORCTL_SPRINT_H

#include <stdbool.h>

/* So many units before the one that was asked last may be whose answer came. */
#define SPRINT_BACK 12

struct sprint {
	const char *port;
	int baud;
	char parity; /* 'N', 'E' or 'O' */
	int first, last; /* units */
	void *data;
	bool (*next)(void *data, int unit); /* before each question; false: that is enough */
};

/* 0, and the unit that was asked last when something came; *ret_unit 0: nobody was heard. Negative
 * errno. */
int sprint_run(const struct sprint *sprint, int *ret_unit);

#endif
