#include "transit/legs/leg.h"

#include <string.h>

#include "base/json_writer.h"

const char *leg_result_name(enum leg_result result)
{
	static const char *const names[] = {
		[LEG_SAME] = "same",	       [LEG_UNKNOWN] = "unknown",
		[LEG_EXTRA] = "extra",	       [LEG_ABSENT] = "absent",
		[LEG_NOT_WHOLE] = "not_whole", [LEG_MISSING] = "missing",
		[LEG_RETURNED] = "returned",   [LEG_OPENED] = "opened",
		[LEG_TAMPERED] = "tampered",   [LEG_REOPENED] = "reopened",
	};

	return names[result];
}

const char *leg_continuity_name(enum leg_continuity continuity)
{
	static const char *const names[] = {
		[LEG_KEPT] = "kept",
		[LEG_NOT_KNOWN] = "unknown",
		[LEG_OPEN] = "open",
		[LEG_BROKEN] = "broken",
	};

	return names[continuity];
}

static const struct leg_seal *find_seal(const struct leg_seal *seals, size_t count,
					const char *number)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(seals[i].number, number) == 0)
			return &seals[i];
	return NULL;
}

/* A counter that only one end knows leaves it open. */
static enum leg_result compare_counter(int64_t before, int64_t now)
{
	if (before >= 0 && now >= 0)
		return before == now ? LEG_SAME : LEG_REOPENED;
	return before < 0 && now == LEG_NO_COUNTER ? LEG_SAME : LEG_UNKNOWN;
}

static enum leg_result compare_counters(const struct leg_seal *before, const struct leg_seal *now)
{
	enum leg_result openings = compare_counter(before->openings, now->openings);
	enum leg_result tamperings = compare_counter(before->tamperings, now->tamperings);

	return openings > tamperings ? openings : tamperings;
}

/* It was seen: a counter that moved tells more than the states do. */
static enum leg_result compare_sighted(const struct leg_seal *before, const struct leg_seal *now)
{
	enum leg_result counters = compare_counters(before, now);

	if (now->state == LEG_SEAL_OPENED || now->state == LEG_SEAL_TAMPERED) {
		if (before->state == now->state && counters != LEG_REOPENED)
			return LEG_NOT_WHOLE;
		if (before->state != now->state)
			return now->state == LEG_SEAL_OPENED ? LEG_OPENED : LEG_TAMPERED;
	}
	if (counters == LEG_REOPENED)
		return LEG_REOPENED;
	if (before->state == LEG_SEAL_MISSING)
		return LEG_RETURNED;
	if (now->state == LEG_SEAL_UNKNOWN)
		return LEG_UNKNOWN;
	if (before->state == LEG_SEAL_OPENED || before->state == LEG_SEAL_TAMPERED)
		return LEG_REOPENED; /* it was not closed when it left */
	return before->state == LEG_SEAL_UNKNOWN ? LEG_UNKNOWN : counters;
}

static enum leg_result compare_seals(const struct leg_seal *before, const struct leg_seal *now,
				     bool complete)
{
	if (now && now->state != LEG_SEAL_MISSING)
		return compare_sighted(before, now);
	if (!now && !complete)
		return LEG_UNKNOWN;
	return before->state == LEG_SEAL_MISSING ? LEG_ABSENT : LEG_MISSING;
}

static void judge_result(struct leg_verdict *verdict, enum leg_result result)
{
	static const enum leg_continuity means[] = {
		[LEG_SAME] = LEG_KEPT,	     [LEG_UNKNOWN] = LEG_NOT_KNOWN,
		[LEG_EXTRA] = LEG_NOT_KNOWN, [LEG_ABSENT] = LEG_OPEN,
		[LEG_NOT_WHOLE] = LEG_OPEN,  [LEG_MISSING] = LEG_BROKEN,
		[LEG_RETURNED] = LEG_BROKEN, [LEG_OPENED] = LEG_BROKEN,
		[LEG_TAMPERED] = LEG_BROKEN, [LEG_REOPENED] = LEG_BROKEN,
	};

	if (means[result] > verdict->continuity)
		verdict->continuity = means[result];
}

static void add_finding(struct leg_verdict *verdict, enum leg_result result,
			const struct leg_seal *before, const struct leg_seal *now)
{
	struct leg_finding *finding;

	judge_result(verdict, result);
	if (result == LEG_SAME)
		return;
	if (verdict->finding_count == LEG_FINDINGS) {
		verdict->findings_more++;
		return;
	}
	finding = &verdict->findings[verdict->finding_count++];
	*finding = (struct leg_finding){.result = result};
	memcpy(finding->number, before ? before->number : now->number, sizeof(finding->number));
	finding->counted = before && now && (before->openings >= 0 || before->tamperings >= 0);
	if (!finding->counted)
		return;
	finding->openings_before = before->openings;
	finding->openings_now = now->openings;
	finding->tamperings_before = before->tamperings;
	finding->tamperings_now = now->tamperings;
	memcpy(finding->counted_at, before->counted_at, sizeof(finding->counted_at));
	finding->counted_utc_ns = before->counted_utc_ns;
}

static void judge_seals(const struct handover *announced, const struct leg_observed *observed,
			struct leg_verdict *verdict)
{
	for (size_t i = 0; i < announced->seal_count; i++) {
		const struct leg_seal *before = &announced->seals[i];
		const struct leg_seal *now =
			find_seal(observed->seals, observed->seal_count, before->number);

		add_finding(verdict, compare_seals(before, now, observed->complete), before, now);
	}
	if (announced->seals_more > 0 || announced->seal_count == 0)
		judge_result(verdict, LEG_UNKNOWN);
	if (announced->seals_more > 0)
		return;
	for (size_t i = 0; i < observed->seal_count + observed->unread; i++) {
		const struct leg_seal *now = &observed->seals[i];

		if (!find_seal(announced->seals, announced->seal_count, now->number))
			add_finding(verdict, i < observed->seal_count ? LEG_EXTRA : LEG_UNKNOWN,
				    NULL, now);
	}
}

/* Who announced it is not known: nothing is shown by the comparison. */
static void doubt(struct leg_verdict *verdict)
{
	verdict->continuity = LEG_NOT_KNOWN;
	verdict->timed = false;
	verdict->clock_fault = false;
}

void leg_judge(const struct handover *announced, const struct leg_observed *observed,
	       int64_t least_ns, struct leg_verdict *ret_verdict)
{
	*ret_verdict = (struct leg_verdict){
		.observed = observed->seal_count,
		.timed = announced->departed_clock != CLOCK_UNSYNCED &&
			 observed->clock != CLOCK_UNSYNCED,
		.duration_ns = observed->arrived_utc_ns - announced->departed_utc_ns,
	};
	judge_seals(announced, observed, ret_verdict);
	ret_verdict->clock_fault = ret_verdict->timed && (ret_verdict->duration_ns < 0 ||
							  ret_verdict->duration_ns < least_ns);
	ret_verdict->timed &= !ret_verdict->clock_fault;
	ret_verdict->clock = observed->clock;
	if (handover_is_doubtful(announced))
		doubt(ret_verdict);
}

bool leg_is_too_short(int64_t one_utc_ns, enum clock_state one, int64_t other_utc_ns,
		      enum clock_state other, int64_t least_ns)
{
	int64_t apart = one_utc_ns - other_utc_ns;

	if (one == CLOCK_UNSYNCED || other == CLOCK_UNSYNCED)
		return false;
	return (apart < 0 ? -apart : apart) < least_ns;
}

/* ---- telling ------------------------------------------------------------------------- */

static void tell_counters(struct jw *json, const char *key, int64_t openings, int64_t tamperings)
{
	jw_open(json, key);
	if (openings < 0)
		jw_text(json, "open", NULL);
	else
		jw_int(json, "open", openings);
	if (tamperings < 0)
		jw_text(json, "tamper", NULL);
	else
		jw_int(json, "tamper", tamperings);
	jw_close(json);
}

static void tell_finding(const struct leg_finding *finding, struct jw *json)
{
	jw_open(json, NULL);
	jw_text(json, "number", finding->number);
	jw_text(json, "result", leg_result_name(finding->result));
	if (finding->counted) {
		tell_counters(json, "before", finding->openings_before, finding->tamperings_before);
		leg_seal_tell_counted(finding->counted_at, finding->counted_utc_ns, json);
		tell_counters(json, "now", finding->openings_now, finding->tamperings_now);
	}
	jw_close(json);
}

/* Before it left, as the checkpoint before announced. */
static void tell_resealed(const struct handover *announced, struct jw *json)
{
	bool any = false;

	for (size_t i = 0; i < announced->seal_count; i++) {
		const struct leg_seal *seal = &announced->seals[i];

		if (!seal->instead_of[0])
			continue;
		if (!any)
			jw_open_array(json, "resealed");
		any = true;
		jw_open(json, NULL);
		jw_text(json, "removed", seal->instead_of);
		jw_text(json, "affixed", seal->number);
		jw_close(json);
	}
	if (any)
		jw_close_array(json);
}

static void tell_arrival(const struct handover *announced, const struct leg_verdict *verdict,
			 struct jw *json)
{
	if (verdict->timed)
		jw_int(json, "duration_ms", verdict->duration_ns / NS_PER_MS);
	else
		jw_text(json, "duration_ms", NULL);
	jw_text(json, "arrived_clock", clock_state_name(verdict->clock));
	if (verdict->clock_fault)
		jw_int(json, "clocks_apart_ms", verdict->duration_ns / NS_PER_MS);
	jw_text(json, "continuity", leg_continuity_name(verdict->continuity));
	tell_resealed(announced, json);
	move_list_tell(&announced->moved, json);
	jw_open(json, "seals");
	jw_int(json, "announced", (int64_t)announced->seal_count + announced->seals_more);
	jw_uint(json, "observed", verdict->observed);
	jw_open_array(json, "findings");
	for (size_t i = 0; i < verdict->finding_count; i++)
		tell_finding(&verdict->findings[i], json);
	jw_close_array(json);
	if (verdict->findings_more > 0)
		jw_uint(json, "more", verdict->findings_more);
	jw_close(json);
}

void leg_tell(const struct handover *announced, const struct leg_verdict *verdict, struct jw *json)
{
	jw_open(json, "leg");
	jw_text(json, "from", announced->from);
	jw_text(json, "to", announced->to);
	if (announced->part[0])
		jw_text(json, "part", announced->part);
	if (announced->parts > 0)
		jw_int(json, "parts", announced->parts);
	jw_text(json, "gateway", announced->gateway);
	if (announced->signature != HANDOVER_NOT_JUDGED)
		jw_text(json, "signature", handover_signature_name(announced->signature));
	jw_utc(json, "departed", announced->departed_utc_ns);
	jw_text(json, "departed_clock", clock_state_name(announced->departed_clock));
	if (announced->expected_from_utc_ns != INT64_MIN)
		jw_utc(json, "expected_from", announced->expected_from_utc_ns);
	if (announced->expected_until_utc_ns != INT64_MAX)
		jw_utc(json, "expected_until", announced->expected_until_utc_ns);
	if (verdict)
		tell_arrival(announced, verdict, json);
	jw_close(json);
}
