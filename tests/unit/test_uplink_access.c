/* Who may connect and publish: passwords, access lists, certificates, limits. Whatever the
 * broker refuses is said once, with its cure, and tried again; no event is skipped. */
#include "uplink_rig.h"

#define EVENTS 100

/* As long as the rig; one for each slot. */
static char *path_of(struct rig *rig, const char *name, size_t slot)
{
	snprintf(rig->paths[slot], sizeof(rig->paths[slot]), "%s/%s", rig->dir, name);
	return rig->paths[slot];
}

/* ---- passwords ------------------------------------------------------------------------- */

static void start_with_passwords(struct rig *rig, const char *lines)
{
	char conf[512];

	rig_shell(rig, "touch users && mosquitto_passwd -b users gw1 right && "
		       "mosquitto_passwd -b users centre centre");
	snprintf(conf, sizeof(conf), "allow_anonymous false\npassword_file %s/users\n%s", rig->dir,
		 lines);
	broker_start(rig, conf);
	subscribe_as(rig, "centre");
}

static void a_refused_password_is_said_once_and_a_corrected_one_is_taken(void **state)
{
	struct rig *rig = *state;
	char user[] = "gw1";

	start_with_passwords(rig, "");
	rig_write(rig, "password", "wrong\n");
	rig->conf.username = user;
	rig->conf.password_file = path_of(rig, "password", 0);
	journal_add(rig, EVENTS);
	uplink_up(rig);
	until(rig, rig_logged(rig, "refused: not authori") > 0);
	assert_int_equal(rig_logged(rig, "(check username, the password and the broker's access "
					 "list), trying again in"),
			 1);
	assert_non_null(strstr(uplink_counters(rig->uplink).error, "not authori"));
	rig_write(rig, "password", "right\n");
	until(rig, complete_up_to(rig) == EVENTS);
	assert_int_equal(rig_logged(rig, "not connected"), 1);
	assert_int_equal(rig_logged(rig, "right"), 0);
}

static void a_password_works_with_mqtt_3_1_1_too_and_its_refusal_is_said(void **state)
{
	struct rig *rig = *state;
	char user[] = "gw1";

	start_with_passwords(rig, "");
	rig_write(rig, "password", "wrong");
	rig->conf.protocol = UPLINK_MQTT_311;
	rig->conf.username = user;
	rig->conf.password_file = path_of(rig, "password", 0);
	uplink_up(rig);
	until(rig, rig_logged(rig, "refused: not authorised (check username") == 1);
	rig_write(rig, "password", "right");
	until(rig, connected(rig));
}

static void a_missing_password_file_is_said_and_waited_for(void **state)
{
	struct rig *rig = *state;
	char user[] = "gw1";

	start_with_passwords(rig, "");
	rig->conf.username = user;
	rig->conf.password_file = path_of(rig, "later", 0);
	uplink_up(rig);
	until(rig, rig_logged(rig, "cannot read the password: No such file or directory (check "
				   "the file and who may read it)") == 1);
	rig_write(rig, "later", "right\n");
	until(rig, connected(rig));
}

static void a_credential_is_read_from_where_systemd_puts_it(void **state)
{
	struct rig *rig = *state;
	char user[] = "gw1";
	char name[] = "broker";

	start_with_passwords(rig, "");
	rig_write(rig, name, "right\n");
	setenv("CREDENTIALS_DIRECTORY", rig->dir, 1);
	rig->conf.username = user;
	rig->conf.password_credential = name;
	uplink_up(rig);
	until(rig, connected(rig));
}

/* ---- access lists ---------------------------------------------------------------------- */

static void allow(struct rig *rig, const char *topics)
{
	rig_write(rig, "acl", topics);
	if (rig->broker.pid > 0)
		kill(rig->broker.pid, SIGHUP);
}

static void start_with_list(struct rig *rig, const char *topics)
{
	char conf[128];

	allow(rig, topics);
	snprintf(conf, sizeof(conf), "acl_file %s/acl", rig->dir);
	broker_start(rig, conf);
}

#define ALL "topic readwrite corridor/#\n"

static void an_event_that_may_not_be_published_is_kept_and_not_skipped(void **state)
{
	struct rig *rig = *state;

	start_with_list(rig, "topic read corridor/#\ntopic write " BASE "status\n"
			     "topic write " BASE "event/barrier/open\n");
	subscribe(rig);
	journal_alerts(rig, 50); /* these are of another type, and nobody may publish it */
	uplink_up(rig);
	until(rig, journal_session(rig) == 1);
	journal_add(rig, EVENTS);
	until(rig, rig_logged(rig, "event 50 refused on " BASE "event/seal/tampered: Not "
				   "authorized (check the broker's access list and limits), kept, "
				   "trying again in") == 1);
	until(rig, uplink_counters(rig->uplink).refused >= 5);
	assert_int_equal(journal_acked(rig, STREAM_EVENTS), 49);
	assert_int_equal(journal_acked(rig, STREAM_ALERTS), 0);
	allow(rig, ALL);
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS);
	until(rig, journal_acked(rig, STREAM_ALERTS) == EVENTS);
	until(rig, count_of(rig, "alert/") >= 2);
	assert_int_equal(rig_logged(rig, "event 50 refused on " BASE "event/seal/tampered"), 1);
	assert_int_equal(rig_logged(rig, "events are taken again"), 1);
	assert_int_equal(rig_logged(rig, "alerts are taken again"), 1);
	assert_int_equal(uplink_counters(rig->uplink).connects, 1);
	assert_int_equal(uplink_counters(rig->uplink).acknowledged, EVENTS + 2);
}

static void alerts_that_may_not_be_published_do_not_hold_up_the_events(void **state)
{
	struct rig *rig = *state;

	start_with_list(rig, "topic read corridor/#\ntopic write " BASE "status\n"
			     "topic write " BASE "event/#\n");
	subscribe(rig);
	journal_alerts(rig, 10);
	uplink_up(rig);
	journal_add(rig, EVENTS);
	until(rig, complete_up_to(rig) == EVENTS);
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS);
	until(rig, rig_logged(rig, "event 10 refused on " BASE "alert/seal/tampered") == 1);
	assert_int_equal(journal_acked(rig, STREAM_ALERTS), 0);
	allow(rig, ALL);
	until(rig, journal_acked(rig, STREAM_ALERTS) == EVENTS);
	until(rig, count_of(rig, "alert/") >= EVENTS / 10);
}

static void a_refused_state_is_said_and_holds_up_nothing(void **state)
{
	struct rig *rig = *state;

	start_with_list(rig, "topic read corridor/#\ntopic write " BASE "event/#\n");
	subscribe(rig);
	uplink_up(rig);
	put_state(rig, "entry-1/boom", "{\"state\":\"open\"}");
	journal_add(rig, EVENTS);
	until(rig, complete_up_to(rig) == EVENTS);
	until(rig, rig_logged(rig, "a status or state was refused: Not authorized") == 1);
}

/* ---- limits ---------------------------------------------------------------------------- */

static void an_event_larger_than_the_broker_takes_is_kept_and_said(void **state)
{
	struct rig *rig = *state;

	broker_start(rig, "max_packet_size 1500");
	rig->journal.payload_bytes = 3000;
	uplink_up(rig);
	journal_add(rig, 3);
	until(rig, rig_logged(rig, "event 1 refused on " BASE
				   "event/barrier/open: larger than the broker takes") == 1);
	until(rig, uplink_counters(rig->uplink).refused >= 3);
	assert_int_equal(journal_acked(rig, STREAM_EVENTS), 0);
	process_end(&rig->broker, SIGTERM);
	broker_start(rig, "");
	until(rig, journal_acked(rig, STREAM_EVENTS) == 3);
}

/* The clean way out of a full queue, as Debian's mosquitto takes it when max_queued_messages
 * is 0: a refusal, then the end of the connection. */
static void a_broker_that_hangs_up_after_a_refusal_still_gets_the_events(void **state)
{
	struct rig *rig = *state;
	char lines[128];

	allow(rig,
	      "topic read corridor/#\ntopic write " BASE "status\ntopic write " BASE "event/#\n");
	snprintf(lines, sizeof(lines), "acl_file %s/acl\nmax_queued_messages 0", rig->dir);
	broker_start(rig, lines);
	subscribe(rig);
	journal_alerts(rig, 10);
	journal_add(rig, EVENTS);
	uplink_up(rig);
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS);
	assert_int_equal(journal_acked(rig, STREAM_ALERTS), 0);
	until(rig, rig_logged(rig, "event 10 refused on " BASE "alert/seal/tampered") == 1);
}

/* Such a broker ends the connection at each refused state, and those are sent first. */
static void states_that_end_the_connection_do_not_hold_up_the_events(void **state)
{
	struct rig *rig = *state;
	char lines[128], key[32];
	size_t i;

	allow(rig,
	      "topic read corridor/#\ntopic write " BASE "status\ntopic write " BASE "event/#\n");
	snprintf(lines, sizeof(lines), "acl_file %s/acl\nmax_queued_messages 0", rig->dir);
	broker_start(rig, lines);
	subscribe(rig);
	uplink_up(rig);
	for (i = 0; i < EVENTS; i++) {
		snprintf(key, sizeof(key), "entry-%zu/boom", i);
		put_state(rig, key, "{\"state\":\"open\"}");
	}
	until(rig, rig_logged(rig, "a status or state was refused: Not authorized") >= 1);
	journal_add(rig, EVENTS);
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS);
	assert_in_range(uplink_counters(rig->uplink).connects, 1, 20);
}

/* ---- a broker that only says what it is told to ------------------------------------------ */

struct actor {
	int listener, fd;
};

static void actor_new(struct rig *rig, struct actor *actor)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	void *any = &address;
	int one = 1;

	rig->door.port = free_port();
	address.sin_port = htons((uint16_t)rig->door.port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	actor->fd = -1;
	actor->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(actor->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(actor->listener, any, sizeof(address)), 0);
	assert_int_equal(listen(actor->listener, 4), 0);
}

/* Waits for the next CONNECT. */
static void actor_meet(struct rig *rig, struct actor *actor)
{
	char byte;

	if (actor->fd >= 0)
		close(actor->fd);
	until(rig, (actor->fd = accept4(actor->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0);
	until(rig, recv(actor->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1);
}

static void actor_say(struct actor *actor, const char *bytes, size_t count)
{
	assert_int_equal(send(actor->fd, bytes, count, MSG_NOSIGNAL), count);
}

static void actor_free(struct actor *actor)
{
	close(actor->fd);
	close(actor->listener);
}

#define SAY(actor, bytes) actor_say((actor), (bytes), sizeof(bytes) - 1)
#define WELCOME		  "\x20\x03\x00\x00\x00"

struct reply {
	const char *bytes;
	size_t count;
	const char *says;
};

static void each_answer_to_a_connect_is_said_with_its_cure(void **state)
{
	static const struct reply replies[] = {
		{"\x20\x03\x00\x85\x00", 5,
		 "refused: client identifier not valid (check client_id)"},
		{"\x20\x03\x00\x86\x00", 5, "refused: bad user name or password (check username"},
		{"\x20\x03\x00\x8a\x00", 5, "refused: banned, trying again in"},
		{"\x20\x02\x00\x01", 4,
		 "refused: unsupported protocol version (set protocol = \"3.1.1\")"},
		{"\x20\x05\x00\x00\x02\x24\x00", 7,
		 "the broker has no QoS 1 (use a broker that acknowledges)"},
		{"HTTP/1.1 400 Bad Request\r\n\r\n", 28, "not connected: "},
	};
	struct rig *rig = *state;
	struct actor actor;
	size_t i;

	actor_new(rig, &actor);
	uplink_up(rig);
	for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		actor_meet(rig, &actor);
		actor_say(&actor, replies[i].bytes, replies[i].count);
		until(rig, rig_logged(rig, replies[i].says) > 0);
	}
	assert_false(connected(rig));
	actor_free(&actor);
}

static void another_client_of_the_same_name_is_named_as_the_cause(void **state)
{
	struct rig *rig = *state;
	struct actor actor;

	actor_new(rig, &actor);
	uplink_up(rig);
	actor_meet(rig, &actor);
	SAY(&actor, WELCOME "\xe0\x02\x8e\x00");
	until(rig, rig_logged(rig, "closed by the broker: session taken over (another client "
				   "connects with the same client_id)") == 1);
	actor_free(&actor);
}

/* Status is the first message of a connection, the events follow it. */
static void what_is_acknowledged_out_of_turn_moves_nothing(void **state)
{
	struct rig *rig = *state;
	struct actor actor;

	rig->conf.ack_timeout_ns = 200 * NS_PER_MS;
	actor_new(rig, &actor);
	uplink_up(rig);
	actor_meet(rig, &actor);
	SAY(&actor, WELCOME);
	until(rig, journal_session(rig) == 1);
	journal_add(rig, 3);
	until(rig, uplink_counters(rig->uplink).published == 3);
	SAY(&actor, "\x40\x02\x00\x02\x40\x02\x00\x03\x40\x02\x00\x04");
	until(rig, rig_logged(rig, "connection lost: nothing is acknowledged any more") == 1);
	assert_int_equal(journal_acked(rig, STREAM_EVENTS), 0);
	actor_free(&actor);
}

static void an_event_over_quota_is_not_taken_for_acknowledged(void **state)
{
	struct rig *rig = *state;
	struct actor actor;

	actor_new(rig, &actor);
	uplink_up(rig);
	actor_meet(rig, &actor);
	SAY(&actor, WELCOME);
	until(rig, journal_session(rig) == 1);
	journal_add(rig, 3);
	until(rig, uplink_counters(rig->uplink).published == 3);
	SAY(&actor, "\x40\x02\x00\x01\x40\x02\x00\x02"); /* status and 1; 2 is refused */
	SAY(&actor, "\x40\x04\x00\x03\x97\x00\x40\x02\x00\x04");
	until(rig, rig_logged(rig, "event 2 refused on " BASE
				   "event/barrier/open: Quota exceeded") == 1);
	assert_int_equal(journal_acked(rig, STREAM_EVENTS), 1);
	until(rig, uplink_counters(rig->uplink).published == 4);
	SAY(&actor, "\x40\x02\x00\x05"); /* 2 again, and then 3 */
	until(rig, uplink_counters(rig->uplink).published == 5);
	until(rig, rig_logged(rig, "events are taken again") == 1);
	SAY(&actor, "\x40\x02\x00\x06");
	until(rig, journal_acked(rig, STREAM_EVENTS) == 3);
	assert_int_equal(rig_logged(rig, "events are taken again"), 1);
	actor_free(&actor);
}

static void a_refused_event_is_tried_again_after_its_second_try_was_lost(void **state)
{
	struct rig *rig = *state;
	struct actor actor;

	actor_new(rig, &actor);
	uplink_up(rig);
	actor_meet(rig, &actor);
	SAY(&actor, WELCOME);
	until(rig, journal_session(rig) == 1);
	journal_add(rig, 3);
	until(rig, uplink_counters(rig->uplink).published == 3);
	SAY(&actor, "\x40\x02\x00\x01\x40\x02\x00\x02"); /* status and 1; 2 is refused */
	SAY(&actor, "\x40\x04\x00\x03\x97\x00\x40\x02\x00\x04");
	until(rig, uplink_counters(rig->uplink).published == 4);
	actor_meet(rig, &actor);
	SAY(&actor, WELCOME);
	until(rig, uplink_counters(rig->uplink).published == 5);
	SAY(&actor, "\x40\x02\x00\x01\x40\x02\x00\x02");
	until(rig, uplink_counters(rig->uplink).published == 6);
	SAY(&actor, "\x40\x02\x00\x03");
	until(rig, journal_acked(rig, STREAM_EVENTS) == 3);
	actor_free(&actor);
}

/* Five alerts and their events, of which a ring holds eight. */
static void what_was_under_way_takes_no_room_in_the_next_connection(void **state)
{
	struct rig *rig = *state;
	struct actor actor;
	uint64_t round;

	rig->journal.payload_bytes = 3500;
	journal_alerts(rig, 1);
	journal_add(rig, 5);
	actor_new(rig, &actor);
	uplink_up(rig);
	for (round = 1; round <= 4; round++) {
		actor_meet(rig, &actor);
		SAY(&actor, WELCOME);
		until(rig, uplink_counters(rig->uplink).published == round * 10);
	}
	actor_free(&actor);
}

static bool offered(struct rig *rig, uint32_t session)
{
	struct outlet outlet = uplink_outlet(rig->uplink);
	struct outlet_record record = {.position = 1,
				       .seq = 1,
				       .epoch = EPOCH,
				       .type = "barrier.open",
				       .payload = "{}",
				       .payload_bytes = 2,
				       .session = session};

	return outlet.offer(outlet.data, STREAM_EVENTS, &record);
}

static void only_offers_of_the_present_connection_are_taken(void **state)
{
	struct rig *rig = *state;
	struct actor actor;

	actor_new(rig, &actor);
	uplink_up(rig);
	assert_false(offered(rig, 0));
	assert_false(offered(rig, 1));
	actor_meet(rig, &actor);
	SAY(&actor, WELCOME);
	until(rig, journal_session(rig) == 1);
	assert_false(offered(rig, 0));
	assert_false(offered(rig, 2));
	assert_true(offered(rig, 1));
	actor_meet(rig, (SAY(&actor, "\xe0\x02\x8b\x00"), &actor));
	assert_false(offered(rig, 1));
	SAY(&actor, WELCOME);
	until(rig, journal_session(rig) == 2);
	assert_false(offered(rig, 1));
	assert_true(offered(rig, 2));
	uplink_detach(rig->uplink);
	assert_false(offered(rig, 2));
	actor_free(&actor);
}

/* What came next: 's' for a state, 'e' for an event. Acknowledges the one before. */
static char next_kind(struct rig *rig, struct actor *actor, int mid_before)
{
	char ack[] = {0x40, 2, 0, (char)mid_before};
	char bytes[4096];
	ssize_t count;

	actor_say(actor, ack, sizeof(ack));
	until(rig, (count = recv(actor->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0);
	if (memmem(bytes, (size_t)count, "gw1/state/", 10))
		return 's';
	return memmem(bytes, (size_t)count, "gw1/event/", 10) ? 'e' : '?';
}

/* One message in flight: whatever waits has to take turns. */
static void states_that_never_rest_do_not_hold_up_events_nor_the_other_way_round(void **state)
{
	struct rig *rig = *state;
	char key[32];
	char kinds[9] = "";
	struct actor actor;
	char bytes[4096];
	int i;

	rig->conf.window = 1;
	actor_new(rig, &actor);
	uplink_up(rig);
	actor_meet(rig, &actor);
	until(rig, recv(actor.fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
	SAY(&actor, WELCOME);
	until(rig, journal_session(rig) == 1);
	until(rig, recv(actor.fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0); /* the status */
	for (i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "lane-%d/boom", i);
		put_state(rig, key, "{\"state\":\"open\"}");
	}
	journal_add(rig, 10);
	until(rig, journal_offered(rig) == 10);
	for (i = 0; i < 8; i++)
		kinds[i] = next_kind(rig, &actor, i + 1);
	assert_string_equal(kinds, "sesesese");
	actor_free(&actor);
}

static void what_makes_no_sense_ends_the_connection_and_nothing_else(void **state)
{
	static const struct reply nonsense[] = {
		{"\x40\x02\x77\x77\xff\xff\xff\xff\xff\xff", 10, NULL},
		{"\xff\xff\xff\xff\xff\xff", 6, NULL},
		{"\x20\x03\x00\x00\x00\x20\x03\x00\x00\x00\x00\x00", 12, NULL},
		{"\x40\x03\x00\x01\x10\x40\x01\x00", 8, NULL},
		{"\x30\x02\x00\x00\x50\x02\x00\x01\x62\x02\x00\x01\x90\x00", 14, NULL},
	};
	struct rig *rig = *state;
	struct actor actor;
	size_t i;

	rig->conf.ack_timeout_ns = 500 * NS_PER_MS;
	actor_new(rig, &actor);
	uplink_up(rig);
	journal_add(rig, 3);
	for (i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		actor_meet(rig, &actor);
		SAY(&actor, WELCOME);
		until(rig, uplink_counters(rig->uplink).connects == i + 1);
		actor_say(&actor, nonsense[i].bytes, nonsense[i].count);
	}
	actor_meet(rig, &actor);
	SAY(&actor, WELCOME);
	until(rig, uplink_counters(rig->uplink).connects == i + 1);
	assert_int_equal(journal_acked(rig, STREAM_EVENTS), 0);
	actor_free(&actor);
}

/* ---- TLS ------------------------------------------------------------------------------- */

static void make_certificates(struct rig *rig)
{
	rig_shell(rig, "for who in ours theirs; do openssl req -x509 -newkey ec -pkeyopt "
		       "ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$who-ca -keyout "
		       "$who-ca.key -out $who-ca.pem -addext basicConstraints=critical,CA:TRUE "
		       "2>/dev/null; done");
	rig_shell(rig,
		  "echo subjectAltName=IP:127.0.0.1,DNS:localhost >san && "
		  "echo subjectAltName=DNS:elsewhere.example >other-san && "
		  "make_one() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		  "-subj /CN=$1 -keyout $1.key -out $1.csr 2>/dev/null && openssl x509 -req -in "
		  "$1.csr -CA ours-ca.pem -CAkey ours-ca.key -CAcreateserial -days 2 -extfile $2 "
		  "-out $1.pem 2>/dev/null; }; make_one server san && make_one elsewhere "
		  "other-san && make_one gw1 san && openssl ec -in gw1.key -aes128 -passout "
		  "pass:secret -out locked.key 2>/dev/null");
}

/* The subscriber comes by a listener of its own, without TLS. */
static void start_tls(struct rig *rig, const char *certificate, const char *lines)
{
	char conf[768];

	make_certificates(rig);
	rig->door.port = free_port();
	snprintf(conf, sizeof(conf),
		 "per_listener_settings false\nlistener %d 127.0.0.1\ncafile %s/ours-ca.pem\n"
		 "certfile %s/%s.pem\nkeyfile %s/%s.key\n%s",
		 rig->door.port, rig->dir, rig->dir, certificate, rig->dir, certificate, lines);
	broker_start(rig, conf);
	subscribe(rig);
	rig->conf.tls = true;
}

static void tls_with_a_client_certificate_delivers(void **state)
{
	struct rig *rig = *state;

	start_tls(rig, "server", "require_certificate true");
	rig->conf.tls_ca = path_of(rig, "ours-ca.pem", 0);
	rig->conf.tls_cert = path_of(rig, "gw1.pem", 1);
	rig->conf.tls_key = path_of(rig, "gw1.key", 2);
	journal_add(rig, EVENTS);
	uplink_up(rig);
	until(rig, complete_up_to(rig) == EVENTS);
	assert_int_equal(rig_logged(rig, "connected (MQTT 5, TLS, 20 in flight)"), 1);
	assert_true(uplink_down(rig, PATIENCE_NS));
	until(rig, last_says(rig, "status", "stopped"));
}

static void tls_survives_a_broker_that_is_killed(void **state)
{
	struct rig *rig = *state;
	char conf[128];

	start_tls(rig, "server", "");
	rig->conf.tls_ca = path_of(rig, "ours-ca.pem", 0);
	uplink_up(rig);
	until(rig, fed(rig, EVENTS));
	process_end(&rig->broker, SIGKILL);
	until(rig, rig_logged(rig, "connection lost") == 1);
	until(rig, rig_logged(rig, "not connected: connection refused or reset (is the broker "
				   "running, and is this its TLS port?)") == 1);
	snprintf(conf, sizeof(conf), "%s/mosquitto.conf", rig->dir);
	unsubscribe(rig);
	journal_add(rig, 10);
	{
		char command[] = "mosquitto";
		char option[] = "-c";
		char *const argv[] = {command, option, conf, NULL};

		process_start(rig, &rig->broker, argv);
	}
	until(rig, journal_acked(rig, STREAM_EVENTS) == EVENTS + 10);
}

struct tls_case {
	const char *certificate, *lines, *ca, *cert, *key, *says;
};

static void refused_for(struct rig *rig, const struct tls_case *tls)
{

	start_tls(rig, tls->certificate, tls->lines);
	if (tls->ca)
		rig->conf.tls_ca = path_of(rig, tls->ca, 0);
	if (tls->cert)
		rig->conf.tls_cert = path_of(rig, tls->cert, 1);
	if (tls->key)
		rig->conf.tls_key = path_of(rig, tls->key, 2);
	uplink_up(rig);
	until(rig, rig_logged(rig, tls->says) == 1);
	assert_false(connected(rig));
	until(rig, uplink_counters(rig->uplink).error[0]);
}

static void a_broker_of_an_unknown_authority_is_refused_and_tried_again(void **state)
{
	struct rig *rig = *state;

	refused_for(rig, &(struct tls_case){
				 .certificate = "server",
				 .lines = "",
				 .ca = "theirs-ca.pem",
				 .says = "TLS: certificate verify failed (not issued by tls ca, "
					 "expired, or this clock is wrong), trying again in"});
	rig_shell(rig, "cp ours-ca.pem theirs-ca.pem");
	until(rig, connected(rig));
}

static void a_certificate_for_another_name_is_refused(void **state)
{
	refused_for(*state, &(struct tls_case){
				    .certificate = "elsewhere",
				    .lines = "",
				    .ca = "ours-ca.pem",
				    .says = "TLS: host name verification failed. (the certificate "
					    "is for another name than host)"});
}

static void a_missing_client_certificate_is_named(void **state)
{
	refused_for(*state, &(struct tls_case){.certificate = "server",
					       .lines = "require_certificate true",
					       .ca = "ours-ca.pem",
					       .says = "for tls cert"});
}

static void an_unreadable_certificate_is_named(void **state)
{
	refused_for(*state,
		    &(struct tls_case){.certificate = "server",
				       .lines = "",
				       .ca = "ours-ca.pem",
				       .cert = "none.pem",
				       .key = "gw1.key",
				       .says = "cannot read tls cert: No such file or directory"});
}

static void a_certificate_without_its_key_is_named(void **state)
{
	refused_for(*state, &(struct tls_case){.certificate = "server",
					       .lines = "",
					       .ca = "ours-ca.pem",
					       .cert = "gw1.pem",
					       .says = "tls cert and tls key belong together"});
}

static void a_key_of_another_certificate_is_named(void **state)
{
	refused_for(*state, &(struct tls_case){.certificate = "server",
					       .lines = "",
					       .ca = "ours-ca.pem",
					       .cert = "gw1.pem",
					       .key = "server.key",
					       .says = "not connected: TLS: "});
}

static void a_locked_key_is_refused_without_asking_on_the_terminal(void **state)
{
	refused_for(*state, &(struct tls_case){.certificate = "server",
					       .lines = "",
					       .ca = "ours-ca.pem",
					       .cert = "gw1.pem",
					       .key = "locked.key",
					       .says = "(tls key is not an unencrypted PEM key)"});
}

static void a_file_that_holds_no_authority_is_named(void **state)
{
	refused_for(*state,
		    &(struct tls_case){.certificate = "server",
				       .lines = "",
				       .ca = "mosquitto.conf",
				       .says = "(tls ca is not a PEM file of certificates)"});
}

static void tls_on_a_port_without_it_is_said(void **state)
{
	struct rig *rig = *state;

	broker_start(rig, "");
	rig->conf.tls = true;
	uplink_up(rig);
	until(rig, rig_logged(rig, "not connected") == 1);
	until(rig, rig_logged(rig, "this its TLS port?") > 0 ||
			   rig_logged(rig, "(is it a TLS port? does") > 0 ||
			   rig_logged(rig, "(the broker speaks no TLS on this port)") > 0);
}

static void no_tls_on_a_tls_port_is_said(void **state)
{
	struct rig *rig = *state;

	start_tls(rig, "server", "");
	rig->conf.tls = false;
	uplink_up(rig);
	until(rig, rig_logged(rig, "(does it speak MQTT, and without TLS, on this port?)") == 1);
}

/* The port takes the connection and says nothing: no shaking of hands, no busy loop. */
static void a_silent_port_is_given_up(void **state)
{
	struct rig *rig = *state;

	broker_start(rig, "");
	kill(rig->broker.pid, SIGSTOP);
	rig->conf.tls = true;
	rig->conf.connect_timeout_ns = 300 * NS_PER_MS;
	uplink_up(rig);
	until(rig, rig_logged(rig, "not connected: no answer in time (check the network, the port "
				   "and the firewall)") == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_refused_password_is_said_once_and_a_corrected_one_is_taken),
		rig_test(a_password_works_with_mqtt_3_1_1_too_and_its_refusal_is_said),
		rig_test(a_missing_password_file_is_said_and_waited_for),
		rig_test(a_credential_is_read_from_where_systemd_puts_it),
		rig_test(an_event_that_may_not_be_published_is_kept_and_not_skipped),
		rig_test(alerts_that_may_not_be_published_do_not_hold_up_the_events),
		rig_test(a_refused_state_is_said_and_holds_up_nothing),
		rig_test(an_event_larger_than_the_broker_takes_is_kept_and_said),
		rig_test(a_broker_that_hangs_up_after_a_refusal_still_gets_the_events),
		rig_test(states_that_end_the_connection_do_not_hold_up_the_events),
		rig_test(each_answer_to_a_connect_is_said_with_its_cure),
		rig_test(another_client_of_the_same_name_is_named_as_the_cause),
		rig_test(what_is_acknowledged_out_of_turn_moves_nothing),
		rig_test(an_event_over_quota_is_not_taken_for_acknowledged),
		rig_test(a_refused_event_is_tried_again_after_its_second_try_was_lost),
		rig_test(what_was_under_way_takes_no_room_in_the_next_connection),
		rig_test(only_offers_of_the_present_connection_are_taken),
		rig_test(states_that_never_rest_do_not_hold_up_events_nor_the_other_way_round),
		rig_test(what_makes_no_sense_ends_the_connection_and_nothing_else),
		rig_test(tls_with_a_client_certificate_delivers),
		rig_test(tls_survives_a_broker_that_is_killed),
		rig_test(a_broker_of_an_unknown_authority_is_refused_and_tried_again),
		rig_test(a_certificate_for_another_name_is_refused),
		rig_test(a_missing_client_certificate_is_named),
		rig_test(an_unreadable_certificate_is_named),
		rig_test(a_certificate_without_its_key_is_named),
		rig_test(a_key_of_another_certificate_is_named),
		rig_test(a_locked_key_is_refused_without_asking_on_the_terminal),
		rig_test(a_file_that_holds_no_authority_is_named),
		rig_test(tls_on_a_port_without_it_is_said),
		rig_test(no_tls_on_a_tls_port_is_said),
		rig_test(a_silent_port_is_given_up),
	};

	return cmocka_run_group_tests_name("uplink access", tests, NULL, NULL);
}
