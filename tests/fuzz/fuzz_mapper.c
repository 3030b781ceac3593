/* Any bytes as messages of a device, by a configuration that the first byte chooses: whatever comes
 * up is a printable text or a number, and no number stays for ever. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "line/split.h"
#include "mapper/source.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void on_said(void *data, size_t device, size_t point, const struct value *value,
		    int64_t at_mono_ns, const struct origin *origin)
{
	char *shown = data;

	if (device != 0 || point > 1 || at_mono_ns < 0)
		abort();
	if (value->type == VALUE_TEXT && !utf8_is_printable(value->text))
		abort();
	if (value->type == VALUE_REAL && !isfinite(value->real))
		abort();
	for (const char *other = NULL; (other = others_next(origin->others, other));)
		if (other >= origin->others + sizeof(origin->others) - 1 ||
		    !utf8_is_printable(other))
			abort();
	if (point == 0)
		memcpy(shown, value->text, VALUE_TEXT_BYTES);
}

static void on_fault(void *data, size_t device, size_t point, enum reason reason, const char *what)
{
	(void)data;
	if (device != 0 || (point > 1 && point != DRIVER_ALL) || reason == REASON_NONE || !*what)
		abort();
}

static void on_refuse(void *data, size_t device, size_t point, const struct value *raw,
		      const char *what)
{
	(void)data, (void)device, (void)point, (void)what;
	if (raw->type != VALUE_TEXT || !utf8_is_printable(raw->text))
		abort();
}

static void on_moment(void *data, size_t device, bool begins)
{
	(void)data;
	(void)begins;
	if (device != 0)
		abort();
}

static void on_words(void *data, const char *what)
{
	(void)data;
	if (!*what)
		abort();
}

static struct conf_list one(char **text)
{
	return (struct conf_list){.item = text, .count = 1};
}

/* Lines if there is an end of one, as of a driver; else the whole. */
static void hear(struct source *source, const unsigned char *data, size_t size, int64_t *now_ns)
{
	static struct split split;
	const char *line;
	size_t taken, bytes;

	memset(&split, 0, sizeof(split));
	split.longest = 300;
	(void)mark_read("LF", &split.end);
	split_begin(&split, false);
	for (; size > 0; data += taken, size -= taken) {
		if (!split_take(&split, data, size, *now_ns, &taken, &line, &bytes))
			continue;
		*now_ns += 300 * NS_PER_MS;
		source_hear(source, line, bytes,
			    &(struct instant){.mono_ns = *now_ns, .utc_ns = *now_ns});
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct doc doc;
	static char when[] = "/type=lpr", word[] = "open=opened", nothing[] = "unknown";
	char *whens[] = {when}, *words[] = {word}, *nothings[] = {nothing};
	const unsigned choice = size > 0 ? data[0] : 0;
	const struct map_device_conf device_conf = {
		.format = !(choice & 1)		     ? MAP_PLAIN
			  : choice & 2 && choice & 4 ? MAP_XML
						     : MAP_JSON,
		.each = (choice & 3) == 3 ? "/results" : NULL,
		.when = (choice & 5) == 5 ? one(whens) : (struct conf_list){0},
		.id = (choice & 9) == 9 ? "/id" : NULL,
		.time = choice & 1 ? "/time" : NULL,
		.time_form = choice & 16 ? MAP_TIME_RFC3339 : MAP_TIME_UNIX,
	};
	const struct map_point_conf plate = {
		.path = choice & 1 ? "./plate" : NULL,
		.pattern = choice & 1 ? NULL : "^P(.*)$",
		.confidence = choice & 1 ? "./score" : NULL,
		.at_least = choice & 1 ? 0.5 : NAN,
		.none = one(nothings),
		.bit = -1,
		.decode = choice >> 5 & 3,
		.settle_ns = NS_PER_S,
		.hold_ns = 3 * NS_PER_S,
		.again_after_ns = 9 * NS_PER_S,
		.max_age_ns = choice & 1 ? NS_PER_S : 0,
	};
	const struct map_point_conf state = {
		.path = choice & 1 ? "/state" : NULL,
		.pattern = choice & 1 ? NULL : "^S(.*)$",
		.words = choice & 64 ? one(words) : (struct conf_list){0},
		.at_least = NAN,
		.bit = (choice & 192) == 128 ? 3 : -1,
		.type = choice & 64 ? MAP_AUTO : choice % 5,
	};
	const struct driver_point points[] = {{.name = "plate", .conf = &plate},
					      {.name = "state", .conf = &state}};
	const struct driver_device device = {.name = "d", .points = points, .point_count = 2};
	char shown[VALUE_TEXT_BYTES] = "";
	const struct driver_setup setup = {.devices = &device,
					   .device_count = 1,
					   .host = {.data = shown,
						    .said = on_said,
						    .fault = on_fault,
						    .refuse = on_refuse,
						    .moment = on_moment,
						    .debug = on_words,
						    .tell = on_words}};
	struct driver_complaint complaint;
	struct source_tools tools = {.doc = &doc};
	struct source source;
	int64_t now_ns = 1000;

	if (size == 0)
		return 0;
	if (xml_new(&doc, &tools.xml) < 0 ||
	    source_init(&source, &setup, 0, &device_conf, &tools, 0, &complaint) < 0)
		abort();
	source_open(&source, now_ns);
	hear(&source, data + 1, size - 1, &now_ns);
	source_settle(&source);
	source_tick(&source, now_ns + 1000 * NS_PER_S);
	if (source_deadline(&source) != INT64_MAX || shown[0])
		abort();
	source_fini(&source);
	xml_free(tools.xml);
	return 0;
}
