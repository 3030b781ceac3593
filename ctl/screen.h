/* A terminal on which lines are shown anew: only those that changed are sent, for slow links.
 *
 * Needs what every terminal since the VT100 does and no library: a screen for itself, a place for
 * the cursor, and to clear a line. */
#ifndef CORRIDORCTL_SCREEN_H
#define CORRIDORCTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct screen;

/* -ENOTTY: standard output or input is no terminal; -ENOMEM. It is given back by screen_close(),
 * and when a signal ends the program. */
int screen_open(struct screen **ret_screen);
void screen_close(struct screen *screen); /* takes NULL */

/* Lines of text; what is too wide or too many is cut. */
void screen_show(struct screen *screen, const char *text);
size_t screen_rows(const struct screen *screen);

/* Waits for a key, that long; 0: none came, 'q' also when a signal wants the end. */
int screen_key(struct screen *screen, int ms);

#endif
