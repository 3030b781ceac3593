/* What a vehicle shows binds the same consignments in whichever order it is read. */
#include "rig/unit.h"

#include <unistd.h>

#include "../traces/replayer.h"

#define READS 4

static const char *const reads[READS] = {
	"camera.plate CC456DD", /* misread: of another's consignment */
	"camera.plate AA123BB",
	"camera.container CSQU3054383",
	"reader.seal-id GE4711",
};

static void write_trace(FILE *out, const int order[READS])
{
	fputs("#! consignment 6GE204567891-INV0001 transit container=CSQU3054383"
	      " seal=GE4711/GE/1772400000 plate=AA123BB party=carrier:MD:AEOF:MDAEOF1\n"
	      "#! consignment 6GE204567891-INV0002 transit container=MSKU9070323"
	      " seal=GE4712/GE/1772400000 plate=CC456DD party=carrier:KZ:K:NONE\n"
	      "#! aeo MD AEOF MDAEOF1 AEOF carrier active\n"
	      "#! arrangement ge-md GE MD in_force\n"
	      "#! setup gate\n"
	      "0 io.closed true\n0 io.open false\n0 io.beam false\n"
	      "0 reader.seal-id \"\"\n0 camera.plate \"\"\n0 camera.container \"\"\n"
	      "0 reader.status 1\n0 reader.opened 3\n5 io.beam true\n",
	      out);
	for (int i = 0; i < READS; i++)
		fprintf(out, "%d %s\n#! answer %d.5\n", 6 + i, reads[order[i]], 6 + i);
	fputs("15 io.closed false\n18 io.open true\n21 io.beam false\n21 reader.seal-id \"\"\n"
	      "#! until 60\n",
	      out);
}

/* The passage as its last event tells it, and whether a seal was told to be missing. */
static void outcome(const int order[READS], char *ret_outcome, size_t size)
{
	char path[] = "/tmp/corridord-orders-XXXXXX", *text = NULL, *closed;
	int fd = mkstemp(path);
	FILE *trace = fdopen(fd, "w"), *out;
	size_t bytes;

	assert_non_null(trace);
	write_trace(trace, order);
	fclose(trace);
	out = open_memstream(&text, &bytes);
	replay_file(path, REPLAY_IN_TIME, out, NULL);
	fclose(out);
	(void)unlink(path);
	closed = strstr(text, "\"type\":\"passage.closed\"");
	assert_non_null(closed);
	closed = strstr(closed, "\"ucr\"");
	assert_non_null(closed);
	snprintf(ret_outcome, size, "%.*s %s %s", (int)strcspn(closed, "}"), closed,
		 strstr(text, "seal-check.missing") ? "missing" : "",
		 strstr(text, "passage.doubtful") ? "doubtful" : "");
	free(text);
}

static void check_orders(int order[READS], int chosen, const char *expected)
{
	char got[512];

	if (chosen == READS) {
		outcome(order, got, sizeof(got));
		assert_string_equal(got, expected);
		return;
	}
	for (int i = chosen; i < READS; i++) {
		int at = order[i];

		order[i] = order[chosen];
		order[chosen] = at;
		check_orders(order, chosen + 1, expected);
		order[chosen] = order[i];
		order[i] = at;
	}
}

static void every_order_of_the_reads_gives_the_same_passage(void **state)
{
	int order[READS] = {0, 1, 2, 3};

	(void)state;
	check_orders(order, 0,
		     "\"ucr\":[\"6GE204567891-INV0001\"],\"recognition\":\"recognised\"  ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_of_the_reads_gives_the_same_passage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
