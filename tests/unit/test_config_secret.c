/* A driver with secrets, which none of ours has, in place of the table of drivers. */
#include "config_folder.h"

#include "bus/driver.h"

struct vault_conf {
	char *key;
	int64_t pin;
};

static const struct conf_option vault_options[] = {{.name = "key",
						    .type = CONF_TEXT,
						    .offset = offsetof(struct vault_conf, key),
						    .secret = true,
						    .help = "Opens it."},
						   {.name = "pin",
						    .type = CONF_INT,
						    .offset = offsetof(struct vault_conf, pin),
						    .def = "0",
						    .secret = true,
						    .help = "Opens it too."},
						   {0}};

static const struct driver vault_driver = {
	.name = "vault",
	.summary = "keeps secrets",
	.device = {.options = vault_options, .bytes = sizeof(struct vault_conf)},
};

const struct driver *const drivers[] = {&vault_driver, NULL};

const struct driver *driver_by_name(const char *name)
{
	return strcmp(name, vault_driver.name) == 0 ? &vault_driver : NULL;
}

static const char site[] = "checkpoint { id = c } gateway { id = g } uplink { host = h }\n"
			   "device \"d\" { driver = vault key = \"hunter2\" pin = %s\n"
			   "    point \"p\" { } }\n";

static int load(struct folder *folder, const char *pin, char **ret_told, struct config **ret_config)
{
	char text[256];

	snprintf(text, sizeof(text), site, pin);
	folder_open(folder);
	folder_write(folder, "main.conf", text);
	return folder_load(folder, "main.conf", ret_told, ret_config);
}

static void a_secret_is_not_printed(void **state)
{
	const struct vault_conf *vault;
	struct folder folder;
	struct config *config;
	char *told, *printed;
	size_t bytes;
	FILE *out;

	(void)state;
	assert_int_equal(load(&folder, "7351", &told, &config), 0);
	free(told);
	vault = config->devices[0].driver_conf;
	assert_string_equal(vault->key, "hunter2");
	assert_true(vault->pin == 7351);
	out = open_memstream(&printed, &bytes);
	config_print(config, out);
	fclose(out);
	assert_null(strstr(printed, "hunter2"));
	assert_null(strstr(printed, "7351"));
	assert_non_null(strstr(printed, "# key is set, and secret\n"));
	free(printed);
	config_free(config);
	folder_close(&folder);
}

static void a_wrong_secret_is_not_shown(void **state)
{
	struct config *config = NULL;
	struct folder folder;
	char *told;

	(void)state;
	assert_int_equal(load(&folder, "73x51", &told, &config), -EINVAL);
	assert_string_equal(told, "main.conf:2: device \"d\": pin = \"***\": not a whole number\n");
	free(told);
	folder_close(&folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_not_printed),
		cmocka_unit_test(a_wrong_secret_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
