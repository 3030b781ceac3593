/* A configuration option, declared once.
 *
 * A table of these (ended by a row without a name) is all that is known about
 * a block: the parser, the range check, --print-config, the manual page and
 * the fuzzer walk it. `offset` is where the parsed value goes in the block's
 * struct, whose storage belongs to struct config and is freed with it.
 *
 * Type of the field at offset:
 *   CONF_TEXT, CONF_PATH, CONF_NAME  char *   (NULL when not set and no default)
 *   CONF_BOOL                        bool
 *   CONF_INT, CONF_SIZE (bytes), CONF_DURATION (nanoseconds)   int64_t
 *   CONF_REAL                        double
 *   CONF_CHOICE                      int      (a value out of choices)
 *   CONF_LIST                        struct conf_list
 *   CONF_POINT                       int32_t  ("device.point" resolved to a point index,
 *                                              POINT_NONE when not set)
 *   CONF_MAP                         struct conf_map ("16=open", ...)
 *   CONF_NUMBERS                     struct conf_numbers (whole ones)
 *   CONF_RANGE                       struct conf_range ("4-7")
 * A CONF_REAL without a default is NAN when not set.
 */
#ifndef CORRIDORD_CONFIG_OPTION_H
#define CORRIDORD_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/sensor/point.h"

enum conf_type {
	CONF_TEXT,
	CONF_PATH, /* full; one that is not is taken from the folder of the file it stands in */
	CONF_NAME, /* [a-z0-9-], 1 to 63: becomes part of a topic */
	CONF_BOOL,
	CONF_INT,
	CONF_REAL,
	CONF_SIZE, /* "512KiB", "2GiB" */
	CONF_DURATION, /* "200us", "20ms", "8s", "5min", "6h", "90d" */
	CONF_CHOICE,
	CONF_LIST,
	CONF_POINT,
	CONF_MAP,
	CONF_NUMBERS,
	CONF_RANGE,
};

/* Which kinds of value a role of a sensor takes, see roles.c. */
enum conf_role {
	ROLE_ANY,
	ROLE_TRUTH,
	ROLE_SWITCH, /* a truth that holds still: of a machine, a door, a button */
	ROLE_WORD,
	ROLE_POSITION, /* a word for where a machine is, that goes through all between */
	ROLE_TEXT,
	ROLE_NUMBER_OF_IT, /* that a thing is known by */
	ROLE_QUANTITY,
	ROLE_MEASURE, /* a quantity or a counter */
	ROLE_COUNTER,
	ROLE_MOMENT,
};

struct conf_choice {
	const char *word;
	int value;
};

struct conf_list {
	char **item;
	size_t count;
};

struct conf_map {
	struct point_map *item;
	size_t count;
};

struct conf_numbers {
	int64_t *item;
	size_t count;
};

struct conf_range {
	int64_t first, count; /* count 0: not set */
};

struct conf_option {
	const char *name;
	size_t offset;
	const char *def; /* as one would write it; NULL: zero, NULL, POINT_NONE or empty */
	int64_t min, max; /* of INT, REAL, SIZE, DURATION (ns), RANGE; of POINT: of its value; both
			   * 0: any. max of LIST: bytes of an item, 0: 255 */
	const struct conf_choice *choices; /* ended by a NULL word; of TEXT: its only values */
	const char *unit; /* of INT and REAL, for people: "baud" */
	const char *help; /* one sentence */
	enum conf_type type;
	enum conf_role role; /* of POINT */
	bool required;
	bool secret; /* --print-config hides the value */
	bool in_chip; /* of PATH: "pkcs11:…" and "handle:…" are none, but say where a key is */
};

/* A kind of block: its options and the size of the struct they fill. */
struct conf_block {
	const struct conf_option *options; /* NULL: no options */
	size_t bytes;
};

#endif
