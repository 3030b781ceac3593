/* corridorctl read: registers as they are, and what they may mean. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "ctl/ctl.h"
#include "ctl/text.h"

#define TEXT_LEAST 2 /* registers */
#define TEXT_MOST  12
#define YEAR_2000  946684800
#define YEAR_2100  4102444800

struct question {
	const char *device, *table; /* table NULL: the usual one */
	long address, count;
};

/* ---- the command line ------------------------------------------------------------------ */

static bool is_number(const char *text, long *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtol(text, &end, 0);
	return errno == 0 && end != text && !*end;
}

static bool is_alone(const struct ctl *ctl)
{
	return ctl->alone.port || ctl->alone.host;
}

/* DEVICE [TABLE] ADDRESS [COUNT]; alone without the device */
static int parse(const struct ctl *ctl, struct question *ret_question)
{
	char **words = ctl->argv;
	int count = ctl->argc;

	*ret_question = (struct question){.count = 1};
	if (count < (is_alone(ctl) ? 1 : 2))
		return ctl_fail(
			"read wants DEVICE [TABLE] ADDRESS [COUNT], as: read boom-1 holding "
			"101 10");
	if (!is_alone(ctl)) {
		ret_question->device = *words++;
		count--;
	}
	if (!is_number(*words, &ret_question->address)) {
		ret_question->table = *words++;
		count--;
	}
	if (count < 1 || count > 2 || !is_number(words[0], &ret_question->address) ||
	    (count == 2 && !is_number(words[1], &ret_question->count)))
		return ctl_fail("read wants an address and a count, such as 101 10 or 0x65 10");
	return 0;
}

/* ---- what it may mean -------------------------------------------------------------------- */

/* The bytes of a value on the wire, the most significant first, in an order of words and bytes. */
static uint64_t in_order(const json_t *registers, size_t at, size_t width, bool words, bool bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < width; i++) {
		size_t from = at + (words ? width - 1 - i : i);
		uint64_t one = (uint64_t)json_integer_value(json_array_get(registers, from));

		if (bytes)
			one = (one >> 8 | one << 8) & 0xFFFF;
		value = value << 16 | one;
	}
	return value;
}

static bool is_plausible_number(double number)
{
	double size = fabs(number);

	return !(size > 0) || (size >= 1e-4 && size < 1e7);
}

static float real_of_32(uint32_t bits)
{
	float real;

	memcpy(&real, &bits, sizeof(real));
	return real;
}

static double real_of_64(uint64_t bits)
{
	double real;

	memcpy(&real, &bits, sizeof(real));
	return real;
}

static void put_moment(int64_t seconds, FILE *out)
{
	const time_t moment = (time_t)seconds;
	struct tm utc;
	char text[32];

	if (seconds < YEAR_2000 || seconds >= YEAR_2100 || (int64_t)moment != seconds ||
	    !gmtime_r(&moment, &utc))
		return; /* time_t has 32 bits on some machines */
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc);
	fprintf(out, "  as a time: %s UTC", text);
}

static void put_orders(const json_t *registers, size_t at, size_t width, long address, FILE *out)
{
	static const struct {
		const char *name;
		bool words, bytes;
	} orders[] = {{"abcd", false, false},
		      {"cdab", true, false},
		      {"badc", false, true},
		      {"dcba", true, true}};

	fprintf(out, "\n%zu bits from %ld    unsigned%sreal\n", 16 * width, address + (long)at,
		width == 2 ? "    signed       " : "              signed                ");
	for (size_t i = 0; i < 4; i++) {
		uint64_t bits = in_order(registers, at, width, orders[i].words, orders[i].bytes);
		int64_t number = width == 2 ? (int32_t)(uint32_t)bits : (int64_t)bits;
		double real = width == 2 ? (double)real_of_32((uint32_t)bits) : real_of_64(bits);
		bool fits = isfinite(real) && is_plausible_number(real) && bits != 0;

		fprintf(out, "  %s %c %*" PRIu64 " %*" PRId64 " %12.6g%s", orders[i].name,
			is_plausible_number((double)number) ? '*' : ' ', width == 2 ? 15 : 24, bits,
			width == 2 ? 12 : 21, number, real, fits ? " *" : "  ");
		put_moment(number, out);
		fputc('\n', out);
	}
}

/* ---- the table --------------------------------------------------------------------------- */

static bool is_of_bits(const char *table)
{
	return strcmp(table, "coil") == 0 || strcmp(table, "discrete") == 0;
}

static int printable(unsigned byte)
{
	return byte < 0x80 && isprint((int)byte) ? (int)byte : '.';
}

static void put_register(long address, unsigned value, FILE *out)
{
	fprintf(out, "%6ld  %04X  %-6u %-7d ", address, value, value, (int16_t)(uint16_t)value);
	for (int bit = 15; bit >= 0; bit--)
		fprintf(out, "%u%s", value >> bit & 1, bit == 8 ? " " : "");
	fprintf(out, "    %c%c\n", printable(value >> 8), printable(value & 0xFF));
}

/* How many registers from there on are two characters each. */
static size_t text_length(const json_t *registers, size_t at)
{
	const size_t first = at;

	for (; at < json_array_size(registers); at++) {
		unsigned value = (unsigned)json_integer_value(json_array_get(registers, at));

		if (printable(value >> 8) == '.' || printable(value & 0xFF) == '.')
			break;
	}
	return at - first;
}

static void put_characters(const json_t *registers, size_t at, size_t length, bool swapped,
			   FILE *out)
{
	fputc('"', out);
	for (size_t i = at; i < at + length; i++) {
		unsigned value = (unsigned)json_integer_value(json_array_get(registers, i));
		int first = printable(value >> 8), second = printable(value & 0xFF);

		fprintf(out, "%c%c", swapped ? second : first, swapped ? first : second);
	}
	fputc('"', out);
}

/* The longest text there is, as it stands and with the bytes of each register swapped. */
static void put_text(const json_t *registers, long address, FILE *out)
{
	size_t at = 0, length = 0;

	for (size_t i = 0; i < json_array_size(registers); i++) {
		size_t here = text_length(registers, i);

		if (here > length) {
			at = i;
			length = here;
		}
	}
	if (length < TEXT_LEAST)
		return;
	length = length < TEXT_MOST ? length : TEXT_MOST;
	fprintf(out, "\ntext from %ld: ", address + (long)at);
	put_characters(registers, at, length, false, out);
	fputs("  swapped: ", out);
	put_characters(registers, at, length, true, out);
	fputc('\n', out);
}

/* More than one number would not stay on a screen. */
static void put_meanings(const json_t *registers, long address, FILE *out)
{
	const size_t count = json_array_size(registers);

	if (count > 4) {
		put_text(registers, address, out);
		fputs("\n2 or 4 at a time are shown as one number, too, in every order of bytes\n",
		      out);
		return;
	}
	if (count >= 2)
		put_orders(registers, 0, 2, address, out);
	if (count == 4)
		put_orders(registers, 0, 4, address, out);
	if (count >= 2)
		fputs("\n* may well be meant: the order to write into the point (order = \"cdab\")\n",
		      out);
}

static void put_answer(const json_t *answer, FILE *out)
{
	const json_t *registers = json_object_get(answer, "registers"), *value;
	const long address = (long)number_of(answer, "address");
	const bool bits = is_of_bits(text_of(answer, "table"));
	const size_t count = json_array_size(registers);
	size_t i;

	fprintf(out, "%s  %s %ld, %zu of them  in %.1f ms\n\n", text_of(answer, "device"),
		text_of(answer, "table"), address, count,
		(double)number_of(answer, "took_us") / 1000);
	if (!bits)
		fputs("  addr  hex   u16    s16     bits 15..0           ascii\n", out);
	json_array_foreach(registers, i, value)
	{
		unsigned number = (unsigned)json_integer_value(value);

		if (bits)
			fprintf(out, "%6ld  %u\n", address + (long)i, number);
		else
			put_register(address + (long)i, number, out);
	}
	if (!bits)
		put_meanings(registers, address, out);
}

/* As the daemon would answer. NULL: told. */
static json_t *ask_alone(const struct ctl *ctl, const struct question *question)
{
	struct driver_peek peek = {.address = (uint32_t)question->address,
				   .count = (uint32_t)question->count};
	const char *place = ctl->alone.port ? ctl->alone.port : ctl->alone.host;
	const int64_t began_ns = clock_mono_ns();
	json_t *registers;

	if (question->address < 0 || question->count < 1 || question->count > DRIVER_PEEK_MAX) {
		ctl_fail("an address from 0 and a count from 1 to %d", DRIVER_PEEK_MAX);
		return NULL;
	}
	snprintf(peek.table, sizeof(peek.table), "%s", question->table ? question->table : "");
	if (alone_read(&ctl->alone, &peek) < 0) {
		ctl_fail("%s unit %d: %s", place, ctl->alone.unit, peek.why);
		return NULL;
	}
	registers = json_array();
	for (size_t i = 0; i < peek.count; i++)
		json_array_append_new(registers, json_integer(peek.values[i]));
	return json_pack("{s:s, s:s, s:I, s:I, s:o}", "device", place, "table", peek.table,
			 "address", (json_int_t)peek.address, "took_us",
			 (json_int_t)((clock_mono_ns() - began_ns) / NS_PER_US), "registers",
			 registers);
}

static json_t *ask_daemon(const struct ctl *ctl, const struct question *question)
{
	json_t *answer =
		link_ask_this(ctl->link, json_pack("{s:s, s:s, s:s*, s:I, s:I}", "method", "read",
						   "of", question->device, "table", question->table,
						   "address", (json_int_t)question->address,
						   "count", (json_int_t)question->count));

	if (!answer)
		ctl_fail("%s: %s", question->device, link_error(ctl->link));
	return answer;
}

int ctl_read(struct ctl *ctl)
{
	struct question question;
	json_t *answer;

	if (parse(ctl, &question) != 0)
		return CTL_FAILED;
	answer = is_alone(ctl) ? ask_alone(ctl, &question) : ask_daemon(ctl, &question);
	if (!answer)
		return CTL_FAULTS;
	if (ctl->json)
		ctl_print_json(ctl, answer);
	else
		put_answer(answer, ctl->out);
	json_decref(answer);
	return CTL_FINE;
}
