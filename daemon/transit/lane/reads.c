/* What is read of a vehicle: seals, plates, containers, documents. */
#include <stdio.h>
#include <string.h>

#include "transit/lane/private.h"

static struct lane_reader *reader_of(struct lane *lane, const struct sensor *sensor)
{
	for (size_t i = 0; i < lane->reader_count; i++)
		if (sensor == &lane->readers[i].seal->sensor)
			return &lane->readers[i];
	return NULL;
}

bool lane_sees_number(const struct lane *lane)
{
	for (size_t i = 0; i < lane->reader_count; i++)
		if (lane->readers[i].visible)
			return true;
	return false;
}

#define POLLED_NS (10 * NS_PER_S) /* what is told more often is polled */

static enum read_status to_ask(const struct lane *lane)
{
	return lane->site->questions.ask ? READ_TO_ASK : READ_NOT_ASKED;
}

/* ---- seals ----------------------------------------------------------------------------- */

static void lose_sight(struct lane *lane, struct lane_reader *reader, int64_t at_mono_ns)
{
	struct passage *current = lane_passage_in_sight(lane, reader);

	if (!reader->visible)
		return;
	reader->visible = false;
	if (current && at_mono_ns > current->sign_mono_ns)
		current->sign_mono_ns = at_mono_ns;
	seal_memory_left(lane->site->memory, reader->text, lane->conf->name, at_mono_ns);
}

static void read_seal(struct lane *lane, struct lane_reader *reader, int64_t at_mono_ns)
{
	const struct lane_listener *listener = &lane->site->listener;
	struct passage_read read = {
		.rule = RULE_SEAL,
		.kind = IDENTIFIER_SEAL,
		.verdict = IDENTIFIER_GOOD,
		.key = KEY_SEAL,
		.at_mono_ns = at_mono_ns,
		.status = to_ask(lane),
		.reader = reader->seal->sensor.name,
		.seal.state = SEAL_UNKNOWN,
	};
	struct passage *passage = lane_passage_for(lane, RULE_SEAL, reader->text, at_mono_ns);
	struct passage_read *known;

	if (!passage)
		return;
	known = passage_find_read(passage, RULE_SEAL, reader->text);
	read.seal.elsewhere =
		seal_memory_elsewhere(lane->site->memory, reader->text, lane->conf->name,
				      at_mono_ns, lane->conf->passages->clone_ns);
	if (listener->data)
		read.seal.elsewhere |=
			listener->elsewhere(listener->data, reader->text, at_mono_ns);
	seal_memory_seen(lane->site->memory, reader->text, lane->conf->name);
	lane->dirty = true;
	if (known) {
		if (!known->reader) /* since a restart */
			known->at_mono_ns = at_mono_ns;
		known->reader = read.reader;
		known->seal.elsewhere |= read.seal.elsewhere;
		lane_attach_note(lane);
		return;
	}
	memcpy(read.text, reader->text, sizeof(read.text));
	(void)passage_add_read(passage, &read);
	lane_attach_note(lane);
}

/* Its vehicle has left, or is leaving, and is known to carry it. */
static bool is_of_another(struct lane *lane, const struct passage *passage, const char *text)
{
	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		struct passage *other = &lane->passages[i];

		if (other != passage && other->stage != STAGE_FREE &&
		    passage_find_read(other, RULE_SEAL, text) &&
		    passage_declares(other, RULE_SEAL, text))
			return true;
	}
	return false;
}

/* A seal that stayed in the field is of the vehicle that has come, unless it is known whose it is. */
void lane_read_what_is_in_sight(struct lane *lane, struct passage *opened, int64_t at_mono_ns)
{
	for (size_t i = 0; i < lane->reader_count; i++)
		if (lane->readers[i].visible && opened->stage == STAGE_AT_BOOM &&
		    !seal_shows_another(lane->readers[i].seal) &&
		    !is_of_another(lane, opened, lane->readers[i].text))
			read_seal(lane, &lane->readers[i], at_mono_ns);
}

void lane_look_at_seal(struct lane *lane, const struct sensor *sensor)
{
	struct lane_reader *reader = reader_of(lane, sensor);
	char raw[VALUE_TEXT_BYTES], text[IDENTIFIER_BYTES];
	int64_t at_mono_ns;

	if (!reader || !reader->seal->inputs[SEAL_ID])
		return;
	at_mono_ns = reader->seal->inputs[SEAL_ID]->changed_mono_ns;
	if (!seal_number(reader->seal, raw) || !raw[0] ||
	    identifier_read(IDENTIFIER_SEAL, raw, strlen(raw), text) != IDENTIFIER_GOOD) {
		lose_sight(lane, reader, at_mono_ns);
		return;
	}
	if (reader->visible && strcmp(text, reader->text) == 0)
		return;
	lose_sight(lane, reader, at_mono_ns);
	memcpy(reader->text, text, sizeof(reader->text));
	reader->visible = true;
	read_seal(lane, reader, at_mono_ns);
}

static void sight(const struct seal *seal, enum seal_state state, struct seal_sighting *sighting)
{
	sighting->state = state;
	sighting->state_mono_ns = seal->sensor.since_mono_ns;
	sighting->reopened |= seal->reopened;
	sighting->sealed_known = seal_closed_at(seal, &sighting->sealed_utc_ns);
	for (size_t i = 0; i < SEAL_COUNTERS; i++) {
		const struct point *counter = seal->inputs[SEAL_OPEN_COUNTER + i];

		sighting->counters[i].known =
			counter && point_whole(counter, &sighting->counters[i].count);
	}
}

void lane_sight_seal(struct lane *lane, const struct sensor *sensor)
{
	struct lane_reader *reader = reader_of(lane, sensor);
	struct passage *current = reader ? lane_passage_in_sight(lane, reader) : NULL;
	struct passage_read *read;

	if (!reader || !reader->visible || !current)
		return;
	read = passage_find_read(current, RULE_SEAL, reader->text);
	if (!read || read->removed)
		return;
	sight(reader->seal, reader->seal->state, &read->seal);
	lane_check_seals(lane, current, current->final_check_done,
			 reader->seal->sensor.since_mono_ns);
}

/* It could not be read for a moment, and can again. */
void lane_look_again(struct lane *lane, struct passage *passage)
{
	for (size_t i = 0; i < lane->reader_count; i++) {
		const struct lane_reader *reader = &lane->readers[i];
		struct passage_read *read = passage_find_read(passage, RULE_SEAL, reader->text);
		enum seal_state state = seal_state_shown(reader->seal);

		if (reader->seal->waits && reader->seal->state == SEAL_UNKNOWN &&
		    state == SEAL_INTACT && !seal_shows_another(reader->seal) && read &&
		    !read->removed)
			sight(reader->seal, state, &read->seal);
	}
}

/* ---- plate, container, document -------------------------------------------------------- */

/* What a document's number is taken for, until the registry says as what it is declared: the first
 * kind that fits. A UCR is almost any text that begins like an MRN or GRN, so one of these with
 * a wrong check digit comes before it. */
static const struct {
	enum identifier_kind kind;
	bool miswritten;
} document_kinds[] = {
	{IDENTIFIER_MRN_TRANSIT, false},
	{IDENTIFIER_MRN, false},
	{IDENTIFIER_TIR, false},
	{IDENTIFIER_GRN, false},
	{IDENTIFIER_MRN_TRANSIT, true},
	{IDENTIFIER_MRN, true},
	{IDENTIFIER_GRN, true},
	{IDENTIFIER_UCR, false},
	{IDENTIFIER_UCR_LONG_YEAR, false},
	{IDENTIFIER_TIR, true},
};

static enum identifier_kind document_kind(const char *raw)
{
	struct identifier_candidates candidates = identifier_classify(raw, strlen(raw));

	for (size_t i = 0; i < sizeof(document_kinds) / sizeof(document_kinds[0]); i++) {
		uint32_t kinds =
			document_kinds[i].miswritten ? candidates.miswritten : candidates.good;

		if (kinds & UINT32_C(1) << document_kinds[i].kind)
			return document_kinds[i].kind;
	}
	return IDENTIFIER_NATIONAL;
}

static void classify(enum lane_identification which, const char *raw, struct passage_read *read)
{
	switch (which) {
	case LANE_PLATE:
		read->rule = RULE_PLATE;
		read->kind = IDENTIFIER_PLATE;
		read->key = KEY_PLATE;
		break;
	case LANE_CONTAINER:
		read->rule = RULE_CONTAINER;
		read->kind = identifier_equipment(raw, strlen(raw));
		read->key = KEY_CONTAINER;
		break;
	case LANE_DOCUMENT:
	case LANE_IDENTIFICATIONS:
		read->rule = RULE_DOCUMENT;
		read->kind = document_kind(raw);
		read->key = KEY_DOCUMENT;
		break;
	}
	read->verdict = identifier_read(read->kind, raw, strlen(raw), read->text);
}

/* What it may be instead, as the camera says, in the form in which it is looked up. */
static void keep_others(enum lane_identification which, const struct origin *origin,
			const struct passage_read *read, struct passage_others *ret_others)
{
	const char *other = NULL;

	*ret_others = (struct passage_others){0};
	memcpy(ret_others->of, read->text, sizeof(ret_others->of));
	while ((other = others_next(origin->others, other))) {
		struct passage_read as = {0};

		classify(which, other, &as);
		if (as.key == read->key && strcmp(as.text, read->text) != 0)
			(void)others_add(ret_others->texts, as.text);
	}
}

static void read_identification(struct lane *lane, enum lane_identification which, const char *raw,
				int64_t at_mono_ns)
{
	struct passage_read read = {.at_mono_ns = at_mono_ns, .status = to_ask(lane)};
	struct passage *passage;

	classify(which, raw, &read);
	if (!read.text[0])
		read.status = READ_NOT_ASKED;
	passage = lane_passage_for(lane, read.rule, read.text, at_mono_ns);
	if (!passage || passage_find_read(passage, read.rule, read.text))
		return;
	(void)passage_add_read(passage, &read);
	keep_others(which, &lane->identifications[which]->origin, &read,
		    &passage->others[read.rule]);
	lane_tell_read(lane, passage, &read, lane->identifications[which]);
}

/* A camera may hold its last text until it reads another one: the same vehicle is read again when
 * the text is told again in a later passage. A register that is polled tells it all the time, which
 * says nothing. */
static bool is_told_again(struct lane *lane, size_t which)
{
	const struct point *point = lane->identifications[which];
	int64_t silent_ns = point->seen_mono_ns - lane->seen_mono_ns[which];

	if (silent_ns <= 0 || !lane_current(lane))
		return false;
	lane->seen_mono_ns[which] = point->seen_mono_ns;
	return silent_ns > POLLED_NS;
}

/* Each reading of a camera counts while a vehicle is there, not only a change. */
bool lane_holds_text(struct lane *lane)
{
	bool holds = false;

	for (size_t i = 0; i < LANE_IDENTIFICATIONS; i++)
		holds |= lane->identifications[i] && lane->read_last[i][0];
	return holds && lane_current(lane);
}

void lane_look_at_identifications(struct lane *lane)
{
	for (size_t i = 0; i < LANE_IDENTIFICATIONS; i++) {
		const struct point *point = lane->identifications[i];
		char raw[VALUE_TEXT_BYTES] = "";

		if (!point || (point->value.type != VALUE_TEXT && point->value.type != VALUE_INT &&
			       point->value.type != VALUE_UINT))
			continue; /* not known now: what was read last may still be there */
		value_number_text(&point->value, raw);
		if (strcmp(raw, lane->read_last[i]) == 0 && !(raw[0] && is_told_again(lane, i)))
			continue;
		memcpy(lane->read_last[i], raw, sizeof(raw));
		if (raw[0])
			read_identification(lane, (enum lane_identification)i, raw,
					    point->seen_mono_ns > lane->seen_mono_ns[i]
						    ? point->changed_mono_ns
						    : point->seen_mono_ns);
	}
}
