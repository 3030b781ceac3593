/* Bad configurations in a table: everything that is told about each, to the letter. */
#ifndef TEST_CONFIG_BAD_H
#define TEST_CONFIG_BAD_H

#include "config_folder.h"

/* What a site needs, in the first line of main.conf. */
#define SITE "checkpoint { id = c } gateway { id = g } uplink { host = h }\n"

/* A device in four lines with a text and a number, or its first one. */
#define TCP "device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
#define DEVICE                                                                           \
	TCP "    point \"p\" { table = holding address = 1 type = string length = 4 }\n" \
	    "    point \"q\" { table = holding address = 5 } }\n"

struct bad {
	const char *name;
	const char *main; /* main.conf */
	size_t main_bytes; /* of one with NULs in it */
	struct {
		const char *path, *text;
	} file[2]; /* and others */
	const char *told;
};

static inline void is_told(void **state)
{
	const struct bad *bad = *state;
	struct folder folder;
	struct config *config = NULL;
	char *told;
	size_t i;

	folder_open(&folder);
	folder_write_bytes(&folder, "main.conf", bad->main,
			   bad->main_bytes > 0 ? bad->main_bytes : strlen(bad->main));
	for (i = 0; i < 2 && bad->file[i].path != NULL; i++)
		folder_write(&folder, bad->file[i].path, bad->file[i].text);
	assert_int_equal(folder_load(&folder, "main.conf", &told, &config), -EINVAL);
	assert_null(config);
	assert_string_equal(told, bad->told);
	free(told);
	folder_close(&folder);
}

static inline int run_bads(const struct bad *bads, size_t count)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	assert_non_null(tests);
	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){.name = bads[i].name,
					       .test_func = is_told,
					       .initial_state = (void *)(uintptr_t)&bads[i]};
	failed = _cmocka_run_group_tests("bad configurations", tests, count, NULL, NULL);
	free(tests);
	return failed;
}

#endif
