#include "inbound/handover_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "registry/record/shape.h"

struct reader {
	char *error;
	bool bad;
};

static void refuse(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void refuse(struct reader *reader, const char *format, ...)
{
	va_list arguments;

	if (reader->bad)
		return; /* the first reason is the one that is told */
	va_start(arguments, format);
	vsnprintf(reader->error, HANDOVER_ERROR_BYTES, format, arguments);
	va_end(arguments);
	reader->bad = true;
}

/* A text that is required. */
static const char *take_text(struct reader *reader, json_t *object, const char *name, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (!text || !*text)
		refuse(reader, "\"%s\" is missing, or no text", name);
	else if (strlen(text) >= size)
		refuse(reader, "\"%s\" has more than %zu bytes", name, size - 1);
	else if (!utf8_is_printable(text))
		refuse(reader, "\"%s\" has control characters", name);
	else
		return text;
	return "";
}

static void take_name(struct reader *reader, json_t *object, const char *name,
		      char ret_name[HANDOVER_NAME_BYTES])
{
	snprintf(ret_name, HANDOVER_NAME_BYTES, "%s",
		 take_text(reader, object, name, HANDOVER_NAME_BYTES));
}

static void take_number(struct reader *reader, json_t *object, const char *name,
			enum identifier_kind kind, char ret_text[IDENTIFIER_BYTES])
{
	const char *raw = take_text(reader, object, name, 2 * IDENTIFIER_BYTES);

	(void)identifier_read(kind, raw, strlen(raw), ret_text);
	if (!ret_text[0])
		refuse(reader, "\"%s\" can be no number", name);
}

static int64_t take_time(struct reader *reader, json_t *object, const char *name, int64_t missing)
{
	json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	int64_t utc_ns;

	if (!value || json_is_null(value))
		return missing;
	if (!text || !shape_time(text, DAY_REFUSED, &utc_ns)) {
		refuse(reader, "\"%s\" is no time, expected RFC 3339 with a zone", name);
		return missing;
	}
	return utc_ns;
}

/* name: or NULL. */
static enum clock_state clock_by_name(const char *name)
{
	for (enum clock_state state = CLOCK_UNSYNCED; name && state <= CLOCK_HOLDOVER; state++)
		if (strcmp(clock_state_name(state), name) == 0)
			return state;
	return CLOCK_UNSYNCED;
}

static void take_departed(struct reader *reader, json_t *object, struct handover *handover)
{
	json_t *departed = json_object_get(object, "departed");
	const char *word = take_text(reader, departed, "clock", HANDOVER_NAME_BYTES);

	handover->departed_utc_ns = take_time(reader, departed, "utc", INT64_MIN);
	if (handover->departed_utc_ns == INT64_MIN)
		refuse(reader, "\"departed\" has no \"utc\"");
	handover->departed_clock = clock_by_name(word);
}

/* -1: there is none. */
static int64_t take_count(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);
	json_int_t count = json_is_integer(value) ? json_integer_value(value) : -1;

	return count < 0 ? -1 : (int64_t)count;
}

/* Where and when its counters were read, if that was not where it is announced. */
static void take_counted(struct reader *reader, json_t *object, struct leg_seal *seal)
{
	json_t *counted = json_object_get(object, "counted");

	if (!json_is_object(counted))
		return;
	take_name(reader, counted, "checkpoint", seal->counted_at);
	seal->counted_utc_ns = take_time(reader, counted, "utc", seal->seen_utc_ns);
}

static void take_seal(struct reader *reader, json_t *object, const struct handover *handover,
		      struct leg_seal *seal)
{
	const char *state;

	take_number(reader, object, "number", IDENTIFIER_SEAL, seal->number);
	state = take_text(reader, object, "state", HANDOVER_NAME_BYTES);
	if (!leg_seal_state_by_name(state, &seal->state))
		seal->state = LEG_SEAL_UNKNOWN;
	seal->openings = take_count(object, "open");
	seal->tamperings = take_count(object, "tamper");
	seal->seen_utc_ns = take_time(reader, object, "seen", handover->departed_utc_ns);
	take_counted(reader, object, seal);
	if (json_object_get(object, "instead_of"))
		take_number(reader, object, "instead_of", IDENTIFIER_SEAL, seal->instead_of);
}

static void take_seals(struct reader *reader, json_t *object, struct handover *handover)
{
	json_t *seals = json_object_get(object, "seals");
	int64_t more = take_count(object, "seals_more");
	size_t count = json_array_size(seals);

	if (!json_is_array(seals))
		refuse(reader, "\"seals\" is missing, or no list");
	handover->seal_count = count < HANDOVER_SEALS ? count : HANDOVER_SEALS;
	for (size_t i = 0; i < handover->seal_count; i++)
		take_seal(reader, json_array_get(seals, i), handover, &handover->seals[i]);
	handover->seals_more = (int64_t)(count - handover->seal_count);
	if (more > 0 && more < INT32_MAX)
		handover->seals_more += more;
}

static void take_move(struct reader *reader, json_t *object, struct move *move)
{
	const char *kind = take_text(reader, object, "kind", HANDOVER_NAME_BYTES);
	const char *to = take_text(reader, object, "to", 2 * IDENTIFIER_BYTES);
	enum identifier_kind number = IDENTIFIER_PLATE;

	if (!move_kind_by_name(kind, &move->kind))
		refuse(reader, "\"kind\" is neither \"vehicle\" nor \"container\"");
	if (move->kind == MOVE_CONTAINER)
		number = identifier_equipment(to, strlen(to));
	take_number(reader, object, "to", number, move->to);
	if (json_object_get(object, "from"))
		take_number(reader, object, "from", number, move->from);
}

static void take_moves(struct reader *reader, json_t *object, struct move_list *list)
{
	json_t *moved = json_object_get(object, "moved");
	const size_t count = json_array_size(moved);

	for (size_t i = 0; i < count; i++) {
		struct move move = {.kind = MOVE_VEHICLE};

		take_move(reader, json_array_get(moved, i), &move);
		move_list_add(list, &move);
	}
}

static void take_part(json_t *object, char ret_part[HANDOVER_PART_BYTES])
{
	const char *text = json_string_value(json_object_get(object, "part"));

	if (text && strlen(text) < HANDOVER_PART_BYTES && utf8_is_printable(text) &&
	    !strchr(text, '~'))
		snprintf(ret_part, HANDOVER_PART_BYTES, "%s", text);
}

static void take_rule(json_t *object, char ret_rule[HANDOVER_RULE_BYTES])
{
	const char *text = json_string_value(json_object_get(object, "binding"));

	if (text && strlen(text) < HANDOVER_RULE_BYTES && utf8_is_printable(text))
		snprintf(ret_rule, HANDOVER_RULE_BYTES, "%s", text);
}

/* What takes an announcement back names it; who announced it is in that. */
static void take_taken_back(struct reader *reader, json_t *object, struct handover *handover)
{
	memcpy(handover->taken_back_by, handover->from, sizeof(handover->from));
	take_name(reader, object, "from", handover->from);
	handover->departed_utc_ns = take_time(reader, object, "departed", INT64_MIN);
	if (handover->departed_utc_ns == INT64_MIN)
		refuse(reader, "\"takes_back\" has no \"departed\"");
	if (json_object_get(object, "goes_to"))
		take_name(reader, object, "goes_to", handover->instead);
	handover->departed_clock =
		clock_by_name(json_string_value(json_object_get(object, "departed_clock")));
	handover->expected_from_utc_ns = INT64_MIN;
	handover->expected_until_utc_ns = INT64_MAX;
}

static void take_announced(struct reader *reader, json_t *object, struct handover *handover)
{
	int64_t parts;

	parts = take_count(object, "parts");
	handover->parts = handover->part[0] && parts > 0 && parts < INT32_MAX ? parts : 0;
	take_rule(object, handover->rule);
	take_departed(reader, object, handover);
	handover->expected_from_utc_ns = take_time(reader, object, "expected_from", INT64_MIN);
	handover->expected_until_utc_ns = take_time(reader, object, "expected_until", INT64_MAX);
	handover->expires_utc_ns = take_time(reader, object, "expires", INT64_MIN);
	take_moves(reader, object, &handover->moved);
	take_seals(reader, object, handover);
	handover_fit(handover);
	if (!handover_is_sound(handover))
		refuse(reader, "\"expected_from\" is later than \"expected_until\"");
}

static void take_all(struct reader *reader, json_t *object, struct handover *handover)
{
	const char *schema = take_text(reader, object, "schema", HANDOVER_NAME_BYTES);
	json_t *takes_back = json_object_get(object, "takes_back");

	if (strcmp(schema, HANDOVER_SCHEMA) != 0)
		refuse(reader, "\"schema\" is not " HANDOVER_SCHEMA);
	take_name(reader, object, "checkpoint", handover->from);
	take_name(reader, object, "gateway", handover->gateway);
	take_name(reader, object, "to", handover->to);
	take_number(reader, object, "ucr", IDENTIFIER_UCR, handover->ucr);
	take_part(object, handover->part);
	if (takes_back)
		take_taken_back(reader, takes_back, handover);
	else
		take_announced(reader, object, handover);
}

int handover_read(const char *payload, size_t bytes, struct handover *ret_handover,
		  char ret_error[HANDOVER_ERROR_BYTES])
{
	struct reader reader = {.error = ret_error};
	json_error_t json_error;
	json_t *object;

	memset(ret_handover, 0, sizeof(*ret_handover));
	ret_error[0] = '\0';
	if (bytes > HANDOVER_BYTES) {
		refuse(&reader, "longer than %d bytes", HANDOVER_BYTES);
		return -EINVAL;
	}
	object = json_loadb(payload, bytes, JSON_REJECT_DUPLICATES, &json_error);
	if (!json_is_object(object))
		refuse(&reader, "no JSON object, or not in UTF-8");
	else
		take_all(&reader, object, ret_handover);
	json_decref(object);
	return reader.bad ? -EINVAL : 0;
}
