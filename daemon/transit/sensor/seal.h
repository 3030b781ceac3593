/* An electronic seal as a reader or a wired loop shows it.
 *
 * States: intact, opened, tampered, missing, mismatch, unknown; and absent: the
 * reader sees no seal at all, as in an empty lane (missing is a seal the reader
 * expects and does not find). A reader that does not answer makes the state
 * unknown, never the last one. What tells of tampering or opening counts even
 * while another input is lost; intact needs all of them. Counters that moved
 * although the seal looks closed mean it was opened and closed again.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_SEAL_H
#define CORRIDORD_TRANSIT_SENSOR_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/sensor/seal_memory.h"
#include "transit/sensor/sensor.h"
#include "transit/sensor/sight.h"

struct seal_conf {
	const char *name;
	int32_t id; /* the seal's number; empty or 0: no seal in the field */
	int32_t status; /* words intact, opened, tampered, missing, unknown */
	int32_t opened; /* true: open */
	int32_t tampered; /* true: case or loop tampered with */
	int32_t loop; /* wired seal: true while the loop is whole */
	int32_t battery; /* percent */
	int32_t open_counter;
	int32_t tamper_counter;
	int32_t sealed_at; /* when it was closed, by its own clock: seconds since 1970 UTC */
	int64_t battery_low; /* percent: below is seal.battery-low */
	int64_t battery_critical; /* percent: below is seal.battery-critical */
};

enum seal_input {
	SEAL_ID,
	SEAL_STATUS,
	SEAL_IS_OPENED,
	SEAL_IS_TAMPERED,
	SEAL_LOOP,
	SEAL_BATTERY,
	SEAL_OPEN_COUNTER,
	SEAL_TAMPER_COUNTER,
	SEAL_SEALED_AT,
	SEAL_INPUT_COUNT
};

enum seal_state {
	SEAL_INTACT,
	SEAL_OPENED,
	SEAL_TAMPERED,
	SEAL_MISSING,
	SEAL_ABSENT,
	SEAL_UNKNOWN,
};

enum seal_alarm { SEAL_LOW, SEAL_CRITICAL, SEAL_ALARM_COUNT };

struct seal {
	struct sensor sensor; /* first: the one is cast to the other */
	const struct seal_conf *conf;
	const struct point *inputs[SEAL_INPUT_COUNT]; /* NULL: not configured */
	struct alarm alarms[SEAL_ALARM_COUNT];
	struct seal_memory *memory; /* borrowed */
	struct seal_record own; /* instead of one there, for a seal without a number */

	struct sight sight;
	bool waits; /* what is seen now is not believed yet */
	int64_t doubt_mono_ns; /* since when it is another number than id; INT64_MAX: it is not */
	char id[VALUE_TEXT_BYTES]; /* of the seal last seen; empty: none */
	int64_t id_mono_ns; /* when that seal came */
	double reported_battery; /* percent, in the retained state */
	int64_t reported_mono_ns; /* last change of another input that it contains */
	enum seal_state state; /* as last judged */
	bool closed_to_come; /* it says that it was closed after tomorrow */
	bool reopened; /* the last judgement found that its counters had moved */
};

/* points, memory: borrowed; points are indexed by the references of conf. */
void seal_init(struct seal *seal, const struct seal_conf *conf, const char *lane,
	       const struct point *const *points, struct seal_memory *memory);

/* Before seal_judge(), which is not called when this gives true: that it has gone, or is another
 * one, is not to be believed yet. over: its deadline has come. */
bool seal_waits(struct seal *seal, bool over);
int64_t seal_deadline(const struct seal *seal); /* INT64_MAX: none */

/* Its inputs have changed, or were read again while it waits. */
void seal_judge(struct seal *seal, struct teller *teller);

/* Its number as text, empty: the reader sees no seal; while it waits, the one before. false: it
 * cannot be told. */
bool seal_number(const struct seal *seal, char ret_id[VALUE_TEXT_BYTES]);
/* What its inputs say at this moment, though it waits. */
enum seal_state seal_state_shown(const struct seal *seal);
/* While it waits: what is seen now is no longer the one before. */
bool seal_shows_another(const struct seal *seal);
/* false: it does not say, or never was closed. */
bool seal_closed_at(const struct seal *seal, int64_t *ret_utc_ns);

const char *seal_state_name(enum seal_state state); /* "intact" */

#endif
