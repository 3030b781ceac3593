#include "transit/sensor/contact.h"

#include "rig/sensor_rig.h"

struct site {
	struct sensor_rig rig;
	struct contact_conf conf;
	struct contact contact;
};

static void open_site(struct site *site, enum contact_use use, bool normal, const char *lane)
{
	const struct contact_manner *manner = contact_manner(use);

	sensor_rig_init(&site->rig);
	site->conf = (struct contact_conf){
		.name = "c",
		.use = (int)use,
		.normal = normal,
		.severity = (int)manner->severity,
		.words = {manner->words[CONTACT_NORMAL], manner->words[CONTACT_NOT_NORMAL]},
	};
	contact_init(&site->contact, &site->conf, lane, site->rig.table);
}

static void set(struct site *site, double at_s, struct value value)
{
	sensor_rig_set(&site->rig, 0, at_s, value);
	contact_judge(&site->contact, &site->rig.teller);
}

static void mains_that_is_lost_and_back_is_told(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, CONTACT_MAINS, true, NULL);
	set(&site, 1, value_bool(true));
	assert_contains(site.rig.body, "\"sensor\":\"c\"");
	assert_contains(site.rig.body, "\"state\":\"present\",\"initial\":true,"
				       "\"observed\":{\"input\":true,\"use\":\"mains\"}");
	assert_contains(site.rig.state, "\"kind\":\"contact\",\"state\":\"present\"");
	set(&site, 2, value_bool(false));
	assert_string_equal(site.rig.word, "lost");
	set(&site, 3, value_bool(false));
	set(&site, 4, value_bool(true));
	assert_told(&site.rig, "contact.normal@1 contact.major@2 contact.normal@4 ");
}

static void a_register_that_is_0_or_1_will_do(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, CONTACT_DOOR, true, NULL);
	set(&site, 1, value_int(1));
	set(&site, 2, value_int(0));
	set(&site, 3, value_int(7));
	assert_told(&site.rig, "contact.normal@1 contact.warning@2 contact.unknown@3 ");
	assert_contains(site.rig.body, "\"reason\":\"out_of_range\",\"input\":\"d.a\"");
}

static void the_normal_state_may_be_an_open_circuit(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, CONTACT_PANIC, false, "entry-1");
	set(&site, 1, value_bool(false));
	assert_string_equal(site.rig.word, "released");
	set(&site, 2, value_bool(true));
	assert_string_equal(site.rig.word, "pressed");
	assert_contains(site.rig.body, "\"lane\":\"entry-1\"");
	assert_told(&site.rig, "contact.normal@1 contact.critical@2 ");
}

static void each_severity_is_an_event_of_its_own(void **state)
{
	static const char *const told[] = {
		[SEVERITY_INFO] = "contact.info@1 ",
		[SEVERITY_WARNING] = "contact.warning@1 ",
		[SEVERITY_MINOR] = "contact.minor@1 ",
		[SEVERITY_MAJOR] = "contact.major@1 ",
		[SEVERITY_CRITICAL] = "contact.critical@1 ",
	};
	struct site site;

	(void)state;
	for (int severity = SEVERITY_INFO; severity <= SEVERITY_CRITICAL; severity++) {
		open_site(&site, CONTACT_OTHER, true, NULL);
		site.conf.severity = severity;
		set(&site, 1, value_bool(false));
		assert_told(&site.rig, told[severity]);
	}
}

static void what_cannot_be_read_is_neither_of_its_words(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, CONTACT_INTRUSION, true, NULL);
	contact_judge(&site.contact, &site.rig.teller);
	assert_told(&site.rig, ""); /* not read yet is no news */
	set(&site, 1, value_bool(true));
	sensor_rig_lose(&site.rig, 0, 2, REASON_NO_ANSWER);
	contact_judge(&site.contact, &site.rig.teller);
	assert_contains(site.rig.body, "\"state\":\"unknown\",\"previous\":\"clear\","
				       "\"reason\":\"no_answer\"");
	set(&site, 3, value_bool(false));
	assert_told(&site.rig, "contact.normal@1 contact.unknown@2 contact.critical@3 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mains_that_is_lost_and_back_is_told),
		cmocka_unit_test(a_register_that_is_0_or_1_will_do),
		cmocka_unit_test(the_normal_state_may_be_an_open_circuit),
		cmocka_unit_test(each_severity_is_an_event_of_its_own),
		cmocka_unit_test(what_cannot_be_read_is_neither_of_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
