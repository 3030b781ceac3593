#include "mapper/source_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define TOLD_MOST 6 /* refusals a minute */

void source_say(const struct source *source, bool loud, const char *format, ...)
{
	const struct driver_host *host = &source->setup->host;
	char what[SOURCE_WHAT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	(loud ? host->tell : host->debug)(host->data, what);
}

bool source_may_tell_refusal(struct source *source)
{
	if (source->told == 0 || source->heard_mono_ns - source->told_minute_ns >= SOURCE_CALM_NS) {
		source->told_minute_ns = source->heard_mono_ns;
		source->told = 0;
	}
	return source->told++ < TOLD_MOST;
}

const char *source_name(const struct source *source)
{
	return source->setup->devices[source->device].name;
}

const char *source_point_name(const struct source *source, size_t point)
{
	return source->setup->devices[source->device].points[point].name;
}

void source_sample(const char *bytes, size_t count, char ret_text[SOURCE_SAMPLE + 1])
{
	char raw[SOURCE_SAMPLE + 1];
	const size_t n = count < SOURCE_SAMPLE ? count : SOURCE_SAMPLE;

	memcpy(raw, bytes, n);
	for (size_t i = 0; i < n; i++)
		if (!raw[i])
			raw[i] = '?';
	raw[n] = '\0';
	utf8_print(ret_text, SOURCE_SAMPLE + 1, raw);
}
