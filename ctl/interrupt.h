/* Ctrl-C, or a terminal that goes away, ends what takes long in order: what it has is given back and
 * what it found is said. */
#ifndef CORRIDORCTL_INTERRUPT_H
#define CORRIDORCTL_INTERRUPT_H

#include <stdbool.h>

void interrupt_catch(void); /* from now on, by this program */
bool interrupted(void);

#endif
