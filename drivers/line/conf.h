/* Options of the line driver. */
#ifndef CORRIDORD_LINE_CONF_H
#define CORRIDORD_LINE_CONF_H

#include "config/option.h"

#define LINE_LONGEST_MAX 4096

enum line_checksum { LINE_UNCHECKED, LINE_XOR, LINE_SUM, LINE_NMEA, LINE_TOLEDO };

struct line_conf {
	char *port; /* one of these three */
	char *host;
	char *listen;
	struct conf_list from; /* with listen */
	int baud, parity;
	int64_t data_bits, stop_bits;
	int64_t connect_timeout_ns;
	char *begin, *end; /* names of characters */
	int64_t longest;
	int64_t rate; /* lines a second */
	int checksum;
	char *ask;
	int64_t every_ns;
	int64_t discard_ns;
	int64_t silence_ns;
};

extern const struct conf_option line_options[];

#endif
