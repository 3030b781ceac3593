/* corridorctl: what the commands share. Each command is a file with one function of its name; it
 * asks the daemon through link.h, says what it found on out and returns an exit code. */
#ifndef CORRIDORCTL_H
#define CORRIDORCTL_H

#include <stdbool.h>
#include <stdio.h>

#include "ctl/alone.h"
#include "ctl/link.h"

enum ctl_exit {
	CTL_FINE = 0,
	CTL_WARNINGS = 1,
	CTL_FAULTS = 2,
	CTL_FAILED = 3, /* the daemon is not reached, or says no; or the command line is wrong */
};

struct ctl {
	const char *socket;
	struct link *link; /* NULL: nobody answers there, and the command can do without */
	bool json; /* for programs */
	bool csv; /* export: as a table */
	bool follow; /* events: from now on */
	bool all; /* status: also what does not fit on a screen */
	struct alone alone; /* read, scan: of what, when no daemon is asked */
	struct {
		const char *unit, *baud, *parity; /* as given; scan: several */
		const char *since, *type, *class, *last; /* events, export, verify */
	} given;
	const char *conf; /* of the daemon, where it is looked at */
	const char *profiles; /* scan: the folder of the technician's own */
	const char *command; /* its name */
	FILE *out;
	int argc; /* what follows the command */
	char **argv;
};

int ctl_status(struct ctl *ctl);
int ctl_devices(struct ctl *ctl);
int ctl_points(struct ctl *ctl);
int ctl_alarms(struct ctl *ctl);
int ctl_events(struct ctl *ctl);
int ctl_watch(struct ctl *ctl);
int ctl_read(struct ctl *ctl);
int ctl_scan(struct ctl *ctl);
int ctl_export(struct ctl *ctl);
int ctl_verify(struct ctl *ctl);
int ctl_ack(struct ctl *ctl);
int ctl_act(struct ctl *ctl); /* present, reseal, control, release, redirect, incident */
int ctl_maintenance(struct ctl *ctl);
int ctl_wiretest(struct ctl *ctl);
int ctl_reload(struct ctl *ctl);
int ctl_record(struct ctl *ctl);
int ctl_replay(struct ctl *ctl);
int ctl_registry(struct ctl *ctl);
int ctl_doctor(struct ctl *ctl);
int ctl_bundle(struct ctl *ctl);

/* The one word that may follow the command; NULL: none. Exits when there are more. */
const char *ctl_optional(const struct ctl *ctl);

/* Says what is wrong on standard error; returns CTL_FAILED. */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shows an answer, which it takes over: as JSON, or by put(). Returns what exit_of() makes of it; NULL:
 * CTL_FINE. answer NULL: says why there is none. */
int ctl_show(struct ctl *ctl, json_t *answer, void (*put)(const json_t *answer, FILE *out),
	     int (*exit_of)(const json_t *answer));

/* A line of JSON. */
void ctl_print_json(const struct ctl *ctl, const json_t *value);

#endif
