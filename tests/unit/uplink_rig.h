/* A rig for the uplink: a real mosquitto on a free port of loopback, a subscriber, and a
 * journal that is only numbers. Included by the tests of the uplink; each of them uses a part.
 *
 * Nothing sleeps: until() turns the subscriber's loop until its condition holds, or fails
 * after a deadline that is far longer than any machine needs.
 */
#ifndef CORRIDORD_UPLINK_RIG_H
#define CORRIDORD_UPLINK_RIG_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "uplink.h"

#define PATIENCE_NS	  (10 * NS_PER_S)
#define MESSAGES_PER_TURN 20
#define TURN_MS		  10
#define BASE		  "corridor/v1/ge-red-bridge/gw1/"
#define EPOCH		  "00000000000000aa"
#define RIG_WINDOW	  20
#define UNUSED		  __attribute__((unused))

/* ---- processes ------------------------------------------------------------------------- */

struct broker {
	pid_t pid; /* 0: not running */
	int port;
};

struct received {
	char *topic, *payload;
	size_t bytes;
	int qos;
	bool retain;
	char epoch[EVENT_EPOCH_BYTES];
	char content_type[32];
	char correlation[32]; /* as text */
	uint64_t seq;
	bool late;
};

struct fake_journal {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct outlet outlet;
	bool running;
	uint32_t session; /* of the last rewind */
	uint64_t count; /* events there are: 1 to count */
	uint64_t late_count; /* of these were there before the session began */
	uint64_t alert_every; /* each such event is an alert too; 0: none */
	size_t payload_bytes;
	uint64_t next[STREAM_COUNT];
	bool blocked[STREAM_COUNT];
	uint64_t acked[STREAM_COUNT];
	uint64_t rewinds, pulls;
	bool ack_went_back;
};

struct rig {
	char dir[32];
	char log[64];
	struct broker broker;
	struct broker door; /* a way to the broker that can be shut */
	struct mosquitto *subscriber;
	int subscriber_qos, subscriber_rc;
	bool subscribed;
	struct received *received;
	size_t received_count;
	size_t checked; /* of these */
	size_t *firsts; /* where each event came first */
	uint64_t have; /* of these */
	struct fake_journal journal;
	char paths[4][64];
	char *hosts[4];
	char host_text[4][64];
	struct uplink_conf conf;
	struct event_origin origin;
	struct uplink *uplink;
	const struct inlet *inlet; /* it hears, or NULL */
};

#define until(rig, condition)                                                   \
	do {                                                                    \
		int64_t until_deadline_ns = clock_mono_ns() + PATIENCE_NS;      \
		while (!(condition)) {                                          \
			if (clock_mono_ns() > until_deadline_ns)                \
				rig_fail((rig), "waited in vain: " #condition); \
			rig_turn(rig);                                          \
		}                                                               \
	} while (0)

UNUSED static char *rig_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file || getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = strdup("");
	}
	if (file)
		fclose(file);
	return text;
}

UNUSED static void rig_fail(struct rig *rig, const char *why)
{
	char *log = rig_read(rig->log);
	uint64_t acked;

	pthread_mutex_lock(&rig->journal.lock);
	acked = rig->journal.acked[STREAM_EVENTS];
	pthread_mutex_unlock(&rig->journal.lock);
	print_error("---- log\n%s----\n", log);
	free(log);
	fail_msg("%s (%zu received, %" PRIu64 " of %" PRIu64 " acknowledged, subscriber: %s)", why,
		 rig->received_count, acked, rig->journal.count,
		 mosquitto_strerror(rig->subscriber_rc));
}

UNUSED static void rig_turn(struct rig *rig)
{
	size_t before = rig->received_count;
	int i;

	if (!rig->subscriber) {
		(void)poll(NULL, 0, TURN_MS);
		return;
	}
	rig->subscriber_rc = mosquitto_loop(rig->subscriber, TURN_MS, 1);
	for (i = 0; i < MESSAGES_PER_TURN && rig->received_count > before; i++) {
		before = rig->received_count;
		rig->subscriber_rc = mosquitto_loop(rig->subscriber, 0, 1);
	}
}

/* How often a text is in the log. */
UNUSED static size_t rig_logged(struct rig *rig, const char *text)
{
	char *log = rig_read(rig->log);
	const char *at = log;
	size_t count = 0;

	while ((at = strstr(at, text)) != NULL) {
		at += strlen(text);
		count++;
	}
	free(log);
	return count;
}

UNUSED static void rig_write(struct rig *rig, const char *name, const char *content)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", rig->dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	fclose(file);
}

UNUSED static void rig_shell(struct rig *rig, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* In the rig's folder. */
UNUSED static void rig_shell(struct rig *rig, const char *format, ...)
{
	char command[2048];
	size_t used = (size_t)snprintf(command, sizeof(command), "cd %s && ", rig->dir);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command + used, sizeof(command) - used, format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		fail_msg("%s", command);
}

UNUSED static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	void *any = &address;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, any, size), 0);
	assert_int_equal(getsockname(fd, any, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

UNUSED static bool answers(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	void *any = &address;
	bool good;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	good = connect(fd, any, sizeof(address)) == 0;
	close(fd);
	return good;
}

UNUSED static void process_start(struct rig *rig, struct broker *process, char *const argv[])
{
	process->pid = fork();
	assert_true(process->pid >= 0);
	if (process->pid == 0) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "%s/process.log", rig->dir);
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	until(rig, answers(process->port));
}

UNUSED static void process_end(struct broker *process, int number)
{
	if (process->pid <= 0)
		return;
	setpgid(process->pid, process->pid); /* if the child did not come to it */
	kill(-process->pid, number);
	kill(-process->pid, SIGCONT);
	waitpid(process->pid, NULL, 0);
	process->pid = 0;
}

/* lines: of mosquitto.conf, beside the listener's. Keeps its port when started again. */
UNUSED static void broker_start(struct rig *rig, const char *lines)
{
	char conf[1024];
	char path[64];
	char command[] = "mosquitto";
	char option[] = "-c";
	char *const argv[] = {command, option, path, NULL};

	if (rig->broker.port == 0)
		rig->broker.port = free_port();
	snprintf(
		conf, sizeof(conf),
		"user root\npersistence false\nmax_queued_messages 1000000\nmax_inflight_messages 0\n"
		"listener %d 127.0.0.1\nallow_anonymous true\n%s\n",
		rig->broker.port, lines);
	rig_write(rig, "mosquitto.conf", conf);
	snprintf(path, sizeof(path), "%s/mosquitto.conf", rig->dir);
	process_start(rig, &rig->broker, argv);
}

UNUSED static void door_open(struct rig *rig)
{
	char from[96];
	char to[64];
	char command[] = "socat";
	char *const argv[] = {command, from, to, NULL};

	snprintf(from, sizeof(from), "TCP-LISTEN:%d,bind=127.0.0.1,reuseaddr,fork", rig->door.port);
	snprintf(to, sizeof(to), "TCP:127.0.0.1:%d", rig->broker.port);
	process_start(rig, &rig->door, argv);
}

/* ---- subscriber ------------------------------------------------------------------------ */

UNUSED static void read_properties(struct received *received, const mosquitto_property *properties)
{
	const mosquitto_property *at = properties;
	char *name;
	char *value;
	void *correlation;
	uint16_t bytes;

	if (mosquitto_property_read_string(properties, MQTT_PROP_CONTENT_TYPE, &value, false)) {
		snprintf(received->content_type, sizeof(received->content_type), "%s", value);
		free(value);
	}
	if (mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &correlation,
					   &bytes, false)) {
		snprintf(received->correlation, sizeof(received->correlation), "%.*s", bytes,
			 (const char *)correlation);
		free(correlation);
	}
	at = mosquitto_property_read_string_pair(at, MQTT_PROP_USER_PROPERTY, &name, &value, false);
	while (at) {
		if (strcmp(name, "epoch") == 0)
			snprintf(received->epoch, sizeof(received->epoch), "%s", value);
		if (strcmp(name, "seq") == 0)
			received->seq = strtoull(value, NULL, 10);
		if (strcmp(name, "late") == 0)
			received->late = strcmp(value, "true") == 0;
		free(name);
		free(value);
		at = mosquitto_property_read_string_pair(at, MQTT_PROP_USER_PROPERTY, &name, &value,
							 true);
	}
}

UNUSED static void on_message(struct mosquitto *subscriber, void *data,
			      const struct mosquitto_message *message,
			      const mosquitto_property *properties)
{
	struct rig *rig = data;
	struct received *received;

	(void)subscriber;
	rig->received =
		realloc(rig->received, (rig->received_count + 1) * sizeof(rig->received[0]));
	received = &rig->received[rig->received_count++];
	*received = (struct received){.qos = message->qos, .retain = message->retain};
	received->topic = strdup(message->topic);
	received->bytes = (size_t)message->payloadlen;
	received->payload = calloc(1, received->bytes + 1);
	if (received->bytes > 0)
		memcpy(received->payload, message->payload, received->bytes);
	read_properties(received, properties);
}

UNUSED static void on_subscribed(struct mosquitto *subscriber, void *data, int mid, int count,
				 const int *granted, const mosquitto_property *properties)
{
	struct rig *rig = data;

	(void)subscriber, (void)mid, (void)count, (void)granted, (void)properties;
	rig->subscribed = true;
}

/* Takes what a broker that is gone had sent before. With QoS 0: an acknowledgement that can
 * no longer be written would end the reading. */
UNUSED static void drain_subscriber(struct rig *rig)
{
	while (mosquitto_loop(rig->subscriber, TURN_MS, 1) == MOSQ_ERR_SUCCESS)
		;
}

UNUSED static void unsubscribe(struct rig *rig)
{
	if (rig->subscriber)
		mosquitto_destroy(rig->subscriber);
	rig->subscriber = NULL;
	rig->subscribed = false;
}

/* What was received before is kept. login may be NULL. */
UNUSED static void subscribe_as(struct rig *rig, const char *login)
{
	unsubscribe(rig);
	rig->subscriber = mosquitto_new(NULL, true, rig);
	assert_non_null(rig->subscriber);
	mosquitto_int_option(rig->subscriber, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
	mosquitto_int_option(rig->subscriber, MOSQ_OPT_RECEIVE_MAXIMUM, 0);
	mosquitto_username_pw_set(rig->subscriber, login, login);
	mosquitto_message_v5_callback_set(rig->subscriber, on_message);
	mosquitto_subscribe_v5_callback_set(rig->subscriber, on_subscribed);
	assert_int_equal(mosquitto_connect(rig->subscriber, "127.0.0.1", rig->broker.port, 3600),
			 0);
	mosquitto_subscribe_v5(rig->subscriber, NULL, "corridor/#", rig->subscriber_qos,
			       MQTT_SUB_OPT_RETAIN_AS_PUBLISHED, NULL);
	until(rig, rig->subscribed);
}

UNUSED static void subscribe(struct rig *rig)
{
	subscribe_as(rig, NULL);
}

UNUSED static void forget_received(struct rig *rig)
{
	size_t i;

	for (i = 0; i < rig->received_count; i++) {
		free(rig->received[i].topic);
		free(rig->received[i].payload);
	}
	rig->received_count = 0;
	rig->checked = 0;
	rig->have = 0;
}

/* The last one of the topic (below BASE), NULL: none. */
UNUSED static const struct received *last_of(const struct rig *rig, const char *topic)
{
	size_t i;

	for (i = rig->received_count; i-- > 0;)
		if (strncmp(rig->received[i].topic, BASE, strlen(BASE)) == 0 &&
		    strcmp(rig->received[i].topic + strlen(BASE), topic) == 0)
			return &rig->received[i];
	return NULL;
}

UNUSED static bool last_says(const struct rig *rig, const char *topic, const char *text)
{
	const struct received *received = last_of(rig, topic);

	return received && strstr(received->payload, text);
}

UNUSED static bool is_of(const struct received *received, const char *branch)
{
	return strncmp(received->topic, BASE, strlen(BASE)) == 0 &&
	       strncmp(received->topic + strlen(BASE), branch, strlen(branch)) == 0;
}

UNUSED static uint64_t number_of(const struct received *received)
{
	const char *at = strstr(received->payload, "\"n\":");

	return at ? strtoull(at + 4, NULL, 10) : 0;
}

/* The next one received: a new event, a duplicate of an earlier one, or no event at all. */
UNUSED static void check_next(struct rig *rig)
{
	size_t index = rig->checked++;
	const struct received *received = &rig->received[index];
	uint64_t n = number_of(received);
	const struct received *first;

	if (!is_of(received, "event/"))
		return;
	if (n > rig->have + 1)
		rig_fail(rig, "an event is missing");
	if (n == rig->have + 1) {
		rig->firsts = realloc(rig->firsts, (size_t)n * sizeof(rig->firsts[0]));
		rig->firsts[rig->have++] = index;
		return;
	}
	first = &rig->received[rig->firsts[n - 1]];
	assert_string_equal(first->topic, received->topic);
	assert_int_equal(first->bytes, received->bytes);
	assert_memory_equal(first->payload, received->payload, received->bytes);
}

/* Every event once by number and in order of first arrival; duplicates are identical.
 * Returns the number up to which that is so. */
UNUSED static uint64_t complete_up_to(struct rig *rig)
{
	while (rig->checked < rig->received_count)
		check_next(rig);
	return rig->have;
}

UNUSED static size_t count_of(const struct rig *rig, const char *branch)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < rig->received_count; i++)
		count += is_of(&rig->received[i], branch);
	return count;
}

/* ---- journal --------------------------------------------------------------------------- */

UNUSED static bool is_alert(const struct fake_journal *journal, uint64_t n)
{
	return journal->alert_every > 0 && n % journal->alert_every == 0;
}

UNUSED static size_t fake_payload(const struct fake_journal *journal, uint64_t n, char *out)
{
	size_t bytes = (size_t)sprintf(out, "{\"n\":%" PRIu64 ",\"filler\":\"", n);

	while (bytes < journal->payload_bytes)
		out[bytes++] = (char)('a' + n % 26);
	return bytes + (size_t)sprintf(out + bytes, "\"}");
}

/* The next one of the stream, 0: none now. */
UNUSED static uint64_t next_number(struct fake_journal *journal, enum outlet_stream stream)
{
	uint64_t n = journal->next[stream];

	if (journal->session == 0 || journal->blocked[stream])
		return 0;
	while (stream == STREAM_ALERTS && n <= journal->count && !is_alert(journal, n))
		n++;
	journal->next[stream] = n;
	return n <= journal->count ? n : 0;
}

/* Under the lock, which is let go during the offer. */
UNUSED static bool offer_next(struct fake_journal *journal, enum outlet_stream stream)
{
	char payload[EVENT_BYTES + 64];
	uint64_t n = next_number(journal, stream);
	struct outlet_record record = {
		.position = n,
		.epoch = EPOCH,
		.seq = n,
		.type = is_alert(journal, n) ? "seal.tampered" : "barrier.open",
		.payload = payload,
		.late = n <= journal->late_count,
		.session = journal->session,
	};
	uint64_t pulls = journal->pulls;
	bool taken;

	if (n == 0)
		return false;
	record.payload_bytes = fake_payload(journal, n, payload);
	pthread_mutex_unlock(&journal->lock);
	taken = journal->outlet.offer(journal->outlet.data, stream, &record);
	pthread_mutex_lock(&journal->lock);
	if (record.session != journal->session)
		return true;
	if (taken)
		journal->next[stream] = n + 1;
	else
		journal->blocked[stream] = journal->pulls == pulls; /* or there is room again */
	return true;
}

UNUSED static void *fake_run(void *data)
{
	struct fake_journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	while (journal->running) {
		bool alert = offer_next(journal, STREAM_ALERTS);
		bool event = offer_next(journal, STREAM_EVENTS);

		if (!alert && !event && journal->running)
			pthread_cond_wait(&journal->cond, &journal->lock);
	}
	pthread_mutex_unlock(&journal->lock);
	return NULL;
}

UNUSED static void fake_rewind(void *data, uint32_t session)
{
	struct fake_journal *journal = data;
	int i;

	pthread_mutex_lock(&journal->lock);
	journal->session = session;
	journal->rewinds++;
	journal->late_count = journal->count;
	for (i = 0; i < STREAM_COUNT; i++) {
		journal->next[i] = journal->acked[i] + 1;
		journal->blocked[i] = false;
	}
	pthread_cond_signal(&journal->cond);
	pthread_mutex_unlock(&journal->lock);
}

/* Like the real one, a stream that was refused for its session waits for the rewind. */
UNUSED static void fake_pull(void *data)
{
	struct fake_journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	journal->pulls++;
	journal->blocked[STREAM_EVENTS] = false;
	journal->blocked[STREAM_ALERTS] = false;
	pthread_cond_signal(&journal->cond);
	pthread_mutex_unlock(&journal->lock);
}

UNUSED static void fake_ack(void *data, enum outlet_stream stream, uint64_t position)
{
	struct fake_journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	if (position <= journal->acked[stream])
		journal->ack_went_back = true;
	journal->acked[stream] = position;
	pthread_mutex_unlock(&journal->lock);
}

UNUSED static void journal_add(struct rig *rig, uint64_t count)
{
	struct fake_journal *journal = &rig->journal;

	pthread_mutex_lock(&journal->lock);
	journal->count += count;
	pthread_cond_signal(&journal->cond);
	pthread_mutex_unlock(&journal->lock);
}

/* Adds events up to count, but never so many that a broker would have to keep them for the
 * subscriber: what it keeps in memory it may acknowledge and lose. True: all arrived. */
UNUSED static bool fed(struct rig *rig, uint64_t count)
{
	uint64_t have = complete_up_to(rig);

	if (rig->journal.count < count && rig->journal.count < have + 40)
		journal_add(rig, 1 + (count - rig->journal.count - 1) % 10);
	return have >= count;
}

/* Each such event is an alert too. */
UNUSED static void journal_alerts(struct rig *rig, uint64_t every)
{
	pthread_mutex_lock(&rig->journal.lock);
	rig->journal.alert_every = every;
	pthread_mutex_unlock(&rig->journal.lock);
}

UNUSED static uint64_t journal_acked(struct rig *rig, enum outlet_stream stream)
{
	uint64_t acked;

	pthread_mutex_lock(&rig->journal.lock);
	acked = rig->journal.acked[stream];
	pthread_mutex_unlock(&rig->journal.lock);
	return acked;
}

UNUSED static uint32_t journal_session(struct rig *rig)
{
	uint32_t session;

	pthread_mutex_lock(&rig->journal.lock);
	session = rig->journal.session;
	pthread_mutex_unlock(&rig->journal.lock);
	return session;
}

/* How far the events have been taken by the uplink. */
UNUSED static uint64_t journal_offered(struct rig *rig)
{
	uint64_t offered;

	pthread_mutex_lock(&rig->journal.lock);
	offered = rig->journal.next[STREAM_EVENTS] - 1;
	pthread_mutex_unlock(&rig->journal.lock);
	return offered;
}

UNUSED static void journal_end(struct rig *rig)
{
	struct fake_journal *journal = &rig->journal;
	bool was_running;

	pthread_mutex_lock(&journal->lock);
	was_running = journal->running;
	journal->running = false;
	pthread_cond_signal(&journal->cond);
	pthread_mutex_unlock(&journal->lock);
	if (was_running)
		pthread_join(journal->thread, NULL);
}

/* ---- uplink ---------------------------------------------------------------------------- */

UNUSED static bool connected(struct rig *rig)
{
	return uplink_counters(rig->uplink).connected;
}

UNUSED static void add_host(struct rig *rig, int port)
{
	size_t i = rig->conf.hosts.count++;

	snprintf(rig->host_text[i], sizeof(rig->host_text[i]), "127.0.0.1:%d", port);
	rig->hosts[i] = rig->host_text[i];
	rig->conf.hosts.item = rig->hosts;
}

UNUSED static void uplink_up(struct rig *rig)
{
	struct outlet_source source = {
		.data = &rig->journal, .rewind = fake_rewind, .pull = fake_pull, .ack = fake_ack};

	if (rig->conf.hosts.count == 0)
		add_host(rig, rig->door.port ? rig->door.port : rig->broker.port);
	assert_int_equal(uplink_new(&rig->conf, &rig->origin, &rig->uplink), 0);
	if (rig->inlet)
		uplink_hear(rig->uplink, rig->inlet);
	rig->journal.outlet = uplink_outlet(rig->uplink);
	rig->journal.session = 0;
	rig->journal.running = true;
	assert_int_equal(pthread_create(&rig->journal.thread, NULL, fake_run, &rig->journal), 0);
	assert_int_equal(uplink_start(rig->uplink, &source), 0);
}

/* As the daemon stops: the journal first is no longer called, then ends. */
UNUSED static bool uplink_down(struct rig *rig, int64_t patience_ns)
{
	bool freed;

	uplink_detach(rig->uplink);
	journal_end(rig);
	freed = uplink_free(rig->uplink, clock_mono_ns() + patience_ns);
	rig->uplink = NULL;
	return freed;
}

UNUSED static void put_state(struct rig *rig, const char *key, const char *payload)
{
	struct outlet outlet = uplink_outlet(rig->uplink);

	outlet.state(outlet.data, key, payload, strlen(payload));
}

UNUSED static void put_head(struct rig *rig, const char *epoch, uint64_t seq)
{
	struct outlet outlet = uplink_outlet(rig->uplink);
	struct event_head head = {.seq = seq};

	memcpy(head.epoch, epoch, sizeof(head.epoch));
	outlet.head(outlet.data, &head);
}

/* ---- set-up of each test --------------------------------------------------------------- */

/* Lines of the log go to a file; what cmocka and the sanitizers say goes where it went. */
extern void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

/* libmosquitto 2.0 unlocks a mutex it has not locked when the broker sends DISCONNECT. */
extern const char *__tsan_default_suppressions(void);
UNUSED const char *__tsan_default_suppressions(void)
{
	return "mutex:libmosquitto";
}

UNUSED static void catch_log(struct rig *rig)
{
	int fd = open(rig->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fileno(stderr) == STDERR_FILENO) {
		int people = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);

		if (__sanitizer_set_report_fd)
			__sanitizer_set_report_fd((void *)(intptr_t)people);
		stderr = fdopen(people, "w");
		setvbuf(stderr, NULL, _IONBF, 0);
	}
	dup2(fd, STDERR_FILENO);
	close(fd);
}

UNUSED static int rig_new(void **state)
{
	static char client_id[] = "corridord-test";
	static char root[] = "corridor/v1";
	struct rig *rig = calloc(1, sizeof(*rig));

	mosquitto_lib_init();
	strcpy(rig->dir, "/tmp/corridord-uplink-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	snprintf(rig->log, sizeof(rig->log), "%s/log", rig->dir);
	pthread_mutex_init(&rig->journal.lock, NULL);
	pthread_cond_init(&rig->journal.cond, NULL);
	rig->subscriber_qos = 1;
	rig->journal.payload_bytes = 300;
	rig->origin = (struct event_origin){"ge-red-bridge", "gw1", "boot-1"};
	rig->conf = (struct uplink_conf){
		.port = 1883,
		.client_id = client_id,
		.topic_root = root,
		.protocol = UPLINK_MQTT_5,
		.keepalive_ns = 5 * NS_PER_S,
		.window = RIG_WINDOW,
		.ack_timeout_ns = 20 * NS_PER_S,
		.connect_timeout_ns = 10 * NS_PER_S,
		.retry_min_ns = 20 * NS_PER_MS,
		.retry_max_ns = 200 * NS_PER_MS,
		.metrics_every_ns = 60 * NS_PER_S,
	};
	catch_log(rig);
	*state = rig;
	return 0;
}

UNUSED static int rig_free(void **state)
{
	struct rig *rig = *state;

	process_end(&rig->door, SIGTERM);
	process_end(&rig->broker, SIGKILL);
	if (rig->uplink)
		(void)uplink_down(rig, 5 * NS_PER_S);
	unsubscribe(rig);
	forget_received(rig);
	free(rig->received);
	free(rig->firsts);
	rig_shell(rig, "rm -rf %s", rig->dir);
	pthread_cond_destroy(&rig->journal.cond);
	pthread_mutex_destroy(&rig->journal.lock);
	mosquitto_lib_cleanup();
	free(rig);
	return 0;
}

#define rig_test(test) cmocka_unit_test_setup_teardown(test, rig_new, rig_free)

#endif
