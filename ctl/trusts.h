/* Whose signature the configuration asks for, out of what --print-config wrote. */
#ifndef CORRIDORCTL_TRUSTS_H
#define CORRIDORCTL_TRUSTS_H

#include "registry/trust.h"

struct trusts;

/* NULL: none. The texts are copied. */
struct trusts *trusts_read(const char *printed);
const struct trust *trusts_rules(const struct trusts *trusts); /* takes NULL, gives NULL */
void trusts_free(struct trusts *trusts); /* takes NULL */

#endif
