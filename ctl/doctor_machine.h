/* Account, disk, clock and ports, as corridorctl doctor looks at them. */
#ifndef CORRIDORCTL_DOCTOR_MACHINE_H
#define CORRIDORCTL_DOCTOR_MACHINE_H

#include "ctl/verdict.h"

/* printed: the configuration as --print-config has it, or NULL when it is wrong. */
void doctor_look_at_machine(struct doctor *doctor, const char *printed);

#endif
