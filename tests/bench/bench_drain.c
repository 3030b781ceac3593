/* How fast a backlog drains to a local broker, beside the bare library in the same run.
 *
 *     bench_drain [-n EVENTS] [-b BYTES] [-w WINDOW] [-r ROUNDS] [-3] [-j FOLDER] [-s]
 *
 * Starts a mosquitto of its own. Each round: a bare libmosquitto publisher of QoS 1 that keeps
 * WINDOW messages in flight, then the uplink with the same payloads, topics and window, each
 * in a process of its own. -3: MQTT 3.1.1. -j: the uplink drains a real journal, filled
 * beforehand in FOLDER. -s: somebody subscribes. Prints a table and one line of JSON.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/journal.h"
#include "outbound/uplink.h"

#define ROUNDS_MAX	 15
#define PAYLOAD_MAX	 EVENT_BYTES
#define TOPIC		 "corridor/v1/ge-red-bridge/gw1/event/barrier/open"
#define FILL_PATIENCE_MS 10000

struct bench {
	uint64_t events;
	size_t payload_bytes;
	int window, rounds, port;
	bool v311, subscribed;
	const char *folder; /* of a real journal, or NULL */
};

struct result {
	double seconds, cpu_seconds;
	long rss_kib, switches;
	uint64_t acknowledged;
};

static void fail(const char *what)
{
	fprintf(stderr, "bench_drain: %s\n", what);
	exit(EXIT_FAILURE);
}

static size_t make_payload(const struct bench *bench, uint64_t n, char *out)
{
	size_t bytes = (size_t)sprintf(
		out,
		"{\"schema\":\"corridord.event/1\",\"checkpoint\":\"ge-red-bridge\",\"gateway\":"
		"\"gw1\",\"epoch\":\"00000000000000aa\",\"seq\":%" PRIu64 ",\"filler\":\"",
		n);

	while (bytes + 2 < bench->payload_bytes)
		out[bytes++] = 'x';
	return bytes + (size_t)sprintf(out + bytes, "\"}");
}

/* ---- the bare library ---------------------------------------------------------------- */

struct bare {
	uint64_t sent, acknowledged;
	bool connected;
};

static void on_connect(struct mosquitto *client, void *data, int code)
{
	struct bare *bare = data;

	(void)client;
	bare->connected = code == 0;
}

static void on_publish(struct mosquitto *client, void *data, int mid)
{
	struct bare *bare = data;

	(void)client, (void)mid;
	bare->acknowledged++;
}

/* A loop of its own serves faster than mosquitto_loop(): that would be no fair peer. */
static void wait_and_serve(struct mosquitto *client)
{
	struct pollfd fd = {.fd = mosquitto_socket(client), .events = POLLIN};

	if (mosquitto_want_write(client))
		fd.events |= POLLOUT;
	poll(&fd, 1, -1);
	if ((fd.revents & ~POLLOUT) && mosquitto_loop_read(client, 1) != 0)
		fail("the bare publisher lost its connection");
	if ((fd.revents & POLLOUT) && mosquitto_loop_write(client, 1) != 0)
		fail("the bare publisher lost its connection");
}

static uint64_t run_bare(const struct bench *bench)
{
	struct bare bare = {0};
	struct mosquitto *client = mosquitto_new("bare", true, &bare);
	char payload[PAYLOAD_MAX];

	mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION,
			     bench->v311 ? MQTT_PROTOCOL_V311 : MQTT_PROTOCOL_V5);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_max_inflight_messages_set(client, (unsigned int)bench->window);
	mosquitto_connect_callback_set(client, on_connect);
	mosquitto_publish_callback_set(client, on_publish);
	if (mosquitto_connect(client, "127.0.0.1", bench->port, 60) != 0)
		fail("the bare publisher cannot connect");
	while (bare.acknowledged < bench->events) {
		while (bare.connected && bare.sent < bench->events &&
		       bare.sent - bare.acknowledged < (uint64_t)bench->window) {
			size_t bytes = make_payload(bench, ++bare.sent, payload);

			mosquitto_publish(client, NULL, TOPIC, (int)bytes, payload, 1, false);
		}
		wait_and_serve(client);
	}
	mosquitto_disconnect(client);
	mosquitto_destroy(client);
	return bare.acknowledged;
}

/* ---- the uplink ------------------------------------------------------------------------ */

/* A journal that makes its records up. */
struct source {
	const struct bench *bench;
	struct outlet outlet;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	uint32_t session;
	uint64_t pulls;
	bool blocked;
	_Atomic uint64_t acknowledged;
};

static void on_rewind(void *data, uint32_t session)
{
	struct source *source = data;

	pthread_mutex_lock(&source->lock);
	source->session = session;
	source->blocked = false;
	pthread_cond_signal(&source->cond);
	pthread_mutex_unlock(&source->lock);
}

static void on_pull(void *data)
{
	struct source *source = data;

	pthread_mutex_lock(&source->lock);
	source->pulls++;
	source->blocked = false;
	pthread_cond_signal(&source->cond);
	pthread_mutex_unlock(&source->lock);
}

static void on_ack(void *data, enum outlet_stream stream, uint64_t position)
{
	struct source *source = data;

	(void)stream;
	atomic_store(&source->acknowledged, position);
}

static void *feed(void *data)
{
	struct source *source = data;
	char payload[PAYLOAD_MAX];
	struct outlet_record record = {.epoch = "00000000000000aa",
				       .type = "barrier.open",
				       .payload = payload,
				       .late = true};
	uint64_t pulls;
	uint64_t n = 1;
	bool taken;

	pthread_mutex_lock(&source->lock);
	while (n <= source->bench->events) {
		if (source->session == 0 || source->blocked) {
			source->outlet.flush(source->outlet.data);
			pthread_cond_wait(&source->cond, &source->lock);
			continue;
		}
		record.session = source->session;
		record.position = record.seq = n;
		pulls = source->pulls;
		pthread_mutex_unlock(&source->lock);
		record.payload_bytes = make_payload(source->bench, n, payload);
		taken = source->outlet.offer(source->outlet.data, STREAM_EVENTS, &record);
		pthread_mutex_lock(&source->lock);
		if (taken)
			n++;
		else
			source->blocked = source->pulls == pulls; /* or there is room again */
	}
	source->outlet.flush(source->outlet.data);
	pthread_mutex_unlock(&source->lock);
	return NULL;
}

static struct uplink_conf conf_of(const struct bench *bench, char **host)
{
	static char client_id[] = "corridord";
	static char root[] = "corridor/v1";

	return (struct uplink_conf){
		.hosts = {.item = host, .count = 1},
		.port = bench->port,
		.client_id = client_id,
		.topic_root = root,
		.protocol = bench->v311 ? UPLINK_MQTT_311 : UPLINK_MQTT_5,
		.keepalive_ns = 30 * NS_PER_S,
		.window = bench->window,
		.alert_delay_ns = 2 * NS_PER_S,
		.ack_timeout_ns = 20 * NS_PER_S,
		.connect_timeout_ns = 10 * NS_PER_S,
		.retry_min_ns = NS_PER_S,
		.retry_max_ns = 30 * NS_PER_S,
	};
}

static const struct event_origin origin = {"ge-red-bridge", "gw1", "boot"};

static void wait_until(uint64_t count, uint64_t (*done)(void *), void *data)
{
	while (done(data) < count)
		poll(NULL, 0, 1);
}

static uint64_t source_done(void *data)
{
	struct source *source = data;

	return atomic_load(&source->acknowledged);
}

static uint64_t run_uplink(const struct bench *bench)
{
	char address[] = "127.0.0.1";
	char *host = address;
	struct uplink_conf conf = conf_of(bench, &host);
	struct source source = {.bench = bench,
				.lock = PTHREAD_MUTEX_INITIALIZER,
				.cond = PTHREAD_COND_INITIALIZER};
	struct outlet_source calls = {
		.data = &source, .rewind = on_rewind, .pull = on_pull, .ack = on_ack};
	struct uplink *uplink;
	pthread_t thread;

	if (uplink_new(&conf, &origin, &uplink) < 0)
		fail("uplink_new");
	source.outlet = uplink_outlet(uplink);
	pthread_create(&thread, NULL, feed, &source);
	if (uplink_start(uplink, &calls) < 0)
		fail("uplink_start");
	wait_until(bench->events, source_done, &source);
	uplink_detach(uplink);
	pthread_join(thread, NULL);
	uplink_free(uplink, clock_mono_ns() + NS_PER_S);
	return source.acknowledged;
}

/* ---- the uplink with a real journal ----------------------------------------------------- */

static void journal_path(const struct bench *bench, char path[256])
{
	snprintf(path, 256, "%s/journal.db", bench->folder);
}

static struct journal_conf journal_conf_of(char *path)
{
	return (struct journal_conf){
		.path = path, .quota_bytes = INT64_C(8) << 30, .keep_ns = 90 * 86400 * NS_PER_S};
}

static uint64_t uplink_done(void *data)
{
	return uplink_counters(data).acknowledged;
}

static void append(struct journal *journal, const struct event_draft *draft)
{
	while (journal_append(journal, draft) < 0) {
		struct pollfd room = {.fd = journal_room_fd(journal), .events = POLLIN};
		uint64_t count;

		poll(&room, 1, FILL_PATIENCE_MS);
		(void)!read(room.fd, &count, sizeof(count));
	}
}

/* An outlet that takes nothing: the backlog grows. */
static bool no_offer(void *data, enum outlet_stream stream, const struct outlet_record *record)
{
	(void)data, (void)stream, (void)record;
	return false;
}

static void no_state(void *data, const struct outlet_state *state)
{
	(void)data, (void)state;
}

static void no_head(void *data, const struct event_head *head)
{
	(void)data, (void)head;
}

static void fill_journal(const struct bench *bench)
{
	struct outlet outlet = {.offer = no_offer, .state = no_state, .head = no_head};
	char path[256];
	struct journal_conf conf = journal_conf_of(path);
	struct journal *journal;
	size_t lost;
	char body[PAYLOAD_MAX];
	uint64_t i;

	journal_path(bench, path);
	unlink(path);
	if (journal_open(&conf, &origin, &journal) < 0 || journal_start(journal, &outlet) < 0)
		fail("cannot open the journal");
	for (i = 0; i < bench->events; i++) {
		struct event_draft draft = {.type = event_type(EVENT_BARRIER_OPEN), .body = body};
		size_t bytes = (size_t)sprintf(body, "\"lane\":\"entry-1\",\"filler\":\"");

		while (bytes + 420 < bench->payload_bytes) /* what the journal adds */
			body[bytes++] = 'x';
		body[bytes++] = '"';
		draft.body_bytes = bytes;
		append(journal, &draft);
	}
	if (!journal_close(journal, clock_mono_ns() + 600 * NS_PER_S, &lost) || lost > 0)
		fail("cannot fill the journal");
}

static uint64_t run_journal(const struct bench *bench)
{
	char address[] = "127.0.0.1";
	char *host = address;
	struct uplink_conf conf = conf_of(bench, &host);
	char path[256];
	struct journal_conf journal_conf = journal_conf_of(path);
	struct outlet outlet;
	struct outlet_source source;
	struct journal *journal = NULL;
	struct uplink *uplink = NULL;
	uint64_t acknowledged;
	size_t lost;

	journal_path(bench, path);
	if (journal_open(&journal_conf, &origin, &journal) < 0 ||
	    uplink_new(&conf, &origin, &uplink) < 0)
		fail("cannot open the journal");
	outlet = uplink_outlet(uplink);
	source = journal_source(journal);
	if (journal_start(journal, &outlet) < 0 || uplink_start(uplink, &source) < 0)
		fail("cannot start");
	wait_until(bench->events, uplink_done, uplink);
	acknowledged = uplink_counters(uplink).acknowledged;
	uplink_detach(uplink);
	if (!journal_close(journal, clock_mono_ns() + 10 * NS_PER_S, &lost))
		fail("the journal hangs");
	uplink_free(uplink, clock_mono_ns() + NS_PER_S);
	return acknowledged;
}

/* ---- rounds ---------------------------------------------------------------------------- */

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static struct result measure(const struct bench *bench, uint64_t (*run)(const struct bench *))
{
	struct result result;
	int pipe_fds[2];
	pid_t pid;

	if (pipe(pipe_fds) < 0)
		fail("pipe");
	pid = fork();
	if (pid == 0) {
		int64_t began_ns = clock_mono_ns();
		struct rusage usage;

		mosquitto_lib_init();
		result.acknowledged = run(bench);
		result.seconds = (double)(clock_mono_ns() - began_ns) / (double)NS_PER_S;
		getrusage(RUSAGE_SELF, &usage);
		result.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
		result.rss_kib = usage.ru_maxrss;
		result.switches = usage.ru_nvcsw;
		_exit(write(pipe_fds[1], &result, sizeof(result)) != sizeof(result));
	}
	close(pipe_fds[1]);
	if (read(pipe_fds[0], &result, sizeof(result)) != sizeof(result))
		fail("a run ended early");
	close(pipe_fds[0]);
	waitpid(pid, NULL, 0);
	if (result.acknowledged < bench->events)
		fail("not all events were acknowledged");
	return result;
}

static int ascending(const void *a, const void *b)
{
	const double *one = a;
	const double *other = b;

	return (*one > *other) - (*one < *other);
}

static double median(const double *values, int count)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, values, (size_t)count * sizeof(values[0]));
	qsort(sorted, (size_t)count, sizeof(sorted[0]), ascending);
	return sorted[count / 2];
}

/* Of each figure by itself. */
static struct result typical(const struct result *results, int count)
{
	double seconds[ROUNDS_MAX], cpu[ROUNDS_MAX], rss[ROUNDS_MAX], switches[ROUNDS_MAX];
	int i;

	for (i = 0; i < count; i++) {
		seconds[i] = results[i].seconds;
		cpu[i] = results[i].cpu_seconds;
		rss[i] = (double)results[i].rss_kib;
		switches[i] = (double)results[i].switches;
	}
	return (struct result){.seconds = median(seconds, count),
			       .cpu_seconds = median(cpu, count),
			       .rss_kib = (long)median(rss, count),
			       .switches = (long)median(switches, count)};
}

static void print_row(const struct bench *bench, const char *name, const struct result *result)
{
	double events = (double)bench->events;

	printf("%-22s %9.0f events/s  %5.1f us CPU/event  %5.2f switches/event  %6.1f MiB RSS\n",
	       name, events / result->seconds, result->cpu_seconds / events * 1e6,
	       (double)result->switches / events, (double)result->rss_kib / 1024);
}

static void compare(const struct bench *bench)
{
	struct result bare[ROUNDS_MAX];
	struct result ours[ROUNDS_MAX];
	double ratios[ROUNDS_MAX];
	struct result b;
	struct result o;
	int i;

	for (i = 0; i < bench->rounds; i++) {
		if (bench->folder)
			fill_journal(bench);
		bare[i] = measure(bench, run_bare);
		ours[i] = measure(bench, bench->folder ? run_journal : run_uplink);
		ratios[i] = bare[i].seconds / ours[i].seconds; /* of neighbours in time */
	}
	b = typical(bare, bench->rounds);
	o = typical(ours, bench->rounds);
	print_row(bench, "bare libmosquitto", &b);
	print_row(bench, bench->folder ? "journal and uplink" : "uplink", &o);
	printf("{\"bench\":\"drain\",\"events\":%" PRIu64
	       ",\"window\":%d,\"bytes\":%zu,\"journal\":%s,\"bare_events_per_s\":%.0f,"
	       "\"events_per_s\":%.0f,\"ratio\":%.3f,\"rss_kib\":%ld}\n",
	       bench->events, bench->window, bench->payload_bytes, bench->folder ? "true" : "false",
	       (double)bench->events / b.seconds, (double)bench->events / o.seconds,
	       median(ratios, bench->rounds), o.rss_kib);
}

/* ---- broker and subscriber ----------------------------------------------------------------- */

static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	void *any = &address;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, any, size) < 0 || getsockname(fd, any, &size) < 0)
		fail("no free port");
	close(fd);
	return ntohs(address.sin_port);
}

static bool answers(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	void *any = &address;
	bool good;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	good = connect(fd, any, sizeof(address)) == 0;
	close(fd);
	return good;
}

static pid_t start(char *const argv[])
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(127);
	execvp(argv[0], argv);
	_exit(127);
}

static pid_t start_broker(struct bench *bench, const char *folder)
{
	char path[128];
	char command[] = "mosquitto";
	char option[] = "-c";
	char *const argv[] = {command, option, path, NULL};
	FILE *file;
	int tries;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/mosquitto.conf", folder);
	bench->port = free_port();
	file = fopen(path, "w");
	if (!file)
		fail("cannot write the broker's configuration");
	fprintf(file,
		"user root\npersistence false\nmax_inflight_messages 1000\n"
		"max_queued_messages 1000000\nset_tcp_nodelay true\nlistener %d 127.0.0.1\n"
		"allow_anonymous true\n",
		bench->port);
	fclose(file);
	pid = start(argv);
	for (tries = 0; !answers(bench->port); tries++) {
		if (tries == 1000)
			fail("mosquitto does not start");
		poll(NULL, 0, 10);
	}
	return pid;
}

static pid_t start_subscriber(const struct bench *bench)
{
	char command[] = "mosquitto_sub";
	char port[16];
	char p[] = "-p";
	char t[] = "-t";
	char q[] = "-q";
	char one[] = "1";
	char all[] = "corridor/#";
	char *const argv[] = {command, p, port, t, all, q, one, NULL};

	snprintf(port, sizeof(port), "%d", bench->port);
	return start(argv);
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void parse(int argc, char **argv, struct bench *bench)
{
	int option;

	while ((option = getopt(argc, argv, "n:b:w:r:3j:s")) != -1) {
		switch (option) {
		case 'n':
			bench->events = strtoull(optarg, NULL, 10);
			break;
		case 'b':
			bench->payload_bytes = strtoul(optarg, NULL, 10);
			break;
		case 'w':
			bench->window = (int)strtol(optarg, NULL, 10);
			break;
		case 'r':
			bench->rounds = (int)strtol(optarg, NULL, 10);
			break;
		case '3':
			bench->v311 = true;
			break;
		case 'j':
			bench->folder = optarg;
			break;
		case 's':
			bench->subscribed = true;
			break;
		default:
			fail("usage: bench_drain [-n EVENTS] [-b BYTES] [-w WINDOW] [-r ROUNDS] "
			     "[-3] [-j FOLDER] [-s]");
		}
	}
	if (bench->payload_bytes < 200 || bench->payload_bytes > PAYLOAD_MAX - 8 ||
	    bench->rounds < 1 || bench->rounds > ROUNDS_MAX || bench->window < 1)
		fail("a number is out of range");
}

int main(int argc, char **argv)
{
	struct bench bench = {.events = 200000, .payload_bytes = 650, .window = 32, .rounds = 3};
	char folder[] = "/tmp/corridord-bench-XXXXXX";
	char conf[128];
	pid_t broker;
	pid_t subscriber = 0;

	parse(argc, argv, &bench);
	log_open(LOG_LEVEL_WARNING);
	if (!mkdtemp(folder))
		fail("no temporary folder");
	broker = start_broker(&bench, folder);
	if (bench.subscribed)
		subscriber = start_subscriber(&bench);
	compare(&bench);
	end(subscriber);
	end(broker);
	snprintf(conf, sizeof(conf), "%s/mosquitto.conf", folder);
	unlink(conf);
	rmdir(folder);
	return EXIT_SUCCESS;
}
