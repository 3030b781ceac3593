/* The events of a lane. */
#include <string.h>

#include "base/utf8.h"
#include "transit/lane/private.h"
#include "transit/registry/identifier.h"
#include "transit/registry/recognition_words.h"

#define BODY_LIST_BYTES 2700 /* a body's lists end here, the rest is counted */
#define REPLACED_BYTES	2000
#define SHORT_BYTES	64 /* most of a text of the registry, with the NUL */

struct jw *lane_begin(struct lane *lane, const struct passage *passage, int64_t at_mono_ns)
{
	if (at_mono_ns < lane->last_event_mono_ns)
		at_mono_ns = lane->last_event_mono_ns;
	lane->last_event_mono_ns = at_mono_ns;
	lane->sensor.note = passage->note;
	return sensor_begin(&lane->sensor, lane->teller, at_mono_ns);
}

/* Texts that live until the draft they go with is put. */
struct lane_memories {
	char keys[LANE_PASSAGES][MEMORY_KEY_BYTES];
	char texts[LANE_PASSAGES][MEMORY_TEXT_BYTES];
};

static void take_state(struct lane *lane)
{
	const char *word = lane_current(lane) ? "occupied" : "free";

	if (!lane->sensor.judged || strcmp(lane->sensor.verdict.word, word) != 0) {
		lane->sensor.since_mono_ns = lane->teller->now.mono_ns;
		if (lane->last_event_mono_ns > INT64_MIN)
			lane->sensor.since_mono_ns = lane->last_event_mono_ns;
		lane->sensor.since_clock = lane->teller->now;
	}
	lane->sensor.verdict = (struct verdict){.word = word, .quality = QUALITY_GOOD};
	lane->sensor.judged = true;
}

/* The retained state and the memories, as they will go with what is put. */
static void prepare(struct lane *lane, struct lane_memories *memories)
{
	take_state(lane);
	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];
		char *text = memories->texts[i];
		bool open = passage_is_open(passage) ||
			    (passage->stage == STAGE_CLOSED && passage_awaits_answer(passage));

		if (!open && !passage->in_memory)
			continue;
		passage->in_memory = open;
		lane_memory_key(lane, passage, memories->keys[i]);
		if (open)
			lane_memory_write(lane, passage, text, MEMORY_TEXT_BYTES);
		teller_remember(lane->teller, memories->keys[i], open ? text : NULL);
	}
	lane->dirty = false;
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

void lane_put_event(struct lane *lane, enum event_id event)
{
	struct lane_memories memories;

	count(&lane->counters, event);
	prepare(lane, &memories);
	sensor_end(&lane->sensor, lane->teller, event);
}

static void put_unread(struct lane *lane)
{
	enum severity severity = (enum severity)lane->conf->passages->unread_severity;
	struct lane_memories memories;

	prepare(lane, &memories);
	sensor_end_as(&lane->sensor, lane->teller,
		      event_type_with(event_type(EVENT_PASSAGE_UNREAD), severity));
}

void lane_put_state(struct lane *lane)
{
	struct lane_memories memories;

	prepare(lane, &memories);
	sensor_put_state(&lane->sensor, lane->teller);
}

void lane_tell_opened(struct lane *lane, const struct passage *passage, const char *by)
{
	struct jw *json = lane_begin(lane, passage, passage->at_mono_ns[PASSAGE_OPENED]);

	jw_text(json, "opened_by", by);
	if (passage->initial)
		jw_bool(json, "initial", true);
	lane_put_event(lane, EVENT_PASSAGE_OPENED);
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

static void put_weight(struct jw *json, const struct lane *lane, const struct passage *passage)
{
	const struct passage_conf *conf = lane->conf->passages;
	struct declared_weight declared;

	if (!passage->weighed)
		return;
	jw_open(json, "weight");
	jw_text(json, "input", lane->scale->conf->name);
	jw_real(json, "gross_kg", passage->gross_kg);
	if (conf->weight_max > 0) {
		jw_real(json, "max_kg", conf->weight_max);
		jw_bool(json, "overloaded", lane_is_overloaded(lane, passage));
	}
	if (passage_declared_weight(passage, &declared)) {
		jw_real(json, "declared_kg", declared.goods_kg);
		jw_real(json, "tare_kg", declared.tare_kg);
		if (conf->weight_differs > 0)
			jw_bool(json, "differs", lane_weight_differs(lane, passage));
	}
	jw_close(json);
}

void lane_tell_weight(struct lane *lane, const struct passage *passage, enum event_id event,
		      int64_t at_mono_ns)
{
	struct jw *json = lane_begin(lane, passage, at_mono_ns);

	put_weight(json, lane, passage);
	lane_put_event(lane, event);
}

void lane_tell_closed(struct lane *lane, const struct passage *passage, enum passage_end end,
		      int64_t at_mono_ns)
{
	struct jw *json = lane_begin(lane, passage, at_mono_ns);
	int64_t ms;

	jw_text(json, "end", passage_end_name(end));
	if (lasted(passage, PASSAGE_PRESENT, PASSAGE_CLEARED, &ms))
		jw_int(json, "dwell_ms", ms);
	if (passage->queued_ns >= 0)
		jw_int(json, "queue_ms", passage->queued_ns / NS_PER_MS);
	jw_open(json, "after_ms");
	for (enum passage_moment moment = PASSAGE_PRESENT; moment < PASSAGE_MOMENTS; moment++)
		if (lasted(passage, PASSAGE_OPENED, moment, &ms))
			jw_int(json, passage_moment_name(moment), ms);
	jw_close(json);
	jw_open_array(json, "marked");
	if (passage->over_restart || passage->initial)
		jw_text(json, NULL, "restart");
	if (passage->over_clock_jump)
		jw_text(json, NULL, "clock");
	jw_close_array(json);
	if (passage->reads_more)
		jw_uint(json, "reads_more", passage->reads_more);
	put_weight(json, lane, passage);
	lane->counters.ended[end]++;
	lane_put_event(lane, EVENT_PASSAGE_CLOSED);
}

/* ---- numbers --------------------------------------------------------------------------- */

static void put_identifier(struct jw *json, const char *key, enum identifier_kind kind,
			   const char *text, enum identifier_verdict verdict)
{
	jw_open(json, key);
	jw_text(json, "kind", identifier_rule(kind)->name);
	jw_text(json, "number", text);
	jw_text(json, "verdict", identifier_verdict_name(verdict));
	jw_close(json);
}

void lane_tell_read(struct lane *lane, const struct passage *passage,
		    const struct passage_read *read, const struct point *input)
{
	struct jw *json = lane_begin(lane, passage, read->at_mono_ns);
	bool good = read->verdict == IDENTIFIER_GOOD;

	put_identifier(json, "identifier", read->kind, read->text, read->verdict);
	jw_text(json, "input", input->conf->name);
	jw_open(json, "observed");
	jw_value(json, passage_rule_name(read->rule), &input->value);
	jw_close(json);
	tell_origin(json, input, &lane->teller->now);
	lane_put_event(lane, good ? EVENT_IDENTIFIER_READ : EVENT_IDENTIFIER_INVALID);
}

/* A number says that this is another vehicle. Told once, when the boom goes up: by then a camera may
 * have corrected itself. */
void lane_tell_doubt(struct lane *lane, struct passage *passage, int64_t at_mono_ns)
{
	const struct passage_read *read = passage_contradiction(passage);
	struct jw *json;

	if (!read || passage->doubt_told)
		return;
	passage->doubt_told = true;
	lane->dirty = true;
	json = lane_begin(lane, passage, at_mono_ns);
	jw_text(json, "rule", passage_rule_name(read->rule));
	put_identifier(json, "identifier", read->kind, read->text, read->verdict);
	lane_tell_benefits(json, passage_benefits(passage));
	lane_put_event(lane, EVENT_PASSAGE_DOUBTFUL);
}

static bool can_identify(const struct lane *lane)
{
	bool can = lane_reads_numbers(lane);

	for (size_t i = 0; i < LANE_IDENTIFICATIONS; i++)
		can |= lane->identifications[i] != NULL;
	return can;
}

/* It passed readers and cameras, and showed nothing. */
void lane_tell_unread(struct lane *lane, const struct passage *passage, int64_t at_mono_ns)
{
	struct jw *json;

	if (!can_identify(lane) || !passage->vehicle || passage->read_count > 0 ||
	    passage->binding_count > 0 || passage->initial || passage->over_restart)
		return;
	json = lane_begin(lane, passage, at_mono_ns);
	jw_bool(json, "reader_answers", !lane_reader_is_blind(lane));
	put_unread(lane);
}

/* ---- what the registry says ------------------------------------------------------------ */

/* Cuts a text that is too long, between two characters. */
static void put_short(struct jw *json, const char *key, const char *text)
{
	char cut[SHORT_BYTES];
	size_t bytes = text ? strlen(text) : 0;

	if (bytes < sizeof(cut)) {
		jw_text(json, key, text);
		return;
	}
	bytes = utf8_cut(text, sizeof(cut) - 1);
	memcpy(cut, text, bytes);
	cut[bytes] = '\0';
	jw_text(json, key, cut);
}

/* Takes back what was written since before, if that is too much for a body. */
static bool fits(struct jw *json, const struct jw *before)
{
	if (jw_ok(json) && json->bytes <= BODY_LIST_BYTES)
		return true;
	*json = *before;
	json->out[json->bytes] = '\0';
	return false;
}

bool lane_tell_element(struct jw *json, const char *text)
{
	const struct jw before = *json;

	put_short(json, NULL, text);
	return fits(json, &before);
}

static void put_list(struct jw *json, const char *key, const struct registry_list *list)
{
	char hash[EVENT_HEX_BYTES];

	if (!list)
		return;
	jw_open(json, key);
	put_short(json, "version", list->version);
	if (list->as_of_utc_ns != INT64_MIN)
		jw_utc(json, "as_of", list->as_of_utc_ns);
	if (list->hashed) {
		event_hex(list->hash, hash);
		jw_text(json, "sha256", hash);
	}
	if (list->signer[0])
		jw_text(json, "signer", list->signer);
	jw_close(json);
}

/* As which kind the number that was read is declared. NULL: it is none of its documents. */
static const struct declared_number *find_document(const struct consignment *consignment,
						   const char *text)
{
	char read[IDENTIFIER_BYTES], declared[IDENTIFIER_BYTES];

	identifier_bare(text, read);
	for (size_t i = 0; consignment && i < consignment->document_count; i++) {
		identifier_bare(consignment->documents[i].text, declared);
		if (strcmp(read, declared) == 0)
			return &consignment->documents[i];
	}
	return NULL;
}

static void put_read(struct jw *json, const struct passage_read *read,
		     const struct consignment *consignment)
{
	const struct declared_number *document =
		read->rule == RULE_DOCUMENT ? find_document(consignment, read->text) : NULL;

	jw_text(json, "rule", passage_rule_name(read->rule));
	if (document)
		put_identifier(json, "identifier", document->kind, document->text,
			       document->verdict);
	else
		put_identifier(json, "identifier", read->kind, read->text, read->verdict);
}

static void put_finding(struct jw *json, const struct passage *passage,
			const struct finding *finding, const struct consignment *consignment)
{
	if (finding->read) {
		put_read(json, finding->read, consignment);
		if (passage_asked_as(passage, finding->read) != finding->read->text)
			jw_text(json, "found_as", passage_asked_as(passage, finding->read));
	} else {
		jw_text(json, "rule", passage_rule_name(RULE_OFFICER));
		jw_text(json, "officer", finding->word->officer);
		jw_text(json, "because", finding->word->reason);
		if (finding->word->by[0])
			jw_text(json, "by", finding->word->by);
		tell_signature(json, finding->word->judged ? &finding->word->signature : NULL);
	}
	put_list(json, "list", finding->list);
	if (finding->late)
		jw_bool(json, "late", true);
}

void lane_tell_unidentified(struct lane *lane, const struct passage *passage,
			    const struct finding *finding, const char *outcome, uint64_t found,
			    const char *ucr)
{
	struct jw *json = lane_begin(lane, passage, lane->teller->now.mono_ns);

	jw_text(json, "outcome", outcome);
	jw_uint(json, "found", found);
	if (ucr)
		jw_text(json, "ucr", ucr);
	put_finding(json, passage, finding, NULL);
	lane_put_event(lane, EVENT_PASSAGE_UNIDENTIFIED);
}

static void put_numbers(struct jw *json, const char *key, const char *more,
			const struct declared_number *numbers, size_t count)
{
	size_t i;

	jw_open_array(json, key);
	for (i = 0; i < count; i++) {
		const struct jw before = *json;

		put_identifier(json, NULL, numbers[i].kind, numbers[i].text, numbers[i].verdict);
		if (!fits(json, &before))
			break;
	}
	jw_close_array(json);
	if (i < count)
		jw_uint(json, more, count - i);
}

static void put_party(struct jw *json, const struct party *party,
		      const struct recognition *recognition)
{
	jw_open(json, NULL);
	jw_text(json, "role", aeo_role_name(party->role));
	if (party->number) {
		put_short(json, "state", party->state);
		put_short(json, "scheme", party->scheme);
		put_short(json, "number", party->number);
	} else if (party->tin) {
		put_short(json, "tin", party->tin);
	}
	jw_text(json, "decision", recognition_decision_name(recognition->decision));
	jw_text(json, "reason", recognition_reason_name(recognition->reason));
	if (recognition->authorisation)
		put_short(json, "type", recognition->authorisation->type);
	if (recognition->arrangement)
		put_short(json, "arrangement", recognition->arrangement->id);
	put_list(json, "list", recognition->list);
	jw_close(json);
}

static void put_parties(const struct lane *lane, struct jw *json,
			const struct passage_binding *binding)
{
	const struct consignment *consignment = binding->dossier->consignment;
	size_t i;

	jw_open_array(json, "parties");
	for (i = 0; i < consignment->party_count; i++) {
		const struct recognition recognition = lane_recognise(lane, binding, i);
		const struct jw before = *json;

		put_party(json, &consignment->parties[i], &recognition);
		if (!fits(json, &before))
			break;
	}
	jw_close_array(json);
	if (i < consignment->party_count)
		jw_uint(json, "parties_more", consignment->party_count - i);
}

static void put_consignment(const struct lane *lane, struct jw *json,
			    const struct passage_binding *binding)
{
	const struct consignment *consignment = binding_consignment(binding);

	jw_open(json, "consignment");
	jw_text(json, "ucr", binding->ucr);
	jw_bool(json, "registered", consignment != NULL);
	if (consignment) {
		if (consignment->ucr_verdict != IDENTIFIER_GOOD)
			jw_text(json, "verdict", identifier_verdict_name(consignment->ucr_verdict));
		if (consignment->version)
			put_short(json, "version", consignment->version);
		jw_text(json, "flow", customs_flow_name(consignment->flow));
		put_numbers(json, "documents", "documents_more", consignment->documents,
			    consignment->document_count);
		put_numbers(json, "containers", "containers_more", consignment->containers,
			    consignment->container_count);
		jw_uint(json, "seals", consignment->seal_count);
		put_parties(lane, json, binding);
	}
	jw_text(json, "recognition", recognition_decision_name(binding->decision));
	jw_close(json);
}

void lane_tell_benefits(struct jw *json, uint32_t benefits)
{
	jw_open_array(json, "facilitation");
	for (unsigned i = 0; i < AEO_BENEFITS; i++)
		if (benefits & 1u << i)
			jw_text(json, NULL, aeo_benefit_name((enum aeo_benefit)(1u << i)));
	jw_close_array(json);
}

void lane_tell_binding(struct lane *lane, const struct passage *passage,
		       const struct passage_binding *binding, const struct finding *finding,
		       const char (*replaced)[IDENTIFIER_BYTES], size_t replaced_count)
{
	struct jw *json = lane_begin(lane, passage, lane->teller->now.mono_ns);
	size_t i;

	put_finding(json, passage, finding, binding_consignment(binding));
	if (replaced_count) {
		jw_open_array(json, "replaced");
		for (i = 0; i < replaced_count && json->bytes < REPLACED_BYTES; i++)
			jw_text(json, NULL, replaced[i]);
		jw_close_array(json);
		if (i < replaced_count)
			jw_uint(json, "replaced_more", replaced_count - i);
	}
	put_consignment(lane, json, binding);
	lane_tell_benefits(json, passage_benefits(passage));
	lane_put_event(lane, replaced_count ? EVENT_PASSAGE_CORRECTED : EVENT_PASSAGE_IDENTIFIED);
}
