#include "request_answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct request_outcome request_refusal(const char *code, const char *format, ...)
{
	struct request_outcome outcome = {.code = code};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(outcome.error, sizeof(outcome.error), format, arguments);
	va_end(arguments);
	return outcome;
}

/* Printable ASCII, no wildcard, below the gateway's own folder of responses. */
static bool is_response_topic(const char *folder, const char *topic)
{
	size_t folder_bytes = strlen(folder);
	const char *at;

	if (strlen(topic) >= TOPIC_BYTES || strncmp(topic, folder, folder_bytes) != 0 ||
	    !topic[folder_bytes])
		return false;
	for (at = topic; *at; at++)
		if (*at < 0x20 || *at > 0x7E || *at == '+' || *at == '#')
			return false;
	return true;
}

struct request_outcome request_address_read(const char *folder, const struct heard *heard,
					    const char *method, struct request_address *ret_address)
{
	struct request_outcome outcome = {0};

	*ret_address = (struct request_address){0};
	snprintf(ret_address->topic, sizeof(ret_address->topic), "%s%s", folder, method);
	if (heard->response_topic && is_response_topic(folder, heard->response_topic))
		snprintf(ret_address->topic, sizeof(ret_address->topic), "%s",
			 heard->response_topic);
	else if (heard->response_topic)
		outcome = request_refusal("bad_response_topic", "answers go to %.90s... only",
					  folder);
	if (!heard->correlation)
		return outcome;
	if (heard->correlation_bytes > UPLINK_CORRELATION_BYTES)
		return request_refusal("bad_request",
				       "the correlation data has %zu bytes, the most is %d",
				       heard->correlation_bytes, UPLINK_CORRELATION_BYTES);
	memcpy(ret_address->correlation, heard->correlation, heard->correlation_bytes);
	ret_address->correlation_bytes = heard->correlation_bytes;
	ret_address->correlated = true;
	return outcome;
}
