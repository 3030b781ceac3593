/* The events of a lane. */
#include <string.h>

#include "identifier.h"
#include "lane_private.h"
#include "recognition_words.h"

#define BODY_LIST_BYTES 2700 /* of a body: what is listed ends here, the rest is counted */
#define REPLACED_BYTES	2000
#define SHORT_BYTES	64 /* of a text of the registry, with the NUL */

struct json *lane_begin(struct lane *lane, const struct passage *passage, int64_t at_mono_ns)
{
	if (at_mono_ns < lane->told_mono_ns)
		at_mono_ns = lane->told_mono_ns;
	lane->told_mono_ns = at_mono_ns;
	lane->sensor.note = passage->note;
	return tell_begin(lane->teller, &lane->sensor, at_mono_ns);
}

/* What the retained state and the memories will say. */
static void take_state(struct lane *lane)
{
	const char *word = lane_current(lane) ? "occupied" : "free";

	if (!lane->sensor.judged || strcmp(lane->sensor.verdict.word, word) != 0) {
		lane->sensor.since_mono_ns = lane->teller->now.mono_ns;
		if (lane->told_mono_ns > INT64_MIN)
			lane->sensor.since_mono_ns = lane->told_mono_ns;
		lane->sensor.since_clock = lane->teller->now;
	}
	lane->sensor.verdict = (struct verdict){.word = word, .quality = QUALITY_GOOD};
	lane->sensor.judged = true;
}

static void put(struct lane *lane, enum event_id event, bool quietly)
{
	char keys[LANE_PASSAGES][LANE_MEMORY_KEY_BYTES];
	char texts[LANE_PASSAGES][MEMORY_TEXT_BYTES];
	size_t i;

	take_state(lane);
	for (i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];
		bool open = passage->stage == STAGE_AT || passage->stage == STAGE_BEYOND ||
			    (passage->stage == STAGE_GONE && passage_waits(passage));

		if (!open && !passage->kept)
			continue;
		passage->kept = open;
		lane_memory_key(lane, passage, keys[i]);
		if (open)
			lane_memory_write(lane, passage, texts[i], sizeof(texts[i]));
		teller_remember(lane->teller, keys[i], open ? texts[i] : NULL);
	}
	lane->dirty = false;
	if (quietly)
		sensor_put(&lane->sensor, lane->teller);
	else
		tell_end(lane->teller, event, &lane->sensor);
}

static void count(struct lane_counters *counters, enum event_id event)
{
	if (event == EVENT_PASSAGE_OPENED)
		counters->opened++;
	else if (event == EVENT_PASSAGE_IDENTIFIED)
		counters->identified++;
	else if (event == EVENT_PASSAGE_CORRECTED)
		counters->corrected++;
	else if (event == EVENT_PASSAGE_UNIDENTIFIED)
		counters->unidentified++;
	else if (event == EVENT_SEAL_CHECK_INTACT)
		counters->seals_intact++;
	else if (event > EVENT_SEAL_CHECK_INTACT && event <= EVENT_SEAL_CHECK_TAMPERED)
		counters->seals_not_intact++;
}

void lane_end(struct lane *lane, enum event_id event)
{
	count(&lane->counters, event);
	put(lane, event, false);
}

void lane_put(struct lane *lane)
{
	put(lane, EVENT_COUNT, true);
}

void lane_tell_opened(struct lane *lane, const struct passage *passage, const char *by)
{
	struct json *json = lane_begin(lane, passage, passage->at_mono_ns[PASSAGE_OPENED]);

	json_text(json, "opened_by", by);
	if (passage->initial)
		json_bool(json, "initial", true);
	lane_end(lane, EVENT_PASSAGE_OPENED);
}

/* ---- closing --------------------------------------------------------------------------- */

static bool lasted(const struct passage *passage, enum passage_moment from, enum passage_moment to,
		   int64_t *ret_ms)
{
	int64_t from_mono_ns = passage->at_mono_ns[from], to_mono_ns = passage->at_mono_ns[to];

	if (from_mono_ns == INT64_MIN || to_mono_ns == INT64_MIN)
		return false;
	*ret_ms = (to_mono_ns - from_mono_ns) / NS_PER_MS;
	return true;
}

void lane_tell_closed(struct lane *lane, const struct passage *passage, enum passage_end end,
		      int64_t at_mono_ns)
{
	struct json *json = lane_begin(lane, passage, at_mono_ns);
	enum passage_moment moment;
	int64_t ms;

	json_text(json, "end", passage_end_name(end));
	if (lasted(passage, PASSAGE_PRESENT, PASSAGE_CLEARED, &ms))
		json_int(json, "dwell_ms", ms);
	json_open(json, "after_ms");
	for (moment = PASSAGE_PRESENT; moment < PASSAGE_MOMENTS; moment++)
		if (lasted(passage, PASSAGE_OPENED, moment, &ms))
			json_int(json, passage_moment_name(moment), ms);
	json_close(json);
	json_open_array(json, "marked");
	if (passage->over_restart || passage->initial)
		json_text(json, NULL, "restart");
	if (passage->over_clock_jump)
		json_text(json, NULL, "clock");
	json_close_array(json);
	if (passage->reads_more)
		json_uint(json, "reads_more", passage->reads_more);
	lane->counters.ended[end]++;
	lane_end(lane, EVENT_PASSAGE_CLOSED);
}

/* ---- numbers --------------------------------------------------------------------------- */

static void put_identifier(struct json *json, const char *key, enum identifier_kind kind,
			   const char *text, enum identifier_verdict verdict)
{
	json_open(json, key);
	json_text(json, "kind", identifier_rule(kind)->name);
	json_text(json, "number", text);
	json_text(json, "verdict", identifier_verdict_name(verdict));
	json_close(json);
}

void lane_tell_read(struct lane *lane, const struct passage *passage,
		    const struct passage_read *read, const struct point *input)
{
	struct json *json = lane_begin(lane, passage, read->at_mono_ns);
	bool good = read->verdict == IDENTIFIER_GOOD;

	put_identifier(json, "identifier", read->kind, read->text, read->verdict);
	json_text(json, "input", input->conf->name);
	json_open(json, "observed");
	json_value(json, passage_rule_name(read->rule), &input->value);
	json_close(json);
	lane_end(lane, good ? EVENT_IDENTIFIER_READ : EVENT_IDENTIFIER_INVALID);
}

/* ---- what the registry says ------------------------------------------------------------ */

/* A text of any length, cut between two characters. */
static void put_short(struct json *json, const char *key, const char *text)
{
	char cut[SHORT_BYTES];
	size_t bytes = text ? strlen(text) : 0;

	if (bytes < sizeof(cut)) {
		json_text(json, key, text);
		return;
	}
	bytes = sizeof(cut) - 1;
	while (bytes > 0 && ((unsigned char)text[bytes] & 0xC0) == 0x80)
		bytes--;
	memcpy(cut, text, bytes);
	cut[bytes] = '\0';
	json_text(json, key, cut);
}

/* An element of a list was written; takes it back when it leads too far. */
static bool fits(struct json *json, const struct json *before)
{
	if (json_ok(json) && json->bytes <= BODY_LIST_BYTES)
		return true;
	*json = *before;
	json->out[json->bytes] = '\0';
	return false;
}

bool lane_tell_element(struct json *json, const char *text)
{
	const struct json before = *json;

	put_short(json, NULL, text);
	return fits(json, &before);
}

static void put_list(struct json *json, const char *key, const struct registry_list *list)
{
	if (!list)
		return;
	json_open(json, key);
	put_short(json, "version", list->version);
	if (list->as_of_utc_ns != INT64_MIN)
		json_utc(json, "as_of", list->as_of_utc_ns);
	json_close(json);
}

static void put_finding(struct json *json, const struct finding *finding)
{
	if (finding->read) {
		json_text(json, "rule", passage_rule_name(finding->read->rule));
		put_identifier(json, "identifier", finding->read->kind, finding->read->text,
			       finding->read->verdict);
	} else {
		json_text(json, "rule", passage_rule_name(RULE_OFFICER));
		json_text(json, "officer", finding->word->officer);
		json_text(json, "because", finding->word->reason);
		if (finding->word->by[0])
			json_text(json, "by", finding->word->by);
	}
	put_list(json, "list", finding->list);
	if (finding->late)
		json_bool(json, "late", true);
}

void lane_tell_unidentified(struct lane *lane, const struct passage *passage,
			    const struct finding *finding, const char *outcome, uint64_t found,
			    const char *ucr)
{
	struct json *json = lane_begin(lane, passage, lane->teller->now.mono_ns);

	json_text(json, "outcome", outcome);
	json_uint(json, "found", found);
	if (ucr)
		json_text(json, "ucr", ucr);
	put_finding(json, finding);
	lane_end(lane, EVENT_PASSAGE_UNIDENTIFIED);
}

static void put_numbers(struct json *json, const char *key, const char *more,
			const struct declared_number *numbers, size_t count)
{
	size_t i;

	json_open_array(json, key);
	for (i = 0; i < count; i++) {
		const struct json before = *json;

		put_identifier(json, NULL, numbers[i].kind, numbers[i].text, numbers[i].verdict);
		if (!fits(json, &before))
			break;
	}
	json_close_array(json);
	if (i < count)
		json_uint(json, more, count - i);
}

static void put_party(struct json *json, const struct party *party,
		      const struct recognition *recognition)
{
	json_open(json, NULL);
	json_text(json, "role", aeo_role_name(party->role));
	if (party->number) {
		put_short(json, "state", party->state);
		put_short(json, "scheme", party->scheme);
		put_short(json, "number", party->number);
	} else if (party->tin) {
		put_short(json, "tin", party->tin);
	}
	json_text(json, "decision", recognition_decision_name(recognition->decision));
	json_text(json, "reason", recognition_reason_name(recognition->reason));
	if (recognition->authorisation)
		put_short(json, "type", recognition->authorisation->type);
	if (recognition->arrangement)
		put_short(json, "arrangement", recognition->arrangement->id);
	put_list(json, "list", recognition->list);
	json_close(json);
}

static void put_parties(const struct lane *lane, struct json *json,
			const struct passage_binding *binding)
{
	const struct consignment *consignment = binding->dossier->consignment;
	size_t i;

	json_open_array(json, "parties");
	for (i = 0; i < consignment->party_count; i++) {
		const struct recognition recognition = lane_recognise(lane, binding, i);
		const struct json before = *json;

		put_party(json, &consignment->parties[i], &recognition);
		if (!fits(json, &before))
			break;
	}
	json_close_array(json);
	if (i < consignment->party_count)
		json_uint(json, "parties_more", consignment->party_count - i);
}

static void put_consignment(const struct lane *lane, struct json *json,
			    const struct passage_binding *binding)
{
	const struct consignment *consignment =
		binding->dossier ? binding->dossier->consignment : NULL;

	json_open(json, "consignment");
	json_text(json, "ucr", binding->ucr);
	json_bool(json, "registered", consignment != NULL);
	if (consignment) {
		if (consignment->ucr_verdict != IDENTIFIER_GOOD)
			json_text(json, "verdict",
				  identifier_verdict_name(consignment->ucr_verdict));
		if (consignment->version)
			put_short(json, "version", consignment->version);
		json_text(json, "flow", customs_flow_name(consignment->flow));
		put_numbers(json, "documents", "documents_more", consignment->documents,
			    consignment->document_count);
		put_numbers(json, "containers", "containers_more", consignment->containers,
			    consignment->container_count);
		json_uint(json, "seals", consignment->seal_count);
		put_parties(lane, json, binding);
	}
	json_text(json, "recognition", recognition_decision_name(binding->decision));
	json_close(json);
}

void lane_tell_benefits(struct json *json, uint32_t benefits)
{
	unsigned i;

	json_open_array(json, "facilitation");
	for (i = 0; i < AEO_BENEFITS; i++)
		if (benefits & 1u << i)
			json_text(json, NULL, aeo_benefit_name((enum aeo_benefit)(1u << i)));
	json_close_array(json);
}

void lane_tell_bound(struct lane *lane, const struct passage *passage,
		     const struct passage_binding *binding, const struct finding *finding,
		     const char (*replaced)[IDENTIFIER_BYTES], size_t replaced_count)
{
	struct json *json = lane_begin(lane, passage, lane->teller->now.mono_ns);
	size_t i;

	put_finding(json, finding);
	if (replaced_count) {
		json_open_array(json, "replaced");
		for (i = 0; i < replaced_count && json->bytes < REPLACED_BYTES; i++)
			json_text(json, NULL, replaced[i]);
		json_close_array(json);
		if (i < replaced_count)
			json_uint(json, "replaced_more", replaced_count - i);
	}
	put_consignment(lane, json, binding);
	lane_tell_benefits(json, passage_benefits(passage));
	lane_end(lane, replaced_count ? EVENT_PASSAGE_CORRECTED : EVENT_PASSAGE_IDENTIFIED);
}
