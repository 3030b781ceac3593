/* A file of the signer's own that is replaced as a whole, and is on the disk when that returns. */
#ifndef CORRIDORD_SIGNER_FILE_H
#define CORRIDORD_SIGNER_FILE_H

#include <stdio.h>

/* write: what is in it. Negative errno: the old one is still there. */
int file_replace(const char *path, void (*write)(const void *data, FILE *file), const void *data);

#endif
