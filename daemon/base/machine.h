/* Which machine this is. */
#ifndef CORRIDORD_BASE_MACHINE_H
#define CORRIDORD_BASE_MACHINE_H

/* systemd's machine id, 32 hex digits, read once; NULL when there is none that lasts. Safe from
 * any thread. */
const char *machine_id(void);

#endif
