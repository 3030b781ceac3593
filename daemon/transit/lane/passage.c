#include "transit/lane/passage.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/registry/amended.h"

void passage_start(struct passage *passage, const char *id, int64_t at_mono_ns)
{
	*passage = (struct passage){.stage = STAGE_AT_BOOM,
				    .sign_mono_ns = at_mono_ns,
				    .queued_ns = -1,
				    .in_memory = passage->in_memory};
	for (size_t i = 0; i < PASSAGE_MOMENTS; i++)
		passage->at_mono_ns[i] = INT64_MIN;
	passage->at_mono_ns[PASSAGE_OPENED] = at_mono_ns;
	snprintf(passage->id, sizeof(passage->id), "%s", id);
	passage_write_note(passage);
}

void passage_drop(struct passage *passage)
{
	while (passage->binding_count > 0)
		passage_unbind(passage, passage->binding_count - 1);
	passage->stage = STAGE_FREE;
	passage->read_count = 0;
	passage->word.open = false;
}

bool passage_was_read(const struct passage *passage, enum passage_rule rule, const char *text)
{
	for (size_t i = 0; i < passage->read_count; i++)
		if (passage->reads[i].rule == rule && strcmp(passage->reads[i].text, text) == 0)
			return true;
	return false;
}

struct passage_read *passage_find_read(struct passage *passage, enum passage_rule rule,
				       const char *text)
{
	for (size_t i = 0; i < passage->read_count; i++)
		if (passage->reads[i].rule == rule && strcmp(passage->reads[i].text, text) == 0)
			return &passage->reads[i];
	return NULL;
}

struct passage_read *passage_add_read(struct passage *passage, const struct passage_read *read)
{
	if (passage->read_count == PASSAGE_READS) {
		passage->reads_more++;
		return NULL;
	}
	passage->reads[passage->read_count] = *read;
	return &passage->reads[passage->read_count++];
}

const char *passage_asked_as(const struct passage *passage, const struct passage_read *read)
{
	const struct passage_others *others = &passage->others[read->rule];

	return read->other && strcmp(others->of, read->text) == 0 ? others->texts + read->other - 1
								  : read->text;
}

const char *passage_next_other(const struct passage *passage, struct passage_read *read)
{
	const struct passage_others *others = &passage->others[read->rule];
	const char *next = NULL;

	if (strcmp(others->of, read->text) == 0)
		next = others_next(others->texts,
				   read->other ? passage_asked_as(passage, read) : NULL);
	if (next)
		read->other = (uint8_t)(next - others->texts + 1);
	return next;
}

bool passage_is_open(const struct passage *passage)
{
	return passage->stage == STAGE_AT_BOOM || passage->stage == STAGE_BEYOND ||
	       passage->stage == STAGE_COMING;
}

bool passage_reads_ahead(const struct passage *passage, enum passage_rule rule)
{
	for (size_t i = 0; i < passage->read_count; i++)
		if (passage->reads[i].rule == rule &&
		    passage->at_mono_ns[PASSAGE_PRESENT] != INT64_MIN &&
		    passage->reads[i].at_mono_ns < passage->at_mono_ns[PASSAGE_PRESENT])
			return true;
	return false;
}

/* ---- what was read against what is declared -------------------------------------------- */

/* How many numbers of that rule it declares, and whether this is one of them. */
static size_t declared_numbers(const struct consignment *consignment, enum passage_rule rule,
			       const char *text, bool *ret_is)
{
	size_t count = 0;

	for (size_t i = 0; rule == RULE_SEAL && i < consignment->seal_count; i++, count++)
		*ret_is |= strcmp(consignment->seals[i].number, text) == 0;
	for (size_t i = 0; rule == RULE_PLATE && i < consignment->vehicle_count; i++, count++)
		*ret_is |= strcmp(consignment->vehicles[i], text) == 0;
	for (size_t i = 0; rule == RULE_CONTAINER && i < consignment->container_count; i++, count++)
		*ret_is |= strcmp(consignment->containers[i].text, text) == 0;
	return count;
}

bool passage_declares(const struct passage *passage, enum passage_rule rule, const char *text)
{
	bool is = false;

	for (size_t i = 0; i < passage->binding_count; i++) {
		const struct consignment *consignment = binding_consignment(&passage->bindings[i]);

		if (consignment)
			(void)declared_numbers(consignment, rule, text, &is);
	}
	return is;
}

static bool declares_any(const struct passage *passage, enum passage_rule rule)
{
	bool is = false;

	for (size_t i = 0; i < passage->binding_count; i++) {
		const struct consignment *consignment = binding_consignment(&passage->bindings[i]);

		if (consignment && declared_numbers(consignment, rule, "", &is) > 0)
			return true;
	}
	return false;
}

bool passage_is_not_of(const struct passage *passage, enum passage_rule rule, const char *text)
{
	bool known = false;

	for (size_t i = 0; i < passage->binding_count; i++)
		known |= passage->bindings[i].dossier != NULL;
	return known && passage->vehicle && rule != RULE_DOCUMENT &&
	       passage_reads_ahead(passage, rule) && !passage_declares(passage, rule, text);
}

bool passage_shows(const struct passage *passage, const struct consignment *consignment,
		   const char *container)
{
	for (size_t i = 0; i < passage->read_count; i++) {
		const struct passage_read *read = &passage->reads[i];

		if (read->rule == RULE_CONTAINER && strcmp(read->text, container) == 0)
			return true;
		for (size_t k = 0; read->rule == RULE_SEAL && k < consignment->seal_count; k++) {
			const struct declared_seal *seal = &consignment->seals[k];

			if (seal->container && strcmp(seal->container, container) == 0 &&
			    strcmp(seal->number, read->text) == 0)
				return true;
		}
	}
	return false;
}

/* The only one that it is declared on: then all of it is on this one, unless containers say otherwise. */
static bool is_its_only_vehicle(const struct passage *passage,
				const struct consignment *consignment)
{
	return consignment->vehicle_count == 1 &&
	       passage_was_read(passage, RULE_PLATE, consignment->vehicles[0]);
}

static bool shows_a_containers_number(const struct passage *passage,
				      const struct consignment *consignment)
{
	for (size_t i = 0; i < consignment->container_count; i++)
		if (passage_was_read(passage, RULE_CONTAINER, consignment->containers[i].text))
			return true;
	return false;
}

bool passage_is_split(const struct passage *passage, const struct consignment *consignment)
{
	size_t shown = 0;

	if (is_its_only_vehicle(passage, consignment) &&
	    !shows_a_containers_number(passage, consignment))
		return false;
	for (size_t i = 0; i < consignment->container_count; i++)
		shown += passage_shows(passage, consignment, consignment->containers[i].text);
	return shown > 0 && shown < consignment->container_count;
}

enum answer passage_carries(const struct passage *passage, const struct consignment *consignment,
			    const struct declared_seal *seal)
{
	if (!seal->container || !passage_is_split(passage, consignment) ||
	    passage_shows(passage, consignment, seal->container))
		return ANSWER_YES;
	return is_its_only_vehicle(passage, consignment) ? ANSWER_UNKNOWN : ANSWER_NO;
}

/* None of the numbers of that rule that were read well is declared. */
static const struct passage_read *contradiction_of(const struct passage *passage,
						   enum passage_rule rule)
{
	const struct passage_read *other = NULL;

	if (!declares_any(passage, rule))
		return NULL;
	for (size_t i = 0; i < passage->read_count; i++) {
		const struct passage_read *read = &passage->reads[i];

		if (read->rule != rule || read->verdict != IDENTIFIER_GOOD)
			continue;
		if (passage_declares(passage, rule, read->text))
			return NULL;
		if (!other)
			other = read;
	}
	return other;
}

/* A plate that was read well, and none that was is of this consignment, which has some. Of its
 * containers a camera may see another's only. */
static const struct passage_read *other_vehicle(const struct passage *passage,
						const struct consignment *consignment)
{
	const struct passage_read *other = NULL;

	for (size_t i = 0; consignment->vehicle_count > 0 && i < passage->read_count; i++) {
		const struct passage_read *read = &passage->reads[i];
		bool is = false;

		if (read->rule != RULE_PLATE || read->verdict != IDENTIFIER_GOOD)
			continue;
		(void)declared_numbers(consignment, RULE_PLATE, read->text, &is);
		if (is)
			return NULL;
		if (!other)
			other = read;
	}
	return other;
}

/* The plate by which it is on this vehicle; NULL: none, or another one declares that too. */
static const struct passage_read *plate_of_its_own(const struct passage *passage,
						   const struct consignment *consignment,
						   const struct consignment *another)
{
	const struct passage_read *own = NULL;

	for (size_t i = 0; i < passage->read_count; i++) {
		const struct passage_read *read = &passage->reads[i];
		bool is = false, is_anothers = false;

		if (read->rule != RULE_PLATE || read->verdict != IDENTIFIER_GOOD)
			continue;
		(void)declared_numbers(consignment, RULE_PLATE, read->text, &is);
		(void)declared_numbers(another, RULE_PLATE, read->text, &is_anothers);
		if (is && is_anothers)
			return NULL;
		if (is)
			own = read;
	}
	return own;
}

/* Two of its consignments are each declared on a vehicle whose plate was read, and not on the
 * other's: one plate was misread, or is of the vehicle behind. The later one. */
static const struct passage_read *second_vehicle(const struct passage *passage)
{
	for (size_t i = 0; i < passage->binding_count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct consignment *a = binding_consignment(&passage->bindings[i]);
			const struct consignment *b = binding_consignment(&passage->bindings[k]);
			const struct passage_read *one, *other;

			if (!a || !b)
				continue;
			one = plate_of_its_own(passage, a, b);
			other = plate_of_its_own(passage, b, a);
			if (one && other)
				return one->at_mono_ns > other->at_mono_ns ? one : other;
		}
	return NULL;
}

const struct passage_read *passage_contradiction(const struct passage *passage)
{
	const struct passage_read *read = NULL;

	if (passage->officer_decided)
		return NULL;
	for (size_t i = 0; !read && i < passage->binding_count; i++) {
		const struct consignment *consignment = binding_consignment(&passage->bindings[i]);

		if (consignment)
			read = other_vehicle(passage, consignment);
	}
	if (!read)
		read = second_vehicle(passage);
	return read ? read : contradiction_of(passage, RULE_CONTAINER);
}

bool read_awaits_answer(const struct passage_read *read)
{
	return read->status == READ_TO_ASK || read->status == READ_ASKED;
}

bool passage_awaits_answer(const struct passage *passage)
{
	for (size_t i = 0; i < passage->read_count; i++)
		if (read_awaits_answer(&passage->reads[i]))
			return true;
	return passage->word.open;
}

void passage_amend(struct passage_binding *binding, const struct reseals *reseals,
		   const struct move_list *moved)
{
	free(binding->amended);
	binding->amended = consignment_amended(binding->dossier->consignment, reseals, moved);
}

const struct consignment *binding_consignment(const struct passage_binding *binding)
{
	if (binding->amended)
		return binding->amended;
	return binding->dossier ? binding->dossier->consignment : NULL;
}

struct passage_binding *passage_find_binding(struct passage *passage, const char *ucr)
{
	for (size_t i = 0; i < passage->binding_count; i++)
		if (strcmp(passage->bindings[i].ucr, ucr) == 0)
			return &passage->bindings[i];
	return NULL;
}

struct passage_binding *passage_bind(struct passage *passage, const char *ucr,
				     enum passage_rule rule)
{
	struct passage_binding *binding;

	if (passage->binding_count == PASSAGE_CONSIGNMENTS)
		return NULL;
	binding = &passage->bindings[passage->binding_count++];
	*binding = (struct passage_binding){.rule = rule, .decision = RECOGNITION_UNKNOWN};
	snprintf(binding->ucr, sizeof(binding->ucr), "%s", ucr);
	return binding;
}

/* An answer may be held by several bindings: the last one frees it. */
static void release_answer(struct passage *passage, struct registry_answer *answer)
{
	for (size_t i = 0; i < passage->binding_count; i++)
		if (passage->bindings[i].answer == answer)
			return;
	registry_answer_free(answer);
}

void passage_unbind(struct passage *passage, size_t which)
{
	struct registry_answer *answer = passage->bindings[which].answer;

	assert(which < passage->binding_count);
	free(passage->bindings[which].amended);
	passage->binding_count--;
	memmove(&passage->bindings[which], &passage->bindings[which + 1],
		(passage->binding_count - which) * sizeof(passage->bindings[0]));
	if (answer)
		release_answer(passage, answer);
}

bool passage_seal_read(const struct passage *passage, const struct consignment *consignment)
{
	for (size_t i = 0; i < passage->read_count; i++)
		for (size_t k = 0; k < consignment->seal_count; k++)
			if (passage->reads[i].rule == RULE_SEAL &&
			    strcmp(passage->reads[i].text, consignment->seals[k].number) == 0)
				return true;
	return false;
}

/* The tare is of the vehicle, however many consignments say it. */
bool passage_declared_weight(const struct passage *passage, struct declared_weight *ret_weight)
{
	int64_t goods_g = 0, tare_g = 0;

	for (size_t i = 0; i < passage->binding_count; i++) {
		const struct consignment *consignment = binding_consignment(&passage->bindings[i]);

		if (!consignment || consignment->gross_mass_g == 0 ||
		    passage_is_split(passage, consignment))
			return false;
		goods_g += consignment->gross_mass_g;
		if (consignment->tare_g > tare_g)
			tare_g = consignment->tare_g;
	}
	if (goods_g == 0 || tare_g == 0 || passage->carries_more)
		return false;
	*ret_weight = (struct declared_weight){.goods_kg = (double)goods_g / 1000,
					       .tare_kg = (double)tare_g / 1000};
	return true;
}

enum recognition_decision passage_decision(const struct passage *passage)
{
	static const int badness[] = {
		[RECOGNISED] = 0,     [RECOGNITION_LIST_STALE] = 1, [RECOGNITION_UNKNOWN] = 2,
		[NOT_RECOGNISED] = 3, [RECOGNITION_EXPIRED] = 4,    [RECOGNITION_SUSPENDED] = 5,
	};
	enum recognition_decision worst = RECOGNISED;

	for (size_t i = 0; i < passage->binding_count; i++)
		if (badness[passage->bindings[i].decision] > badness[worst])
			worst = passage->bindings[i].decision;
	return passage->binding_count ? worst : RECOGNITION_UNKNOWN;
}

uint32_t passage_benefits(const struct passage *passage)
{
	bool none = passage->binding_count == 0 || passage->carries_more ||
		    passage_contradiction(passage);
	uint32_t all = none ? 0 : UINT32_MAX;

	for (size_t i = 0; i < passage->binding_count; i++)
		all &= passage->bindings[i].benefits;
	return all;
}

void passage_write_note(struct passage *passage)
{
	struct jw json;
	size_t i;

	jw_start(&json, passage->note, sizeof(passage->note));
	jw_open(&json, "passage");
	jw_text(&json, "id", passage->id);
	if (passage->binding_count) {
		jw_open_array(&json, "ucr");
		for (i = 0; i < passage->binding_count && json.bytes < PASSAGE_NOTE_UCRS; i++)
			jw_text(&json, NULL, passage->bindings[i].ucr);
		jw_close_array(&json);
		if (i < passage->binding_count)
			jw_uint(&json, "ucr_more", passage->binding_count - i);
		jw_text(&json, "recognition", recognition_decision_name(passage_decision(passage)));
	}
	jw_close(&json);
	assert(jw_ok(&json));
}

const char *passage_rule_name(enum passage_rule rule)
{
	static const char *const names[PASSAGE_RULES] = {
		[RULE_OFFICER] = "officer", [RULE_DOCUMENT] = "document",
		[RULE_PLATE] = "plate",	    [RULE_CONTAINER] = "container",
		[RULE_SEAL] = "seal",
	};

	return names[rule];
}

const char *passage_end_name(enum passage_end end)
{
	static const char *const names[] = {
		[END_PASSED] = "passed",
		[END_LEFT] = "left",
		[END_BACKED_OUT] = "backed_out",
		[END_NO_VEHICLE] = "no_vehicle",
	};

	return names[end];
}

const char *passage_moment_name(enum passage_moment moment)
{
	static const char *const names[PASSAGE_MOMENTS] = {
		[PASSAGE_OPENED] = "opened",	     [PASSAGE_PRESENT] = "presence",
		[PASSAGE_IDENTIFIED] = "identified", [PASSAGE_CHECKED] = "seal_checked",
		[PASSAGE_RELEASED] = "released",     [PASSAGE_CLEARED] = "cleared",
	};

	return names[moment];
}
