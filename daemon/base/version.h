/* What this was built from: "0.1.0 (3b499f2c1a08)", or the number alone where the commit is not
 * known. The number is VERSION. */
#ifndef CORRIDORD_BASE_VERSION_H
#define CORRIDORD_BASE_VERSION_H

extern const char version_text[];

#endif
