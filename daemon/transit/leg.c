#include "leg.h"

#include <string.h>

#include "json.h"

const char *leg_result_name(enum leg_result result)
{
	static const char *const names[] = {
		[LEG_SAME] = "same",	     [LEG_UNKNOWN] = "unknown", [LEG_EXTRA] = "extra",
		[LEG_MISSING] = "missing",   [LEG_OPENED] = "opened",	[LEG_TAMPERED] = "tampered",
		[LEG_REOPENED] = "reopened",
	};

	return names[result];
}

const char *leg_continuity_name(enum leg_continuity continuity)
{
	static const char *const names[] = {
		[LEG_KEPT] = "kept",
		[LEG_NOT_KNOWN] = "unknown",
		[LEG_BROKEN] = "broken",
	};

	return names[continuity];
}

static const struct leg_seal *find_seal(const struct leg_seal *seals, size_t count,
					const char *number)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(seals[i].number, number) == 0)
			return &seals[i];
	return NULL;
}

/* A counter that was known and is not says nothing, but is told. */
static enum leg_result compare_counter(int64_t before, int64_t now)
{
	if (before < 0)
		return LEG_SAME;
	if (now < 0)
		return LEG_UNKNOWN;
	return before == now ? LEG_SAME : LEG_REOPENED;
}

static enum leg_result worse(enum leg_result a, enum leg_result b)
{
	return a > b ? a : b;
}

static enum leg_result compare_seals(const struct leg_seal *before, const struct leg_seal *now,
				     bool complete)
{
	if ((!now || now->state == LEG_SEAL_MISSING) && before->state == LEG_SEAL_MISSING)
		return LEG_SAME;
	if (!now || now->state == LEG_SEAL_MISSING)
		return complete || now ? LEG_MISSING : LEG_UNKNOWN;
	if (before->state != LEG_SEAL_INTACT && before->state == now->state)
		return before->state == LEG_SEAL_UNKNOWN ? LEG_UNKNOWN : LEG_SAME;
	if (now->state == LEG_SEAL_OPENED)
		return LEG_OPENED;
	if (now->state == LEG_SEAL_TAMPERED)
		return LEG_TAMPERED;
	if (now->state == LEG_SEAL_UNKNOWN)
		return LEG_UNKNOWN;
	if (before->state == LEG_SEAL_OPENED || before->state == LEG_SEAL_TAMPERED)
		return LEG_REOPENED; /* it was not closed when it left */
	return worse(compare_counter(before->openings, now->openings),
		     compare_counter(before->tamperings, now->tamperings));
}

static void judge_result(struct leg_verdict *verdict, enum leg_result result)
{
	enum leg_continuity continuity = LEG_BROKEN;

	if (result == LEG_SAME)
		continuity = LEG_KEPT;
	else if (result == LEG_UNKNOWN || result == LEG_EXTRA)
		continuity = LEG_NOT_KNOWN;
	if (continuity > verdict->continuity)
		verdict->continuity = continuity;
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
}

static void judge_seals(const struct handover *announced, const struct leg_observed *observed,
			struct leg_verdict *verdict)
{
	size_t i;

	for (i = 0; i < announced->seal_count; i++) {
		const struct leg_seal *before = &announced->seals[i];
		const struct leg_seal *now =
			find_seal(observed->seals, observed->seal_count, before->number);

		add_finding(verdict, compare_seals(before, now, observed->complete), before, now);
	}
	if (announced->seals_more > 0) {
		judge_result(verdict, LEG_UNKNOWN);
		return;
	}
	for (i = 0; i < observed->seal_count; i++) {
		const struct leg_seal *now = &observed->seals[i];

		if (!find_seal(announced->seals, announced->seal_count, now->number))
			add_finding(verdict, LEG_EXTRA, NULL, now);
	}
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
	ret_verdict->early = ret_verdict->timed && ret_verdict->duration_ns < least_ns;
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

static void tell_counters(struct json *json, const char *key, int64_t openings, int64_t tamperings)
{
	json_open(json, key);
	if (openings < 0)
		json_text(json, "open", NULL);
	else
		json_int(json, "open", openings);
	if (tamperings < 0)
		json_text(json, "tamper", NULL);
	else
		json_int(json, "tamper", tamperings);
	json_close(json);
}

static void tell_finding(const struct leg_finding *finding, struct json *json)
{
	json_open(json, NULL);
	json_text(json, "number", finding->number);
	json_text(json, "result", leg_result_name(finding->result));
	if (finding->counted) {
		tell_counters(json, "before", finding->openings_before, finding->tamperings_before);
		tell_counters(json, "now", finding->openings_now, finding->tamperings_now);
	}
	json_close(json);
}

static void tell_arrival(const struct handover *announced, const struct leg_verdict *verdict,
			 struct json *json)
{
	size_t i;

	if (verdict->timed)
		json_int(json, "duration_ms", verdict->duration_ns / NS_PER_MS);
	else
		json_text(json, "duration_ms", NULL);
	json_bool(json, "early", verdict->early);
	json_text(json, "continuity", leg_continuity_name(verdict->continuity));
	json_open(json, "seals");
	json_int(json, "announced", (int64_t)announced->seal_count + announced->seals_more);
	json_uint(json, "observed", verdict->observed);
	json_open_array(json, "findings");
	for (i = 0; i < verdict->finding_count; i++)
		tell_finding(&verdict->findings[i], json);
	json_close_array(json);
	if (verdict->findings_more > 0)
		json_uint(json, "more", verdict->findings_more);
	json_close(json);
}

void leg_tell(const struct handover *announced, const struct leg_verdict *verdict,
	      struct json *json)
{
	json_open(json, "leg");
	json_text(json, "from", announced->from);
	json_text(json, "to", announced->to);
	json_text(json, "gateway", announced->gateway);
	json_utc(json, "departed", announced->departed_utc_ns);
	json_text(json, "departed_clock", clock_state_name(announced->departed_clock));
	if (announced->expected_from_utc_ns != INT64_MIN)
		json_utc(json, "expected_from", announced->expected_from_utc_ns);
	if (announced->expected_until_utc_ns != INT64_MAX)
		json_utc(json, "expected_until", announced->expected_until_utc_ns);
	if (verdict)
		tell_arrival(announced, verdict, json);
	json_close(json);
}
