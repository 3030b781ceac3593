#include "line/split.h"

#include <string.h>

#include "base/time.h"

#define WRONG_SUM "has a wrong checksum"

#define PAUSE_NS NS_PER_S /* within a line: what follows is another */

void split_begin(struct split *split, bool in_the_middle)
{
	split->inside = split->begin.count == 0;
	split->skip = split->inside && in_the_middle;
	split->sum_is_due = false;
	split->count = 0;
	split->tail_count = 0;
	split->counts.half += in_the_middle;
}

bool split_is_in_a_line(const struct split *split)
{
	return split->inside && (split->count > 0 || split->skip);
}

static bool ends_with(const struct split *split, const struct mark *mark)
{
	if (mark->count == 0 || split->tail_count < mark->count)
		return false;
	for (size_t i = 0; i < mark->count; i++)
		if ((split->tail >> 8 * (mark->count - 1 - i) & 0xFF) != mark->bytes[i])
			return false;
	return true;
}

static void drop(struct split *split, uint64_t *counter)
{
	if (split->count > 0)
		++*counter;
	split->count = 0;
}

/* It is too long, or its checksum is wrong. */
static void refuse(struct split *split, uint64_t *counter, const char *why, size_t bytes)
{
	++*counter;
	split->refused = bytes > 0 ? why : NULL;
	split->refused_bytes = bytes;
	split->count = 0;
}

/* ---- checksums ------------------------------------------------------------------------- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static unsigned sum_of(enum line_checksum kind, const char *bytes, size_t count)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++)
		sum = kind == LINE_SUM ? sum + (unsigned char)bytes[i]
				       : sum ^ (unsigned char)bytes[i];
	return sum & 0xFF;
}

/* Its last two characters are the sum of the others, in hex; it is cut off. */
static bool sum_is_right(struct split *split, const char **line, size_t *bytes)
{
	const size_t mark = split->checksum == LINE_NMEA ? 1 : 0;
	int high, low;

	if (split->checksum == LINE_UNCHECKED || split->checksum == LINE_TOLEDO)
		return true;
	if (mark && *bytes > 0 && (**line == '$' || **line == '!')) {
		++*line;
		--*bytes;
	}
	if (*bytes < 2 + mark || (mark && (*line)[*bytes - 3] != '*'))
		return false;
	high = hex((*line)[*bytes - 2]);
	low = hex((*line)[*bytes - 1]);
	*bytes -= 2 + mark;
	return high >= 0 && low >= 0 &&
	       (unsigned)(high << 4 | low) == sum_of(split->checksum, *line, *bytes);
}

/* Mettler-Toledo's continuous output: seven bits, and all together with it are 0. */
static bool toledo_is_right(const struct split *split, uint8_t sum)
{
	for (size_t i = 0; i < split->begin.count; i++)
		sum = (uint8_t)(sum + split->begin.bytes[i]);
	for (size_t i = 0; i < split->count; i++)
		sum = (uint8_t)(sum + (uint8_t)split->line[i]);
	return (sum & 0x7F) == 0;
}

/* ---- bytes ----------------------------------------------------------------------------- */

/* The line is whole. false: it is none to be given. */
static bool finish(struct split *split, const char **ret_line, size_t *ret_bytes)
{
	const bool skipped = split->skip;
	const size_t bytes = skipped ? 0 : split->count - split->end.count;

	*ret_line = split->line;
	*ret_bytes = bytes;
	split->count = 0;
	split->tail_count = 0;
	split->skip = false;
	split->inside = split->begin.count == 0;
	if (skipped)
		return false;
	if (!sum_is_right(split, ret_line, ret_bytes)) {
		refuse(split, &split->counts.wrong_sum, WRONG_SUM, bytes);
		return false;
	}
	split->line[(size_t)(*ret_line - split->line) + *ret_bytes] = '\0';
	split->counts.lines++;
	return true;
}

static void begin_line(struct split *split)
{
	drop(split, &split->counts.half);
	split->inside = true;
	split->skip = false;
	split->tail_count = 0;
}

/* NUL and 0xFF come from a line that was switched on, or turned round; others end their lines the
 * other way round. None of them begins a text. */
static bool is_noise(const struct split *split, uint8_t byte)
{
	return split->inside && !split->skip && split->count == 0 && split->tail_count == 0 &&
	       (byte == 0x00 || byte == 0xFF || byte == '\r' || byte == '\n');
}

/* Behind the end of a line; whatever it is, it begins no other. */
static bool take_sum(struct split *split, uint8_t byte, const char **ret_line, size_t *ret_bytes)
{
	split->sum_is_due = false;
	if (toledo_is_right(split, byte))
		return finish(split, ret_line, ret_bytes);
	refuse(split, &split->counts.wrong_sum, WRONG_SUM, split->count - split->end.count);
	split_begin(split, false);
	return false;
}

static bool take(struct split *split, uint8_t byte, const char **ret_line, size_t *ret_bytes)
{
	if (split->sum_is_due)
		return take_sum(split, byte, ret_line, ret_bytes);
	if (is_noise(split, byte))
		return false;
	split->tail = split->tail << 8 | byte;
	split->tail_count++;
	if (ends_with(split, &split->begin)) {
		begin_line(split);
		return false;
	}
	if (!split->inside)
		return false;
	if (!split->skip)
		split->line[split->count++] = (char)byte;
	if (ends_with(split, &split->end)) {
		split->sum_is_due = split->checksum == LINE_TOLEDO && !split->skip;
		return !split->sum_is_due && finish(split, ret_line, ret_bytes);
	}
	if (split->count == split->longest + split->end.count) {
		refuse(split, &split->counts.too_long, "is longer than longest", split->longest);
		split->skip = true;
	}
	return false;
}

bool split_take(struct split *split, const uint8_t *bytes, size_t count, int64_t now_mono_ns,
		size_t *ret_taken, const char **ret_line, size_t *ret_bytes)
{
	if (split_is_in_a_line(split) && count > 0 &&
	    now_mono_ns - split->last_mono_ns > PAUSE_NS) {
		drop(split, &split->counts.half);
		split_begin(split, false);
	}
	split->last_mono_ns = now_mono_ns;
	split->refused = NULL;
	for (size_t i = 0; i < count; i++) {
		const bool whole = take(split, bytes[i], ret_line, ret_bytes);

		*ret_taken = i + 1;
		if (whole || split->refused)
			return whole;
	}
	*ret_taken = count;
	return false;
}
