#include "verify/keys.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#define SIGNATURE_BYTES 64

int keys_add(struct keys *keys, const char *text)
{
	if (keys->count == KEYS_MAX)
		return -ENOSPC;
	if (note_verifier_read(text, &keys->verifier[keys->count]) < 0 ||
	    keys->verifier[keys->count].type != NOTE_ED25519)
		return -EINVAL;
	keys->count++;
	return 0;
}

static bool is_good(const struct note_verifier *verifier, const struct note_signature *signature,
		    const char *text, size_t bytes)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, verifier->key,
						    verifier->key_bytes);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = key && context && signature->count == SIGNATURE_BYTES &&
		    EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature->bytes, signature->count,
				     (const unsigned char *)text, bytes) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

enum note_worth keys_check(const struct keys *keys, const struct note *note, const char *text,
			   const struct note_verifier **ret_by)
{
	enum note_worth worth = NOTE_STRANGE;

	for (size_t i = 0; i < note->count; i++) {
		const struct note_signature *signature = &note->signature[i];

		for (size_t k = 0; k < keys->count; k++) {
			const struct note_verifier *verifier = &keys->verifier[k];

			if (verifier->id != signature->id ||
			    strcmp(verifier->name, signature->name) != 0)
				continue;
			if (is_good(verifier, signature, text, note->text_bytes)) {
				*ret_by = verifier;
				return NOTE_GOOD;
			}
			worth = NOTE_FORGED;
		}
	}
	return worth;
}
