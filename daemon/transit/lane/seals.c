/* Seals against the declaration: what was read, what was not, what nobody declared. */
#include <stdio.h>
#include <string.h>

#include "transit/lane/private.h"
#include "transit/registry/reseals.h"

/* A declared seal, and whose. */
struct declaration {
	const struct declared_seal *seal;
	const struct passage_binding *binding;
};

static bool find_declared(const struct passage *passage, const char *number,
			  struct declaration *ret_declaration)
{
	for (size_t i = 0; i < passage->binding_count; i++) {
		const struct passage_binding *binding = &passage->bindings[i];
		const struct consignment *consignment = binding_consignment(binding);

		for (size_t k = 0; consignment && k < consignment->seal_count; k++)
			if (strcmp(consignment->seals[k].number, number) == 0) {
				*ret_declaration = (struct declaration){
					.seal = &consignment->seals[k], .binding = binding};
				return true;
			}
	}
	return false;
}

/* ---- telling --------------------------------------------------------------------------- */

static void put_declared(struct jw *json, const struct declared_seal *seal)
{
	jw_open(json, "declared");
	jw_text(json, "number", seal->number);
	if (seal->container)
		jw_text(json, "container", seal->container);
	if (seal->affixed_by)
		jw_text(json, "affixed_by", seal->affixed_by);
	if (seal->affixed_utc_ns != INT64_MIN && seal->affixed_utc_ns != INT64_MAX)
		jw_utc(json, "affixed_at", seal->affixed_utc_ns);
	jw_close(json);
}

static void put_observed(struct jw *json, const struct passage_read *read)
{
	static const char *const counters[SEAL_COUNTERS] = {"open_counter", "tamper_counter"};

	jw_open(json, "observed");
	jw_text(json, "number", read->text);
	jw_text(json, "state", seal_state_name(read->seal.state));
	for (size_t i = 0; i < SEAL_COUNTERS; i++)
		if (read->seal.counters[i].known)
			jw_int(json, counters[i], read->seal.counters[i].count);
	if (read->seal.sealed_known)
		jw_utc(json, "sealed_at", read->seal.sealed_utc_ns);
	if (read->reader)
		jw_text(json, "reader", read->reader);
	jw_close(json);
}

static void put_documents(struct jw *json, const struct passage_binding *binding)
{
	const struct consignment *consignment = binding->dossier->consignment;

	jw_text(json, "ucr", binding->ucr);
	jw_open_array(json, "documents");
	for (size_t i = 0; i < consignment->document_count; i++)
		if (!lane_tell_element(json, consignment->documents[i].text))
			break;
	jw_close_array(json);
}

static void tell(struct lane *lane, const struct passage *passage,
		 const struct declaration *declaration, const struct passage_read *read,
		 struct seal_finding finding, int64_t at_mono_ns)
{
	enum event_id event = seal_result_event(finding.result);
	const struct event_type *type = event_type(event);
	struct jw *json = lane_begin(lane, passage, at_mono_ns);

	jw_text(json, "result", seal_result_name(finding.result));
	if (finding.because != SEAL_BECAUSE_NOTHING)
		jw_text(json, "because", seal_because_name(finding.because));
	if (declaration && declaration->seal)
		put_declared(json, declaration->seal);
	if (read)
		put_observed(json, read);
	if (declaration && declaration->binding)
		put_documents(json, declaration->binding);
	if (type->eaeu || type->ncts) {
		jw_open(json, "codes");
		if (type->eaeu)
			jw_text(json, "eaeu", type->eaeu);
		if (type->ncts)
			jw_text(json, "ncts", type->ncts);
		if (finding.because != SEAL_BECAUSE_STATE) /* the seal itself does not say so */
			jw_bool(json, "derived", true);
		jw_close(json);
	}
	lane->teller->subject = read ? read->text : declaration->seal->number;
	lane_put_event(lane, event);
	lane->teller->subject = NULL;
}

/* Worth another event. A seal that cannot be seen any more is not, nor one that looks better
 * than it was reported. */
static bool is_news(struct seal_finding reported, struct seal_finding now, bool final)
{
	if (now.result == reported.result)
		return false;
	if (now.result == CHECK_UNKNOWN || now.result == CHECK_MISSING)
		return final && reported.result == CHECK_NONE;
	return reported.result < CHECK_CLONE || now.result > reported.result;
}

/* ---- checking -------------------------------------------------------------------------- */

static void check_declared(struct lane *lane, struct passage *passage, bool final,
			   int64_t at_mono_ns)
{
	for (size_t i = 0; i < passage->read_count; i++) {
		struct passage_read *read = &passage->reads[i];
		struct declaration declaration;
		struct seal_finding now;

		if (read->rule != RULE_SEAL || !read->reader ||
		    !find_declared(passage, read->text, &declaration))
			continue;
		now = seal_check(declaration.seal, &read->seal);
		if (!is_news(read->reported, now, final))
			continue;
		read->reported = now;
		tell(lane, passage, &declaration, read, now, at_mono_ns);
	}
}

/* A seal that was read, that no bound consignment declares, and that is not reported yet. */
static struct passage_read *undeclared(const struct lane *lane, struct passage *passage)
{
	for (size_t i = 0; i < passage->read_count; i++) {
		struct passage_read *read = &passage->reads[i];
		struct declaration declaration;

		if (read->rule == RULE_SEAL && read->reader &&
		    read->reported.result == CHECK_NONE &&
		    !reseals_is_removed(lane->site->reseals, read->text) &&
		    !find_declared(passage, read->text, &declaration))
			return read;
	}
	return NULL;
}

static bool absence_reported(struct passage *passage, const char *number, enum seal_result result)
{
	for (size_t i = 0; i < passage->absence_count; i++)
		if (strcmp(passage->absences[i].number, number) == 0)
			return true;
	if (passage->absence_count == PASSAGE_CHECKS)
		return true;
	snprintf(passage->absences[passage->absence_count].number, IDENTIFIER_BYTES, "%s", number);
	passage->absences[passage->absence_count++].result = result;
	return false;
}

static void check_absent(struct lane *lane, struct passage *passage,
			 const struct declaration *declaration, enum answer carried,
			 int64_t at_mono_ns)
{
	struct passage_read *instead = NULL;
	struct seal_finding now = {CHECK_MISSING, SEAL_BECAUSE_NOT_READ};

	if (carried == ANSWER_YES && !passage->reads_more)
		instead = undeclared(lane, passage);
	if (carried == ANSWER_UNKNOWN)
		now = (struct seal_finding){CHECK_UNKNOWN, SEAL_BECAUSE_CONTAINER};
	else if (passage->reads_more)
		now = (struct seal_finding){CHECK_UNKNOWN, SEAL_BECAUSE_TOO_MANY};
	else if (instead)
		now = (struct seal_finding){CHECK_MISMATCH, SEAL_BECAUSE_NOT_DECLARED};
	else if (lane_reader_is_blind(lane))
		now = (struct seal_finding){CHECK_UNKNOWN, SEAL_BECAUSE_READER};
	if (absence_reported(passage, declaration->seal->number, now.result))
		return;
	if (instead)
		instead->reported = now;
	tell(lane, passage, declaration, instead, now, at_mono_ns);
}

static void check_absences(struct lane *lane, struct passage *passage, int64_t at_mono_ns)
{
	for (size_t i = 0; i < passage->binding_count; i++) {
		const struct passage_binding *binding = &passage->bindings[i];
		const struct consignment *consignment = binding_consignment(binding);

		for (size_t k = 0; consignment && k < consignment->seal_count; k++) {
			const struct declared_seal *seal = &consignment->seals[k];
			const struct declaration declaration = {seal, binding};
			enum answer carried;

			if (passage_find_read(passage, RULE_SEAL, seal->number))
				continue;
			carried = passage_carries(passage, consignment, seal);
			if (carried != ANSWER_NO)
				check_absent(lane, passage, &declaration, carried, at_mono_ns);
		}
	}
}

/* Seals on a vehicle of which the registry knows nothing. */
static struct seal_finding check_extra(const struct passage *passage,
				       const struct passage_read *read)
{
	if (passage->binding_count)
		return seal_check(NULL, &read->seal);
	if (read->status == READ_ANSWERED && !read->found)
		return (struct seal_finding){CHECK_UNKNOWN, SEAL_BECAUSE_NOT_DECLARED};
	return (struct seal_finding){CHECK_NONE, SEAL_BECAUSE_NOTHING};
}

static void check_extras(struct lane *lane, struct passage *passage, int64_t at_mono_ns)
{
	struct declaration declaration;

	for (size_t i = 0; i < passage->read_count; i++) {
		struct passage_read *read = &passage->reads[i];
		struct seal_finding now;

		if (read->rule != RULE_SEAL || !read->reader ||
		    read->reported.result != CHECK_NONE ||
		    reseals_is_removed(lane->site->reseals, read->text) ||
		    find_declared(passage, read->text, &declaration))
			continue;
		now = check_extra(passage, read);
		if (now.result == CHECK_NONE)
			continue;
		read->reported = now;
		tell(lane, passage, NULL, read, now, at_mono_ns);
	}
}

static bool all_reported(struct passage *passage)
{
	size_t declared = 0;

	for (size_t i = 0; i < passage->binding_count; i++) {
		const struct consignment *consignment = binding_consignment(&passage->bindings[i]);

		for (size_t k = 0; consignment && k < consignment->seal_count; k++) {
			const struct passage_read *read =
				passage_find_read(passage, RULE_SEAL, consignment->seals[k].number);

			if (!passage->final_check_done &&
			    (!read || read->reported.result == CHECK_NONE))
				return false;
			declared++;
		}
	}
	return declared > 0;
}

void lane_check_seals(struct lane *lane, struct passage *passage, bool final, int64_t at_mono_ns)
{
	const struct lane_listener *listener = &lane->site->listener;

	if (at_mono_ns < lane->last_event_mono_ns)
		at_mono_ns = lane->last_event_mono_ns;
	check_declared(lane, passage, final, at_mono_ns);
	if (final && lane_reads_numbers(lane) && !passage->final_check_before) {
		check_absences(lane, passage, at_mono_ns);
		check_extras(lane, passage, at_mono_ns);
		lane->dirty |= !passage->final_check_done;
		passage->final_check_done = true;
	}
	if (passage->at_mono_ns[PASSAGE_CHECKED] == INT64_MIN && all_reported(passage)) {
		passage->at_mono_ns[PASSAGE_CHECKED] = at_mono_ns;
		lane->dirty = true;
	}
	if (listener->data)
		listener->checked(listener->data, lane, passage, final);
}
