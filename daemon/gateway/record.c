/* What the buses deliver, as lines of a trace, for who records it. */
#include <stdio.h>
#include <string.h>

#include "gateway/private.h"
#include "transit/event/trace.h"

/* "boom-1.status" */
static bool name_point(const char *name, struct trace_entry *entry)
{
	const char *dot = strchr(name, '.');
	size_t device_bytes = dot ? (size_t)(dot - name) : 0;

	if (!dot || device_bytes >= sizeof(entry->device) ||
	    strlen(dot + 1) >= sizeof(entry->point))
		return false;
	memcpy(entry->device, name, device_bytes);
	memcpy(entry->point, dot + 1, strlen(dot + 1));
	return true;
}

static void tell(struct gateway *gateway, const struct trace_entry *entry)
{
	char line[TRACE_LINE_BYTES];

	if (trace_format(entry, line, sizeof(line)) >= 0)
		control_tell_reading(gateway->control, line, clock_mono_ns());
}

static bool is_recorded(const struct gateway *gateway)
{
	return gateway->control && control_is_recorded(gateway->control);
}

void gateway_record_reading(struct gateway *gateway, const struct reading *reading)
{
	struct trace_entry entry = {
		.kind = TRACE_READING, .at_ns = reading->at_mono_ns, .reading = *reading};

	if (is_recorded(gateway) &&
	    name_point(gateway->config->points[reading->point].name, &entry))
		tell(gateway, &entry);
}

void gateway_record_device(struct gateway *gateway, const struct device_report *report)
{
	struct trace_entry entry = {
		.kind = TRACE_DEVICE, .at_ns = report->at_mono_ns, .report = *report};
	const char *name;

	if (!is_recorded(gateway))
		return;
	name = gateway->config->devices[report->device].name;
	if (strlen(name) >= sizeof(entry.device))
		return;
	memcpy(entry.device, name, strlen(name) + 1);
	tell(gateway, &entry);
}

size_t gateway_record_begin(struct gateway *gateway, size_t from, struct jw *json, size_t most)
{
	const struct config *config = gateway->config;
	const int64_t now_ns = clock_mono_ns();
	char line[TRACE_LINE_BYTES];

	jw_int(json, "mono_ns", now_ns);
	jw_open_array(json, "readings");
	for (; from < config->point_count && json->bytes + 2 * sizeof(line) <= most; from++) {
		struct trace_entry entry = {.kind = TRACE_READING, .at_ns = now_ns};

		if (transit_last_reading(gateway->transit, from, &entry.reading) &&
		    name_point(config->points[from].name, &entry) &&
		    trace_format(&entry, line, sizeof(line)) >= 0)
			jw_text(json, NULL, line);
	}
	jw_close_array(json);
	return from < config->point_count ? from : 0;
}
