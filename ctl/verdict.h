/* What corridorctl doctor finds, a verdict each. */
#ifndef CORRIDORCTL_VERDICT_H
#define CORRIDORCTL_VERDICT_H

#include "ctl/ctl.h"

enum verdict { FINE, WARNING, FAULT };

struct doctor {
	struct ctl *ctl;
	const char *conf;
	json_t *verdicts; /* for --json */
	unsigned warnings, faults;
};

void doctor_say(struct doctor *doctor, enum verdict verdict, const char *about, const char *format,
		...) __attribute__((format(printf, 4, 5)));

#endif
