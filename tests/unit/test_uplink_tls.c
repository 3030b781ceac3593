/* TLS: certificates that are right, and what is said of each that is not. */
#include "rig/uplink_rig.h"

#define EVENTS 100

static char certificates[] = "/tmp/corridord-tls-XXXXXX"; /* one folder for all tests */

static int make_certificates(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(certificates));
	shell_in(certificates,
		 "for who in ours theirs; do openssl req -x509 -newkey ec -pkeyopt "
		 "ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$who-ca -keyout "
		 "$who-ca.key -out $who-ca.pem -addext basicConstraints=critical,CA:TRUE "
		 "2>/dev/null; done");
	shell_in(
		certificates,
		"echo subjectAltName=IP:127.0.0.1,DNS:localhost >san && "
		"echo subjectAltName=DNS:elsewhere.example >other-san && "
		"make_one() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		"-subj /CN=$1 -keyout $1.key -out $1.csr 2>/dev/null && openssl x509 -req -in "
		"$1.csr -CA ours-ca.pem -CAkey ours-ca.key -CAcreateserial -days 2 -extfile $2 "
		"-out $1.pem 2>/dev/null; }; make_one server san && make_one elsewhere "
		"other-san && make_one gw1 san && openssl ec -in gw1.key -aes128 -passout "
		"pass:secret -out locked.key 2>/dev/null && make_one stolen san && openssl x509 -in "
		"gw1.pem -outform der -out gw1.der && openssl pkey -in gw1.key -outform der -out "
		"gw1-key.der");
	shell_in(
		certificates,
		"for who in ours theirs; do : >$who.txt; echo 01 >$who.number; printf '[ca]\\n"
		"default_ca = it\\n[it]\\ndatabase = '$who'.txt\\ncrlnumber = '$who'.number\\n"
		"default_md = sha256\\ndefault_crl_days = 2\\n' >$who.conf; ca() { openssl ca -config "
		"$who.conf -cert $who-ca.pem -keyfile $who-ca.key \"$@\" 2>/dev/null; }; "
		"[ $who = theirs ] || ca -revoke stolen.pem; ca -gencrl -out $who.crl || exit 1; done");
	shell_in(
		certificates,
		"openssl req -new -key server.key -subj /CN=late -out late.csr && cp server.key "
		"late.key && cp ours-ca.pem newcert.pem && mkdir -p new && cat ours.conf >late.conf && "
		"printf 'new_certs_dir = new\\nserial = ours.serial\\npolicy = any\\n[any]\\n"
		"commonName = supplied\\n' >>late.conf && echo 77 >ours.serial && openssl ca -batch "
		"-config late.conf -cert ours-ca.pem -keyfile ours-ca.key -in late.csr -extfile san "
		"-startdate 20200101000000Z -enddate 20200102000000Z -out late.pem -notext 2>/dev/null && rm -r new");
	return 0;
}

static int remove_certificates(void **state)
{
	(void)state;
	shell_in("/tmp", "rm -rf %s", certificates);
	return 0;
}

/* The subscriber comes by a listener of its own, without TLS. lines: of that with TLS. */
static void start_tls(struct uplink_rig *rig, const char *certificate, const char *lines)
{
	const char *folder = rig->folder;
	char conf[768];

	shell_in(folder, "cp %s/* .", certificates);
	shut_door(rig); /* its port is the listener's */
	snprintf(conf, sizeof(conf),
		 "per_listener_settings false\nlistener %d 127.0.0.1\ncafile %s/ours-ca.pem\n"
		 "certfile %s/%s.pem\nkeyfile %s/%s.key\n%s",
		 rig->door.port, folder, folder, certificate, folder, certificate, lines);
	start_broker(rig, conf);
	subscribe(rig);
	rig->conf.tls = true;
}

static void tls_with_a_client_certificate_delivers(void **state)
{
	struct uplink_rig *rig = *state;

	start_tls(rig, "server", "require_certificate true");
	rig->conf.tls_ca = path_of(rig, "ours-ca.pem");
	rig->conf.tls_cert = path_of(rig, "gw1.pem");
	rig->conf.tls_key = path_of(rig, "gw1.key");
	fake_journal_add(&rig->journal, EVENTS);
	start_uplink(rig);
	until(rig, subscriber_complete(&rig->subscriber) == EVENTS);
	assert_int_equal(times_logged(rig, "connected (MQTT 5, TLS, 20 in flight)"), 1);
	assert_true(stop_uplink(rig, PATIENCE_NS));
	until(rig, subscriber_last_says(&rig->subscriber, "status", "stopped"));
}

static void tls_survives_a_broker_that_is_killed(void **state)
{
	struct uplink_rig *rig = *state;

	start_tls(rig, "server", "");
	rig->conf.tls_ca = path_of(rig, "ours-ca.pem");
	start_uplink(rig);
	until(rig, feed_up_to(rig, EVENTS));
	process_end(&rig->broker, SIGKILL);
	until(rig, times_logged(rig, "connection lost") == 1);
	until(rig, times_logged(rig, "not connected: connection refused or reset (is the broker "
				     "running, and is this its TLS port?)") == 1);
	subscriber_disconnect(&rig->subscriber);
	fake_journal_add(&rig->journal, 10);
	start_broker_again(rig);
	until(rig, fake_journal_acked(&rig->journal, STREAM_EVENTS) == EVENTS + 10);
}

/* Files of the rig's folder. */
struct tls_case {
	const char *certificate; /* of the broker; NULL: one that is right, "server" */
	const char *lines; /* of the broker; NULL: none */
	const char *ca, *cert, *key, *crl; /* of the uplink; ca NULL: "ours-ca.pem" */
	const char *logged;
};

static void assert_refused(struct uplink_rig *rig, const struct tls_case *tls)
{
	start_tls(rig, tls->certificate ? tls->certificate : "server",
		  tls->lines ? tls->lines : "");
	rig->conf.tls_ca = path_of(rig, tls->ca ? tls->ca : "ours-ca.pem");
	if (tls->cert)
		rig->conf.tls_cert = path_of(rig, tls->cert);
	if (tls->key)
		rig->conf.tls_key = path_of(rig, tls->key);
	if (tls->crl)
		rig->conf.tls_crl = path_of(rig, tls->crl);
	start_uplink(rig);
	until(rig, times_logged(rig, tls->logged) == 1);
	assert_false(is_connected(rig));
	until(rig, uplink_counters(rig->uplink).error[0]);
}

static void a_broker_of_an_unknown_authority_is_refused_and_tried_again(void **state)
{
	struct uplink_rig *rig = *state;
	const struct tls_case tls = {
		.ca = "theirs-ca.pem",
		.logged =
			"(not issued by tls ca: the centre names the file that goes there), trying again "
			"in",
	};

	assert_refused(rig, &tls);
	shell_in(rig->folder, "cp ours-ca.pem theirs-ca.pem");
	until(rig, is_connected(rig));
}

static void a_certificate_for_another_name_is_refused(void **state)
{
	const struct tls_case tls = {
		.certificate = "elsewhere",
		.logged = "TLS: certificate verify failed: IP address mismatch (the certificate "
			  "is for another name than host)",
	};

	assert_refused(*state, &tls);
}

static void a_missing_client_certificate_is_named(void **state)
{
	const struct tls_case tls = {
		.lines = "require_certificate true",
		.logged = "for tls cert",
	};

	assert_refused(*state, &tls);
}

static void an_unreadable_certificate_is_named(void **state)
{
	const struct tls_case tls = {
		.cert = "none.pem",
		.key = "gw1.key",
		.logged = "none.pem: No such file or directory",
	};

	assert_refused(*state, &tls);
}

static void a_certificate_without_its_key_is_named(void **state)
{
	const struct tls_case tls = {
		.cert = "gw1.pem",
		.logged = "tls cert and tls key belong together",
	};

	assert_refused(*state, &tls);
}

static void a_key_of_another_certificate_is_named(void **state)
{
	const struct tls_case tls = {
		.cert = "gw1.pem",
		.key = "server.key",
		.logged = "TLS: tls key does not belong to tls cert (take the key with which the "
			  "certificate was asked for)",
	};

	assert_refused(*state, &tls);
}

static void a_locked_key_is_refused_without_asking_on_the_terminal(void **state)
{
	const struct tls_case tls = {
		.cert = "gw1.pem",
		.key = "locked.key",
		.logged =
			"TLS: tls key is no plain PEM (it is encrypted, and nobody here can unlock "
			"it: openssl pkey -in OLD -out NEW)",
	};

	assert_refused(*state, &tls);
}

static void a_certificate_that_is_not_pem_is_named(void **state)
{
	const struct tls_case tls = {
		.cert = "gw1.der",
		.key = "gw1.key",
		.logged = "tls cert is no plain PEM (it is DER: openssl x509 -inform der",
	};

	assert_refused(*state, &tls);
}

static void a_key_that_is_not_pem_is_named(void **state)
{
	const struct tls_case tls = {
		.cert = "gw1.pem",
		.key = "gw1-key.der",
		.logged = "tls key is no plain PEM (it is DER: openssl pkey -inform der",
	};

	assert_refused(*state, &tls);
}

static void a_broker_that_has_expired_is_refused(void **state)
{
	const struct tls_case tls = {
		.certificate = "late",
		.logged = "TLS: certificate verify failed: certificate has expired (renew the "
			  "broker's, or this clock is wrong)",
	};

	assert_refused(*state, &tls);
}

static void a_broker_whose_certificate_was_revoked_is_refused(void **state)
{
	const struct tls_case tls = {
		.certificate = "stolen",
		.crl = "ours.crl",
		.logged = "TLS: certificate verify failed: certificate revoked (tls crl names it: "
			  "give the broker another one)",
	};

	assert_refused(*state, &tls);
}

static void a_broker_for_whose_issuer_there_is_no_list_is_refused(void **state)
{
	const struct tls_case tls = {
		.crl = "theirs.crl",
		.logged = "unable to get certificate CRL (tls crl has no list of the broker's "
			  "issuer)",
	};

	assert_refused(*state, &tls);
}

static void a_list_that_is_none_is_named(void **state)
{
	const struct tls_case tls = {
		.crl = "gw1.pem",
		.logged = "tls crl holds no revocation list in PEM",
	};

	assert_refused(*state, &tls);
}

static void a_broker_that_is_not_on_the_list_is_let_be(void **state)
{
	struct uplink_rig *rig = *state;

	start_tls(rig, "server", "");
	rig->conf.tls_ca = path_of(rig, "ours-ca.pem");
	rig->conf.tls_crl = path_of(rig, "ours.crl");
	start_uplink(rig);
	until(rig, is_connected(rig));
}

static void a_file_that_holds_no_authority_is_named(void **state)
{
	const struct tls_case tls = {
		.ca = "mosquitto.conf",
		.logged = "TLS: tls ca holds no certificate in PEM (give it one that begins with "
			  "-----BEGIN)",
	};

	assert_refused(*state, &tls);
}

static void tls_on_a_port_without_it_is_said(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "");
	rig->conf.tls = true;
	start_uplink(rig);
	until(rig, times_logged(rig, "not connected") == 1);
	until(rig, times_logged(rig, "this its TLS port?") > 0 ||
			   times_logged(rig, "(is it a TLS port? does") > 0 ||
			   times_logged(rig, "(the broker speaks no TLS on this port)") > 0);
}

static void no_tls_on_a_tls_port_is_said(void **state)
{
	struct uplink_rig *rig = *state;

	start_tls(rig, "server", "");
	rig->conf.tls = false;
	start_uplink(rig);
	until(rig,
	      times_logged(
		      rig,
		      "(does it speak MQTT 5, and without TLS, on this port? else protocol = \"3.1.1\", or a block tls)") ==
		      1);
}

/* The port takes the connection and says nothing: no shaking of hands, no busy loop. */
static void a_silent_port_is_given_up(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "");
	kill(rig->broker.pid, SIGSTOP);
	rig->conf.tls = true;
	rig->conf.connect_timeout_ns = 300 * NS_PER_MS;
	start_uplink(rig);
	until(rig,
	      times_logged(rig, "not connected: no answer in time (check the network, the port "
				"and the firewall)") == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		uplink_test(tls_with_a_client_certificate_delivers),
		uplink_test(tls_survives_a_broker_that_is_killed),
		uplink_test(a_broker_of_an_unknown_authority_is_refused_and_tried_again),
		uplink_test(a_certificate_for_another_name_is_refused),
		uplink_test(a_missing_client_certificate_is_named),
		uplink_test(an_unreadable_certificate_is_named),
		uplink_test(a_certificate_without_its_key_is_named),
		uplink_test(a_key_of_another_certificate_is_named),
		uplink_test(a_locked_key_is_refused_without_asking_on_the_terminal),
		uplink_test(a_certificate_that_is_not_pem_is_named),
		uplink_test(a_key_that_is_not_pem_is_named),
		uplink_test(a_broker_that_has_expired_is_refused),
		uplink_test(a_broker_whose_certificate_was_revoked_is_refused),
		uplink_test(a_broker_for_whose_issuer_there_is_no_list_is_refused),
		uplink_test(a_list_that_is_none_is_named),
		uplink_test(a_broker_that_is_not_on_the_list_is_let_be),
		uplink_test(a_file_that_holds_no_authority_is_named),
		uplink_test(tls_on_a_port_without_it_is_said),
		uplink_test(no_tls_on_a_tls_port_is_said),
		uplink_test(a_silent_port_is_given_up),
	};

	return cmocka_run_group_tests_name("uplink tls", tests, make_certificates,
					   remove_certificates);
}
