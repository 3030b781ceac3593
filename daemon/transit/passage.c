#include "passage.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void passage_start(struct passage *passage, const char *id, int64_t at_mono_ns)
{
	size_t i;

	*passage = (struct passage){
		.stage = STAGE_AT, .sign_mono_ns = at_mono_ns, .kept = passage->kept};
	for (i = 0; i < PASSAGE_MOMENTS; i++)
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

struct passage_read *passage_find_read(struct passage *passage, enum passage_rule rule,
				       const char *text)
{
	size_t i;

	for (i = 0; i < passage->read_count; i++)
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

bool passage_awaits(const struct passage_read *read)
{
	return read->status == READ_TO_ASK || read->status == READ_ASKED;
}

bool passage_waits(const struct passage *passage)
{
	size_t i;

	for (i = 0; i < passage->read_count; i++)
		if (passage_awaits(&passage->reads[i]))
			return true;
	return passage->word.open;
}

struct passage_binding *passage_find_binding(struct passage *passage, const char *ucr)
{
	size_t i;

	for (i = 0; i < passage->binding_count; i++)
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
	size_t i;

	for (i = 0; i < passage->binding_count; i++)
		if (passage->bindings[i].answer == answer)
			return;
	registry_answer_free(answer);
}

void passage_unbind(struct passage *passage, size_t which)
{
	struct registry_answer *answer = passage->bindings[which].answer;

	assert(which < passage->binding_count);
	passage->binding_count--;
	memmove(&passage->bindings[which], &passage->bindings[which + 1],
		(passage->binding_count - which) * sizeof(passage->bindings[0]));
	if (answer)
		release_answer(passage, answer);
}

bool passage_seal_read(const struct passage *passage, const struct consignment *consignment)
{
	size_t i, k;

	for (i = 0; i < passage->read_count; i++)
		for (k = 0; k < consignment->seal_count; k++)
			if (passage->reads[i].rule == RULE_SEAL &&
			    strcmp(passage->reads[i].text, consignment->seals[k].number) == 0)
				return true;
	return false;
}

enum recognition_decision passage_decision(const struct passage *passage)
{
	static const int badness[] = {
		[RECOGNISED] = 0,     [RECOGNITION_LIST_STALE] = 1, [RECOGNITION_UNKNOWN] = 2,
		[NOT_RECOGNISED] = 3, [RECOGNITION_EXPIRED] = 4,    [RECOGNITION_SUSPENDED] = 5,
	};
	enum recognition_decision worst = RECOGNISED;
	size_t i;

	for (i = 0; i < passage->binding_count; i++)
		if (badness[passage->bindings[i].decision] > badness[worst])
			worst = passage->bindings[i].decision;
	return passage->binding_count ? worst : RECOGNITION_UNKNOWN;
}

uint32_t passage_benefits(const struct passage *passage)
{
	uint32_t all = passage->binding_count ? UINT32_MAX : 0;
	size_t i;

	for (i = 0; i < passage->binding_count; i++)
		all &= passage->bindings[i].benefits;
	return all;
}

void passage_write_note(struct passage *passage)
{
	struct json json;
	size_t i;

	json_start(&json, passage->note, sizeof(passage->note));
	json_open(&json, "passage");
	json_text(&json, "id", passage->id);
	if (passage->binding_count) {
		json_open_array(&json, "ucr");
		for (i = 0; i < passage->binding_count && json.bytes < PASSAGE_NOTE_UCRS; i++)
			json_text(&json, NULL, passage->bindings[i].ucr);
		json_close_array(&json);
		if (i < passage->binding_count)
			json_uint(&json, "ucr_more", passage->binding_count - i);
		json_text(&json, "recognition",
			  recognition_decision_name(passage_decision(passage)));
	}
	json_close(&json);
	assert(json_ok(&json));
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
