/* What the options of a scan leave to try: units, speeds and parities. */
#ifndef CORRIDORCTL_SWEEP_H
#define CORRIDORCTL_SWEEP_H

#include <stdbool.h>
#include <stddef.h>

#define SWEEP_SPEEDS   12
#define SWEEP_PARITIES 3

struct sweep {
	int first_unit, last_unit; /* 1 to 247 */
	int speeds[SWEEP_SPEEDS];
	size_t speed_count;
	char parities[SWEEP_PARITIES]; /* 'N', 'E' or 'O' */
	size_t parity_count;
};

/* Words as given, or NULL: "3" or "1-20"; "9600,19200"; "even,none". false: *ret_wrong is the
 * word that is none of these. */
bool sweep_parse(const char *units, const char *speeds, const char *parities,
		 struct sweep *ret_sweep, const char **ret_wrong);

const char *sweep_parity_name(char parity);
/* The other way; 0: there is none of that name. */
char sweep_parity_by_name(const char *name);

#endif
