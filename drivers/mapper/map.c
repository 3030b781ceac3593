#include "mapper/map.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "mapper/decode.h"

#define SAMPLE 48 /* characters of what is told */

/* ---- options --------------------------------------------------------------------------- */

static const char *pointer_fault(const struct map_device_conf *device, const char *pointer)
{
	if (!pointer)
		return NULL;
	if (device->format == MAP_PLAIN)
		return "has a pointer, and a plain text has no members";
	return doc_pointer_fault(*pointer == '.' ? pointer + 1 : pointer);
}

static const char *conditions_fault(const struct map_device_conf *device,
				    const struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *fault;
		char pointer[256];
		const size_t bytes = strcspn(list->item[i], "=");

		if (bytes >= sizeof(pointer))
			return "has a condition that is too long";
		memcpy(pointer, list->item[i], bytes);
		pointer[bytes] = '\0';
		fault = pointer_fault(device, pointer);
		if (fault)
			return fault;
	}
	return NULL;
}

const char *map_device_fault(const struct map_device_conf *conf)
{
	const char *fault = pointer_fault(conf, conf->each);

	if (!fault)
		fault = pointer_fault(conf, conf->id);
	if (!fault)
		fault = pointer_fault(conf, conf->time);
	if (!fault)
		fault = conditions_fault(conf, &conf->when);
	if (!fault)
		fault = conditions_fault(conf, &conf->only);
	return fault ? fault : conditions_fault(conf, &conf->gone);
}

static const char *number_fault(const struct map_point_conf *conf)
{
	if (conf->hold_ns > 0 && conf->type != MAP_AUTO && conf->type != MAP_TEXT)
		return "has hold, and only a text is held";
	if (conf->hold_ns > 0 && conf->bit >= 0)
		return "has hold, and a bit is not held";
	if (conf->hold_ns > 0 && conf->decode == MAP_HEX_NUMBER)
		return "has hold, and a number in hex is not held";
	if (conf->hold_ns == 0 && (conf->settle_ns > 0 || conf->again_after_ns > 0))
		return "has settle or again_after without hold: a state is taken as it comes";
	if (conf->settle_ns > conf->hold_ns)
		return "has a settle longer than hold: it would be gone before it is there";
	return NULL;
}

static const char *others_fault(const struct map_device_conf *device,
				const struct map_point_conf *conf)
{
	const char *fault = pointer_fault(device, conf->others);

	if (!fault)
		fault = pointer_fault(device, conf->other);
	if (!fault && conf->other && !conf->others)
		fault = "has other without others";
	if (!fault && conf->others && conf->hold_ns == 0)
		fault = "has others without hold: only a number that is read may be another";
	return fault;
}

const char *map_point_fault(const struct map_device_conf *device, const struct map_point_conf *conf)
{
	const char *fault = pointer_fault(device, conf->path);

	if (!fault)
		fault = pointer_fault(device, conf->confidence);
	if (!fault)
		fault = others_fault(device, conf);
	if (fault)
		return fault;
	if (device->format != MAP_PLAIN && !conf->path)
		return "lacks the path of its value";
	if (!isnan(conf->at_least) && !conf->confidence)
		return "has at_least without confidence";
	if (conf->max_age_ns > 0 && !device->time)
		return "has max_age, and the device no time";
	for (size_t i = 0; i < conf->words.count; i++)
		if (!strchr(conf->words.item[i], '='))
			return "has words without a meaning, expected \"word=meaning\"";
	return number_fault(conf);
}

int map_point_init(struct map_point *point, const struct map_point_conf *conf, char *fault,
		   size_t fault_bytes)
{
	int err = 0;

	*point = (struct map_point){.conf = conf};
	if (conf->pattern)
		err = pattern_new(conf->pattern, fault, fault_bytes, &point->pattern);
	if (err == 0 && conf->accept)
		err = pattern_new(conf->accept, fault, fault_bytes, &point->accept);
	return err;
}

void map_point_fini(struct map_point *point)
{
	pattern_free(point->pattern);
	pattern_free(point->accept);
	point->pattern = point->accept = NULL;
}

/* ---- records --------------------------------------------------------------------------- */

static const struct doc_node *node_of(const struct map_record *record, const char *pointer)
{
	if (!record->doc || !pointer)
		return NULL;
	return *pointer == '.' ? doc_at(record->doc, record->place, pointer + 1)
			       : doc_at(record->doc, record->root, pointer);
}

const char *map_text(const struct map_record *record, const char *pointer)
{
	const struct doc_node *node = node_of(record, pointer);

	return node ? doc_text(record->doc, node) : NULL;
}

static bool same_number(const char *a, const char *b)
{
	char *a_end, *b_end;
	const double a_number = strtod(a, &a_end), b_number = strtod(b, &b_end);

	return a_end != a && b_end != b && !*a_end && !*b_end && !(a_number < b_number) &&
	       !(a_number > b_number) && !isnan(a_number) && !isnan(b_number);
}

static bool holds(const struct map_record *record, const char *condition)
{
	const char *word = strchr(condition, '='), *text;
	const struct doc_node *node;
	char pointer[256];
	const size_t bytes = word ? (size_t)(word - condition) : strlen(condition);

	memcpy(pointer, condition, bytes); /* map_device_fault() saw that it fits */
	pointer[bytes] = '\0';
	node = node_of(record, pointer);
	if (!word || !node)
		return node && node->kind != DOC_NULL;
	text = doc_text(record->doc, node);
	return text && (strcmp(text, word + 1) == 0 ||
			(node->kind == DOC_NUMBER && same_number(text, word + 1)));
}

bool map_holds(const struct map_record *record, const struct conf_list *conditions,
	       const char **ret_failed)
{
	for (size_t i = 0; i < conditions->count; i++) {
		if (holds(record, conditions->item[i]))
			continue;
		*ret_failed = conditions->item[i];
		return false;
	}
	return true;
}

/* ---- values ---------------------------------------------------------------------------- */

/* A value on its way. */
struct making {
	const struct map_point *point;
	const struct map_record *record;
	struct map_result *result;
	enum doc_kind kind;
	char text[DOC_LONGEST + 1];
};

static bool end(struct making *making, enum map_outcome outcome, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool end(struct making *making, enum map_outcome outcome, const char *format, ...)
{
	va_list args;

	making->result->outcome = outcome;
	va_start(args, format);
	vsnprintf(making->result->why, sizeof(making->result->why), format, args);
	va_end(args);
	if (outcome == MAP_OUT_OF_RANGE)
		utf8_print(making->result->raw, sizeof(making->result->raw), making->text);
	return false;
}

static void trim(char *text)
{
	const size_t blanks = strspn(text, " ");
	size_t bytes = strlen(text + blanks);

	while (bytes > 0 && text[blanks + bytes - 1] == ' ')
		bytes--;
	memmove(text, text + blanks, bytes);
	text[bytes] = '\0';
}

static bool set_text(struct making *making, const char *text, size_t bytes)
{
	if (bytes > DOC_LONGEST)
		return end(making, MAP_OUT_OF_RANGE, "is longer than %d characters", DOC_LONGEST);
	memmove(making->text, text, bytes);
	making->text[bytes] = '\0';
	return true;
}

static bool find_node(struct making *making)
{
	const struct map_point_conf *conf = making->point->conf;
	const struct doc_node *node = node_of(making->record, conf->path);

	if (!node || node->kind == DOC_NULL) {
		if (!conf->absent)
			return end(making, MAP_NO_NEWS, "%s is %s", conf->path,
				   node ? "null" : "not there");
		making->kind = DOC_TEXT;
		return set_text(making, conf->absent, strlen(conf->absent));
	}
	making->kind = node->kind;
	if (!doc_text(making->record->doc, node))
		return end(making, MAP_OUT_OF_RANGE, "%s is %s", conf->path,
			   node->kind == DOC_PASSED_OVER ? "a text that is far too long"
							 : "no single value");
	return set_text(making, doc_text(making->record->doc, node),
			strlen(doc_text(making->record->doc, node)));
}

static bool find_text(struct making *making)
{
	if (making->record->doc)
		return find_node(making);
	making->kind = DOC_TEXT;
	return set_text(making, making->record->plain, strlen(making->record->plain));
}

static bool cut_group(struct making *making)
{
	size_t from = 0, bytes = 0;

	if (!making->point->pattern) {
		trim(making->text);
		return true;
	}
	switch (pattern_match(making->point->pattern, making->text, strlen(making->text), &from,
			      &bytes)) {
	case PATTERN_MATCHES:
		making->kind = DOC_TEXT;
		memmove(making->text, making->text + from, bytes);
		making->text[bytes] = '\0';
		trim(making->text);
		return true;
	case PATTERN_DIFFERS:
		return end(making, MAP_NO_NEWS, "\"%.*s\" does not match the pattern", SAMPLE,
			   making->text);
	default:
		return end(making, MAP_UNSURE,
			   "\"%.*s\" is no UTF-8, or takes the pattern too long", SAMPLE,
			   making->text);
	}
}

static bool is_something(struct making *making)
{
	const struct map_point_conf *conf = making->point->conf;

	for (size_t i = 0; i < conf->none.count; i++)
		if (strcasecmp(making->text, conf->none.item[i]) == 0)
			return end(making, MAP_NOTHING, "\"%s\": nothing was read", making->text);
	if (conf->hold_ns > 0 && !making->text[0])
		return end(making, MAP_NOTHING, "is empty: nothing was read");
	return true;
}

static bool is_sure(struct making *making)
{
	const struct map_point_conf *conf = making->point->conf;
	const char *text = map_text(making->record, conf->confidence);
	char *stop = NULL;
	double confidence = text ? strtod(text, &stop) : NAN;

	if (text && (stop == text || *stop || !isfinite(confidence)))
		confidence = NAN;
	making->result->confidence = confidence;
	if (isnan(conf->at_least))
		return true;
	if (isnan(confidence))
		return end(making, MAP_UNSURE, "\"%.*s\" has no confidence at %s", SAMPLE,
			   making->text, conf->confidence);
	if (confidence < conf->at_least)
		return end(making, MAP_UNSURE, "\"%.*s\" has a confidence of %g, less than %g",
			   SAMPLE, making->text, confidence, conf->at_least);
	return true;
}

static bool is_decoded(struct making *making)
{
	char decoded[VALUE_TEXT_BYTES];
	const char *fault =
		map_decode((enum map_decode)making->point->conf->decode, making->text, decoded);

	if (fault)
		return end(making, MAP_OUT_OF_RANGE, "\"%.*s\" %s", SAMPLE, making->text, fault);
	return making->point->conf->decode == MAP_AS_IT_IS ||
	       set_text(making, decoded, strlen(decoded));
}

static bool is_accepted(struct making *making)
{
	size_t from, bytes;

	if (!making->point->accept ||
	    pattern_match(making->point->accept, making->text, strlen(making->text), &from,
			  &bytes) == PATTERN_MATCHES)
		return true;
	return end(making, MAP_UNSURE, "\"%.*s\" does not match what is accepted", SAMPLE,
		   making->text);
}

static bool has_meaning(struct making *making)
{
	const struct conf_list *words = &making->point->conf->words;
	const size_t bytes = strlen(making->text);

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->item[i];

		if (strncmp(word, making->text, bytes) == 0 && word[bytes] == '=')
			return set_text(making, word + bytes + 1, strlen(word + bytes + 1));
	}
	return words->count == 0 ||
	       end(making, MAP_OUT_OF_RANGE, "\"%.*s\" is none of the words", SAMPLE, making->text);
}

/* ---- types ----------------------------------------------------------------------------- */

/* "+  12 345" is "+12345". */
static void drop_blanks(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (*text != ' ')
			*to++ = *text;
	*to = '\0';
}

/* As JSON writes them, with a plus and zeros before. strtod() takes more: hex, inf, nan. */
static bool is_plain_number(const char *text)
{
	return text[strspn(text, "+-0123456789.eE")] == '\0' && strpbrk(text, "0123456789");
}

static bool whole(const char *text, struct value *ret_value)
{
	char *stop;
	int64_t value;

	if (text[strspn(text, "+-0123456789")])
		return false;
	errno = 0;
	value = strtoll(text, &stop, 10);
	if (stop == text || *stop)
		return false;
	if (errno == ERANGE && *text != '-') {
		errno = 0;
		*ret_value = value_uint(strtoull(text, &stop, 10));
	} else {
		*ret_value = value_int(value);
	}
	return errno == 0;
}

static bool real(const char *text, struct value *ret_value)
{
	char *stop;
	double value;

	if (!is_plain_number(text))
		return false;
	value = strtod(text, &stop);
	*ret_value = value_real(value);
	return isfinite(value) && !*stop;
}

/* 12.345,5 is twelve thousand and more; the text is spent. */
static bool real_comma(char *text, struct value *ret_value)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != '.')
			*to++ = (char)(*from == ',' ? '.' : *from);
	*to = '\0';
	return real(text, ret_value);
}

static bool truth(const char *text, struct value *ret_value)
{
	const bool is_true = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;

	*ret_value = value_bool(is_true);
	return is_true || strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static bool printable(const char *text, struct value *ret_value)
{
	if (strlen(text) >= VALUE_TEXT_BYTES || !utf8_is_printable(text))
		return false;
	*ret_value = value_text(text);
	return true;
}

static enum map_type type_of(const struct making *making)
{
	const struct map_point_conf *conf = making->point->conf;

	if (conf->type == MAP_AUTO && conf->decode == MAP_HEX_NUMBER && conf->words.count == 0)
		return MAP_INTEGER;
	if (conf->type != MAP_AUTO || conf->hold_ns > 0 || conf->words.count > 0)
		return conf->type == MAP_AUTO ? MAP_TEXT : (enum map_type)conf->type;
	if (making->kind == DOC_NUMBER)
		return making->text[strspn(making->text, "-0123456789")] ? MAP_REAL : MAP_INTEGER;
	return making->kind == DOC_BOOL ? MAP_BOOL : MAP_TEXT;
}

static bool take_bit(struct making *making)
{
	struct value *value = &making->result->value;

	drop_blanks(making->text);
	if (!whole(making->text, value) || value->type != VALUE_INT)
		return end(making, MAP_OUT_OF_RANGE, "\"%.*s\" is no whole number", SAMPLE,
			   making->text);
	for (size_t i = 0; i < making->point->none_count; i++)
		if (value->integer == making->point->none[i])
			return end(making, MAP_OUT_OF_RANGE, "%s means that there is none",
				   making->text);
	*value = value_bool((uint64_t)value->integer >> making->point->conf->bit & 1);
	return true;
}

static bool take_type(struct making *making)
{
	struct value *value = &making->result->value;
	const char *wanted;
	bool good;

	switch (type_of(making)) {
	case MAP_INTEGER:
		wanted = "whole number of 64 bits";
		drop_blanks(making->text);
		good = whole(making->text, value);
		break;
	case MAP_REAL:
		wanted = "number";
		drop_blanks(making->text);
		good = real(making->text, value);
		break;
	case MAP_REAL_COMMA:
		wanted = "number with a comma";
		drop_blanks(making->text);
		good = real_comma(making->text, value);
		break;
	case MAP_BOOL:
		wanted = "truth value";
		good = truth(making->text, value);
		break;
	default:
		wanted = "printable text of 63 bytes at most";
		good = printable(making->text, value);
	}
	return good ||
	       end(making, MAP_OUT_OF_RANGE, "\"%.*s\" is no %s", SAMPLE, making->text, wanted);
}

/* One that is not accepted, or the value itself, is none. */
static void take_other(const struct map_point *point, const char *text, const char *taken,
		       char others[VALUE_TEXT_BYTES])
{
	size_t from, bytes;
	struct value value;

	if (!text || strcmp(text, taken) == 0 || !printable(text, &value) ||
	    (point->accept &&
	     pattern_match(point->accept, text, strlen(text), &from, &bytes) != PATTERN_MATCHES))
		return;
	(void)others_add(others, text);
}

/* In the order of the reader. */
static void take_others(struct making *making)
{
	const struct map_point_conf *conf = making->point->conf;
	const struct doc_node *array = node_of(making->record, conf->others);
	struct map_record record = *making->record;

	for (record.place = array ? doc_child(record.doc, array) : NULL; record.place;
	     record.place = doc_next(record.doc, record.place))
		take_other(making->point,
			   conf->other ? map_text(&record, conf->other)
				       : doc_text(record.doc, record.place),
			   making->result->value.text, making->result->others);
}

void map_point_read(const struct map_point *point, const struct map_record *record,
		    struct map_result *ret_result)
{
	struct making making = {.point = point, .record = record, .result = ret_result};

	*ret_result = (struct map_result){.confidence = NAN};
	if (!find_text(&making) || !cut_group(&making) || !is_something(&making) ||
	    !is_sure(&making) || !is_decoded(&making) || !is_accepted(&making) ||
	    !has_meaning(&making))
		return;
	if (point->conf->bit >= 0 ? take_bit(&making) : take_type(&making))
		ret_result->outcome = MAP_VALUE;
	if (ret_result->outcome == MAP_VALUE && point->conf->others)
		take_others(&making);
}
