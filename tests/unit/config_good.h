/* Good configurations for a test. */
#ifndef TEST_CONFIG_GOOD_H
#define TEST_CONFIG_GOOD_H

#include "config_folder.h"

#define SITE   "checkpoint { id = c } gateway { id = g } uplink { host = h }\n"
#define TCP    "device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
#define DEVICE TCP "    point \"p\" { table = holding address = 1 }\n}\n"
#define READER                                                                            \
	TCP "    point \"id\" { table = holding address = 1 type = string length = 4 }\n" \
	    "    point \"word\" { table = holding address = 5 map = {\"0=unknown\"} }\n"  \
	    "    point \"n\" { table = holding address = 6 }\n}\n"

#define PROFILE                                                                       \
	"profile \"boom\" { driver = modbus summary = \"a boom\" address_base = 1\n"  \
	"    poll = 200ms timeout = 300ms\n"                                          \
	"    point \"status\" { table = holding address = 101 map = {\"1=open\"} }\n" \
	"    point \"heat\" { table = input address = 7 type = s16 scale = 0.1 } }\n"

static inline struct config *load_good(struct folder *folder, const char *path)
{
	struct config *config = NULL;
	char *told;
	int result = folder_load(folder, path, &told, &config);

	if (result != 0)
		print_error("%s", told);
	assert_int_equal(result, 0);
	assert_string_equal(told, "");
	free(told);
	return config;
}

static inline struct config *load_text(struct folder *folder, const char *text)
{
	folder_open(folder);
	folder_write(folder, "main.conf", text);
	return load_good(folder, "main.conf");
}

#endif
