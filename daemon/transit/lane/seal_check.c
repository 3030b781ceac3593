#include "transit/lane/seal_check.h"

static const struct {
	const char *name;
	enum event_id event;
} results[] = {
	[CHECK_NONE] = {"none", EVENT_SEAL_CHECK_UNKNOWN},
	[CHECK_INTACT] = {"intact", EVENT_SEAL_CHECK_INTACT},
	[CHECK_UNKNOWN] = {"unknown", EVENT_SEAL_CHECK_UNKNOWN},
	[CHECK_EXTRA] = {"extra", EVENT_SEAL_CHECK_EXTRA},
	[CHECK_MISSING] = {"missing", EVENT_SEAL_CHECK_MISSING},
	[CHECK_MISMATCH] = {"mismatch", EVENT_SEAL_CHECK_MISMATCH},
	[CHECK_CLONE] = {"clone", EVENT_SEAL_CHECK_CLONE},
	[CHECK_REOPENED] = {"reopened", EVENT_SEAL_CHECK_REOPENED},
	[CHECK_OPENED] = {"opened", EVENT_SEAL_CHECK_OPENED},
	[CHECK_TAMPERED] = {"tampered", EVENT_SEAL_CHECK_TAMPERED},
};

static bool closed_later(const struct declared_seal *declared, const struct seal_sighting *sighting)
{
	if (!declared || !sighting->sealed_known || declared->affixed_utc_ns == INT64_MIN ||
	    declared->affixed_utc_ns >= INT64_MAX - SEAL_CLOCK_TOLERANCE_NS)
		return false;
	return sighting->sealed_utc_ns > declared->affixed_utc_ns + SEAL_CLOCK_TOLERANCE_NS;
}

static struct seal_finding finding(enum seal_result result, enum seal_because because)
{
	return (struct seal_finding){.result = result, .because = because};
}

struct seal_finding seal_check(const struct declared_seal *declared,
			       const struct seal_sighting *sighting)
{
	if (sighting->state == SEAL_TAMPERED)
		return finding(CHECK_TAMPERED, SEAL_BECAUSE_STATE);
	if (sighting->state == SEAL_OPENED)
		return finding(CHECK_OPENED, SEAL_BECAUSE_STATE);
	if (sighting->reopened)
		return finding(CHECK_REOPENED, SEAL_BECAUSE_COUNTER);
	if (closed_later(declared, sighting))
		return finding(CHECK_REOPENED, SEAL_BECAUSE_TIME);
	if (sighting->elsewhere)
		return finding(CHECK_CLONE, SEAL_BECAUSE_ELSEWHERE);
	if (!declared)
		return finding(CHECK_EXTRA, SEAL_BECAUSE_NOT_DECLARED);
	if (sighting->state == SEAL_INTACT)
		return finding(CHECK_INTACT, SEAL_BECAUSE_NOTHING);
	if (sighting->state == SEAL_MISSING)
		return finding(CHECK_MISSING, SEAL_BECAUSE_STATE);
	return finding(CHECK_UNKNOWN, SEAL_BECAUSE_STATE);
}

enum event_id seal_result_event(enum seal_result result)
{
	return results[result].event;
}

const char *seal_result_name(enum seal_result result)
{
	return results[result].name;
}

const char *seal_because_name(enum seal_because because)
{
	static const char *const names[] = {
		[SEAL_BECAUSE_STATE] = "state",
		[SEAL_BECAUSE_COUNTER] = "counter",
		[SEAL_BECAUSE_TIME] = "time",
		[SEAL_BECAUSE_ELSEWHERE] = "elsewhere",
		[SEAL_BECAUSE_NOT_READ] = "not_read",
		[SEAL_BECAUSE_READER] = "reader",
		[SEAL_BECAUSE_NOT_DECLARED] = "not_declared",
		[SEAL_BECAUSE_CONTAINER] = "container_not_shown",
		[SEAL_BECAUSE_TOO_MANY] = "too_many",
	};

	return because == SEAL_BECAUSE_NOTHING ? NULL : names[because];
}
