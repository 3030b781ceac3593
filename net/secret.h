/* The broker's password, read anew for each connection: it may have been changed. */
#ifndef CORRIDORD_NET_SECRET_H
#define CORRIDORD_NET_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "frames/uplink_conf.h"

#define SECRET_BYTES	  1024
#define SECRET_PATH_BYTES 4096

/* Where it is: password_file, or password_credential in the folder `credentials`. 0; -ENOENT:
 * none is configured; -EINVAL: there is no credentials directory, or the name is no name. */
int secret_path(const struct uplink_conf *conf, const char *credentials,
		char path[SECRET_PATH_BYTES]);

/* The first line, without its end. Returns bytes; -EMSGSIZE: larger than SECRET_BYTES; -EILSEQ: it has
 * a NUL byte; -EPROTO: it begins with a byte order mark; or the errno of the file. The caller
 * wipes secret. */
int secret_read(const char *path, char secret[SECRET_BYTES]);

/* Every user of the machine can read it. NULL is taken. */
bool secret_is_open(const char *path);

#endif
