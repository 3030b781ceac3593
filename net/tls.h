/* TLS as this program wants it: whom it trusts, who it is, and in words what fails, which are the
 * same whatever the version of the MQTT library. */
#ifndef CORRIDORD_NET_TLS_H
#define CORRIDORD_NET_TLS_H

#include <openssl/types.h>

#include "frames/uplink_conf.h"

/* The first that went wrong. */
struct tls_trouble {
	char message[192]; /* empty: nothing */
	const char *cure; /* NULL: nothing in particular */
};

/* The files of conf are read anew. host: the name, or the address, that the broker's certificate
 * has to be for. trouble: borrowed by the context, which tells it what fails later too. NULL:
 * trouble says why. Free with SSL_CTX_free(). */
SSL_CTX *tls_context(const struct uplink_conf *conf, const char *host, struct tls_trouble *trouble);

#endif
