/* The other end of a Modbus line, played byte for byte by a script in a thread of its own.
 *
 * Each register of a right answer holds its own address: a value tells which question it
 * answers. */
#ifndef CORRIDORD_TESTS_MODBUS_PEER_H
#define CORRIDORD_TESTS_MODBUS_PEER_H

#include "unit.h"

#include <pthread.h>
#include <semaphore.h>

struct peer;
typedef void peer_script(struct peer *peer);

struct peer_request {
	uint16_t transaction;
	uint8_t unit, function;
	uint16_t address, count;
};

struct peer {
	pthread_t thread;
	peer_script *script;
	void *data; /* of the script */
	bool tcp_framing;
	int listener; /* -1: a pty */
	int fd; /* the connection, or the pty's master */
	int held_fd; /* keeps the pty's other end alive */
	char path[64]; /* of the pty */
	int port;
	sem_t go; /* from the test */
	_Atomic unsigned int requests;
	_Atomic int longest; /* registers or bits asked for at once */
	_Atomic uint32_t note; /* between a test and its script */
	_Atomic bool stop;
};

struct peer *peer_start_on_pty(peer_script *script, void *data);
struct peer *peer_start_on_port(peer_script *script, void *data, bool tcp_framing);
void peer_stop(struct peer *peer); /* frees it */

/* A listening socket on a free port of loopback. */
int listen_on_loopback(int backlog, int *ret_port);

/* ---- from the test --------------------------------------------------------------------- */

void peer_go(struct peer *peer);

/* ---- for scripts; they end when the test stops the peer -------------------------------- */

void peer_await_go(struct peer *peer);
/* The next connection, instead of the one there was; false: none will come. */
bool peer_accept(struct peer *peer);
/* Waits for a request; false: none will come on this line. */
bool peer_take(struct peer *peer, struct peer_request *ret_request);
struct peer_request peer_next(struct peer *peer); /* zeroes if none will come */

void peer_send(struct peer *peer, const uint8_t *bytes, size_t count);
/* In a sound frame: unit, function and what follows. */
void peer_send_body(struct peer *peer, uint16_t transaction, const uint8_t *body,
		    size_t body_bytes);
void peer_answer(struct peer *peer, const struct peer_request *request);
void peer_refuse(struct peer *peer, const struct peer_request *request, uint8_t exception);
/* The frame of a right answer, its length is returned. */
size_t peer_answer_frame(const struct peer *peer, const struct peer_request *request,
			 uint8_t *ret_frame);

/* Answers each request, until the driver hangs up; for ever: on new connections too. */
void peer_behave(struct peer *peer);
void peer_behave_for_ever(struct peer *peer);

/* Answers, refuses by the exception that decide() gives, or is silent. */
#define PEER_SILENT (-1)
typedef int peer_decision(const struct peer *peer, const struct peer_request *request);
void peer_decide(struct peer *peer, peer_decision *decide);

#endif
