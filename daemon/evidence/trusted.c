#include "evidence/trusted.h"

#include <errno.h>
#include <nettle/eddsa.h>
#include <string.h>

#include "evidence/ecdsa.h"

static bool is_same(const struct note_verifier *one, const struct note_verifier *other)
{
	return one->id == other->id && one->key_bytes == other->key_bytes &&
	       memcmp(one->key, other->key, one->key_bytes) == 0 &&
	       strcmp(one->name, other->name) == 0;
}

int trusted_add(struct trusted *trusted, const char *verifier_key)
{
	struct note_verifier verifier;

	if (note_verifier_read(verifier_key, &verifier) < 0 || !note_is_of_log(verifier.type) ||
	    !note_key_is_known(verifier.type, verifier.key, verifier.key_bytes))
		return -EINVAL;
	for (size_t i = 0; i < trusted->count; i++)
		if (is_same(&trusted->verifier[i], &verifier))
			return 0;
	if (trusted->count == TRUSTED_MAX)
		return -ENOSPC;
	trusted->verifier[trusted->count++] = verifier;
	return 0;
}

static bool is_good(const struct note_verifier *verifier, const struct note_signature *signature,
		    const char *text, size_t bytes)
{
	if (verifier->type == NOTE_ECDSA)
		return ecdsa_is_good(verifier->key, text, bytes, signature->bytes,
				     signature->count);
	return signature->count == ED25519_SIGNATURE_BYTES &&
	       ed25519_sha512_verify(verifier->key, bytes, (const unsigned char *)text,
				     signature->bytes) == 1;
}

enum trusted_worth trusted_judge(const struct trusted *trusted, const struct note *note,
				 const char *text, struct trusted_word *ret_word)
{
	enum trusted_worth worth = TRUSTED_UNKNOWN;

	for (size_t i = 0; i < note->count; i++) {
		const struct note_signature *signature = &note->signature[i];

		for (size_t k = 0; k < trusted->count; k++) {
			const struct note_verifier *verifier = &trusted->verifier[k];

			if (verifier->id != signature->id ||
			    strcmp(verifier->name, signature->name) != 0)
				continue;
			if (!is_good(verifier, signature, text, note->text_bytes))
				return TRUSTED_WRONG;
			ret_word->by = verifier;
			ret_word->signature = *signature;
			worth = TRUSTED_GOOD;
		}
	}
	return worth;
}

enum trusted_worth trusted_check(const struct trusted *trusted, const char *kind, const char *topic,
				 const char *payload, size_t bytes, struct trusted_word *ret_word)
{
	char text[NOTE_BYTES];
	const struct vouch *vouch = &ret_word->vouch;
	struct tree_hash hash;
	struct note note;

	switch (vouch_take(payload, bytes, text, &hash)) {
	case VOUCH_NONE:
		return TRUSTED_NONE;
	case VOUCH_BAD:
		return TRUSTED_WRONG;
	case VOUCH_FOUND:
		break;
	}
	if (vouch_read(text, strlen(text), kind, &ret_word->vouch, &note) < 0 ||
	    strcmp(vouch->topic, topic) != 0 || !tree_equal(&vouch->hash, &hash))
		return TRUSTED_WRONG;
	return trusted_judge(trusted, &note, text, ret_word);
}
