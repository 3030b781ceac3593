/* A key that never leaves a chip: a token's by PKCS #11, or a TPM's. OpenSSL has providers for both.
 *
 *	pkcs11:token=…;object=…		RFC 7512; pkcs11-provider, or where there is none libp11's engine
 *	handle:0x81000100		a persistent object of the TPM; tpm2-openssl
 *	a file "TSS2 PRIVATE KEY"	wrapped by the TPM; the same
 *
 * Behind a URI may stand ?pin-source=file:PATH (RFC 7512): the first line of that file is the PIN. */
#ifndef CORRIDORD_SIGNER_CHIP_H
#define CORRIDORD_SIGNER_CHIP_H

#include <openssl/types.h>
#include <stdbool.h>

bool chip_has(const char *key); /* else it is a plain PEM file */
/* Negative errno; ret_why: for people. Both are the caller's to free; ret_library: in which the key is
 * to be used, apart from the rest of the process, for a token's module may use OpenSSL itself. */
int chip_open(const char *key, EVP_PKEY **ret_pair, OSSL_LIB_CTX **ret_library,
	      const char **ret_why);

#endif
