/* What is printed of a configuration says the same; so does what is shipped. */
#include "config_good.h"

/* ---- printing -------------------------------------------------------------------------- */

static char *print(const struct config *config)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	config_print(config, out);
	fclose(out);
	return text;
}

/* The comments in blocks tell the profiles, which what is printed no longer has. */
static void drop_comments(char *text)
{
	char *to = text, *from = text;

	while (*from != '\0') {
		size_t bytes = strcspn(from, "\n") + 1;

		if (strncmp(from, "    # ", 6) != 0) {
			memmove(to, from, bytes);
			to += bytes;
		}
		from += bytes;
	}
	*to = '\0';
}

static void check_round_trip(struct folder *folder, const struct config *config)
{
	char *printed = print(config), *again;
	struct config *reloaded;

	drop_comments(printed);
	folder_write(folder, "printed.conf", printed);
	assert_int_equal(rename("conf.d", "conf.d.off"), 0);
	reloaded = load_good(folder, "printed.conf");
	assert_int_equal(rename("conf.d.off", "conf.d"), 0);
	again = print(reloaded);
	assert_string_equal(again, printed);
	free(again);
	free(printed);
	config_free(reloaded);
}

static void what_is_printed_loads_to_the_same(void **state)
{
	struct folder folder;
	struct config *config;

	(void)state;
	folder_open(&folder);
	folder_write(&folder, "profiles/boom.conf", PROFILE);
	folder_write(
		&folder, "main.conf",
		"checkpoint { id = c name = \"a \\\\ \\\"b\\\" ${c} # d\" country = GE\n"
		"    aeo_benefits = {\"priority_lane\", \"AEOS:liaison_officer\"}\n"
		"    aeo_parties = {\"carrier\"} aeo_decided_by = all }\n"
		"gateway { id = g } journal { path = j.db quota = 100KiB keep = 36h }\n"
		"uplink { host = {\"a\", \"b:1\"} username = u password_file = p.txt tls { ca = ca.pem } }\n"
		"bus \"unused\" { driver = modbus-tcp host = y down_share = 0.125 }\n"
		"bus \"b\" { driver = modbus-rtu port = /dev/ttyS0 parity = none stop_bits = 2 }\n"
		"device \"d\" { bus = b unit = 3 profile = boom point \"heat\" { offset = -40 } }\n"
		"device \"e\" { driver = modbus-tcp host = x unit = 1 address_base = 0 poll = 1500ms\n"
		"    point \"n\" { table = input address = 5 type = f32 order = cdab scale = 1e-7 } }\n"
		"device \"io\" { driver = gpio point \"x\" { line = \"L\" bias = pull-down debounce = 50ms\n"
		"    chatter_edges = 10 chatter_window = 1min invert = true } }\n"
		"device \"t\" { driver = replay file = t.trace point \"y\" { } }\n"
		"lane \"l\" { direction = exit barrier \"a\" { closed_limit = io.x } seal \"s\" { loop = io.x } }\n"
		"lane \"m\" { seal \"s\" { id = t.y battery = e.n battery_low = 20 sealed_at = e.n } }\n"
		"lane \"n\" { presence = io.x plate = t.y document = t.y passage_gap = 1min unread_severity = major }\n"
		"contact \"mains\" { input = io.x use = mains severity = minor }\n"
		"contact \"c\" { input = io.x normal = false words = {\"good\", \"bad\"} }\n"
		"lane \"p\" { contact \"panic\" { input = io.x use = panic } }\n"
		"meter \"v\" { value = e.n unit = \"%\" report_on_change = 2.5 report_every = 0 }\n");
	config = load_good(&folder, "main.conf");
	check_round_trip(&folder, config);
	config_free(config);
	folder_close(&folder);
}

/* ---- what is shipped ------------------------------------------------------------------- */

/* Tests are run from the top of the source, as make does. */
static void copy_into(struct folder *folder, const char *source, const char *path)
{
	char text[16384];
	int fd = openat(folder->home, source, O_RDONLY | O_CLOEXEC);
	ssize_t bytes;

	assert_true(fd >= 0);
	bytes = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(bytes > 0 && bytes < (ssize_t)sizeof(text) - 1);
	text[bytes] = '\0';
	folder_write(folder, path, text);
}

static const char *const profiles[] = {"came-gard-ptx", "proconel-ld120", "generic-di8",
				       "generic-seal-reader", "generic-ups"};

static void copy_profiles(struct folder *folder)
{
	char source[128], path[128];
	size_t i;

	for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		snprintf(source, sizeof(source), "etc/profiles/%s.conf", profiles[i]);
		snprintf(path, sizeof(path), "profiles/%s.conf", profiles[i]);
		copy_into(folder, source, path);
	}
}

static void the_shipped_configuration_is_good_as_it_stands(void **state)
{
	struct folder folder;
	struct config *config;

	(void)state;
	folder_open(&folder);
	copy_into(&folder, "etc/corridord.conf", "main.conf");
	config = load_good(&folder, "main.conf");
	assert_string_equal(config->uplink.hosts.item[0], "localhost");
	assert_int_equal(config->device_count, 0);
	check_round_trip(&folder, config);
	config_free(config);
	folder_close(&folder);
}

/* Takes one "# " from the lines after the marker, as its text says. */
static void uncomment(char *text, const char *marker)
{
	char *to = strstr(text, marker), *from;

	assert_non_null(to);
	for (from = to; *from != '\0';) {
		from += *from == '#';
		from += *from == ' ';
		while (*from != '\0' && *from != '\n')
			*to++ = *from++;
		if (*from == '\n')
			*to++ = *from++;
	}
	*to = '\0';
}

static void its_example_of_a_lane_is_good(void **state)
{
	struct folder folder;
	struct config *config;
	char text[16384];
	FILE *file;
	size_t bytes;

	(void)state;
	folder_open(&folder);
	copy_profiles(&folder);
	copy_into(&folder, "etc/corridord.conf", "main.conf");
	file = fopen("main.conf", "re");
	assert_non_null(file);
	bytes = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[bytes] = '\0';
	uncomment(text, "# # An RS-485");
	folder_write(&folder, "lane.conf", text);
	config = load_good(&folder, "lane.conf");
	assert_int_equal(config->device_count, 5);
	assert_int_equal(config->lane_count, 1);
	assert_int_equal(config->contact_count, 1);
	assert_int_equal(config->lanes[0].barriers[0].status, 0);
	check_round_trip(&folder, config);
	config_free(config);
	folder_close(&folder);
}

static void every_shipped_profile_is_good(void **state)
{
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct folder folder;
		struct config *config;

		folder_open(&folder);
		copy_profiles(&folder);
		snprintf(text, sizeof(text),
			 SITE
			 "device \"d\" { driver = modbus-tcp host = x unit = 1 profile = %s }\n",
			 profiles[i]);
		folder_write(&folder, "main.conf", text);
		config = load_good(&folder, "main.conf");
		assert_true(config->point_count >= 5);
		check_round_trip(&folder, config);
		config_free(config);
		folder_close(&folder);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_loads_to_the_same),
		cmocka_unit_test(the_shipped_configuration_is_good_as_it_stands),
		cmocka_unit_test(its_example_of_a_lane_is_good),
		cmocka_unit_test(every_shipped_profile_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
