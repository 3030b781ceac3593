#include "signer/chip.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <string.h>

#include "signer/engine.h"

#define PKCS11	  "pkcs11:"
#define TPM	  "handle:"
#define WRAPPED	  "-----BEGIN TSS2 PRIVATE KEY-----"
#define PIN_BYTES 128
#define URI_BYTES PATH_MAX

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_wrapped(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[sizeof(WRAPPED)] = "";
	bool wrapped = file && fgets(line, sizeof(line), file) && begins(line, WRAPPED);

	if (file)
		fclose(file);
	return wrapped;
}

bool chip_has(const char *key)
{
	return begins(key, PKCS11) || begins(key, TPM) || is_wrapped(key);
}

/* ---- the PIN ------------------------------------------------------------------------- */

/* Nobody is asked: what stands in the file, or nothing. */
static int give_pin(char *out, int size, int writes, void *data)
{
	const char *pin = data;
	const size_t bytes = strlen(pin);

	(void)writes;
	if (bytes == 0 || bytes >= (size_t)size)
		return -1;
	memcpy(out, pin, bytes + 1);
	return (int)bytes;
}

static int read_pin(const char *path, char pin[PIN_BYTES])
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(pin, PIN_BYTES, file);

	pin[good ? strcspn(pin, "\r\n") : 0] = '\0';
	if (file)
		fclose(file);
	return pin[0] ? 0 : -EACCES;
}

/* The URI without its query, and the PIN that this names. */
static int split(const char *key, char uri[URI_BYTES], char pin[PIN_BYTES], const char **ret_why)
{
	static const char source[] = "?pin-source=file:";
	const char *query = strchr(key, '?');

	pin[0] = '\0';
	*ret_why = "the key's name is too long";
	if (snprintf(uri, URI_BYTES, "%.*s", (int)strcspn(key, "?"), key) >= URI_BYTES)
		return -ENAMETOOLONG;
	*ret_why = "behind \"?\" stands pin-source=file:PATH, and no PIN itself";
	if (strstr(key, "pin-value=") || (query && !begins(query, source)))
		return -EINVAL;
	*ret_why = "the PIN cannot be read";
	return query ? read_pin(query + strlen(source), pin) : 0;
}

/* ---- the key ------------------------------------------------------------------------- */

static EVP_PKEY *load(const char *uri, UI_METHOD *ui, char *pin, OSSL_LIB_CTX *library)
{
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, library, NULL, ui, pin, NULL, NULL, NULL);
	EVP_PKEY *pair = NULL;

	if (!store)
		return NULL;
	(void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (!pair && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info)
			pair = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
		if (!info && OSSL_STORE_error(store))
			break;
	}
	OSSL_STORE_close(store);
	return pair;
}

/* Beside a provider that is loaded by name the one of all else is not there by itself. */
static bool has_provider(OSSL_LIB_CTX *library, const char *name)
{
	return OSSL_PROVIDER_load(library, "default") && OSSL_PROVIDER_load(library, name);
}

static EVP_PKEY *find(const char *key, const char *uri, UI_METHOD *ui, char *pin,
		      OSSL_LIB_CTX *library)
{
	const bool token = begins(key, PKCS11);

	if (has_provider(library, token ? "pkcs11" : "tpm2"))
		return load(uri, ui, pin, library);
	return token ? engine_open(uri, ui, pin) : NULL;
}

int chip_open(const char *key, EVP_PKEY **ret_pair, OSSL_LIB_CTX **ret_library,
	      const char **ret_why)
{
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	char uri[URI_BYTES], pin[PIN_BYTES];
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_pin, 0);
	int err = ui && library ? split(key, uri, pin, ret_why) : -ENOMEM;

	if (err == 0) {
		*ret_pair = find(key, uri, ui, pin, library);
		*ret_why = "no such key is found: is OpenSSL's provider for it installed "
			   "(pkcs11-provider, libengine-pkcs11-openssl, tpm2-openssl), the chip "
			   "there, the PIN right?";
		err = *ret_pair ? 0 : -ENOENT;
	}
	if (err == 0)
		*ret_library = library;
	else
		OSSL_LIB_CTX_free(library);
	ERR_clear_error();
	OPENSSL_cleanse(pin, sizeof(pin));
	UI_destroy_method(ui);
	return err;
}
