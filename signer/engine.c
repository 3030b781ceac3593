#define OPENSSL_SUPPRESS_DEPRECATED /* engines, since OpenSSL 3.0 */
#include "signer/engine.h"

#include <openssl/engine.h>

EVP_PKEY *engine_open(const char *uri, UI_METHOD *ui, void *pin)
{
	EVP_PKEY *pair = NULL;
	ENGINE *engine;

	ENGINE_load_dynamic();
	engine = ENGINE_by_id("pkcs11");
	if (engine && ENGINE_init(engine) == 1) {
		pair = ENGINE_load_private_key(engine, uri, ui, pin);
		ENGINE_finish(engine); /* a key that was loaded holds it */
	}
	ENGINE_free(engine);
	return pair;
}
