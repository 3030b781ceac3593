#include "evidence/keys.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "evidence/cosign.h"

int keys_add(struct keys *keys, const char *text)
{
	struct note_verifier *verifier = &keys->verifier[keys->count];

	if (keys->count == KEYS_MAX)
		return -ENOSPC;
	if (note_verifier_read(text, verifier) < 0 ||
	    !note_key_is_known(verifier->type, verifier->key, verifier->key_bytes))
		return -EINVAL;
	keys->count++;
	return 0;
}

static EVP_PKEY *key_of(const struct note_verifier *verifier)
{
	const unsigned char *at = verifier->key;

	if (verifier->type == NOTE_ECDSA)
		return d2i_PUBKEY(NULL, &at, (long)verifier->key_bytes);
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, verifier->key,
					   verifier->key_bytes);
}

static bool is_good(const struct note_verifier *verifier, const unsigned char *signature,
		    size_t count, const char *text, size_t bytes)
{
	const EVP_MD *digest = verifier->type == NOTE_ECDSA ? EVP_sha256() : NULL;
	EVP_PKEY *key = key_of(verifier);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = key && context && EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, count, (const unsigned char *)text,
				     bytes) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

static bool claims(const struct note_verifier *verifier, const struct note_signature *signature)
{
	return verifier->id == signature->id && strcmp(verifier->name, signature->name) == 0;
}

enum note_worth keys_check(const struct keys *keys, const struct note *note, const char *text,
			   const struct note_verifier **ret_by)
{
	const struct note_verifier *by = NULL;

	for (size_t i = 0; i < note->count; i++) {
		const struct note_signature *signature = &note->signature[i];

		for (size_t k = 0; k < keys->count; k++) {
			const struct note_verifier *verifier = &keys->verifier[k];

			if (!note_is_of_log(verifier->type) || !claims(verifier, signature))
				continue;
			if (!is_good(verifier, signature->bytes, signature->count, text,
				     note->text_bytes))
				return NOTE_FORGED;
			if (!by)
				by = verifier;
		}
	}
	*ret_by = by;
	return by ? NOTE_GOOD : NOTE_STRANGE;
}

bool keys_signs_for(const struct note_verifier *by, const char *origin)
{
	size_t length = strlen(by->name);

	return strncmp(by->name, origin, length) == 0 && origin[length] == '/';
}

static bool is_cosigned(const struct note_verifier *verifier,
			const struct note_signature *signature, const char *text, size_t bytes,
			uint64_t *ret_time_s)
{
	char message[COSIGN_TEXT_BYTES];
	int length;

	if (signature->count != COSIGNATURE_BYTES)
		return false;
	*ret_time_s = cosign_time(signature->bytes);
	length = cosign_text(*ret_time_s, text, bytes, message);
	return length > 0 && is_good(verifier, signature->bytes + COSIGN_TIME_BYTES,
				     ED25519_SIGNATURE_BYTES, message, (size_t)length);
}

static bool has(const struct cosignature *found, size_t count, const struct note_verifier *by)
{
	for (size_t i = 0; i < count; i++)
		if (found[i].by == by)
			return true;
	return false;
}

size_t keys_cosignatures(const struct keys *keys, const struct note *note, const char *text,
			 struct cosignature found[NOTE_SIGNATURES], size_t *ret_forged)
{
	size_t count = 0;

	*ret_forged = 0;
	for (size_t i = 0; i < note->count; i++) {
		for (size_t k = 0; k < keys->count; k++) {
			const struct note_verifier *verifier = &keys->verifier[k];
			uint64_t time_s;

			if (verifier->type != NOTE_COSIGNATURE ||
			    !claims(verifier, &note->signature[i]) || has(found, count, verifier))
				continue;
			if (is_cosigned(verifier, &note->signature[i], text, note->text_bytes,
					&time_s))
				found[count++] = (struct cosignature){verifier, time_s};
			else
				++*ret_forged;
		}
	}
	return count;
}
