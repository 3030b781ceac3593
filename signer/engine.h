/* PKCS #11 by libp11's engine, for a Debian (12) that has no provider for it. */
#ifndef CORRIDORD_SIGNER_ENGINE_H
#define CORRIDORD_SIGNER_ENGINE_H

#include <openssl/types.h>

EVP_PKEY *engine_open(const char *uri, UI_METHOD *ui, void *pin); /* NULL: it has no such key */

#endif
