#include "inbound/request_vouched.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/percent.h"

bool request_key_officer(const char *name, char officer[OFFICER_NAME_BYTES])
{
	const size_t begin = strlen(REQUEST_KEY_PREFIX);
	size_t bytes;

	if (strncmp(name, REQUEST_KEY_PREFIX, begin) != 0 || strlen(name) >= OFFICER_NAME_BYTES)
		return false;
	bytes = percent_read(name + begin, officer, OFFICER_NAME_BYTES - 1);
	officer[bytes] = '\0';
	return bytes > 0;
}

/* With it and the event's other members the text that was signed can be made anew. */
static void write_signature(const struct request *request, const struct trusted_word *word,
			    struct officer_signature *signature)
{
	const struct note_signature *line = &word->signature;
	char hash[NOTE_HASH_TEXT], text[NOTE_SIGNED_TEXT];

	base64_encode(word->vouch.hash.bytes, sizeof(word->vouch.hash.bytes), hash);
	(void)note_signed_text(line->id, line->bytes, line->count, text);
	memcpy(signature->by, word->by->name, strlen(word->by->name) + 1);
	snprintf(signature->as, sizeof(signature->as), "%s %" PRIu64 " %s %s",
		 request_method_name(request->method), word->vouch.time_s, hash, text);
}

/* A request without an officer may be signed by any of them. */
static struct request_outcome accept(struct request *request, const struct trusted_word *word)
{
	const struct note_verifier *by = word->by;
	char officer[OFFICER_NAME_BYTES];

	if (strcmp(word->vouch.by, by->name) != 0 || !request_key_officer(by->name, officer))
		return request_refusal("signature_wrong", "the note is not of who signed it");
	if (request->officer[0] && strcmp(request->officer, officer) != 0)
		return request_refusal("signature_wrong", "it was signed by \"%s\"", officer);
	write_signature(request, word, &request->signature);
	request->signed_s = word->vouch.time_s;
	return (struct request_outcome){0};
}

static struct request_outcome judge_missing(const struct request_keys *keys,
					    const struct request *request)
{
	const char *method = request_method_name(request->method);

	if (request->noted)
		return request_refusal("signature_wrong",
				       "\"note\" has to be the last member, without blanks");
	if (keys->required & 1u << request->method)
		return request_refusal("signature_missing", "a \"%s\" has to be signed", method);
	return (struct request_outcome){0};
}

struct request_outcome request_vouched(const struct request_keys *keys, const char *topic,
				       const struct inlet_message *message, struct request *request)
{
	struct trusted_word word;

	if (!keys && request->noted)
		return request_refusal("bad_request", "\"note\" is no member of a request \"%s\"",
				       request_method_name(request->method));
	if (!keys)
		return (struct request_outcome){0};
	request->judged = true;
	switch (trusted_check(&keys->keys, VOUCH_REQUEST, topic, message->payload, message->bytes,
			      &word)) {
	case TRUSTED_GOOD:
		return accept(request, &word);
	case TRUSTED_NONE:
		return judge_missing(keys, request);
	case TRUSTED_UNKNOWN:
		return request_refusal("signature_wrong",
				       "no key that is known here has signed it");
	case TRUSTED_WRONG:
		break;
	}
	return request_refusal("signature_wrong",
			       "what was signed is not this request to this gateway");
}
