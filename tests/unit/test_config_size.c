/* Large files, good and bad: the time goes with their size, not with its square. It is the time of
 * this thread alone, so that a busy machine does not count. */
#include "config_folder.h"

#include <pthread.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define FEW	 600
#define MANY	 (8 * FEW)
#define SITE	 "checkpoint { id = c } gateway { id = g } uplink { host = h }\n"

#define POINT "point \"p\" { table = holding address = 1 type = u32 }"

/* A file of a size: each line `count` times, with its number for each %d. */
struct large {
	const char *name;
	const char *line[4];
	const char *begin, *end; /* around them */
	bool good;
};

static const struct large larges[] = {
	{.name = "buses",
	 .good = true,
	 .line = {"bus \"b%1$d\" { driver = modbus-tcp host = x }\n"}},
	{.name = "devices on buses, lanes and meters",
	 .good = true,
	 .line = {"bus \"b%1$d\" { driver = modbus-tcp host = x }\n",
		  "device \"d%1$d\" { bus = b%1$d unit = 1 address_base = 0 " POINT " }\n",
		  "lane \"l%1$d\" { seal \"s\" { id = d%1$d.p } }\n",
		  "meter \"m%1$d\" { value = d%1$d.p }\n"}},
	{.name = "devices on one bus",
	 .good = true,
	 .begin = "bus \"b\" { driver = modbus-tcp host = x }\n",
	 .line = {"device \"d%1$d\" { bus = b unit = 1 address_base = 0 " POINT " }\n"}},
	{.name = "points of one device",
	 .good = true,
	 .begin = "device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n",
	 .line = {"point \"p%1$d\" { table = coil address = 1 }\n"},
	 .end = "}\n"},
	{.name = "sensors of one lane, all the same",
	 .begin = "lane \"l\" {\n",
	 .line = {"seal \"s\" { id = d.p }\n", "barrier \"s\" { status = d.p }\n"},
	 .end = "}\n"},
	{.name = "a map of numbers",
	 .good = true,
	 .begin = "device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
		  "point \"p\" { table = holding address = 1 map = {\n",
	 .line = {"\"%1$d=open\",\n"},
	 .end = "} } }\n"},
	{.name = "a map of one number",
	 .begin = "device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
		  "point \"p\" { table = holding address = 1 map = {\n",
	 .line = {"\"7=open\","},
	 .end = "} } }\n"},
	{.name = "registry files",
	 .begin = "registry { files = {",
	 .line = {"\"/%1$d.csv\","},
	 .end = "} }\n"},
	{.name = "one block again and again",
	 .line = {"bus \"b\" { driver = modbus-tcp host = x }\n", "journal { }\n",
		  "gateway { }\n"}},
	{.name = "one option again and again",
	 .begin = "journal {",
	 .line = {" keep = 1"},
	 .end = " }\n"},
	{.name = "names that are not there",
	 .line = {"bus \"bus%1$d\" { driver = modbus-tpc host = x }\n",
		  "device \"d%1$d\" { bus = bsu%1$d unit = 1 address_base = 0 " POINT " }\n",
		  "meter \"m%1$d\" { value = \"d%1$d.q\" }\n"}},
	{.name = "unknown options in one line",
	 .begin = "journal {",
	 .line = {" kepe%1$d = 1"},
	 .end = " }\n"},
	{.name = "unknown blocks",
	 .line = {"devise \"d%1$d\" { unti = 1 }\n", "foo \"d%1$d\" { unit = 1 }\n",
		  "device \"d%1$d\" { pont \"x\" { } }\n",
		  "meter \"n%1$d\" { value = x%1$d.p }\n"}},
	{.name = "blocks within each other", .line = {"x { ", "lane \"l\" { ", "seal \"s\" { "}},
	{.name = "braces that are never closed", .line = {"lane \"l\" {\n"}},
	{.name = "braces that were never opened", .line = {"} poll = 1s point \"p\" { }\n"}},
	{.name = "texts without an end", .line = {"journal { path = \"\n", "gateway { id = “a\n"}},
	{.name = "quotes of all kinds in one line", .line = {"\"“\\\"“'’\\'"}},
	{.name = "comments in one line", .line = {"/* */ x//y /**/"}, .end = "\n/*"},
	{.name = "words that need quotes", .line = {"a*b ж = {c;d}, "}},
};

/* A line of a table is a format. */
static void add_line(FILE *out, const char *line, int number)
{
	for (; *line != '\0'; line++) {
		if (strncmp(line, "%1$d", 4) != 0) {
			fputc(*line, out);
			continue;
		}
		fprintf(out, "%d", number);
		line += 3;
	}
}

static void write_large(struct folder *folder, const struct large *large, int count)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	fputs(SITE, out);
	fputs(large->begin != NULL ? large->begin : "", out);
	for (size_t i = 0; i < 4 && large->line[i] != NULL; i++)
		for (int number = 0; number < count; number++)
			add_line(out, large->line[i], number);
	fputs(large->end != NULL ? large->end : "", out);
	fclose(out);
	folder_write_bytes(folder, "main.conf", text, bytes);
	free(text);
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* The shortest of several runs: others may be in the way, and never help. */
static int64_t time_of(const struct large *large, int count)
{
	int64_t shortest = INT64_MAX, took;
	struct config *config = NULL;
	struct folder folder;
	char *told;
	int result;

	folder_open(&folder);
	write_large(&folder, large, count);
	for (int run = 0; run < 2; run++) {
		took = -cpu_ns();
		result = folder_load(&folder, "main.conf", &told, &config);
		took += cpu_ns();
		assert_int_equal(result, large->good ? 0 : -EINVAL);
		free(told);
		if (result == 0)
			config_free(config);
		shortest = took < shortest ? took : shortest;
	}
	folder_close(&folder);
	return shortest;
}

/* Eight times the size takes eight times as long; were it the square, sixty-four times. */
static void eight_times_the_size_takes_no_more_than_sixteen_times_as_long(void **state)
{
	const struct large *large = *state;
	int64_t few = time_of(large, FEW), many = time_of(large, MANY);

	if (many > 16 * few + NS_PER_S / 50)
		fail_msg("%d: %d us, %d: %d us", FEW, (int)(few / 1000), MANY, (int)(many / 1000));
}

/* ---- depth ----------------------------------------------------------------------------- */

struct deep {
	struct folder folder;
	int result;
};

static void *load_deep(void *data)
{
	struct deep *deep = data;
	struct config *config = NULL;
	char *told;

	deep->result = folder_load(&deep->folder, "main.conf", &told, &config);
	free(told);
	return NULL;
}

static void blocks_within_each_other_need_no_stack(void **state)
{
	static const struct large large = {
		.line = {"lane \"l\" { seal \"s\" { ", "x { ", "lane { bariier { ", "{ "}};
	struct deep deep;
	pthread_attr_t small;
	pthread_t thread;

	(void)state;
	folder_open(&deep.folder);
	write_large(&deep.folder, &large, 20000);
	assert_int_equal(pthread_attr_init(&small), 0);
	assert_int_equal(pthread_attr_setstacksize(&small, 256 * 1024), 0);
	assert_int_equal(pthread_create(&thread, &small, load_deep, &deep), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&small);
	assert_int_equal(deep.result, -EINVAL);
	folder_close(&deep.folder);
}

/* ---- threads --------------------------------------------------------------------------- */

static void *load_often(void *data)
{
	for (int i = 0; i < 20; i++) {
		struct config *config = NULL;
		char *told;
		int result = folder_load(data, "main.conf", &told, &config);

		assert_int_equal(result, 0);
		free(told);
		config_free(config);
	}
	return NULL;
}

static void two_threads_may_load_at_once(void **state)
{
	struct folder folder;
	pthread_t thread;

	(void)state;
	folder_open(&folder);
	write_large(&folder, &larges[1], 20);
	assert_int_equal(pthread_create(&thread, NULL, load_often, &folder), 0);
	load_often(&folder);
	pthread_join(thread, NULL);
	folder_close(&folder);
}

int main(void)
{
	enum { COUNT = sizeof(larges) / sizeof(larges[0]) };
	struct CMUnitTest tests[COUNT + 2] = {
		cmocka_unit_test(blocks_within_each_other_need_no_stack),
		cmocka_unit_test(two_threads_may_load_at_once),
	};

	for (size_t i = 0; i < COUNT; i++)
		tests[i + 2] = (struct CMUnitTest){
			.name = larges[i].name,
			.test_func = eight_times_the_size_takes_no_more_than_sixteen_times_as_long,
			.initial_state = (void *)(uintptr_t)&larges[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
