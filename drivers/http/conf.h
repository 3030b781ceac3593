/* Options of the driver http-in. */
#ifndef CORRIDORD_HTTP_CONF_H
#define CORRIDORD_HTTP_CONF_H

#include "config/option.h"
#include "mapper/conf.h"

#define HTTP_LISTEN_MOST 4

enum http_auth { HTTP_OPEN, HTTP_BASIC, HTTP_DIGEST, HTTP_BEARER };

struct http_conf {
	struct conf_list listen;
	char *cert, *key;
	int64_t max_body, connections, timeout_ns;
	char *pictures; /* folder, NULL: they are dropped */
	int64_t pictures_quota;
};

struct http_device_conf {
	struct map_device_conf map; /* the first member, see mapper/rows.h */
	char *endpoint;
	struct conf_list from;
	int auth;
	char *username, *password_file, *password_credential;
	char *answer; /* the body of what is answered with 200; NULL: none */
	int64_t silence_ns;
	int64_t rate; /* messages a second */
};

extern const struct conf_option http_options[], http_device_options[];

#endif
