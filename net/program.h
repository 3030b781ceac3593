/* A program of ours that corridord starts, with one end of a socket as its standard input. */
#ifndef CORRIDORD_NET_PROGRAM_H
#define CORRIDORD_NET_PROGRAM_H

#define PROGRAM_GOES_ON (-1)

/* PROGRAM_GOES_ON: corridord of this very version has started it; the parent stops us by a message or
 * by closing its end, and when it dies we follow. Else the exit status: its version was asked for, or
 * why it serves nobody was told. */
int program_begin(const char *name, int argc, char **argv);

#endif
