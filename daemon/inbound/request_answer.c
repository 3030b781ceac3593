#include "inbound/request_answer.h"

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

struct request_outcome request_address_read(const char *folder, const struct inlet_message *message,
					    const char *method, struct request_address *ret_address)
{
	struct request_outcome outcome = {0};

	*ret_address = (struct request_address){0};
	snprintf(ret_address->topic, sizeof(ret_address->topic), "%s%s", folder, method);
	if (message->response_topic && is_response_topic(folder, message->response_topic))
		snprintf(ret_address->topic, sizeof(ret_address->topic), "%s",
			 message->response_topic);
	else if (message->response_topic)
		outcome = request_refusal("bad_response_topic", "answers go to %.90s... only",
					  folder);
	if (!message->correlation)
		return outcome;
	if (message->correlation_bytes > UPLINK_CORRELATION_BYTES)
		return request_refusal("bad_request",
				       "the correlation data has %zu bytes, the most is %d",
				       message->correlation_bytes, UPLINK_CORRELATION_BYTES);
	memcpy(ret_address->correlation, message->correlation, message->correlation_bytes);
	ret_address->correlation_bytes = message->correlation_bytes;
	ret_address->correlated = true;
	return outcome;
}
