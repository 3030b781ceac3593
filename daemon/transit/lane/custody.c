/* The state of a consignment's seals, as the legs need it. */
#include <stdio.h>
#include <string.h>

#include "transit/lane/private.h"
#include "transit/legs/legs.h"
#include "transit/registry/moves.h"
#include "transit/registry/reseals.h"

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
	if (read->reported.result == CHECK_MISMATCH)
		return LEG_SEAL_UNKNOWN; /* another one is missing */
	return as_told(read->reported.result);
}

static struct leg_seal *add(struct legs_custody *custody, const char *number)
{
	struct leg_seal *seal = &custody->seals[custody->seal_count + custody->unread];

	if (custody->seal_count + custody->unread == HANDOVER_SEALS)
		return NULL;
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

/* Of one that was read here: whether its reader tells such a counter at all. */
static int64_t count_read(const struct lane *lane, const struct passage_read *read, int which)
{
	for (size_t i = 0; i < lane->reader_count; i++) {
		const struct seal *reader = lane->readers[i].seal;

		if (read->reader && strcmp(reader->sensor.name, read->reader) == 0 &&
		    !reader->inputs[SEAL_OPEN_COUNTER + which])
			return LEG_NO_COUNTER;
	}
	return count_of(&read->seal.counters[which]);
}

/* What a reader of this gateway saw of it, if it was closed then. */
static void take_memory(const struct seal_record *record, struct leg_seal *seal)
{
	if (!record || !record->closed)
		return;
	if (seal->openings < 0 && record->counters[SEAL_OPENINGS].known)
		seal->openings = count_of(&record->counters[SEAL_OPENINGS]);
	if (seal->tamperings < 0 && record->counters[SEAL_TAMPERINGS].known)
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

	if (!seal) {
		custody->seals_more++;
		return;
	}
	custody->seal_count++;
	seal->state = state_of(read);
	seal->openings = count_read(lane, read, SEAL_OPENINGS);
	seal->tamperings = count_read(lane, read, SEAL_TAMPERINGS);
	seal->seen_utc_ns =
		utc_of(lane, read->reader ? read->at_mono_ns : custody->place.at_mono_ns);
	if (seal->state == LEG_SEAL_INTACT)
		take_memory(seal_memory_find(lane->site->memory, read->text), seal);
}

/* NULL: it does not declare that seal. */
static const struct declared_seal *declared(const struct consignment *consignment,
					    const char *number)
{
	for (size_t i = 0; consignment && i < consignment->seal_count; i++)
		if (strcmp(consignment->seals[i].number, number) == 0)
			return &consignment->seals[i];
	return NULL;
}

static bool is_in_part(const struct declared_seal *seal, const char *part)
{
	return !part[0] || !seal->container || strcmp(seal->container, part) == 0;
}

static bool announces(const struct handover *announced, const char *number)
{
	for (size_t i = 0; announced && i < announced->seal_count; i++)
		if (strcmp(announced->seals[i].number, number) == 0)
			return true;
	return false;
}

static bool was_read(const struct passage *passage, const char *number)
{
	for (size_t i = 0; i < passage->read_count; i++)
		if (passage->reads[i].rule == RULE_SEAL &&
		    strcmp(passage->reads[i].text, number) == 0)
			return true;
	return false;
}

static enum leg_seal_state absence(const struct passage *passage, const char *number)
{
	for (size_t i = 0; i < passage->absence_count; i++)
		if (strcmp(passage->absences[i].number, number) == 0)
			return as_told(passage->absences[i].result);
	return LEG_SEAL_UNKNOWN;
}

/* Declared and not read here: missing where a reader should have seen it; else, and where that
 * cannot see, as another lane of this gateway saw it since the daemon was started. */
static void add_unread(const struct lane *lane, const struct passage *passage, const char *number,
		       struct legs_custody *custody)
{
	const struct seal_record *record = seal_memory_find(lane->site->memory, number);
	bool seen = record && record->seen_mono_ns != INT64_MIN && record->lane[0];
	struct leg_seal *seal = add(custody, number);

	if (!seal) {
		custody->unread_more++;
		return;
	}
	custody->unread++;
	seal->seen_utc_ns = utc_of(lane, custody->place.at_mono_ns);
	if (lane_reads_numbers(lane))
		seal->state = absence(passage, number);
	if (seal->state != LEG_SEAL_UNKNOWN || !seen || !record->closed)
		return;
	if (!lane_reads_numbers(lane))
		seal->state = LEG_SEAL_INTACT;
	take_memory(record, seal);
	if (record->seen_mono_ns != INT64_MAX)
		seal->seen_utc_ns = utc_of(lane, record->seen_mono_ns);
}

/* It leaves without the seals that officers removed, and came without those that they affixed since. */
static bool is_of_way(const struct legs_custody *custody, const struct handover *announced,
		      const char *number)
{
	if (custody->leaving)
		return !reseals_is_removed(custody->reseals, number);
	return announces(announced, number) ||
	       strcmp(reseals_declared(custody->reseals, number), number) == 0;
}

/* It was announced, not read here, and an officer removed it: nobody knows what it was like. */
static void add_removed(const struct lane *lane, const struct passage *passage, const char *number,
			struct legs_custody *custody)
{
	struct leg_seal *seal = NULL;

	if (!was_read(passage, number) && reseals_is_removed(lane->site->reseals, number))
		seal = add(custody, number);
	if (!seal)
		return;
	custody->seal_count++;
	seal->seen_utc_ns = utc_of(lane, custody->place.at_mono_ns);
}

/* Those that were announced, whatever they are declared to close, its own, and where it is alone on the
 * vehicle all the others. */
static bool is_custody(const struct legs_custody *custody, const struct consignment *consignment,
		       const struct handover *announced, bool alone, const char *number)
{
	const struct declared_seal *seal = declared(consignment, number);

	if (announces(announced, number))
		return true;
	return seal ? is_in_part(seal, custody->part) : alone;
}

void lane_custody(const struct lane *lane, const struct passage *passage,
		  const struct passage_binding *binding, const struct handover *announced,
		  struct legs_custody *ret_custody)
{
	const struct consignment *consignment = binding_consignment(binding);
	bool alone = passage->binding_count == 1;

	ret_custody->ucr = binding->ucr;
	ret_custody->rule = passage_rule_name(binding->rule);
	ret_custody->reseals = lane->site->reseals;
	ret_custody->moved = moves_of(lane->site->moves, binding->ucr);
	ret_custody->seal_count = ret_custody->unread = 0;
	ret_custody->seals_more = ret_custody->unread_more = 0;
	ret_custody->complete = lane_reads_numbers(lane) && !lane_reader_is_blind(lane);
	for (size_t i = 0; i < passage->read_count; i++) {
		const struct passage_read *read = &passage->reads[i];

		if (read->rule == RULE_SEAL && is_of_way(ret_custody, announced, read->text) &&
		    is_custody(ret_custody, consignment, announced, alone, read->text))
			add_read(lane, read, ret_custody);
	}
	for (size_t i = 0; announced && i < announced->seal_count; i++)
		add_removed(lane, passage, announced->seals[i].number, ret_custody);
	for (size_t i = 0; consignment && i < consignment->seal_count; i++) {
		const struct declared_seal *seal = &consignment->seals[i];

		if (!was_read(passage, seal->number) &&
		    is_of_way(ret_custody, announced, seal->number) &&
		    is_in_part(seal, ret_custody->part) &&
		    passage_carries(passage, consignment, seal) != ANSWER_NO)
			add_unread(lane, passage, seal->number, ret_custody);
	}
}
