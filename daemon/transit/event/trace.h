/* A trace: readings as text, one a line, written by hand or by a recorder.
 *
 *     # anything after a hash is for people
 *     0.000   boom.status        17
 *     +0.250  lane1-io.beam      true lost=3
 *     @12.5   reader.seal-id     "GE \"4711\""
 *     13      reader.battery     87.5
 *     13      camera.plate       AB123CQ confidence=0.61 read=1764310502100000000 ahead=-250000000 other=AB123CD
 *     +1      reader.seal-id     !no_answer
 *     +0      reader             down !no_answer "unit 4 silent"
 *     +30     reader             up
 *
 * Time is in seconds, at most nine decimals: from the start of the trace (12.5
 * or @12.5), or since the line before (+0.25); it never goes back. A value is
 * true, false, a whole number (decimal or 0x), a real (with . or e), a bare
 * word or text in double quotes (\" \\ \uXXXX), or ! and why there is none: a
 * word of reason_name() that a driver may give (after !out_of_range also what was read). A name without a dot is a
 * point, but a device before a bare up or down. After a value, in this order, may stand how many edges
 * were lost before it, and what the device said beside it (struct origin; times in ns).
 *
 * Pure: no I/O, no allocation. Reads and writes single lines.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_TRACE_H
#define CORRIDORD_TRANSIT_EVENT_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "transit/event/reading.h"

#define TRACE_NAME_BYTES  64 /* with the NUL */
#define TRACE_LINE_BYTES  768 /* of a line written; one read may be longer by its comment */
#define TRACE_ERROR_BYTES 160

enum trace_kind { TRACE_READING, TRACE_DEVICE };

struct trace_entry {
	enum trace_kind kind;
	int64_t at_ns; /* from the start of the trace */
	char device[TRACE_NAME_BYTES]; /* empty: the line names a point alone */
	char point[TRACE_NAME_BYTES]; /* empty for TRACE_DEVICE */
	struct reading reading; /* TRACE_READING; point and at_mono_ns are 0, the caller's */
	struct device_report report; /* TRACE_DEVICE; device and at_mono_ns are 0, the caller's */
};

/* What goes from line to line. Begin with zeros. */
struct trace {
	int64_t at_ns; /* of the last entry */
	char error[TRACE_ERROR_BYTES]; /* after -EINVAL: what is wrong, what was expected */
};

/* Parses a line, with or without its newline; it need not end in a NUL.
 * 1: *ret_entry is filled; 0: blank or a comment; -EINVAL: see trace->error. */
int trace_parse(struct trace *trace, const char *line, size_t bytes, struct trace_entry *ret_entry);

/* Writes the line of an entry, absolute time, no newline, so that trace_parse() gives the
 * entry again. Returns its bytes, or -E2BIG. TRACE_LINE_BYTES always suffice. */
int trace_format(const struct trace_entry *entry, char *out, size_t size);

#endif
