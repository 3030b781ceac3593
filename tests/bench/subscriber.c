/* A subscriber that says when each message arrived, by the monotonic clock.
 *
 *     subscriber PORT TOPIC
 *
 * Prints "ready", then "NS TOPIC PAYLOAD" a line per message, until its input is closed.
 */
#include <inttypes.h>
#include <mosquitto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void on_connect(struct mosquitto *client, void *topic, int code)
{
	if (code == 0)
		mosquitto_subscribe(client, NULL, topic, 1);
}

static void on_subscribe(struct mosquitto *client, void *topic, int mid, int count, const int *qos)
{
	(void)client, (void)topic, (void)mid, (void)count, (void)qos;
	puts("ready");
	fflush(stdout);
}

static void on_message(struct mosquitto *client, void *topic,
		       const struct mosquitto_message *message)
{
	struct timespec now;

	(void)client, (void)topic;
	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%" PRId64 " %s %.*s\n", (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
	       message->topic, message->payloadlen, (const char *)message->payload);
}

int main(int argc, char **argv)
{
	struct mosquitto *client;
	char nothing;

	if (argc != 3) {
		fputs("subscriber PORT TOPIC\n", stderr);
		return EXIT_FAILURE;
	}
	mosquitto_lib_init();
	client = mosquitto_new(NULL, true, argv[2]);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_callback_set(client, on_connect);
	mosquitto_subscribe_callback_set(client, on_subscribe);
	mosquitto_message_callback_set(client, on_message);
	if (mosquitto_connect(client, "127.0.0.1", atoi(argv[1]), 60) != MOSQ_ERR_SUCCESS)
		return EXIT_FAILURE;
	mosquitto_loop_start(client);
	while (read(STDIN_FILENO, &nothing, 1) > 0)
		;
	mosquitto_disconnect(client);
	mosquitto_loop_stop(client, false);
	fflush(stdout);
	mosquitto_destroy(client);
	return EXIT_SUCCESS;
}
