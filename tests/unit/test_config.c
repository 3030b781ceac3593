/* Good configurations: what is made of them, and that what is printed says the same. */
#include "config_folder.h"

#include "clock.h"
#include "config_schema.h"

#define SITE "checkpoint { id = c } gateway { id = g } uplink { host = h }\n"
#define DEVICE                                                                    \
	"device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n" \
	"    point \"p\" { table = holding address = 1 }\n}\n"

static struct config *load_good(struct folder *folder, const char *path)
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

static struct config *load_text(struct folder *folder, const char *text)
{
	folder_open(folder);
	folder_write(folder, "main.conf", text);
	return load_good(folder, "main.conf");
}

static const struct point_conf *point(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->point_count; i++)
		if (strcmp(config->points[i].name, name) == 0)
			return &config->points[i];
	fail_msg("no point %s", name);
	return NULL;
}

/* ---- defaults -------------------------------------------------------------------------- */

static void a_site_has_its_defaults(void **state)
{
	struct folder folder;
	struct config *config = load_text(&folder, SITE);
	const struct uplink_conf *uplink = &config->uplink;

	(void)state;
	assert_string_equal(config->gateway.log_level, "info");
	assert_string_equal(config->journal.path, "/var/lib/corridord/journal.db");
	assert_string_equal(config->journal.fallback, "/run/corridord/journal.db");
	assert_true(config->journal.quota_bytes == INT64_C(2) << 30);
	assert_true(config->journal.keep_ns == 90 * 24 * 3600 * NS_PER_S);
	assert_int_equal(uplink->hosts.count, 1);
	assert_true(uplink->port == 1883);
	assert_string_equal(uplink->client_id, "corridord-c-g");
	assert_string_equal(uplink->topic_root, "corridor/v1");
	assert_int_equal(uplink->protocol, UPLINK_MQTT_5);
	assert_null(uplink->username);
	assert_false(uplink->tls);
	assert_true(uplink->keepalive_ns == 30 * NS_PER_S);
	assert_true(uplink->window == 20);
	assert_true(uplink->ack_timeout_ns == 30 * NS_PER_S);
	assert_true(uplink->connect_timeout_ns == 10 * NS_PER_S);
	assert_true(uplink->retry_min_ns == NS_PER_S);
	assert_true(uplink->retry_max_ns == 60 * NS_PER_S);
	assert_true(uplink->replay_bytes_per_s == 0);
	assert_true(uplink->metrics_every_ns == 60 * NS_PER_S);
	assert_true(uplink->alarm_after_ns == 60 * NS_PER_S);
	assert_null(config->checkpoint.country);
	assert_int_equal(config->bus_count + config->device_count + config->point_count, 0);
	assert_int_equal(config->lane_count + config->meter_count, 0);
	config_free(config);
	folder_close(&folder);
}

static void a_device_has_its_defaults(void **state)
{
	struct folder folder;
	struct config *config = load_text(&folder, SITE DEVICE);
	const struct device_conf *device = &config->devices[0];
	const struct bus_conf *bus = &config->buses[0];
	const struct point_conf *p = &config->points[0];

	(void)state;
	assert_string_equal(bus->name, "d");
	assert_true(bus->driver == driver_by_name("modbus-tcp"));
	assert_true(bus->reopen_min_ns == NS_PER_S && bus->reopen_max_ns == 30 * NS_PER_S);
	assert_true(bus->down_share == 0.05);
	assert_int_equal(bus->device_count, 1);
	assert_int_equal(bus->devices[0], 0);
	assert_true(device->own_bus);
	assert_true(device->poll_ns == NS_PER_S);
	assert_true(device->stale_after_ns == 4 * NS_PER_S); /* three polls and a second */
	assert_true(device->fail_after == 2);
	assert_true(device->retry_min_ns == NS_PER_S && device->retry_max_ns == 30 * NS_PER_S);
	assert_string_equal(device->file, "main.conf");
	assert_int_equal(device->line, 2);
	assert_string_equal(p->name, "d.p");
	assert_string_equal(config->point_drivers[0].name, "p");
	assert_true(p->stale_after_ns == 4 * NS_PER_S);
	assert_true(p->debounce_ns == 0 && p->chatter_edges == 0);
	assert_true(p->chatter_window_ns == 10 * NS_PER_S);
	assert_true(p->scale == 1 && p->offset == 0);
	assert_false(p->invert || p->counted);
	assert_int_equal(p->map_count, 0);
	config_free(config);
	folder_close(&folder);
}

static void a_device_that_reports_by_itself_never_grows_stale(void **state)
{
	struct folder folder;
	struct config *config =
		load_text(&folder, SITE
			  "device \"io\" { driver = gpio\n"
			  "    point \"a\" { line = \"L1\" bias = pull-up }\n"
			  "    point \"b\" { line = \"L2\" bias = pull-up stale_after = 1h }\n}\n");

	(void)state;
	assert_true(config->devices[0].stale_after_ns == 0 && config->devices[0].poll_ns == 0);
	assert_true(point(config, "io.a")->stale_after_ns == 0);
	assert_true(point(config, "io.b")->stale_after_ns == 3600 * NS_PER_S);
	config_free(config);
	folder_close(&folder);
}

static void sensors_have_their_defaults(void **state)
{
	struct folder folder;
	struct config *config = load_text(
		&folder, SITE DEVICE
		"lane \"l\" { barrier \"b\" { status = d.p } seal \"s\" { status = d.p } }\n"
		"meter \"m\" { value = d.p }\n");
	const struct barrier_conf *barrier = &config->lanes[0].barriers[0];
	const struct seal_conf *seal = &config->lanes[0].seals[0];
	const struct meter_conf *meter = &config->meters[0];

	(void)state;
	assert_string_equal(config->lanes[0].direction, "both");
	assert_int_equal(barrier->status, 0);
	assert_int_equal(barrier->presence, POINT_NONE);
	assert_int_equal(barrier->passed, POINT_NONE);
	assert_int_equal(barrier->arm_broken, POINT_NONE);
	assert_true(barrier->travel_time_ns == 10 * NS_PER_S);
	assert_true(barrier->presence_stuck_ns == 30 * 60 * NS_PER_S);
	assert_true(barrier->absence_long_ns == 0);
	assert_int_equal(seal->id, POINT_NONE);
	assert_true(seal->battery_low == 15 && seal->battery_critical == 5);
	assert_null(meter->unit);
	assert_true(meter->report_on_change == 0);
	assert_true(meter->report_every_ns == 15 * 60 * NS_PER_S);
	assert_true(meter->report_min_ns == NS_PER_S);
	config_free(config);
	folder_close(&folder);
}

/* ---- forms ----------------------------------------------------------------------------- */

static void an_uplink_may_have_it_all(void **state)
{
	struct folder folder;
	struct config *config = load_text(
		&folder,
		"checkpoint { id = ge-red-bridge country = GE name = \"Red \\\"Bridge\\\"\"\n"
		"    office = GE000600 }\n"
		"gateway { id = gw1 log_level = debug }\n"
		"uplink { host = {\"a\", \"b:8884\", \"[::1]:1883\"} protocol = 3.1.1\n"
		"    username = u password_credential = mqtt replay_rate = 64KiB\n"
		"    tls { ca = /ca.pem cert = /c.pem key = keys/k.pem } }\n");
	const struct uplink_conf *uplink = &config->uplink;
	char key[128];

	(void)state;
	assert_string_equal(config->checkpoint.name, "Red \"Bridge\"");
	assert_int_equal(uplink->hosts.count, 3);
	assert_string_equal(uplink->hosts.item[2], "[::1]:1883");
	assert_int_equal(uplink->protocol, UPLINK_MQTT_311);
	assert_true(uplink->tls);
	assert_true(uplink->port == 8883);
	assert_true(uplink->replay_bytes_per_s == 65536);
	snprintf(key, sizeof(key), "%s/keys/k.pem", folder.path);
	assert_string_equal(uplink->tls_ca, "/ca.pem");
	assert_string_equal(uplink->tls_key, key); /* from the folder of the file */
	config_free(config);
	folder_close(&folder);
}

static void an_empty_tls_block_turns_tls_on(void **state)
{
	struct folder folder;
	struct config *config = load_text(
		&folder, "checkpoint { id = c } gateway { id = g } uplink { host = h tls { } }\n");

	(void)state;
	assert_true(config->uplink.tls);
	assert_null(config->uplink.tls_ca);
	config_free(config);
	folder_close(&folder);
}

static void devices_share_a_bus_in_the_order_of_the_file(void **state)
{
	struct folder folder;
	struct config *config = load_text(
		&folder, SITE
		"device \"a\" { bus = b unit = 1 address_base = 0 point \"p\" { table = coil address = 1 } }\n" DEVICE
		"device \"c\" { bus = b unit = 2 address_base = 0 point \"p\" { table = coil address = 1 } }\n"
		"bus \"b\" { driver = modbus-tcp host = x }\n");

	(void)state;
	assert_int_equal(config->bus_count, 2);
	assert_string_equal(config->buses[0].name, "b");
	assert_int_equal(config->buses[0].device_count, 2);
	assert_int_equal(config->buses[0].devices[0], 0);
	assert_int_equal(config->buses[0].devices[1], 2);
	assert_string_equal(config->buses[1].name, "d");
	assert_int_equal(config->devices[1].bus, 1);
	assert_int_equal(config->devices[2].first_point, 2);
	assert_int_equal(config->points[2].device, 2);
	config_free(config);
	folder_close(&folder);
}

static void a_map_gives_words_to_numbers(void **state)
{
	struct folder folder;
	struct config *config =
		load_text(&folder, SITE
			  "device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
			  "    point \"p\" { table = holding address = 1\n"
			  "        map = {\"0x10=open\", \"-1=closed\", \"2=a=b\"} } }\n");
	const struct point_conf *p = point(config, "d.p");

	(void)state;
	assert_int_equal(p->map_count, 3);
	assert_true(p->map[0].raw == 16 && p->map[1].raw == -1);
	assert_string_equal(p->map[0].word, "open");
	assert_string_equal(p->map[2].word, "a=b");
	config_free(config);
	folder_close(&folder);
}

static void a_driver_may_have_an_option_that_the_core_has_too(void **state)
{
	struct folder folder;
	struct config *config =
		load_text(&folder, SITE "device \"io\" { driver = gpio chip = \"c\"\n"
					"    point \"a\" { offset = 7 bias = pull-up } }\n");

	(void)state;
	assert_true(point(config, "io.a")->offset == 0); /* the 7 is the line's number */
	config_free(config);
	folder_close(&folder);
}

static void the_environment_is_left_alone(void **state)
{
	struct folder folder;
	struct config *config;

	(void)state;
	setenv("CORRIDOR_TEST", "expanded", 1);
	config =
		load_text(&folder, "checkpoint { id = c name = \"${CORRIDOR_TEST}\" } # ${A}\n"
				   "gateway { id = g } uplink { host = h username = '${B:-x}' }\n");
	assert_string_equal(config->checkpoint.name, "${CORRIDOR_TEST}");
	assert_string_equal(config->uplink.username, "${B:-x}");
	config_free(config);
	folder_close(&folder);
}

static void line_ends_of_windows_and_a_byte_order_mark_do_no_harm(void **state)
{
	struct folder folder;
	struct config *config = load_text(&folder, "\xef\xbb\xbf# Грузия\r\ncheckpoint { id = c\r\n"
						   "name = \"წითელი ხიდი\" }\r\n"
						   "gateway { id = g } uplink { host = h }\r\n");

	(void)state;
	assert_string_equal(config->checkpoint.name, "წითელი ხიდი");
	config_free(config);
	folder_close(&folder);
}

/* ---- several files --------------------------------------------------------------------- */

static void parts_are_read_in_the_order_of_their_names(void **state)
{
	static const char lane[] = "lane \"%s\" { seal \"s\" { id = d.p } }\n";
	struct folder folder;
	struct config *config;
	char text[128];

	(void)state;
	folder_open(&folder);
	folder_write(&folder, "main.conf", SITE);
	snprintf(text, sizeof(text), lane, "second");
	folder_write(&folder, "conf.d/20.conf", text);
	snprintf(text, sizeof(text), lane, "first");
	folder_write(&folder, "conf.d/10.conf", text);
	folder_write(&folder, "conf.d/90-device.conf", DEVICE);
	folder_write(&folder, "conf.d/15.conf.off", "nonsense\n");
	folder_write(&folder, "conf.d/.16.conf", "nonsense\n");
	config = load_good(&folder, "main.conf");
	assert_int_equal(config->lane_count, 2);
	assert_string_equal(config->lanes[0].name, "first");
	assert_string_equal(config->lanes[1].name, "second");
	assert_string_equal(config->devices[0].file, "conf.d/90-device.conf");
	config_free(config);
	folder_close(&folder);
}

static void what_cannot_be_read_is_told(void **state)
{
	struct folder folder;
	struct config *config = NULL;
	char *told;

	(void)state;
	folder_open(&folder);
	assert_int_equal(folder_load(&folder, "none.conf", &told, &config), -EINVAL);
	assert_string_equal(told, "none.conf: cannot be read: No such file or directory\n");
	free(told);
	assert_int_equal(folder_load(&folder, "conf.d", &told, &config), -EINVAL);
	assert_string_equal(told, "conf.d: cannot be read: not a plain file\n");
	free(told);
	folder_write(&folder, "main.conf", SITE "journal { quota = 1 }\n");
	assert_int_equal(mkdir("conf.d/x.conf", 0700), 0);
	assert_int_equal(folder_load(&folder, "main.conf", &told, &config), -EINVAL);
	assert_string_equal(told, "main.conf:2: journal: quota = \"1\": the unit is missing, "
				  "expected B, KiB, MiB, GiB or TiB after the number\n"
				  "conf.d/x.conf: cannot be read: not a plain file\n");
	free(told);
	assert_int_equal(rmdir("conf.d/x.conf"), 0);
	assert_null(config);
	folder_close(&folder);
}

static void a_file_beyond_all_measure_is_refused(void **state)
{
	static const size_t bytes = 1024 * 1024 + 1;
	struct folder folder;
	struct config *config = NULL;
	char *told, *text = malloc(bytes + 1);

	(void)state;
	memset(text, ' ', bytes);
	text[bytes] = '\0';
	folder_open(&folder);
	folder_write(&folder, "main.conf", text);
	free(text);
	assert_int_equal(folder_load(&folder, "main.conf", &told, &config), -EINVAL);
	assert_string_equal(told, "main.conf: cannot be read: larger than 1 MiB\n");
	free(told);
	folder_close(&folder);
}

static void a_loaded_file_leaves_nothing_for_the_next(void **state)
{
	struct folder folder;
	struct config *config = NULL;
	char *told;

	(void)state;
	folder_open(&folder);
	folder_write(&folder, "bad.conf", SITE "journal { path = \"/a\n /* lane \"\n");
	folder_write(&folder, "main.conf", SITE);
	assert_int_equal(folder_load(&folder, "bad.conf", &told, &config), -EINVAL);
	free(told);
	config_free(load_good(&folder, "main.conf"));
	folder_close(&folder);
}

/* ---- profiles -------------------------------------------------------------------------- */

#define PROFILE                                                                       \
	"profile \"boom\" { driver = modbus summary = \"a boom\" address_base = 1\n"  \
	"    poll = 200ms timeout = 300ms\n"                                          \
	"    point \"status\" { table = holding address = 101 map = {\"1=open\"} }\n" \
	"    point \"heat\" { table = input address = 7 type = s16 scale = 0.1 } }\n"

static void a_device_wins_over_its_profile_option_by_option(void **state)
{
	struct folder folder;
	struct config *config;

	(void)state;
	folder_open(&folder);
	folder_write(&folder, "profiles/boom.conf", PROFILE);
	folder_write(
		&folder, "main.conf",
		SITE
		"device \"d\" { driver = modbus-rtu port = /dev/ttyS0 unit = 3 profile = boom\n"
		"    poll = 50ms\n"
		"    point \"extra\" { table = coil address = 1 }\n"
		"    point \"heat\" { scale = 0.5 debounce = 1s } }\n");
	config = load_good(&folder, "main.conf");
	assert_string_equal(config->devices[0].profile, "boom");
	assert_true(config->devices[0].poll_ns == 50 * NS_PER_MS);
	assert_true(config->devices[0].stale_after_ns == 1150 * NS_PER_MS);
	assert_int_equal(config->point_count, 3);
	assert_string_equal(config->points[0].name, "d.status");
	assert_string_equal(config->points[1].name, "d.heat");
	assert_string_equal(config->points[2].name, "d.extra");
	assert_true(config->points[1].scale == 0.5);
	assert_true(config->points[1].debounce_ns == NS_PER_S);
	assert_string_equal(config->points[0].map[0].word, "open");
	config_free(config);
	folder_close(&folder);
}

static void a_profile_serves_every_driver_of_its_family(void **state)
{
	static const char *const drivers_of_it[] = {
		"modbus-tcp host = x", "modbus-rtu-tcp host = x", "modbus-rtu port = /dev/ttyS0"};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct folder folder;

		folder_open(&folder);
		folder_write(&folder, "profiles/boom.conf", PROFILE);
		snprintf(text, sizeof(text),
			 SITE "device \"d\" { driver = %s unit = 1 profile = boom }\n",
			 drivers_of_it[i]);
		folder_write(&folder, "main.conf", text);
		config_free(load_good(&folder, "main.conf"));
		folder_close(&folder);
	}
}

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
		"    aeo_benefits = {\"priority_lane\", \"liaison_officer\"} }\n"
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
		"lane \"n\" { presence = io.x plate = t.y document = t.y passage_gap = 1min }\n"
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
	assert_int_equal(config->device_count, 4);
	assert_int_equal(config->lane_count, 1);
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

/* ---- tables ---------------------------------------------------------------------------- */

static void check_row(const struct conf_option *row)
{
	bool several = row->type == CONF_LIST || row->type == CONF_MAP;

	assert_non_null(row->help);
	assert_true(strlen(row->help) > 0);
	assert_int_equal(row->name[strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789_")],
			 '\0');
	assert_true(row->type != CONF_CHOICE || row->choices != NULL);
	assert_true(row->min <= row->max);
	assert_false(row->required && row->def != NULL);
	assert_false(several && row->def != NULL);
}

static void check_table(const struct conf_option *table)
{
	const struct conf_option *row;

	for (row = table; row->name != NULL; row++) {
		check_row(row);
		assert_ptr_equal(conf_option_by_name(table, row->name), row); /* no name twice */
	}
}

static void check_kind(const struct conf_kind *kind)
{
	size_t i;

	for (i = 0; kind->tables[i] != NULL; i++)
		check_table(kind->tables[i]);
	for (i = 0; kind->children[i] != NULL; i++)
		check_kind(kind->children[i]);
}

static void every_option_is_declared_well(void **state)
{
	size_t i;

	(void)state;
	check_kind(&conf_main_file);
	check_kind(&conf_profile_file);
	for (i = 0; drivers[i] != NULL; i++) {
		check_table(driver_options(drivers[i], DRIVER_BUS));
		check_table(driver_options(drivers[i], DRIVER_DEVICE));
		check_table(driver_options(drivers[i], DRIVER_POINT));
	}
}

static void demand(void *data, const char *name)
{
	char row[80];

	snprintf(row, sizeof(row), ".BR %s \"", name);
	if (strstr(data, row) == NULL)
		fail_msg("%s is not in the manual", name);
}

static void drop_escapes(char *roff)
{
	char *to = roff;

	for (; *roff != '\0'; roff++)
		if (*roff != '\\')
			*to++ = *roff;
	*to = '\0';
}

static void the_manual_has_every_option(void **state)
{
	char *manual;
	size_t bytes, i;
	FILE *out = open_memstream(&manual, &bytes);

	(void)state;
	config_print_manual(out);
	fclose(out);
	drop_escapes(manual);
	for (i = 0; conf_main_file.children[i] != NULL; i++)
		conf_kind_names(conf_main_file.children[i], manual, demand);
	for (i = 0; drivers[i] != NULL; i++)
		assert_non_null(strstr(manual, drivers[i]->summary));
	free(manual);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_has_its_defaults),
		cmocka_unit_test(a_device_has_its_defaults),
		cmocka_unit_test(a_device_that_reports_by_itself_never_grows_stale),
		cmocka_unit_test(sensors_have_their_defaults),
		cmocka_unit_test(an_uplink_may_have_it_all),
		cmocka_unit_test(an_empty_tls_block_turns_tls_on),
		cmocka_unit_test(devices_share_a_bus_in_the_order_of_the_file),
		cmocka_unit_test(a_map_gives_words_to_numbers),
		cmocka_unit_test(a_driver_may_have_an_option_that_the_core_has_too),
		cmocka_unit_test(the_environment_is_left_alone),
		cmocka_unit_test(line_ends_of_windows_and_a_byte_order_mark_do_no_harm),
		cmocka_unit_test(parts_are_read_in_the_order_of_their_names),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(a_file_beyond_all_measure_is_refused),
		cmocka_unit_test(a_loaded_file_leaves_nothing_for_the_next),
		cmocka_unit_test(a_device_wins_over_its_profile_option_by_option),
		cmocka_unit_test(a_profile_serves_every_driver_of_its_family),
		cmocka_unit_test(what_is_printed_loads_to_the_same),
		cmocka_unit_test(the_shipped_configuration_is_good_as_it_stands),
		cmocka_unit_test(its_example_of_a_lane_is_good),
		cmocka_unit_test(every_shipped_profile_is_good),
		cmocka_unit_test(every_option_is_declared_well),
		cmocka_unit_test(the_manual_has_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
