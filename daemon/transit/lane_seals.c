/* Seals against the declaration: what was read, what was not, what nobody declared. */
#include <stdio.h>
#include <string.h>

#include "lane_private.h"
#include "ledger.h"

/* A declared seal, and whose. */
struct declaration {
	const struct declared_seal *seal;
	const struct passage_binding *binding;
};

static bool find_declared(const struct passage *passage, const char *number,
			  struct declaration *ret_declaration)
{
	size_t i, k;

	for (i = 0; i < passage->binding_count; i++) {
		const struct passage_binding *binding = &passage->bindings[i];
		const struct consignment *consignment =
			binding->dossier ? binding->dossier->consignment : NULL;

		for (k = 0; consignment && k < consignment->seal_count; k++)
			if (strcmp(consignment->seals[k].number, number) == 0) {
				*ret_declaration = (struct declaration){
					.seal = &consignment->seals[k], .binding = binding};
				return true;
			}
	}
	return false;
}

/* ---- telling --------------------------------------------------------------------------- */

static void put_declared(struct json *json, const struct declared_seal *seal)
{
	json_open(json, "declared");
	json_text(json, "number", seal->number);
	if (seal->container)
		json_text(json, "container", seal->container);
	if (seal->affixed_by)
		json_text(json, "affixed_by", seal->affixed_by);
	if (seal->affixed_utc_ns != INT64_MIN && seal->affixed_utc_ns != INT64_MAX)
		json_utc(json, "affixed_at", seal->affixed_utc_ns);
	json_close(json);
}

static void put_observed(struct json *json, const struct passage_read *read)
{
	static const char *const counters[SEAL_COUNTERS] = {"open_counter", "tamper_counter"};
	size_t i;

	json_open(json, "observed");
	json_text(json, "number", read->text);
	json_text(json, "state", seal_state_name(read->seal.state));
	for (i = 0; i < SEAL_COUNTERS; i++)
		if (read->seal.counters[i].known)
			json_int(json, counters[i], read->seal.counters[i].count);
	if (read->seal.sealed_known)
		json_utc(json, "sealed_at", read->seal.sealed_utc_ns);
	if (read->reader)
		json_text(json, "reader", read->reader);
	json_close(json);
}

static void put_documents(struct json *json, const struct passage_binding *binding)
{
	const struct consignment *consignment = binding->dossier->consignment;
	size_t i;

	json_text(json, "ucr", binding->ucr);
	json_open_array(json, "documents");
	for (i = 0; i < consignment->document_count; i++)
		if (!lane_tell_element(json, consignment->documents[i].text))
			break;
	json_close_array(json);
}

static void tell(struct lane *lane, const struct passage *passage,
		 const struct declaration *declaration, const struct passage_read *read,
		 struct seal_finding finding, int64_t at_mono_ns)
{
	enum event_id event = seal_result_event(finding.result);
	const struct event_type *type = event_type(event);
	struct json *json = lane_begin(lane, passage, at_mono_ns);

	json_text(json, "result", seal_result_name(finding.result));
	if (finding.because != SEAL_BECAUSE_NOTHING)
		json_text(json, "because", seal_because_name(finding.because));
	if (declaration && declaration->seal)
		put_declared(json, declaration->seal);
	if (read)
		put_observed(json, read);
	if (declaration && declaration->binding)
		put_documents(json, declaration->binding);
	if (type->eaeu || type->ncts) {
		json_open(json, "codes");
		if (type->eaeu)
			json_text(json, "eaeu", type->eaeu);
		if (type->ncts)
			json_text(json, "ncts", type->ncts);
		json_close(json);
	}
	lane->teller->subject = read ? read->text : declaration->seal->number;
	lane_end(lane, event);
	lane->teller->subject = NULL;
}

/* Something new: not a seal that cannot be seen any more after it was, nor one that looks
 * better than it was found. */
static bool is_news(struct seal_finding told, struct seal_finding now, bool final)
{
	if (now.result == told.result)
		return false;
	if (now.result == CHECK_UNKNOWN)
		return final && told.result == CHECK_NONE;
	return told.result < CHECK_CLONE || now.result > told.result;
}

/* ---- checking -------------------------------------------------------------------------- */

static void check_declared(struct lane *lane, struct passage *passage, bool final,
			   int64_t at_mono_ns)
{
	size_t i;

	for (i = 0; i < passage->read_count; i++) {
		struct passage_read *read = &passage->reads[i];
		struct declaration declaration;
		struct seal_finding now;

		if (read->rule != RULE_SEAL || !read->reader ||
		    !find_declared(passage, read->text, &declaration))
			continue;
		now = seal_check(declaration.seal, &read->seal);
		if (!is_news(read->told, now, final))
			continue;
		read->told = now;
		tell(lane, passage, &declaration, read, now, at_mono_ns);
	}
}

bool lane_reader_is_blind(const struct lane *lane)
{
	char number[VALUE_TEXT_BYTES];
	size_t i;

	for (i = 0; i < lane->reader_count; i++)
		if (lane->readers[i].seal->inputs[SEAL_ID] &&
		    !seal_number(lane->readers[i].seal, number))
			return true;
	return false;
}

bool lane_reads_numbers(const struct lane *lane)
{
	size_t i;

	for (i = 0; i < lane->reader_count; i++)
		if (lane->readers[i].seal->inputs[SEAL_ID])
			return true;
	return false;
}

/* A seal that was read, that no bound consignment declares, and that is still to be told. */
static struct passage_read *undeclared(struct passage *passage)
{
	size_t i;

	for (i = 0; i < passage->read_count; i++) {
		struct passage_read *read = &passage->reads[i];
		struct declaration declaration;

		if (read->rule == RULE_SEAL && read->reader && read->told.result == CHECK_NONE &&
		    !find_declared(passage, read->text, &declaration))
			return read;
	}
	return NULL;
}

static bool absence_told(struct passage *passage, const char *number, enum seal_result result)
{
	size_t i;

	for (i = 0; i < passage->absence_count; i++)
		if (strcmp(passage->absences[i].number, number) == 0)
			return true;
	if (passage->absence_count == PASSAGE_CHECKS)
		return true;
	snprintf(passage->absences[passage->absence_count].number, IDENTIFIER_BYTES, "%s", number);
	passage->absences[passage->absence_count++].result = result;
	return false;
}

static void check_absent(struct lane *lane, struct passage *passage,
			 const struct declaration *declaration, int64_t at_mono_ns)
{
	struct passage_read *instead = passage->reads_more ? NULL : undeclared(passage);
	struct seal_finding now = {CHECK_MISSING, SEAL_BECAUSE_NOT_READ};

	if (passage->reads_more)
		now = (struct seal_finding){CHECK_UNKNOWN, SEAL_BECAUSE_TOO_MANY};
	else if (instead)
		now = (struct seal_finding){CHECK_MISMATCH, SEAL_BECAUSE_NOT_DECLARED};
	else if (lane_reader_is_blind(lane))
		now = (struct seal_finding){CHECK_UNKNOWN, SEAL_BECAUSE_READER};
	if (absence_told(passage, declaration->seal->number, now.result))
		return;
	if (instead)
		instead->told = now;
	tell(lane, passage, declaration, instead, now, at_mono_ns);
}

static void check_absences(struct lane *lane, struct passage *passage, int64_t at_mono_ns)
{
	size_t i, k;

	for (i = 0; i < passage->binding_count; i++) {
		const struct passage_binding *binding = &passage->bindings[i];
		const struct consignment *consignment =
			binding->dossier ? binding->dossier->consignment : NULL;

		for (k = 0; consignment && k < consignment->seal_count; k++) {
			const struct declared_seal *seal = &consignment->seals[k];
			const struct declaration declaration = {seal, binding};

			if (!passage_find_read(passage, RULE_SEAL, seal->number))
				check_absent(lane, passage, &declaration, at_mono_ns);
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
	size_t i;

	for (i = 0; i < passage->read_count; i++) {
		struct passage_read *read = &passage->reads[i];
		struct seal_finding now;

		if (read->rule != RULE_SEAL || !read->reader || read->told.result != CHECK_NONE ||
		    find_declared(passage, read->text, &declaration))
			continue;
		now = check_extra(passage, read);
		if (now.result == CHECK_NONE)
			continue;
		read->told = now;
		tell(lane, passage, NULL, read, now, at_mono_ns);
	}
}

static bool all_told(struct passage *passage)
{
	size_t i, k, declared = 0;

	for (i = 0; i < passage->binding_count; i++) {
		const struct consignment *consignment =
			passage->bindings[i].dossier ? passage->bindings[i].dossier->consignment
						     : NULL;

		for (k = 0; consignment && k < consignment->seal_count; k++) {
			const struct passage_read *read =
				passage_find_read(passage, RULE_SEAL, consignment->seals[k].number);

			if (!passage->settled && (!read || read->told.result == CHECK_NONE))
				return false;
			declared++;
		}
	}
	return declared > 0;
}

void lane_check_seals(struct lane *lane, struct passage *passage, bool final, int64_t at_mono_ns)
{
	if (at_mono_ns < lane->told_mono_ns)
		at_mono_ns = lane->told_mono_ns;
	check_declared(lane, passage, final, at_mono_ns);
	if (final && lane_reads_numbers(lane) && !passage->settled_before) {
		check_absences(lane, passage, at_mono_ns);
		check_extras(lane, passage, at_mono_ns);
		lane->dirty |= !passage->settled;
		passage->settled = true;
	}
	if (passage->at_mono_ns[PASSAGE_CHECKED] == INT64_MIN && all_told(passage)) {
		passage->at_mono_ns[PASSAGE_CHECKED] = at_mono_ns;
		lane->dirty = true;
	}
	if (lane->site->ledger)
		ledger_checked(lane->site->ledger, lane, passage, final);
}
