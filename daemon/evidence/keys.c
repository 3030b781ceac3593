#include "evidence/keys.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "evidence/cosign.h"

int keys_add(struct keys *keys, const char *text)
{
	struct note_verifier *verifier = &keys->verifier[keys->count];

	if (keys->count == KEYS_MAX)
		return -ENOSPC;
	if (note_verifier_read(text, verifier) < 0 || verifier->key_bytes != ED25519_BYTES ||
	    (verifier->type != NOTE_ED25519 && verifier->type != NOTE_COSIGNATURE))
		return -EINVAL;
	keys->count++;
	return 0;
}

static bool is_good(const struct note_verifier *verifier, const unsigned char *signature,
		    const char *text, size_t bytes)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, verifier->key,
						    verifier->key_bytes);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, ED25519_SIGNATURE_BYTES,
				     (const unsigned char *)text, bytes) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

static bool claims(const struct note_verifier *verifier, unsigned char type,
		   const struct note_signature *signature)
{
	return verifier->type == type && verifier->id == signature->id &&
	       strcmp(verifier->name, signature->name) == 0;
}

enum note_worth keys_check(const struct keys *keys, const struct note *note, const char *text,
			   const struct note_verifier **ret_by)
{
	enum note_worth worth = NOTE_STRANGE;

	for (size_t i = 0; i < note->count; i++) {
		const struct note_signature *signature = &note->signature[i];

		for (size_t k = 0; k < keys->count; k++) {
			const struct note_verifier *verifier = &keys->verifier[k];

			if (!claims(verifier, NOTE_ED25519, signature))
				continue;
			if (signature->count == ED25519_SIGNATURE_BYTES &&
			    is_good(verifier, signature->bytes, text, note->text_bytes)) {
				*ret_by = verifier;
				return NOTE_GOOD;
			}
			worth = NOTE_FORGED;
		}
	}
	return worth;
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
	return length > 0 &&
	       is_good(verifier, signature->bytes + COSIGN_TIME_BYTES, message, (size_t)length);
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

			if (!claims(verifier, NOTE_COSIGNATURE, &note->signature[i]) ||
			    has(found, count, verifier))
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
