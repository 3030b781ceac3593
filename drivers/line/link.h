/* Where lines come from: a serial line, a connection that is made, or one that is waited for. */
#ifndef CORRIDORD_LINE_LINK_H
#define CORRIDORD_LINE_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "line/conf.h"

#define LINK_WHY_BYTES	160
#define LINK_HOST_BYTES 256
#define LINK_FROM_MAX	16

/* "10.0.0.31:4001", "[::1]:4001"; an empty name for all addresses of the gateway. */
struct link_place {
	char name[LINK_HOST_BYTES];
	char port[8];
};

bool link_place_read(const char *text, struct link_place *ret_place);

/* A descriptor that does not block; negative errno with why filled, the cause and the cure. */
int link_open_serial(const struct line_conf *conf, char why[LINK_WHY_BYTES]);
/* Takes at most the connect timeout, beside what the resolver takes for a name. */
int link_connect(const struct line_conf *conf, char why[LINK_WHY_BYTES]);
int link_listen(const struct line_conf *conf, char why[LINK_WHY_BYTES]);

/* -EAGAIN: nobody waits; -EACCES: one that may not, closed; why says who. */
int link_accept(int listen_fd, const struct conf_list *from, char why[LINK_WHY_BYTES]);

/* NULL is taken; drops what is still to be sent. */
void link_close(int *fd);

#endif
