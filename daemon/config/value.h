/* Numbers, sizes and durations as people write them, both ways.
 *
 * Pure. What is written is read back equal.
 */
#ifndef CORRIDORD_CONFIG_VALUE_H
#define CORRIDORD_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_NUMBER_BYTES 40 /* for the writers */

enum conf_verdict {
	CONF_GOOD,
	CONF_NO_NUMBER,
	CONF_NO_UNIT,
	CONF_UNKNOWN_UNIT,
	CONF_TOO_LARGE, /* for 64 bits, or a double */
};

enum conf_verdict conf_read_int(const char *text, int64_t *ret_value); /* decimal, or 0x hex */
/* The same; 64 bits in hex are taken as they are. */
enum conf_verdict conf_read_raw(const char *text, int64_t *ret_value);
enum conf_verdict conf_read_real(const char *text, double *ret_value); /* always finite */
enum conf_verdict conf_read_size(const char *text, int64_t *ret_bytes); /* "2GiB"; "0" */
enum conf_verdict conf_read_duration(const char *text, int64_t *ret_ns); /* "200ms"; "0" */
bool conf_read_bool(const char *text, bool *ret_value);

extern const char *const conf_bool_words[]; /* false and true in turns, ended by NULL */

void conf_write_real(double value, char out[CONF_NUMBER_BYTES]);
void conf_write_size(int64_t bytes, char out[CONF_NUMBER_BYTES]);
void conf_write_duration(int64_t ns, char out[CONF_NUMBER_BYTES]);

#endif
