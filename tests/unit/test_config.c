/* Good configurations: what is made of them. */
#include "config_good.h"

#include "base/clock.h"

#include "../numbers.h"

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
	assert_true(uplink->window == 1000);
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

/* What moves cannot move so often: where nothing else is said, more is chatter. */
static void a_switch_that_flickers_is_chatter_unless_it_is_said_otherwise(void **state)
{
	static const char *const switches[] = {"d.down",   "d.up",   "d.arm",
					       "d.broken", "d.door", "d.status"};
	static const char *const others[] = {"d.beam", "d.beyond", "d.word", "d.opened", "d.free"};
	struct folder folder;
	struct config *config = load_text(
		&folder,
		SITE "device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
		     "    point \"down\" { table = coil address = 1 }\n"
		     "    point \"up\" { table = coil address = 2 }\n"
		     "    point \"arm\" { table = coil address = 3 }\n"
		     "    point \"broken\" { table = coil address = 4 }\n"
		     "    point \"door\" { table = holding address = 5 }\n"
		     "    point \"beam\" { table = coil address = 6 }\n"
		     "    point \"beyond\" { table = coil address = 7 }\n"
		     "    point \"word\" { table = holding address = 8 map = {\"1=intact\"} }\n"
		     "    point \"opened\" { table = coil address = 9 }\n"
		     "    point \"free\" { table = coil address = 10 chatter_edges = 0 }\n"
		     "    point \"status\" { table = holding address = 12 map = {\"1=open\"} }\n"
		     "    point \"own\" { table = coil address = 11 chatter_edges = 20 } }\n"
		     "lane \"m\" { barrier \"b\" { status = d.status } }\n"
		     "lane \"l\" { barrier \"b\" { closed_limit = d.down open_limit = d.up\n"
		     "    arm_broken = d.arm presence = d.beam presence_fault = d.broken\n"
		     "    passed = d.beyond } seal \"s\" { status = d.word opened = d.opened } }\n"
		     "contact \"door\" { input = d.door }\n"
		     "contact \"free\" { input = d.free }\n"
		     "contact \"own\" { input = d.own }\n");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(switches); i++) {
		assert_int_equal(point(config, switches[i])->chatter_edges, 6);
		assert_true(point(config, switches[i])->chatter_window_ns == 8 * NS_PER_S);
	}
	for (i = 0; i < COUNT(others); i++)
		assert_int_equal(point(config, others[i])->chatter_edges, 0);
	assert_true(point(config, "d.status")->chatter_returns);
	assert_false(point(config, "d.down")->chatter_returns);
	assert_int_equal(point(config, "d.own")->chatter_edges, 20);
	assert_true(point(config, "d.own")->chatter_window_ns == 10 * NS_PER_S);
	config_free(config);
	folder_close(&folder);
}

static void sensors_have_their_defaults(void **state)
{
	struct folder folder;
	struct config *config = load_text(
		&folder, SITE READER
		"lane \"l\" { barrier \"b\" { status = d.word } seal \"s\" { status = d.word } }\n"
		"contact \"mains\" { input = d.n use = mains }\n"
		"contact \"c\" { input = d.n words = {\"good\", \"bad\"} severity = info }\n"
		"meter \"m\" { value = d.n }\n");
	const struct barrier_conf *barrier = &config->lanes[0].barriers[0];
	const struct seal_conf *seal = &config->lanes[0].seals[0];
	const struct meter_conf *meter = &config->meters[0];
	const struct contact_conf *mains = &config->contacts[0], *other = &config->contacts[1];

	(void)state;
	assert_string_equal(config->lanes[0].direction, "both");
	assert_int_equal(barrier->status, 1);
	assert_int_equal(barrier->presence, POINT_NONE);
	assert_int_equal(barrier->passed, POINT_NONE);
	assert_int_equal(barrier->arm_broken, POINT_NONE);
	assert_true(barrier->travel_time_ns == 10 * NS_PER_S);
	assert_true(barrier->presence_stuck_ns == 30 * 60 * NS_PER_S);
	assert_true(barrier->absence_long_ns == 0);
	assert_int_equal(seal->id, POINT_NONE);
	assert_true(seal->battery_low == 15 && seal->battery_critical == 5);
	assert_true(mains->normal && mains->use == CONTACT_MAINS);
	assert_int_equal(mains->severity, SEVERITY_MAJOR);
	assert_string_equal(mains->words[CONTACT_NORMAL], "present");
	assert_string_equal(mains->words[CONTACT_NOT_NORMAL], "lost");
	assert_int_equal(other->use, CONTACT_OTHER);
	assert_int_equal(other->severity, SEVERITY_INFO);
	assert_string_equal(other->words[CONTACT_NOT_NORMAL], "bad");
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
			  "    point \"p\" { table = holding address = 1 type = s16\n"
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

static void a_file_may_be_written_in_many_forms(void **state)
{
	struct folder folder;
	struct config *config = load_text(
		&folder, "// no title, no quotes, all in one line\n"
			 "checkpoint{id=c name='it\\'s \"\\\\\"'}gateway\n{\nid\n=\ng }/* a\n"
			 "b */uplink { host = { a , \"b\", } window=0x10#c\n }\n"
			 "journal { path = \"/a//b/*c\" keep = 1d }");

	(void)state;
	assert_string_equal(config->checkpoint.name, "it's \"\\\"");
	assert_string_equal(config->gateway.id, "g");
	assert_int_equal(config->uplink.hosts.count, 2);
	assert_string_equal(config->uplink.hosts.item[1], "b");
	assert_true(config->uplink.window == 16);
	assert_string_equal(config->journal.path, "/a//b/*c");
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

static void the_inputs_of_a_reader_have_the_longest_debounce_in_common(void **state)
{
	struct folder folder;
	struct config *config = load_text(
		&folder, SITE TCP
		"    point \"id\" { table = holding address = 1 type = string length = 4 }\n"
		"    point \"open\" { table = holding address = 5 bit = 1 debounce = 2s }\n"
		"    point \"battery\" { table = holding address = 6 max = 90 none = {0xFFFF} }\n"
		"    point \"energy\" { table = holding address = 7 type = u64\n"
		"        none = {0xFFFFFFFFFFFFFFFF} } }\n"
		"lane \"l\" { seal \"s\" { id = d.id opened = d.open battery = d.battery } }\n");

	(void)state;
	assert_true(config->points[0].debounce_ns == 2 * NS_PER_S);
	assert_true(config->points[1].debounce_ns == 2 * NS_PER_S);
	assert_true(config->points[2].debounce_ns == 2 * NS_PER_S);
	assert_true(config->points[0].looked_at_twice && !config->points[2].looked_at_twice);
	assert_int_equal(config->points[2].none[0], 0xFFFF);
	assert_true(config->points[3].none[0] == -1); /* all bits */
	assert_true(config->points[2].range.max < 91 && config->points[2].range.min < -1e300);
	assert_true(config->points[2].plausible.max > 99);
	assert_int_equal(config->points[1].raw.type, VALUE_BOOL);
	config_free(config);
	folder_close(&folder);
}

static void parts_are_read_in_the_order_of_their_names(void **state)
{
	static const char lane[] = "lane \"%s\" { seal \"s\" { id = d.id } }\n";
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
	folder_write(&folder, "conf.d/90-device.conf", READER);
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

static void a_site_may_have_thousands_of_buses(void **state)
{
	static const char site[] = SITE;
	static const char bus[] =
		"# A bus of its own for each of the many devices: the file becomes "
		"larger than a mebibyte.\n"
		"bus \"b%d\" { driver = modbus-tcp host = \"plc.example\" }\n";
	enum { BUSES = 8000 };
	char *text = malloc(sizeof(site) + BUSES * (sizeof(bus) + 8)), *end;
	struct config *config;
	struct folder folder;

	(void)state;
	assert_non_null(text);
	end = stpcpy(text, site);
	for (int i = 0; i < BUSES; i++)
		end += sprintf(end, bus, i);
	assert_true(end - text > 1024 * 1024);
	config = load_text(&folder, text);
	free(text);
	assert_int_equal(config->bus_count, BUSES);
	assert_string_equal(config->buses[BUSES - 1].name, "b7999");
	config_free(config);
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

static void an_empty_list_in_a_device_takes_the_profiles_away(void **state)
{
	struct folder folder;
	struct config *config;

	(void)state;
	folder_open(&folder);
	folder_write(&folder, "profiles/boom.conf", PROFILE);
	folder_write(&folder, "main.conf",
		     SITE "device \"d\" { driver = modbus-tcp host = x unit = 3 profile = boom\n"
			  "    point \"status\" { map = {} scale = 2 } }\n");
	config = load_good(&folder, "main.conf");
	assert_int_equal(point(config, "d.status")->map_count, 0);
	assert_true(point(config, "d.status")->scale == 2);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_has_its_defaults),
		cmocka_unit_test(a_device_has_its_defaults),
		cmocka_unit_test(a_device_that_reports_by_itself_never_grows_stale),
		cmocka_unit_test(a_switch_that_flickers_is_chatter_unless_it_is_said_otherwise),
		cmocka_unit_test(sensors_have_their_defaults),
		cmocka_unit_test(an_uplink_may_have_it_all),
		cmocka_unit_test(an_empty_tls_block_turns_tls_on),
		cmocka_unit_test(devices_share_a_bus_in_the_order_of_the_file),
		cmocka_unit_test(a_map_gives_words_to_numbers),
		cmocka_unit_test(a_driver_may_have_an_option_that_the_core_has_too),
		cmocka_unit_test(the_environment_is_left_alone),
		cmocka_unit_test(a_file_may_be_written_in_many_forms),
		cmocka_unit_test(line_ends_of_windows_and_a_byte_order_mark_do_no_harm),
		cmocka_unit_test(the_inputs_of_a_reader_have_the_longest_debounce_in_common),
		cmocka_unit_test(parts_are_read_in_the_order_of_their_names),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(a_site_may_have_thousands_of_buses),
		cmocka_unit_test(a_loaded_file_leaves_nothing_for_the_next),
		cmocka_unit_test(a_device_wins_over_its_profile_option_by_option),
		cmocka_unit_test(an_empty_list_in_a_device_takes_the_profiles_away),
		cmocka_unit_test(a_profile_serves_every_driver_of_its_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
