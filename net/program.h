/* A program of ours that corridord starts, with one end of a socket as its standard input. */
#ifndef CORRIDORD_NET_PROGRAM_H
#define CORRIDORD_NET_PROGRAM_H

#include <stdbool.h>

/* false: somebody has started it by hand. */
bool program_has_parent(void);

/* The parent stops us by a message or by closing its end; when it dies we follow. */
void program_follow_parent(void);

#endif
