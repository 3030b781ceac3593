/* Any bytes as a request, its method by the first: what is taken has all of its texts, each of
 * them ended, and what is refused says why. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inbound/request.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check_text(const char *text, size_t size, bool wanted)
{
	const char *end = memchr(text, '\0', size);
	const char *at;

	if (!end || (wanted && end == text))
		abort();
	for (at = text; at < end; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7F)
			abort();
	for (; at < text + size; at++)
		if (*at)
			abort();
}

static void check_request(const struct request *request)
{
	bool word = request->method < REQUEST_STATUS;

	check_text(request->id, sizeof(request->id), request->method != REQUEST_STATUS);
	check_text(request->officer, sizeof(request->officer), word);
	check_text(request->reason, sizeof(request->reason), word);
	check_text(request->lane, sizeof(request->lane), request->method == REQUEST_PRESENT);
	check_text(request->ucr, sizeof(request->ucr), request->method == REQUEST_PRESENT);
	check_text(request->resource, sizeof(request->resource), request->method == REQUEST_ACK);
	check_text(request->type, sizeof(request->type), request->method == REQUEST_ACK);
	check_text(request->asker, sizeof(request->asker), request->method == REQUEST_REPLAY);
	if (strpbrk(request->asker, "/+#. ") || request->range_count > EVENT_RANGES ||
	    (request->method > REQUEST_STATUS) != (request->range_count > 0))
		abort();
	for (size_t i = 0; i < request->range_count; i++)
		if (request->ranges[i].first < 1 ||
		    request->ranges[i].last < request->ranges[i].first ||
		    request->ranges[i].last > UINT64_C(1) << 40)
			abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char error[REQUEST_ERROR_BYTES] = "";
	struct request request;
	char *json;
	int rc;

	if (size < 1)
		return 0;
	json = malloc(size); /* so that reading past its end is seen */
	if (!json)
		return 0;
	memcpy(json, data + 1, size - 1);
	rc = request_read(data[0] % REQUEST_METHODS, json, size - 1, &request, error);
	free(json);
	check_text(request.id, sizeof(request.id), false);
	if (rc == 0)
		check_request(&request);
	else if (rc != -EINVAL || !error[0] || !memchr(error, '\0', sizeof(error)))
		abort();
	return 0;
}
