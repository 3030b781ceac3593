/* The line of a bus, lent by the daemon while something else asks there. */
#ifndef CORRIDORCTL_LOAN_H
#define CORRIDORCTL_LOAN_H

#include "ctl/ctl.h"

struct loan {
	struct link *link;
	char bus[136]; /* empty: nothing is lent */
	int64_t due_ns; /* it is to be said that it goes on */
};

/* By any of its names. */
bool loan_is_same_port(const char *a, const char *b);

/* The port of this bus; the caller frees it. NULL: there is no such one with a serial line. */
char *loan_port(struct link *link, const char *bus);

/* If a bus of the daemon has this port, it lets go of it. CTL_FINE, also where none has it; CTL_FAILED,
 * and that was said. link NULL: nobody has it. */
int loan_begin(struct loan *loan, struct link *link, const char *port);
void loan_go_on(struct loan *loan); /* often: it asks when it has to */
void loan_end(struct loan *loan);

#endif
