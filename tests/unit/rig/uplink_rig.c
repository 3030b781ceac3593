#include "uplink_rig.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

/* ---- set-up ---------------------------------------------------------------------------- */

/* Lines of the log go to a file; what cmocka and the sanitizers say goes where it went. */
extern void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

/* libmosquitto 2.0 unlocks a mutex it has not locked when the broker sends DISCONNECT. */
extern const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "mutex:libmosquitto";
}

static void catch_log(const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

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

int uplink_rig_new(void **state)
{
	static char client_id[] = "corridord-test";
	static char root[] = "corridor/v1";
	struct uplink_rig *rig = calloc(1, sizeof(*rig));

	mosquitto_lib_init();
	strcpy(rig->folder, "/tmp/corridord-uplink-XXXXXX");
	assert_non_null(mkdtemp(rig->folder));
	snprintf(rig->log, sizeof(rig->log), "%s/log", rig->folder);
	subscriber_init(&rig->subscriber);
	fake_journal_init(&rig->journal);
	rig->origin = (struct event_origin){"ge-red-bridge", "gw1", "boot-1"};
	rig->conf = (struct uplink_conf){
		.port = 1883,
		.client_id = client_id,
		.topic_root = root,
		.protocol = UPLINK_MQTT_5,
		.keepalive_ns = 60 * NS_PER_S,
		.window = UPLINK_RIG_WINDOW,
		.alert_delay_ns = 2 * NS_PER_S,
		.ack_timeout_ns = 60 * NS_PER_S,
		.connect_timeout_ns = 60 * NS_PER_S,
		.retry_min_ns = 20 * MS,
		.retry_max_ns = 200 * MS,
		.metrics_every_ns = 60 * NS_PER_S,
	};
	catch_log(rig->log);
	*state = rig;
	return 0;
}

int uplink_rig_free(void **state)
{
	struct uplink_rig *rig = *state;

	process_end(&rig->gateway, SIGKILL);
	process_end(&rig->door, SIGTERM);
	process_end(&rig->broker, SIGKILL);
	if (rig->uplink)
		(void)stop_uplink(rig, PATIENCE_NS);
	subscriber_fini(&rig->subscriber);
	fake_journal_fini(&rig->journal);
	shell_in("/tmp", "rm -rf %s", rig->folder);
	mosquitto_lib_cleanup();
	while (rig->path_count > 0)
		free(rig->paths[--rig->path_count]);
	free(rig);
	return 0;
}

/* ---- waiting and files ----------------------------------------------------------------- */

static char *content_of(const char *path)
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

static void fail_with_log(struct uplink_rig *rig, const char *condition)
{
	char *log = content_of(rig->log);

	print_error("---- log\n%s----\n", log);
	free(log);
	fail_msg("waited in vain for: %s (%zu received, %" PRIu64 " of %" PRIu64
		 " acknowledged, subscriber: %s)",
		 condition, rig->subscriber.count, fake_journal_acked(&rig->journal, STREAM_EVENTS),
		 rig->journal.count, mosquitto_strerror(rig->subscriber.rc));
}

void uplink_rig_turn(struct uplink_rig *rig, int64_t until_ns, const char *condition)
{
	if (real_mono_ns() > until_ns)
		fail_with_log(rig, condition);
	subscriber_turn(&rig->subscriber);
}

size_t times_logged(struct uplink_rig *rig, const char *text)
{
	char *log = content_of(rig->log);
	const char *at = log;
	size_t count = 0;

	while ((at = strstr(at, text)) != NULL) {
		at += strlen(text);
		count++;
	}
	free(log);
	return count;
}

void write_file(struct uplink_rig *rig, const char *name, const char *content)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", rig->folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	fclose(file);
}

char *path_of(struct uplink_rig *rig, const char *name)
{
	char **path = &rig->paths[rig->path_count++];

	assert_in_range(rig->path_count, 1, UPLINK_RIG_PATHS);
	assert_true(asprintf(path, "%s/%s", rig->folder, name) > 0);
	return *path;
}

/* ---- broker and subscriber ------------------------------------------------------------- */

static void start_process(struct uplink_rig *rig, struct process *process, char *const argv[])
{
	char log[64];

	snprintf(log, sizeof(log), "%s/process.log", rig->folder);
	process_start(process, log, argv);
}

void start_broker_again(struct uplink_rig *rig)
{
	char command[] = "mosquitto", option[] = "-c", path[64];
	char *const argv[] = {command, option, path, NULL};

	snprintf(path, sizeof(path), "%s/mosquitto.conf", rig->folder);
	start_process(rig, &rig->broker, argv);
}

void start_broker(struct uplink_rig *rig, const char *lines)
{
	char conf[1024];

	if (rig->broker.port == 0)
		rig->broker.port = free_port();
	snprintf(conf, sizeof(conf),
		 "user root\npersistence false\nmax_queued_messages 1000000\n"
		 "max_inflight_messages 0\nlistener %d 127.0.0.1\nallow_anonymous true\n%s\n",
		 rig->broker.port, lines);
	write_file(rig, "mosquitto.conf", conf);
	start_broker_again(rig);
}

void open_door(struct uplink_rig *rig)
{
	char command[] = "socat", from[96], to[64];
	char *const argv[] = {command, from, to, NULL};

	if (rig->door.port == 0)
		rig->door.port = free_port();
	snprintf(from, sizeof(from), "TCP-LISTEN:%d,bind=127.0.0.1,reuseaddr,fork", rig->door.port);
	snprintf(to, sizeof(to), "TCP:127.0.0.1:%d", rig->broker.port);
	start_process(rig, &rig->door, argv);
}

void shut_door(struct uplink_rig *rig)
{
	if (rig->door.port == 0)
		rig->door.port = free_port();
	process_end(&rig->door, SIGKILL);
}

void subscribe_as(struct uplink_rig *rig, const char *login)
{
	subscriber_connect(&rig->subscriber, rig->broker.port, login);
	until(rig, rig->subscriber.subscribed);
}

void subscribe(struct uplink_rig *rig)
{
	subscribe_as(rig, NULL);
}

/* ---- uplink ---------------------------------------------------------------------------- */

void add_host(struct uplink_rig *rig, int port)
{
	size_t i = rig->conf.hosts.count++;

	snprintf(rig->host_text[i], sizeof(rig->host_text[i]), "127.0.0.1:%d", port);
	rig->hosts[i] = rig->host_text[i];
	rig->conf.hosts.item = rig->hosts;
}

void start_uplink(struct uplink_rig *rig)
{
	struct outlet_source source = fake_journal_source(&rig->journal);
	struct outlet outlet;

	if (rig->conf.hosts.count == 0)
		add_host(rig, rig->door.port ? rig->door.port : rig->broker.port);
	assert_int_equal(uplink_new(&rig->conf, &rig->origin, &rig->uplink), 0);
	if (rig->inlet)
		uplink_subscribe(rig->uplink, rig->inlet);
	outlet = uplink_outlet(rig->uplink);
	fake_journal_start(&rig->journal, &outlet);
	assert_int_equal(uplink_start(rig->uplink, &source), 0);
}

bool stop_uplink(struct uplink_rig *rig, int64_t patience_ns)
{
	bool freed;

	uplink_detach(rig->uplink);
	fake_journal_stop(&rig->journal);
	freed = uplink_free(rig->uplink, clock_mono_ns() + patience_ns);
	rig->uplink = NULL;
	return freed;
}

bool is_connected(struct uplink_rig *rig)
{
	return uplink_counters(rig->uplink).connected;
}

bool feed_up_to(struct uplink_rig *rig, uint64_t count)
{
	uint64_t complete = subscriber_complete(&rig->subscriber);
	uint64_t there = rig->journal.count;

	if (there < count && there < complete + 40)
		fake_journal_add(&rig->journal, 1 + (count - there - 1) % 10);
	return complete >= count;
}

void put_state(struct uplink_rig *rig, const char *key, const char *payload)
{
	const struct outlet_state state = {
		.key = key, .payload = payload, .bytes = strlen(payload)};
	struct outlet outlet = uplink_outlet(rig->uplink);

	outlet.state(outlet.data, &state);
}

void put_head(struct uplink_rig *rig, const char *epoch, uint64_t seq)
{
	struct outlet outlet = uplink_outlet(rig->uplink);
	struct event_head head = {.seq = seq};

	memcpy(head.epoch, epoch, sizeof(head.epoch));
	outlet.head(outlet.data, &head);
}
