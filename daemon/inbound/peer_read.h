/* What logs and witnesses send one another: a JSON object with one text. */
#ifndef CORRIDORD_INBOUND_PEER_READ_H
#define CORRIDORD_INBOUND_PEER_READ_H

#include <stddef.h>

#define PEER_PAYLOAD_BYTES 4096
#define PEER_TEXT_BYTES	   4096

/* The member of a payload of that schema. 0, or -EINVAL: it is none. */
int peer_read(const char *payload, size_t bytes, const char *schema, const char *member,
	      char out[PEER_TEXT_BYTES]);

#endif
