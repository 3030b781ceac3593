/* What is read of a vehicle: seals, plates, containers, documents. */
#include <stdio.h>
#include <string.h>

#include "lane_private.h"
#include "ledger.h"

static struct lane_reader *reader_of(struct lane *lane, const struct sensor *sensor)
{
	size_t i;

	for (i = 0; i < lane->reader_count; i++)
		if (sensor == &lane->readers[i].seal->sensor)
			return &lane->readers[i];
	return NULL;
}

bool lane_sees_number(const struct lane *lane)
{
	size_t i;

	for (i = 0; i < lane->reader_count; i++)
		if (lane->readers[i].visible)
			return true;
	return false;
}

static enum read_status to_ask(const struct lane *lane)
{
	return lane->site->desk.ask ? READ_TO_ASK : READ_NOT_ASKED;
}

/* ---- seals ----------------------------------------------------------------------------- */

static void lose_sight(struct lane *lane, struct lane_reader *reader, int64_t at_mono_ns)
{
	struct passage *current = lane_current(lane);

	if (!reader->visible)
		return;
	reader->visible = false;
	if (current && at_mono_ns > current->sign_mono_ns)
		current->sign_mono_ns = at_mono_ns;
	seal_memory_left(lane->site->memory, reader->text, lane->conf->name, at_mono_ns);
}

static void read_seal(struct lane *lane, struct lane_reader *reader, int64_t at_mono_ns)
{
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
	if (lane->site->ledger)
		read.seal.elsewhere |=
			ledger_elsewhere(lane->site->ledger, reader->text, at_mono_ns);
	seal_memory_seen(lane->site->memory, reader->text, lane->conf->name);
	lane->dirty = true;
	if (known) {
		known->reader = read.reader;
		known->seal.elsewhere |= read.seal.elsewhere;
		return;
	}
	memcpy(read.text, reader->text, sizeof(read.text));
	(void)passage_add_read(passage, &read);
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

static void sight(const struct seal *seal, struct seal_sighting *sighting)
{
	size_t i;

	sighting->state = seal->state;
	sighting->state_mono_ns = seal->sensor.since_mono_ns;
	sighting->reopened |= seal->reopened;
	sighting->sealed_known = seal_closed_at(seal, &sighting->sealed_utc_ns);
	for (i = 0; i < SEAL_COUNTERS; i++) {
		const struct point *counter = seal->inputs[SEAL_OPEN_COUNTER + i];

		sighting->counters[i].known = counter && counter->value.type == VALUE_INT;
		if (sighting->counters[i].known)
			sighting->counters[i].count = counter->value.integer;
	}
}

void lane_sight_seal(struct lane *lane, const struct sensor *sensor)
{
	struct lane_reader *reader = reader_of(lane, sensor);
	struct passage *current = lane_current(lane);
	struct passage_read *read;

	if (!reader || !reader->visible || !current)
		return;
	read = passage_find_read(current, RULE_SEAL, reader->text);
	if (!read)
		return;
	sight(reader->seal, &read->seal);
	lane_check_seals(lane, current, current->settled, reader->seal->sensor.since_mono_ns);
}

/* ---- plate, container, document -------------------------------------------------------- */

/* What a document's number is taken for: the first kind that fits. A UCR is almost any text
 * that begins like an MRN, so one of these with a wrong check digit comes before it. */
static const struct {
	enum identifier_kind kind;
	bool miswritten;
} document_kinds[] = {
	{IDENTIFIER_MRN_TRANSIT, false}, {IDENTIFIER_MRN, false},	    {IDENTIFIER_TIR, false},
	{IDENTIFIER_GRN, false},	 {IDENTIFIER_MRN_TRANSIT, true},    {IDENTIFIER_MRN, true},
	{IDENTIFIER_UCR, false},	 {IDENTIFIER_UCR_LONG_YEAR, false}, {IDENTIFIER_TIR, true},
	{IDENTIFIER_GRN, true},
};

static enum identifier_kind document_kind(const char *raw)
{
	struct identifier_candidates candidates = identifier_classify(raw, strlen(raw));
	size_t i;

	for (i = 0; i < sizeof(document_kinds) / sizeof(document_kinds[0]); i++) {
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
		read->kind = IDENTIFIER_CONTAINER;
		read->key = KEY_CONTAINER;
		break;
	case LANE_DOCUMENT:
	case LANE_IDENTIFICATIONS:
		read->rule = RULE_DOCUMENT;
		read->kind = document_kind(raw);
		read->key = KEY_DOCUMENT;
		if (read->kind == IDENTIFIER_UCR || read->kind == IDENTIFIER_UCR_LONG_YEAR)
			read->key = KEY_UCR;
		break;
	}
	read->verdict = identifier_read(read->kind, raw, strlen(raw), read->text);
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
	lane_tell_read(lane, passage, &read, lane->identifications[which]);
}

void lane_look_at_identifications(struct lane *lane)
{
	size_t i;

	for (i = 0; i < LANE_IDENTIFICATIONS; i++) {
		const struct point *point = lane->identifications[i];
		char raw[VALUE_TEXT_BYTES] = "";

		if (!point || (point->value.type != VALUE_TEXT && point->value.type != VALUE_INT &&
			       point->value.type != VALUE_UINT))
			continue; /* what cannot be read now, is still there or not: wait */
		value_number_text(&point->value, raw);
		if (strcmp(raw, lane->read_last[i]) == 0)
			continue;
		memcpy(lane->read_last[i], raw, sizeof(raw));
		if (raw[0])
			read_identification(lane, (enum lane_identification)i, raw,
					    point->changed_mono_ns);
	}
}
