/* The seals of a consignment as they go on their way, or come from there. */
#include <stdio.h>
#include <string.h>

#include "lane_private.h"
#include "legs.h"

static enum leg_seal_state as_told(enum seal_result result)
{
	switch (result) {
	case CHECK_INTACT:
	case CHECK_EXTRA:
	case CHECK_CLONE:
	case CHECK_REOPENED:
		return LEG_SEAL_INTACT;
	case CHECK_OPENED:
		return LEG_SEAL_OPENED;
	case CHECK_TAMPERED:
		return LEG_SEAL_TAMPERED;
	case CHECK_MISSING:
	case CHECK_MISMATCH:
		return LEG_SEAL_MISSING;
	case CHECK_NONE:
	case CHECK_UNKNOWN:
		break;
	}
	return LEG_SEAL_UNKNOWN;
}

/* As last seen; where that says nothing, as last compared with the declaration. */
static enum leg_seal_state state_of(const struct passage_read *read)
{
	switch (read->seal.state) {
	case SEAL_INTACT:
		return LEG_SEAL_INTACT;
	case SEAL_OPENED:
		return LEG_SEAL_OPENED;
	case SEAL_TAMPERED:
		return LEG_SEAL_TAMPERED;
	case SEAL_MISSING:
		return LEG_SEAL_MISSING;
	case SEAL_ABSENT:
	case SEAL_UNKNOWN:
		break;
	}
	if (read->told.result == CHECK_MISMATCH)
		return LEG_SEAL_UNKNOWN; /* it is there, another is not */
	return as_told(read->told.result);
}

static struct leg_seal *add(struct legs_custody *custody, const char *number)
{
	struct leg_seal *seal = &custody->seals[custody->seal_count];

	if (custody->seal_count == HANDOVER_SEALS) {
		custody->seals_more++;
		return NULL;
	}
	custody->seal_count++;
	*seal = (struct leg_seal){
		.state = LEG_SEAL_UNKNOWN,
		.openings = -1,
		.tamperings = -1,
	};
	snprintf(seal->number, sizeof(seal->number), "%s", number);
	return seal;
}

static int64_t count_of(const struct seal_counter *counter)
{
	return counter->known && counter->count >= 0 ? counter->count : -1;
}

/* What a reader of this gateway saw of it, if it was closed then. */
static void take_memory(const struct seal_record *record, struct leg_seal *seal)
{
	if (!record || !record->closed)
		return;
	if (seal->openings < 0)
		seal->openings = count_of(&record->counters[SEAL_OPENINGS]);
	if (seal->tamperings < 0)
		seal->tamperings = count_of(&record->counters[SEAL_TAMPERINGS]);
}

static int64_t utc_of(const struct lane *lane, int64_t at_mono_ns)
{
	return lane->teller->now.utc_ns - (lane->teller->now.mono_ns - at_mono_ns);
}

static void add_read(const struct lane *lane, const struct passage_read *read,
		     struct legs_custody *custody)
{
	struct leg_seal *seal = add(custody, read->text);

	if (!seal)
		return;
	seal->state = state_of(read);
	seal->openings = count_of(&read->seal.counters[SEAL_OPENINGS]);
	seal->tamperings = count_of(&read->seal.counters[SEAL_TAMPERINGS]);
	seal->seen_utc_ns =
		read->reader ? utc_of(lane, read->at_mono_ns) : lane->teller->now.utc_ns;
	if (seal->state == LEG_SEAL_INTACT)
		take_memory(seal_memory_find(lane->site->memory, read->text), seal);
}

static bool declares(const struct consignment *consignment, const char *number)
{
	size_t i;

	for (i = 0; consignment && i < consignment->seal_count; i++)
		if (strcmp(consignment->seals[i].number, number) == 0)
			return true;
	return false;
}

static bool announces(const struct handover *announced, const char *number)
{
	size_t i;

	for (i = 0; announced && i < announced->seal_count; i++)
		if (strcmp(announced->seals[i].number, number) == 0)
			return true;
	return false;
}

static bool was_read(const struct passage *passage, const char *number)
{
	size_t i;

	for (i = 0; i < passage->read_count; i++)
		if (passage->reads[i].rule == RULE_SEAL &&
		    strcmp(passage->reads[i].text, number) == 0)
			return true;
	return false;
}

static enum leg_seal_state absence(const struct passage *passage, const char *number)
{
	size_t i;

	for (i = 0; i < passage->absence_count; i++)
		if (strcmp(passage->absences[i].number, number) == 0)
			return as_told(passage->absences[i].result);
	return LEG_SEAL_UNKNOWN;
}

/* Declared and not read here: gone where a reader should have seen it; else as another lane
 * of this gateway saw it since it was started. */
static void add_unread(const struct lane *lane, const struct passage *passage, const char *number,
		       struct legs_custody *custody)
{
	const struct seal_record *record = seal_memory_find(lane->site->memory, number);
	bool seen = record && record->seen_mono_ns != INT64_MIN && record->lane[0];
	struct leg_seal *seal = add(custody, number);

	if (!seal)
		return;
	seal->seen_utc_ns = lane->teller->now.utc_ns;
	if (lane_reads_numbers(lane)) {
		seal->state = absence(passage, number);
	} else if (seen && record->closed) {
		seal->state = LEG_SEAL_INTACT;
		take_memory(record, seal);
		if (record->seen_mono_ns != INT64_MAX)
			seal->seen_utc_ns = utc_of(lane, record->seen_mono_ns);
	}
}

void lane_custody(const struct lane *lane, const struct passage *passage,
		  const struct passage_binding *binding, const struct handover *announced,
		  bool declared, struct legs_custody *ret_custody)
{
	const struct consignment *consignment =
		binding->dossier ? binding->dossier->consignment : NULL;
	bool alone = passage->binding_count == 1;
	size_t i;

	ret_custody->ucr = binding->ucr;
	ret_custody->rule = passage_rule_name(binding->rule);
	ret_custody->seal_count = 0;
	ret_custody->seals_more = 0;
	ret_custody->complete = lane_reads_numbers(lane) && !lane_reader_is_blind(lane);
	for (i = 0; i < passage->read_count; i++) {
		const struct passage_read *read = &passage->reads[i];

		if (read->rule == RULE_SEAL && (alone || declares(consignment, read->text) ||
						announces(announced, read->text)))
			add_read(lane, read, ret_custody);
	}
	for (i = 0; declared && consignment && i < consignment->seal_count; i++)
		if (!was_read(passage, consignment->seals[i].number))
			add_unread(lane, passage, consignment->seals[i].number, ret_custody);
}
