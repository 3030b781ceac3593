/* A connection to the control socket: lines in, lines out, neither of which anybody waits for.
 *
 * What has not been read yet stays in the kernel, what finds no way out in one buffer; the owner
 * drops a client whose buffer has no room or does not empty. Main loop only.
 */
#ifndef CORRIDORD_CONTROL_CLIENT_H
#define CORRIDORD_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "control/peer.h"
#include "control/question.h"

#define CLIENT_OUT_BYTES (64 * 1024)

struct client {
	int fd; /* -1: the place is free */
	struct control_peer peer;
	char line[QUESTION_BYTES]; /* the beginning of one */
	size_t line_bytes;
	char *out; /* CLIENT_OUT_BYTES */
	size_t out_bytes, sent; /* of it, up to there */
	int64_t unread_ns; /* since when nothing is taken of out; INT64_MAX: it is empty */
	int64_t paid_ns; /* what was asked is allowed for until then */
	uint64_t awaits; /* the question that is answered later; 0: none */
	char id[QUESTION_ID_BYTES]; /* of that question */
	enum control_method method;
	bool follows; /* events */
	bool records; /* readings */
};

/* Takes fd over, also when it fails. -ENOMEM, or why the kernel does not say who it is. */
int client_open(struct client *client, int fd, gid_t changers);
void client_close(struct client *client); /* the place is free then; takes a free one */

/* 1: client->line is a whole one, NUL-terminated, until client_done(); 0: not yet; -EMSGSIZE: it is
 * too long; other negative errno: the connection has ended. */
int client_take_line(struct client *client);
void client_done(struct client *client);

/* May another question be asked now, by how many there were lately. */
bool client_may_ask(struct client *client, int64_t now_ns);

/* A line is written into the room that is left; false: it did not fit, and nothing is sent. */
void client_begin(struct client *client, struct jw *json);
bool client_end(struct client *client, struct jw *json);

/* Sends what there is. Negative errno: the connection has ended. */
int client_flush(struct client *client, int64_t now_ns);

#endif
