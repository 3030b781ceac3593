#include "transit/event/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	char *out;
	size_t size, bytes;
	bool overflow;
};

static void add(struct writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct writer *writer, const char *format, ...)
{
	size_t room = writer->size - writer->bytes;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(writer->out + writer->bytes, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		writer->overflow = true;
	else
		writer->bytes += (size_t)n;
}

/* Three decimals, or as many as it takes. */
static void add_time(struct writer *writer, int64_t ns)
{
	char fraction[16];
	size_t digits = 9;

	snprintf(fraction, sizeof(fraction), "%09" PRId64, ns % NS_PER_S);
	while (digits > 3 && fraction[digits - 1] == '0')
		fraction[--digits] = '\0';
	add(writer, "%" PRId64 ".%s", ns / NS_PER_S, fraction);
}

static void add_string(struct writer *writer, const char *text)
{
	add(writer, "\"");
	for (; *text; text++)
		add(writer, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	add(writer, "\"");
}

/* The shortest that reads back equal, and as a real. */
static void add_real(struct writer *writer, double real)
{
	char text[40];

	for (int digits = 1; digits <= 17; digits++) {
		double back;

		snprintf(text, sizeof(text), "%.*g", digits, real);
		back = strtod(text, NULL);
		if (!(back < real) && !(back > real))
			break;
	}
	add(writer, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static void add_value(struct writer *writer, const struct value *value)
{
	switch (value->type) {
	case VALUE_NONE:
		break;
	case VALUE_BOOL:
		add(writer, "%s", value->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		add(writer, "%" PRId64, value->integer);
		break;
	case VALUE_UINT:
		add(writer, "%" PRIu64, value->uinteger);
		break;
	case VALUE_REAL:
		add_real(writer, value->real);
		break;
	case VALUE_TEXT:
		add_string(writer, value->text);
		break;
	}
}

static void add_report(struct writer *writer, const struct device_report *report)
{
	if (report->up) {
		add(writer, "up");
		return;
	}
	add(writer, "down !%s", reason_name(report->reason));
	if (report->detail[0]) {
		add(writer, " ");
		add_string(writer, report->detail);
	}
}

static void add_origin(struct writer *writer, const struct origin *origin)
{
	const char *other = NULL;

	if (origin->has_confidence) {
		add(writer, " confidence=");
		add_real(writer, origin->confidence);
	}
	if (origin->has_time)
		add(writer, " read=%" PRId64 " ahead=%" PRId64, origin->utc_ns, origin->ahead_ns);
	if (origin->picture[0])
		add(writer, " picture=%s", origin->picture);
	while ((other = others_next(origin->others, other))) {
		add(writer, " other=");
		add_string(writer, other);
	}
}

static void add_reading(struct writer *writer, const struct reading *reading)
{
	if (reading->quality != QUALITY_GOOD)
		add(writer, "!%s%s", reason_name(reading->reason),
		    reading->value.type == VALUE_NONE ? "" : " ");
	add_value(writer, &reading->value);
	if (reading->lost_edges)
		add(writer, " lost=%" PRIu32, reading->lost_edges);
	add_origin(writer, &reading->origin);
}

int trace_format(const struct trace_entry *entry, char *out, size_t size)
{
	struct writer writer = {.out = out, .size = size};

	add_time(&writer, entry->at_ns);
	add(&writer, " %s%s%s ", entry->device, entry->device[0] && entry->point[0] ? "." : "",
	    entry->point);
	if (entry->kind == TRACE_DEVICE)
		add_report(&writer, &entry->report);
	else
		add_reading(&writer, &entry->reading);
	return writer.overflow ? -E2BIG : (int)writer.bytes;
}
