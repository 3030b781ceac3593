#include "inbound/request_vouched.h"

#include <stdio.h>
#include <string.h>

#include "base/percent.h"

bool request_key_officer(const char *name, char officer[OFFICER_NAME_BYTES])
{
	const size_t begin = strlen(REQUEST_KEY_PREFIX);
	size_t bytes;

	if (strncmp(name, REQUEST_KEY_PREFIX, begin) != 0 || strlen(name) >= REQUEST_SIGNER_BYTES)
		return false;
	bytes = percent_read(name + begin, officer, OFFICER_NAME_BYTES - 1);
	officer[bytes] = '\0';
	return bytes > 0;
}

/* A request without an officer may be signed by any of them. */
static struct request_outcome accept(struct request *request, const struct vouch *vouch,
				     const struct note_verifier *by)
{
	char officer[OFFICER_NAME_BYTES];

	if (strcmp(vouch->by, by->name) != 0 || !request_key_officer(by->name, officer))
		return request_refusal("signature_wrong", "the note is not of who signed it");
	if (request->officer[0] && strcmp(request->officer, officer) != 0)
		return request_refusal("signature_wrong", "it was signed by \"%s\"", officer);
	memcpy(request->signed_by, by->name, strlen(by->name) + 1);
	request->signed_s = vouch->time_s;
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
	const struct note_verifier *by = NULL;
	struct vouch vouch;

	if (!keys && request->noted)
		return request_refusal("bad_request", "\"note\" is no member of a request \"%s\"",
				       request_method_name(request->method));
	if (!keys)
		return (struct request_outcome){0};
	request->judged = true;
	switch (trusted_check(&keys->keys, VOUCH_REQUEST, topic, message->payload, message->bytes,
			      &vouch, &by)) {
	case TRUSTED_GOOD:
		return accept(request, &vouch, by);
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
