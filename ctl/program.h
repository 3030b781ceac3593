/* Other programs, and what corridord says of a configuration: nothing of it runs. */
#ifndef CORRIDORCTL_PROGRAM_H
#define CORRIDORCTL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The command with both outputs going there, searched for in PATH, waited for; words end with NULL. Its exit
 * code, or a negative errno. */
int program_run(const char *const words[], int out);

/* corridord with these words, whose outputs are read while it runs. Negative errno. */
struct program {
	FILE *says;
	int pid;
};
int program_start(const char *const words[], struct program *ret_program);
int program_end(struct program *program); /* its exit code, or a negative errno */

/* What "corridord OPTION -c CONF" writes, both outputs, NUL-terminated; the caller frees. NULL: it could
 * not be run. ret_exit: its exit code. */
char *program_says(const char *option, const char *conf, int *ret_exit);

/* The value of an option in what --print-config wrote, as it stands there, up to the size: of
 * the block "journal" the option "path". false: there is none. */
bool program_value(const char *printed, const char *block, const char *option, char *out,
		   size_t size);

/* The next text in quotes of a value; moves on behind it. false: there are no more. */
bool program_next_text(const char **value, char *out, size_t size);

#endif
