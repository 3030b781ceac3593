/* The least that a durable event can cost: one fdatasync, one QoS 1 publish.
 *
 *     bare_publisher PORT TOPIC FILE COUNT EVERY_MS BYTES
 *
 * Every EVERY_MS: takes the time, appends BYTES to FILE, fdatasync, publishes the time and
 * the bytes, waits for the broker's acknowledgement. No SQLite, no JSON, no chain.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mosquitto.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD_MAX 4096
#define NS_PER_MS   INT64_C(1000000)
#define NS_PER_S    INT64_C(1000000000)

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void sleep_until(int64_t at_ns)
{
	struct timespec ts = {.tv_sec = (time_t)(at_ns / NS_PER_S),
			      .tv_nsec = (long)(at_ns % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void on_publish(struct mosquitto *client, void *acknowledged, int mid)
{
	(void)client, (void)mid;
	sem_post(acknowledged);
}

static void on_connect(struct mosquitto *client, void *acknowledged, int code)
{
	(void)client;
	if (code == 0)
		sem_post(acknowledged);
}

static int publish_one(struct mosquitto *client, const char *topic, int fd, int bytes)
{
	char payload[PAYLOAD_MAX];

	memset(payload, 'x', (size_t)bytes);
	payload[snprintf(payload, sizeof(payload), "%020" PRId64, now_ns())] = ' ';
	if (write(fd, payload, (size_t)bytes) != bytes || fdatasync(fd) < 0)
		return -errno;
	return mosquitto_publish(client, NULL, topic, bytes, payload, 1, false) ? -EIO : 0;
}

int main(int argc, char **argv)
{
	struct mosquitto *client;
	int fd, count, bytes, result = 0;
	int64_t every_ns, due_ns;
	sem_t acknowledged;

	if (argc != 7 || (bytes = atoi(argv[6])) < 32 || bytes > PAYLOAD_MAX) {
		fputs("bare_publisher PORT TOPIC FILE COUNT EVERY_MS BYTES\n", stderr);
		return EXIT_FAILURE;
	}
	every_ns = atoi(argv[5]) * NS_PER_MS;
	fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	sem_init(&acknowledged, 0, 0);
	mosquitto_lib_init();
	client = mosquitto_new(NULL, true, &acknowledged);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_callback_set(client, on_connect);
	mosquitto_publish_callback_set(client, on_publish);
	if (fd < 0 || mosquitto_connect(client, "127.0.0.1", atoi(argv[1]), 60) != MOSQ_ERR_SUCCESS)
		return EXIT_FAILURE;
	mosquitto_loop_start(client);
	sem_wait(&acknowledged);
	due_ns = now_ns();
	for (count = atoi(argv[4]); count > 0 && result == 0; count--) {
		sleep_until(due_ns += every_ns);
		result = publish_one(client, argv[2], fd, bytes);
		if (result == 0)
			sem_wait(&acknowledged);
	}
	mosquitto_disconnect(client);
	mosquitto_loop_stop(client, false);
	mosquitto_destroy(client);
	close(fd);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
