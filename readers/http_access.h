/* Who may post, and what is answered. */
#ifndef CORRIDORD_READERS_HTTP_ACCESS_H
#define CORRIDORD_READERS_HTTP_ACCESS_H

#include <microhttpd.h>

#include "http/conf.h"
#include "readers/readers.h"

typedef enum MHD_Result result;

/* The address is among them; so is any, when there are none. who: NULL, not known. */
bool access_lists(const struct conf_list *from, const struct sockaddr *who);
bool access_is_from(const struct http_device_conf *conf, struct MHD_Connection *connection);

/* true: it is who it says; else it has been answered, *ret_done is what that gave. */
bool access_admits(struct readers *readers, const struct http_device_conf *conf,
		   struct MHD_Connection *connection, result *ret_done);

/* challenge: of 401, or NULL. */
result access_answer(struct MHD_Connection *connection, unsigned status, const char *challenge);
/* 200, with this JSON; NULL: none. It lives as long as the configuration. */
result access_answer_well(struct MHD_Connection *connection, const char *text);

#endif
