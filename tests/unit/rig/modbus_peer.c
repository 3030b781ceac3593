#include "modbus_peer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "modbus/wire.h"

#define LOOK_MS 20 /* how often a script looks whether the test is over */

/* ---- bytes ----------------------------------------------------------------------------- */

void peer_go(struct peer *peer)
{
	sem_post(&peer->go);
}

void peer_await_go(struct peer *peer)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += PATIENCE_S;
	while (sem_timedwait(&peer->go, &limit) < 0 && errno == EINTR)
		;
}

/* Exactly so many bytes; false at the end of the line or of the test. */
static bool peer_read(struct peer *peer, uint8_t *bytes, size_t count)
{
	while (count > 0) {
		struct pollfd wait = {.fd = peer->fd, .events = POLLIN};
		const int ready = poll(&wait, 1, LOOK_MS);
		if (peer->stop)
			return false;
		if (ready <= 0)
			continue;
		const ssize_t got = read(peer->fd, bytes, count);
		if (got <= 0)
			return false;
		bytes += got;
		count -= (size_t)got;
	}
	return true;
}

bool peer_take(struct peer *peer, struct peer_request *ret_request)
{
	uint8_t frame[12] = {0};
	const uint8_t *pdu = peer->tcp_framing ? frame + 6 : frame;

	if (!peer_read(peer, frame, peer->tcp_framing ? 12 : 8))
		return false;
	*ret_request = (struct peer_request){
		.transaction = (uint16_t)(frame[0] << 8 | frame[1]),
		.unit = pdu[0],
		.function = pdu[1],
		.address = (uint16_t)(pdu[2] << 8 | pdu[3]),
		.count = (uint16_t)(pdu[4] << 8 | pdu[5]),
	};
	if (!peer->tcp_framing)
		assert(modbus_crc(frame, 8) == 0);
	peer->requests++;
	if (ret_request->count > peer->longest)
		peer->longest = ret_request->count;
	return true;
}

struct peer_request peer_next(struct peer *peer)
{
	struct peer_request request = {0};

	(void)peer_take(peer, &request);
	return request;
}

void peer_send(struct peer *peer, const uint8_t *bytes, size_t count)
{
	ssize_t sent = peer->listener >= 0 ? send(peer->fd, bytes, count, MSG_NOSIGNAL)
					   : write(peer->fd, bytes, count);

	(void)sent; /* the driver may have hung up */
}

/* A sound frame around unit, function and what follows. */
static size_t peer_wrap(const struct peer *peer, uint16_t transaction, const uint8_t *body,
			size_t body_bytes, uint8_t *ret_frame)
{
	if (peer->tcp_framing) {
		const uint8_t head[6] = {(uint8_t)(transaction >> 8), (uint8_t)transaction, 0, 0,
					 (uint8_t)(body_bytes >> 8),  (uint8_t)body_bytes};
		memcpy(ret_frame, head, sizeof(head));
		memcpy(ret_frame + sizeof(head), body, body_bytes);
		return body_bytes + sizeof(head);
	}
	memcpy(ret_frame, body, body_bytes);
	const uint16_t crc = modbus_crc(body, body_bytes);
	ret_frame[body_bytes] = (uint8_t)crc;
	ret_frame[body_bytes + 1] = (uint8_t)(crc >> 8);
	return body_bytes + 2;
}

void peer_send_body(struct peer *peer, uint16_t transaction, const uint8_t *body, size_t body_bytes)
{
	uint8_t frame[MODBUS_ADU_BYTES];

	peer_send(peer, frame, peer_wrap(peer, transaction, body, body_bytes, frame));
}

size_t peer_answer_frame(const struct peer *peer, const struct peer_request *request,
			 uint8_t *ret_frame)
{
	uint8_t body[MODBUS_ADU_BYTES] = {request->unit, request->function};
	const size_t bytes = modbus_data_bytes(request->function, request->count);

	body[2] = (uint8_t)bytes;
	for (size_t i = 0; i < bytes; i++) {
		const unsigned int address = request->address + (unsigned int)i / 2;
		body[3 + i] = (uint8_t)(i % 2 ? address : address >> 8);
	}
	return peer_wrap(peer, request->transaction, body, bytes + 3, ret_frame);
}

void peer_answer(struct peer *peer, const struct peer_request *request)
{
	uint8_t frame[MODBUS_ADU_BYTES];

	peer_send(peer, frame, peer_answer_frame(peer, request, frame));
}

void peer_refuse(struct peer *peer, const struct peer_request *request, uint8_t exception)
{
	const uint8_t body[] = {request->unit, request->function | 0x80, exception};

	peer_send_body(peer, request->transaction, body, sizeof(body));
}

/* ---- manners --------------------------------------------------------------------------- */

void peer_behave(struct peer *peer)
{
	struct peer_request request;

	while (peer_take(peer, &request))
		peer_answer(peer, &request);
}

void peer_behave_for_ever(struct peer *peer)
{
	do
		peer_behave(peer);
	while (peer->listener >= 0 && peer_accept(peer));
}

void peer_decide(struct peer *peer, peer_decision *decide)
{
	struct peer_request request;

	while (peer_take(peer, &request)) {
		const int exception = decide(peer, &request);
		if (exception == 0)
			peer_answer(peer, &request);
		else if (exception != PEER_SILENT)
			peer_refuse(peer, &request, (uint8_t)exception);
	}
}

bool peer_accept(struct peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	while (!peer->stop) {
		struct pollfd wait = {.fd = peer->listener, .events = POLLIN};
		if (poll(&wait, 1, LOOK_MS) <= 0)
			continue;
		peer->fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
		return peer->fd >= 0;
	}
	return false;
}

/* ---- set-up ---------------------------------------------------------------------------- */

static void *peer_main(void *data)
{
	struct peer *peer = data;

	if (peer->listener >= 0 && !peer_accept(peer))
		return NULL;
	peer->script(peer);
	return NULL;
}

int listen_on_loopback(int backlog, int *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static struct peer *new_peer(peer_script *script, void *data)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	assert_non_null(peer);
	peer->script = script;
	peer->data = data;
	peer->listener = peer->fd = peer->held_fd = -1;
	sem_init(&peer->go, 0, 0);
	return peer;
}

static struct peer *start(struct peer *peer)
{
	assert_int_equal(pthread_create(&peer->thread, NULL, peer_main, peer), 0);
	return peer;
}

struct peer *peer_start_on_pty(peer_script *script, void *data)
{
	struct peer *peer = new_peer(script, data);
	struct termios raw;

	assert_int_equal(openpty(&peer->fd, &peer->held_fd, peer->path, NULL, NULL), 0);
	assert_int_equal(tcgetattr(peer->held_fd, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(peer->held_fd, TCSANOW, &raw), 0);
	return start(peer);
}

struct peer *peer_start_on_port(peer_script *script, void *data, bool tcp_framing)
{
	struct peer *peer = new_peer(script, data);

	peer->tcp_framing = tcp_framing;
	peer->listener = listen_on_loopback(5, &peer->port);
	return start(peer);
}

void peer_stop(struct peer *peer)
{
	peer->stop = true;
	peer_go(peer);
	pthread_join(peer->thread, NULL);
	if (peer->fd >= 0)
		close(peer->fd);
	if (peer->held_fd >= 0)
		close(peer->held_fd);
	if (peer->listener >= 0)
		close(peer->listener);
	sem_destroy(&peer->go);
	free(peer);
}
