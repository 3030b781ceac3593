/* The broker's password, read anew for each connection: it may have been changed. */
#ifndef CORRIDORD_UPLINK_SECRET_H
#define CORRIDORD_UPLINK_SECRET_H

#include <stddef.h>

#include "config.h"

#define SECRET_BYTES	  1024
#define SECRET_PATH_BYTES 4096

/* Where it is: password_file, or password_credential in $CREDENTIALS_DIRECTORY. 0; -ENOENT:
 * none is configured; -EINVAL: there is no credentials directory, or the name is no name. */
int uplink_secret_path(const struct uplink_conf *conf, char path[SECRET_PATH_BYTES]);

/* The first line, without its end. Returns bytes; -EMSGSIZE: larger than SECRET_BYTES; -EILSEQ: it has
 * a NUL byte; or the errno of the file. The caller wipes secret. */
int uplink_secret_read(const char *path, char secret[SECRET_BYTES]);

#endif
