/* corridord-uplink: speaks MQTT for corridord, which starts it and hands it one end of a socket
 * as standard input. It has no other way to the gateway: no device, no journal, no state. */
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/program.h"
#include "net/sandbox.h"
#include "net/secret.h"
#include "net/tls.h"
#include "uplink/link.h"
#include "uplink/parent.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

#define ROOM_BYTES (24 * 1024 * 1024)
#define OUT_BYTES  (256 * 1024) /* all credit for what is heard, and the rest */

static int confine(const struct uplink *uplink)
{
	const struct uplink_conf *conf = &uplink->setup.conf;
	const char *const files[] = {conf->tls_cert, conf->tls_key, conf->tls_crl,
				     conf->password_file, conf->tls_ca};
	const char *const folders[] = {uplink->setup.credentials, conf->tls_ca};
	const struct sandbox sandbox = {
		.files = files,
		.file_count = sizeof(files) / sizeof(files[0]),
		.folders = folders,
		.folder_count = sizeof(folders) / sizeof(folders[0]),
		.room_bytes = ROOM_BYTES,
	};
	const int err = sandbox_enter(&sandbox);

	if (err < 0)
		log_error(err, "cannot be confined");
	return err;
}

static void warn_if_open(const char *option, const char *path)
{
	if (secret_is_open(path))
		log_warnx("%s %s can be read by every user of this machine (chmod o-r)", option,
			  path);
}

static int set_up(struct uplink *uplink)
{
	int err = channel_init(&uplink->channel, &uplink_protocol, STDIN_FILENO, OUT_BYTES);
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
	warn_if_open("password_file", uplink->setup.conf.password_file);
	warn_if_open("tls key", uplink->setup.conf.tls_key);
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
	int status;

	if (argc == 6 && strcmp(argv[1], "--check-tls") == 0)
		return check_tls(argv + 2);
	status = program_begin("corridord-uplink", argc, argv);
	if (status != PROGRAM_GOES_ON)
		return status;
	client_library_init();
	uplink = calloc(1, sizeof(*uplink));
	if (uplink)
		err = set_up(uplink);
	if (err == 0) {
		log_open(uplink->setup.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
		err = confine(uplink);
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
