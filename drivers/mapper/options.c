#include "base/time.h"
#include "mapper/rows.h"

#define POINT(member) offsetof(struct map_point_conf, member)
#define DAY_NS	      (24 * 3600 * NS_PER_S)

const struct conf_choice map_formats[] = {
	{"plain", MAP_PLAIN},
	{"json", MAP_JSON},
	{"xml", MAP_XML},
	{0},
};

const struct conf_choice map_time_forms[] = {
	{"rfc3339", MAP_TIME_RFC3339},
	{"unix", MAP_TIME_UNIX},
	{"unix-ms", MAP_TIME_UNIX_MS},
	{"unix-us", MAP_TIME_UNIX_US},
	{"unix-ns", MAP_TIME_UNIX_NS},
	{"local", MAP_TIME_LOCAL},
	{0},
};

static const struct conf_choice types[] = {
	{"auto", MAP_AUTO},
	{"text", MAP_TEXT},
	{"integer", MAP_INTEGER},
	{"real", MAP_REAL},
	{"bool", MAP_BOOL},
	{"real-comma", MAP_REAL_COMMA},
	{0},
};

static const struct conf_choice decodings[] = {
	{"none", MAP_AS_IT_IS},		{"hex", MAP_HEX},
	{"base64", MAP_BASE64},		{"epc", MAP_EPC},
	{"hex-number", MAP_HEX_NUMBER}, {0},
};

const struct conf_option map_device_options[] = {
	MAP_DEVICE_OPTIONS("plain"),
	{0},
};

const struct conf_option map_point_options[] = {
	{.name = "path",
	 .type = CONF_TEXT,
	 .offset = POINT(path),
	 .help = "JSON Pointer to the value. What is not there is no news. Of a plain text: the "
		 "text itself."},
	{.name = "absent",
	 .type = CONF_TEXT,
	 .offset = POINT(absent),
	 .help = "The value that it has when it is not there, for senders that leave out what is "
		 "zero, false or empty."},
	{.name = "pattern",
	 .type = CONF_TEXT,
	 .offset = POINT(pattern),
	 .help = "Perl-compatible pattern that the text must match: the value is its first group. "
		 "What differs is no news."},
	{.name = "none_text",
	 .type = CONF_LIST,
	 .offset = POINT(none),
	 .help = "Words that mean that nothing was read, such as {\"unknown\", \"noplate\"}, whatever "
		 "their case."},
	{.name = "confidence",
	 .type = CONF_TEXT,
	 .offset = POINT(confidence),
	 .help = "Pointer to how sure the reader is."},
	{.name = "at_least",
	 .type = CONF_REAL,
	 .offset = POINT(at_least),
	 .min = 0,
	 .max = 100,
	 .help = "The least confidence, in the reader's own scale; without one nothing is taken."},
	{.name = "others",
	 .type = CONF_TEXT,
	 .offset = POINT(others),
	 .help = "Pointer to an array of what else the text may be, the likeliest first: looked up "
		 "in that order when nobody knows the text itself."},
	{.name = "other",
	 .type = CONF_TEXT,
	 .offset = POINT(other),
	 .help = "Pointer to the text within an element of that array, \"./plate\"; without one the "
		 "elements are texts."},
	{.name = "accept",
	 .type = CONF_TEXT,
	 .offset = POINT(accept),
	 .help = "Pattern that a text must match to be taken, such as what all plates have in "
		 "common: what a camera writes into its own picture is read, too."},
	{.name = "decode",
	 .type = CONF_CHOICE,
	 .offset = POINT(decode),
	 .def = "none",
	 .choices = decodings,
	 .help = "Bytes as hex or base64 that are a text, or an EPC in hex: one of 96 bits becomes "
		 "its GS1 key, others stay hex in capitals; hex-number: a whole number in hex, the "
		 "highest digit first, of 15 digits at most."},
	{.name = "words",
	 .type = CONF_LIST,
	 .offset = POINT(words),
	 .help = "Words of the reader and what they mean, {\"open=opened\", \"close=intact\"}; "
		 "others are out of range."},
	{.name = "type",
	 .type = CONF_CHOICE,
	 .offset = POINT(type),
	 .def = "auto",
	 .choices = types,
	 .help = "What the value becomes; auto: as the message has it. Blanks in numbers are "
		 "dropped; real-comma: with a comma before the decimals, dots are dropped too."},
	{.name = "bit",
	 .type = CONF_INT,
	 .offset = POINT(bit),
	 .def = "-1",
	 .min = -1,
	 .max = 62,
	 .help = "One bit of a whole number as a bool, 0 the least significant; -1: all."},
	{.name = "max_age",
	 .type = CONF_DURATION,
	 .offset = POINT(max_age_ns),
	 .def = "0s",
	 .max = DAY_NS,
	 .help = "A message whose own time is further from ours than this names nobody: it was kept "
		 "back, or a clock is wrong. 0s: any."},
	{.name = "settle",
	 .type = CONF_DURATION,
	 .offset = POINT(settle_ns),
	 .def = "0s",
	 .max = 60 * NS_PER_S,
	 .help = "From the first text on wait this long, then take the one of the highest "
		 "confidence, or the most frequent."},
	{.name = "hold",
	 .type = CONF_DURATION,
	 .offset = POINT(hold_ns),
	 .def = "0s",
	 .max = 3600 * NS_PER_S,
	 .help = "So long after the last message with it the text stands; then the point is empty. "
		 "0s: it is a state and stays until another comes."},
	{.name = "again_after",
	 .type = CONF_DURATION,
	 .offset = POINT(again_after_ns),
	 .def = "0s",
	 .max = DAY_NS,
	 .help = "The same text within this time of its last sight is the same reading."},
	{0},
};

struct value_shape map_shape(const void *point_conf)
{
	const struct map_point_conf *conf = point_conf;
	static const enum value_type types_of[] = {
		[MAP_AUTO] = VALUE_NONE, [MAP_TEXT] = VALUE_TEXT, [MAP_INTEGER] = VALUE_INT,
		[MAP_REAL] = VALUE_REAL, [MAP_BOOL] = VALUE_BOOL, [MAP_REAL_COMMA] = VALUE_REAL,
	};
	struct value_shape shape = {.type = types_of[conf->type]};

	if (conf->bit >= 0)
		shape.type = VALUE_BOOL;
	else if (conf->decode == MAP_HEX_NUMBER && conf->words.count == 0)
		shape.type = VALUE_INT;
	else if (conf->hold_ns > 0 || conf->words.count > 0 || conf->decode != MAP_AS_IT_IS)
		shape.type = VALUE_TEXT;
	else if (shape.type == VALUE_INT)
		shape.is_signed = true;
	return shape;
}
