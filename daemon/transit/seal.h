/* An electronic seal as a reader or a wired loop shows it.
 *
 * States: intact, opened, tampered, missing, mismatch, unknown. A reader that
 * does not answer makes the state unknown, never the last one. Counters that
 * moved although the seal looks closed mean it was opened and closed again.
 */
#ifndef CORRIDORD_SEAL_H
#define CORRIDORD_SEAL_H

#include <stdint.h>

struct seal_conf {
	const char *name;
	int32_t id; /* text: the seal's number; empty: no seal in the field */
	int32_t status; /* words intact, opened, tampered, missing, unknown */
	int32_t opened; /* true: open */
	int32_t tampered; /* true: case or loop tampered with */
	int32_t loop; /* wired seal: true while the loop is whole */
	int32_t battery; /* percent */
	int32_t open_counter;
	int32_t tamper_counter;
	int64_t battery_low; /* percent: below is seal.battery-low */
	int64_t battery_critical; /* percent: below is seal.battery-critical */
};

#endif
