/* Passwords, access lists, limits. Whatever the broker refuses is said once, with its cure, and
 * tried again; no event is skipped. */
#include "rig/uplink_rig.h"

#define EVENTS 100

/* ---- passwords ------------------------------------------------------------------------- */

static void start_with_passwords(struct uplink_rig *rig, const char *lines)
{
	char conf[512];

	shell_in(rig->folder, "touch users && mosquitto_passwd -b users gw1 right && "
			      "mosquitto_passwd -b users centre centre");
	snprintf(conf, sizeof(conf), "allow_anonymous false\npassword_file %s/users\n%s",
		 rig->folder, lines);
	start_broker(rig, conf);
	subscribe_as(rig, "centre");
}

static void a_refused_password_is_said_once_and_a_corrected_one_is_taken(void **state)
{
	struct uplink_rig *rig = *state;
	char user[] = "gw1";

	start_with_passwords(rig, "");
	write_file(rig, "password", "wrong\n");
	rig->conf.username = user;
	rig->conf.password_file = path_of(rig, "password");
	fake_journal_add(&rig->journal, EVENTS);
	start_uplink(rig);
	until(rig, times_logged(rig, "refused: not authori") > 0);
	assert_int_equal(times_logged(rig, "(check username, the password and the broker's access "
					   "list), trying again in"),
			 1);
	until(rig, strstr(uplink_counters(rig->uplink).error, "not authori"));
	write_file(rig, "password", "right\n");
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS);
	assert_int_equal(times_logged(rig, "not connected"), 1);
	assert_int_equal(times_logged(rig, "right"), 0);
}

static void a_password_works_with_mqtt_3_1_1_too_and_its_refusal_is_said(void **state)
{
	struct uplink_rig *rig = *state;
	char user[] = "gw1";

	start_with_passwords(rig, "");
	write_file(rig, "password", "wrong");
	rig->conf.protocol = UPLINK_MQTT_311;
	rig->conf.username = user;
	rig->conf.password_file = path_of(rig, "password");
	start_uplink(rig);
	until(rig, times_logged(rig, "refused: not authorised (check username") == 1);
	write_file(rig, "password", "right");
	until(rig, is_connected(rig));
}

static void a_missing_password_file_is_said_and_waited_for(void **state)
{
	struct uplink_rig *rig = *state;
	char user[] = "gw1";

	start_with_passwords(rig, "");
	rig->conf.username = user;
	rig->conf.password_file = path_of(rig, "later");
	start_uplink(rig);
	until(rig,
	      times_logged(rig, "/later: No such file or directory (check the file and who may "
				"read it)") == 1);
	write_file(rig, "later", "\n");
	until(rig, times_logged(rig, "/later: its first line is empty") == 1);
	write_file(rig, "later", "right\n");
	until(rig, is_connected(rig));
}

static void a_credential_is_read_from_where_systemd_puts_it(void **state)
{
	struct uplink_rig *rig = *state;
	char user[] = "gw1";
	char name[] = "broker";

	start_with_passwords(rig, "");
	write_file(rig, name, "right\n");
	setenv("CREDENTIALS_DIRECTORY", rig->folder, 1);
	rig->conf.username = user;
	rig->conf.password_credential = name;
	start_uplink(rig);
	until(rig, is_connected(rig));
}

/* ---- access lists ---------------------------------------------------------------------- */

static void allow(struct uplink_rig *rig, const char *topics)
{
	write_file(rig, "acl", topics);
	if (rig->broker.pid > 0)
		kill(rig->broker.pid, SIGHUP);
}

static void start_with_list(struct uplink_rig *rig, const char *topics)
{
	char conf[128];

	allow(rig, topics);
	snprintf(conf, sizeof(conf), "acl_file %s/acl", rig->folder);
	start_broker(rig, conf);
}

#define ALL "topic readwrite corridor/#\n"

static void an_event_that_may_not_be_published_is_kept_and_not_skipped(void **state)
{
	struct uplink_rig *rig = *state;

	start_with_list(rig, "topic read corridor/#\ntopic write " TOPIC_BASE "status\n"
			     "topic write " TOPIC_BASE "event/barrier/open\n");
	subscribe(rig);
	fake_journal_alert_every(&rig->journal,
				 50); /* these are of another type, and nobody may publish it */
	start_uplink(rig);
	until(rig, fake_journal_session(&rig->journal) == 1);
	fake_journal_add(&rig->journal, EVENTS);
	until(rig,
	      times_logged(rig, "event 50 refused on " TOPIC_BASE "event/seal/tampered: Not "
				"authorized (check the broker's access list and limits), kept, "
				"trying again in") == 1);
	until(rig, uplink_counters(rig->uplink).refused >= 5);
	assert_non_null(strstr(uplink_counters(rig->uplink).not_taken[REFUSED_EVENTS],
			       "refused on " TOPIC_BASE));
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == 49);
	assert_int_equal(fake_journal_acked(&rig->journal, STREAM_ALERTS), 0);
	allow(rig, ALL);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS);
	until(rig, fake_journal_acked(&rig->journal, STREAM_ALERTS) == EVENTS);
	until(rig, subscriber_count(&rig->subscriber, "alert/") >= 2);
	assert_int_equal(times_logged(rig, "event 50 refused on " TOPIC_BASE "event/seal/tampered"),
			 1);
	assert_int_equal(times_logged(rig, "events are taken again"), 1);
	assert_int_equal(times_logged(rig, "alerts are taken again"), 1);
	assert_int_equal(uplink_counters(rig->uplink).connects, 1);
	until(rig, uplink_counters(rig->uplink).not_taken[REFUSED_EVENTS][0] == '\0');
	until(rig, uplink_counters(rig->uplink).acknowledged == EVENTS + 2);
}

static void alerts_that_may_not_be_published_do_not_hold_up_the_events(void **state)
{
	struct uplink_rig *rig = *state;

	start_with_list(rig, "topic read corridor/#\ntopic write " TOPIC_BASE "status\n"
			     "topic write " TOPIC_BASE "event/#\n");
	subscribe(rig);
	fake_journal_alert_every(&rig->journal, 10);
	start_uplink(rig);
	fake_journal_add(&rig->journal, EVENTS);
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS);
	until(rig, times_logged(rig, "event 10 refused on " TOPIC_BASE "alert/seal/tampered") == 1);
	assert_int_equal(fake_journal_acked(&rig->journal, STREAM_ALERTS), 0);
	allow(rig, ALL);
	until(rig, fake_journal_acked(&rig->journal, STREAM_ALERTS) == EVENTS);
	until(rig, subscriber_count(&rig->subscriber, "alert/") >= EVENTS / 10);
}

static void a_refused_state_is_said_and_holds_up_nothing(void **state)
{
	struct uplink_rig *rig = *state;

	start_with_list(rig, "topic read corridor/#\ntopic write " TOPIC_BASE "event/#\n");
	subscribe(rig);
	start_uplink(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"open\"}");
	fake_journal_add(&rig->journal, EVENTS);
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS);
	until(rig, times_logged(rig, "a status or state was refused: Not authorized") == 1);
}

/* ---- limits ---------------------------------------------------------------------------- */

static void an_event_larger_than_the_broker_takes_is_kept_and_said(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "max_packet_size 1500");
	rig->journal.payload_bytes = 3000;
	start_uplink(rig);
	fake_journal_add(&rig->journal, 3);
	until(rig, times_logged(rig, "event 1 refused on " TOPIC_BASE
				     "event/barrier/open: larger than the broker takes") == 1);
	until(rig, uplink_counters(rig->uplink).refused >= 3);
	assert_int_equal(fake_journal_acked(&rig->journal, STREAM_EVENTS), 0);
	process_end(&rig->broker, SIGTERM);
	start_broker(rig, "");
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == 3);
}

/* The clean way out of a full queue, as Debian's mosquitto takes it when max_queued_messages
 * is 0: a refusal, then the end of the connection. */
static void a_broker_that_hangs_up_after_a_refusal_still_gets_the_events(void **state)
{
	struct uplink_rig *rig = *state;
	char lines[128];

	allow(rig, "topic read corridor/#\ntopic write " TOPIC_BASE
		   "status\ntopic write " TOPIC_BASE "event/#\n");
	snprintf(lines, sizeof(lines), "acl_file %s/acl\nmax_queued_messages 0", rig->folder);
	start_broker(rig, lines);
	subscribe(rig);
	fake_journal_alert_every(&rig->journal, 10);
	fake_journal_add(&rig->journal, EVENTS);
	start_uplink(rig);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS);
	assert_int_equal(fake_journal_acked(&rig->journal, STREAM_ALERTS), 0);
	until(rig, times_logged(rig, "event 10 refused on " TOPIC_BASE "alert/seal/tampered") == 1);
}

/* Such a broker ends the connection at each refused state, and those are sent first. */
static void states_that_end_the_connection_do_not_hold_up_the_events(void **state)
{
	struct uplink_rig *rig = *state;
	char lines[128], key[32];

	allow(rig, "topic read corridor/#\ntopic write " TOPIC_BASE
		   "status\ntopic write " TOPIC_BASE "event/#\n");
	snprintf(lines, sizeof(lines), "acl_file %s/acl\nmax_queued_messages 0", rig->folder);
	start_broker(rig, lines);
	subscribe(rig);
	start_uplink(rig);
	for (size_t i = 0; i < EVENTS; i++) {
		snprintf(key, sizeof(key), "entry-%zu/boom", i);
		put_state(rig, key, "{\"state\":\"open\"}");
	}
	until(rig, times_logged(rig, "a status or state was refused: Not authorized") >= 1);
	fake_journal_add(&rig->journal, EVENTS);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS);
	assert_in_range(uplink_counters(rig->uplink).connects, 1, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		uplink_test(a_refused_password_is_said_once_and_a_corrected_one_is_taken),
		uplink_test(a_password_works_with_mqtt_3_1_1_too_and_its_refusal_is_said),
		uplink_test(a_missing_password_file_is_said_and_waited_for),
		uplink_test(a_credential_is_read_from_where_systemd_puts_it),
		uplink_test(an_event_that_may_not_be_published_is_kept_and_not_skipped),
		uplink_test(alerts_that_may_not_be_published_do_not_hold_up_the_events),
		uplink_test(a_refused_state_is_said_and_holds_up_nothing),
		uplink_test(an_event_larger_than_the_broker_takes_is_kept_and_said),
		uplink_test(a_broker_that_hangs_up_after_a_refusal_still_gets_the_events),
		uplink_test(states_that_end_the_connection_do_not_hold_up_the_events),
	};

	return cmocka_run_group_tests_name("uplink access", tests, NULL, NULL);
}
