/* A server for devices that post. It knows its endpoints and nothing else; a body is read as it comes,
 * what it costs does not depend on its length. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "drivers.h"
#include "frames/host.h"
#include "http/conf.h"
#include "readers/http_access.h"
#include "readers/pictures.h"
#include "readers/readers.h"
#include "readers/upload.h"

#define ROOM_BYTES	 ((size_t)32 * 1024 * 1024)
#define CONNECTION_BYTES ((size_t)32 * 1024) /* of headers and pieces of a body */
#define PEM_BYTES	 (64 * 1024)
#define LISTEN_QUEUE	 16
#define BODY_TIMEOUTS	 3

struct door {
	struct http *http;
	int fd;
	struct MHD_Daemon *daemon;
};

struct http {
	struct readers *readers;
	const struct http_conf *conf;
	struct door doors[HTTP_LISTEN_MOST];
	size_t door_count;
	struct rate *rates; /* one a device */
	char *cert, *key;
	struct pictures pictures;
	uint64_t told_removed;
	char digest_chance[2 * RANDOM_ID_BYTES];
};

/* Under way. */
struct request {
	struct http *http;
	const struct http_device_conf *conf;
	struct source *source;
	struct upload *upload;
	int64_t bytes;
	int64_t begun_ns;
};

/* ---- pictures -------------------------------------------------------------------------- */

static void tell_removed(struct http *http)
{
	char what[96];

	if (http->pictures.removed == http->told_removed)
		return;
	snprintf(what, sizeof(what),
		 "the quota of pictures is full: %" PRIu64 " of the oldest removed",
		 http->pictures.removed);
	parent_say(http->readers, http->told_removed == 0 || http->pictures.removed % 1000 == 0,
		   what);
	http->told_removed = http->pictures.removed;
}

/* ---- devices --------------------------------------------------------------------------- */

static const struct http_device_conf *conf_of(const struct http *http, size_t device)
{
	return http->readers->devices[device].conf;
}

/* Nobody else is let in at all. */
static result may_connect(void *data, const struct sockaddr *from, socklen_t bytes)
{
	const struct http *http = ((struct door *)data)->http;

	(void)bytes;
	for (size_t i = 0; i < http->readers->setup.device_count; i++)
		if (access_lists(&conf_of(http, i)->from, from))
			return MHD_YES;
	return MHD_NO;
}

/* ---- a request ------------------------------------------------------------------------- */

static void request_free(struct request *request)
{
	if (request)
		upload_free(request->upload);
	free(request);
}

static struct request *request_new(struct http *http, size_t device,
				   struct MHD_Connection *connection)
{
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_CONTENT_TYPE);
	const struct http_device_conf *conf = conf_of(http, device);
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->http = http;
	request->conf = conf;
	request->source = &http->readers->sources[device];
	request->begun_ns = clock_mono_ns();
	if (upload_new(request->source, (enum map_format)conf->map.format, &http->pictures, type,
		       &request->upload) < 0) {
		free(request);
		return NULL;
	}
	return request;
}

/* Of a body that says beforehand how long it is. */
static bool is_too_long(const struct http *http, struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_CONTENT_LENGTH);

	return length && strtoll(length, NULL, 10) > http->conf->max_body;
}

static void refuse(struct http *http, size_t device, const char *why)
{
	const struct instant now = clock_now();

	source_refuse(&http->readers->sources[device], "", 0, why, &now);
}

static size_t find_device(const struct http *http, const char *url)
{
	size_t i = 0;

	while (i < http->readers->setup.device_count &&
	       strcmp(conf_of(http, i)->endpoint, url) != 0)
		i++;
	return i;
}

/* Its headers are there. */
static result begin_request(struct http *http, struct MHD_Connection *connection, const char *url,
			    const char *method, void **request)
{
	const size_t device = find_device(http, url);
	const struct http_device_conf *conf;
	result done = MHD_NO;

	if (device == http->readers->setup.device_count)
		return access_answer(connection, MHD_HTTP_NOT_FOUND, NULL);
	conf = conf_of(http, device);
	if (!access_is_from(conf, connection))
		return access_answer(connection, MHD_HTTP_FORBIDDEN, NULL);
	if (!access_admits(http->readers, conf, connection, &done))
		return done;
	if (strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0)
		return access_answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, NULL);
	if (is_too_long(http, connection)) {
		refuse(http, device, "is larger than max_body");
		return access_answer(connection, MHD_HTTP_CONTENT_TOO_LARGE, NULL);
	}
	if (!rate_allows(&http->rates[device], clock_mono_ns())) {
		source_drop(&http->readers->sources[device], clock_mono_ns());
		return access_answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, NULL);
	}
	*request = request_new(http, device, connection);
	return *request ? MHD_YES : MHD_NO;
}

/* MHD_NO: the connection is closed. */
static result take_piece(struct request *request, const char *bytes, size_t count)
{
	const struct http_conf *conf = request->http->conf;
	const struct instant now = clock_now();

	request->bytes += (int64_t)count;
	if (request->bytes > conf->max_body) {
		source_refuse(request->source, "", 0, "is larger than max_body", &now);
		return MHD_NO;
	}
	if (now.mono_ns - request->begun_ns > BODY_TIMEOUTS * conf->timeout_ns) {
		source_refuse(request->source, "", 0, "takes longer than thrice the timeout", &now);
		return MHD_NO;
	}
	upload_take(request->upload, bytes, count);
	return MHD_YES;
}

/* What is understood and what is refused for good is answered alike: else some repeat it for ever. */
static result end_request(struct request *request, struct MHD_Connection *connection)
{
	int err = upload_end(request->upload);
	char what[96];

	tell_removed(request->http);
	if (err < 0) {
		snprintf(what, sizeof(what), "a picture cannot be kept: %s", strerror(-err));
		parent_say(request->http->readers, true, what);
	}
	return access_answer_well(connection, request->conf->answer);
}

static result on_request(void *data, struct MHD_Connection *connection, const char *url,
			 const char *method, const char *version, const char *bytes, size_t *count,
			 void **request)
{
	struct http *http = ((struct door *)data)->http;
	result done;

	(void)version;
	if (!*request)
		return begin_request(http, connection, url, method, request);
	if (*count == 0)
		return end_request(*request, connection);
	done = take_piece(*request, bytes, *count);
	*count = 0;
	return done;
}

static void on_end(void *data, struct MHD_Connection *connection, void **request,
		   enum MHD_RequestTerminationCode code)
{
	(void)data, (void)connection, (void)code;
	request_free(*request);
	*request = NULL;
}

static void on_log(void *data, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void on_log(void *data, const char *format, va_list args)
{
	const struct door *door = data;
	char what[APART_WORDS_BYTES];

	vsnprintf(what, sizeof(what), format, args);
	parent_say(door->http->readers, false, what);
}

/* ---- doors ----------------------------------------------------------------------------- */

static int bind_to(const char *place)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {0};
	struct uplink_host host;
	socklen_t bytes = sizeof(address.v4);
	const int one = 1;
	int fd, err;

	if (uplink_host_parse(place, 0, &host) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, host.name, &address.v4.sin_addr) == 1) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons((uint16_t)host.port);
	} else {
		inet_pton(AF_INET6, host.name, &address.v6.sin6_addr);
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons((uint16_t)host.port);
		bytes = sizeof(address.v6);
	}
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &address.any, bytes) == 0 && listen(fd, LISTEN_QUEUE) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int open_door(struct door *door)
{
	const struct http_conf *conf = door->http->conf;
	const unsigned connections = (unsigned)conf->connections;
	const unsigned timeout_s = (unsigned)((conf->timeout_ns + NS_PER_S - 1) / NS_PER_S);
	const unsigned flags =
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (door->http->cert ? MHD_USE_TLS : 0);
	const struct MHD_OptionItem tls[] = {
		{door->http->cert ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
		 door->http->cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, door->http->key},
		{MHD_OPTION_END, 0, NULL},
	};

	door->daemon = MHD_start_daemon(
		flags, 0, may_connect, door, on_request, door, MHD_OPTION_EXTERNAL_LOGGER, on_log,
		door, MHD_OPTION_LISTEN_SOCKET, door->fd, MHD_OPTION_CONNECTION_LIMIT, connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, connections / 2, MHD_OPTION_CONNECTION_TIMEOUT,
		timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
		MHD_OPTION_NOTIFY_COMPLETED, on_end, door, MHD_OPTION_DIGEST_AUTH_RANDOM,
		strlen(door->http->digest_chance), door->http->digest_chance,
		MHD_OPTION_NONCE_NC_SIZE, 64U, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	return door->daemon ? 0 : -EIO;
}

/* It ends now, and is started again: that it ended is told then, this is the cause. */
static void tell_why(struct http *http, const char *what)
{
	parent_tell_fault(http->readers, REASON_LINK_DOWN, what);
	parent_say(http->readers, true, what);
}

static int open_doors(struct http *http)
{
	char what[160];

	for (size_t i = 0; i < http->conf->listen.count && i < HTTP_LISTEN_MOST; i++) {
		struct door *door = &http->doors[i];
		int err;

		door->http = http;
		door->fd = bind_to(http->conf->listen.item[i]);
		err = door->fd < 0 ? door->fd : open_door(door);
		if (err == 0) {
			http->door_count++;
			continue;
		}
		if (door->fd >= 0)
			close(door->fd);
		snprintf(what, sizeof(what), "cannot listen at %.60s: %s",
			 http->conf->listen.item[i],
			 err == -EIO ? "the certificate or its key cannot be used"
				     : strerror(-err));
		tell_why(http, what);
		return err;
	}
	return 0;
}

/* ---- life ------------------------------------------------------------------------------ */

static int read_pem(const char *path, char **ret_text)
{
	FILE *file = fopen(path, "re");
	char *text = file ? calloc(1, PEM_BYTES) : NULL;
	const int err = file ? -ENOMEM : -errno;

	if (text)
		(void)!fread(text, 1, PEM_BYTES - 1, file);
	if (file)
		fclose(file);
	*ret_text = text;
	return text ? 0 : err;
}

static int read_certificate(struct http *http)
{
	const struct http_conf *conf = http->conf;
	char what[160];
	int err;

	if (!conf->cert)
		return 0;
	err = read_pem(conf->cert, &http->cert);
	if (err == 0)
		err = read_pem(conf->key, &http->key);
	if (err < 0) {
		snprintf(what, sizeof(what), "cert or key cannot be read: %s", strerror(-err));
		tell_why(http, what);
	}
	return err;
}

static int open_pictures(struct http *http)
{
	const struct http_conf *conf = http->conf;
	char what[APART_WORDS_BYTES];
	const int err = pictures_open(&http->pictures, conf->pictures, conf->pictures_quota);

	if (err == -EPERM)
		snprintf(what, sizeof(what), "pictures: others may write to %s", conf->pictures);
	else if (err < 0)
		snprintf(what, sizeof(what), "pictures: %s: %s", conf->pictures, strerror(-err));
	if (err < 0)
		tell_why(http, what);
	return err;
}

static void http_end(void *transport)
{
	struct http *http = transport;

	for (size_t i = 0; i < http->door_count; i++)
		MHD_stop_daemon(http->doors[i].daemon); /* and closes its socket */
	pictures_close(&http->pictures);
	if (http->key)
		explicit_bzero(http->key, strlen(http->key));
	free(http->cert);
	free(http->key);
	free(http->rates);
	free(http);
}

static void open_sources(struct http *http, struct transport_files *files)
{
	const int64_t now_ns = clock_mono_ns();

	for (size_t i = 0; i < http->readers->setup.device_count; i++) {
		const struct http_device_conf *conf = conf_of(http, i);

		http->rates[i].per_s = conf->rate;
		http->readers->sources[i].silence_ns = conf->silence_ns;
		source_open(&http->readers->sources[i], now_ns);
		if (files->count < READERS_FILES)
			files->paths[files->count++] = conf->password_file;
	}
}

static int http_begin(struct readers *readers, struct transport_files *files, void **ret_transport)
{
	struct http *http = calloc(1, sizeof(*http));
	int err;

	if (!http)
		return -ENOMEM;
	*ret_transport = http;
	http->readers = readers;
	http->conf = readers->setup.conf;
	http->pictures.folder_fd = -1;
	http->rates = calloc(readers->setup.device_count + 1, sizeof(*http->rates));
	if (!http->rates)
		return -ENOMEM;
	random_id(http->digest_chance);
	random_id(http->digest_chance + RANDOM_ID_BYTES - 1);
	files->paths[files->count++] = readers->frame.credentials;
	files->writes = http->conf->pictures;
	err = read_certificate(http);
	if (err == 0 && http->conf->pictures)
		err = open_pictures(http);
	if (err == 0)
		err = open_doors(http);
	if (err == 0)
		open_sources(http, files);
	return err;
}

static size_t http_step(void *transport, struct pollfd fds[READERS_FDS], int64_t *ret_due_ns)
{
	struct http *http = transport;

	for (size_t i = 0; i < http->door_count; i++) {
		const union MHD_DaemonInfo *info =
			MHD_get_daemon_info(http->doors[i].daemon, MHD_DAEMON_INFO_EPOLL_FD);
		MHD_UNSIGNED_LONG_LONG left_ms = 0;

		fds[i] = (struct pollfd){.fd = info->epoll_fd, .events = POLLIN};
		if (MHD_get_timeout(http->doors[i].daemon, &left_ms) == MHD_YES)
			*ret_due_ns = earlier_ns(*ret_due_ns,
						 clock_mono_ns() + (int64_t)left_ms * NS_PER_MS);
	}
	return http->door_count;
}

static void http_serve(void *transport, const struct pollfd *fds, size_t count)
{
	struct http *http = transport;

	(void)fds;
	for (size_t i = 0; i < count; i++)
		(void)MHD_run(http->doors[i].daemon);
}

const struct transport http_transport = {
	.driver = &http_in_driver,
	.room_bytes = ROOM_BYTES,
	.serves = true,
	.begin = http_begin,
	.step = http_step,
	.serve = http_serve,
	.end = http_end,
};
