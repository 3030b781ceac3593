/* corridord-uplink: speaks MQTT for corridord, which starts it and hands it one end of a socket
 * as standard input. It has no other way to the gateway: no device, no journal, no state. */
#include <errno.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/version.h"
#include "uplink/link.h"
#include "uplink/parent.h"
#include "uplink/sandbox.h"
#include "uplink/secret.h"
#include "uplink/tls.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

#define OUT_BYTES (256 * 1024) /* all credit for what is heard, and the rest */

static bool is_socket(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/* The parent stops us by a message, so that we can say goodbye; when it dies we follow. */
static void follow_parent(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static int set_up(struct uplink *uplink)
{
	int err = channel_init(&uplink->channel, STDIN_FILENO, OUT_BYTES);
	if (err == 0)
		err = parent_set_up(uplink);
	if (err == 0)
		err = outbox_init(&uplink->outbox[STREAM_EVENTS], OUTBOX_EVENTS_BYTES);
	if (err == 0)
		err = outbox_init(&uplink->outbox[STREAM_ALERTS], OUTBOX_ALERTS_BYTES);
	if (err == 0)
		err = outbox_init(&uplink->outbox[STREAM_REPLAY], OUTBOX_REPLAY_BYTES);
	return err;
}

static int run(struct uplink *uplink)
{
	struct link *link;
	int err = link_new(uplink, &link);

	if (err < 0)
		return err;
	uplink_secrets_look(&uplink->setup.conf);
	err = link_run(link);
	link_free(link);
	return err;
}

static void tear_down(struct uplink *uplink)
{
	for (int i = 0; i < STREAM_COUNT; i++)
		outbox_fini(&uplink->outbox[i]);
	answers_fini(&uplink->answers);
	free(uplink->metrics);
	free(uplink->texts);
	channel_fini(&uplink->channel);
	free(uplink);
}

/* For corridord -n. What cannot be read is another's, or not there yet. */
static int check_tls(char **paths)
{
	struct uplink_conf conf = {.tls = true};
	char **const members[] = {&conf.tls_ca, &conf.tls_cert, &conf.tls_key, &conf.tls_crl};
	struct tls_trouble trouble;
	SSL_CTX *context;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (access(paths[i], R_OK) == 0)
			*members[i] = paths[i];
	if (!conf.tls_cert || !conf.tls_key)
		conf.tls_cert = conf.tls_key = NULL;
	context = tls_context(&conf, "localhost", &trouble);
	if (!context)
		fprintf(stderr, "uplink: %s%s%s%s\n", trouble.message, trouble.cure ? " (" : "",
			trouble.cure ? trouble.cure : "", trouble.cure ? ")" : "");
	SSL_CTX_free(context);
	return context ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct uplink *uplink;
	int err = -ENOMEM;

	if (argc == 6 && strcmp(argv[1], "--check-tls") == 0)
		return check_tls(argv + 2);

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("corridord-uplink %s\n", version_text);
		return EXIT_SUCCESS;
	}
	if (argc > 1 || !is_socket(STDIN_FILENO)) {
		fputs("corridord-uplink is started by corridord, not by hand\n", stderr);
		return EXIT_FAILURE;
	}
	follow_parent();
	client_library_init();
	uplink = calloc(1, sizeof(*uplink));
	if (uplink)
		err = set_up(uplink);
	if (err == 0) {
		log_open(uplink->setup.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
		err = sandbox_enter(uplink);
	}
	if (err == 0)
		err = run(uplink);
	if (err < 0 && err != -EPIPE)
		log_error(err, "ends");
	if (uplink)
		tear_down(uplink);
	client_library_fini();
	return err < 0 && err != -EPIPE ? EXIT_FAILURE : EXIT_SUCCESS;
}
