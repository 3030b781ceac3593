/* The control socket: what the gateway knows, for a technician or a panel beside it.
 *
 * A Unix socket on which each line is a JSON object: questions in, answers and, for who follows
 * them, events out. Whom its file lets in may ask (mode 0660: root and the daemon's group); what
 * changes something only root may, and a group that is named. Everything is bounded: clients,
 * lines, answers, how often one may ask and for how long it may leave unread what it was sent; who
 * goes beyond is dropped. Nobody is waited for, and without a client nothing wakes the daemon.
 *
 * Main loop only. It knows nothing of what it is asked: a host answers.
 */
#ifndef CORRIDORD_CONTROL_H
#define CORRIDORD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "control/peer.h"
#include "control/question.h"
#include "transit/event/event.h"

#define CONTROL_SCHEMA	     "corridord.control/1"
#define CONTROL_CLIENTS	     8
#define CONTROL_ANSWER_BYTES (48 * 1024) /* of the members of an answer */
#define CONTROL_UNREAD_NS    (INT64_C(10) * 1000000000)

/* Why a question is not answered. */
struct control_refusal {
	const char *code; /* a constant, for programs */
	char error[QUESTION_ERROR_BYTES]; /* for people */
	const char *lines; /* more of that, a line each; or NULL */
};

struct control_host {
	void *data;
	/* Members of the answer, CONTROL_ANSWER_BYTES at most. What puts an event is no answer at once. 0; -EINPROGRESS: control_answer()
	 * follows with that number; other negative errno: refused, for a reason that is filled in. */
	int (*answer)(void *data, const struct control_question *question, uint64_t number,
		      const struct control_peer *by, struct jw *json,
		      struct control_refusal *ret_refusal);
};

struct control;

/* path: of the socket; one that nobody listens at any more is replaced. changers: the group that may
 * change something besides root, or ACCOUNT_NO_GROUP. Host is copied. -EADDRINUSE: another daemon
 * listens there; -ENAMETOOLONG; -ENOENT: there is no such folder; other negative errno. */
int control_new(const char *path, gid_t changers, const struct control_host *host,
		struct control **ret_control);
void control_free(struct control *control); /* removes the socket; takes NULL */

/* Readable when there is something to do. Owned by the control. */
int control_fd(const struct control *control);
void control_serve(struct control *control, int64_t now_ns);

/* The answer to a question that was in progress: members, or a refusal. If who asked has gone,
 * nothing happens. */
void control_answer(struct control *control, uint64_t number, const char *members, size_t bytes,
		    const struct control_refusal *refusal, int64_t now_ns);

bool control_is_recorded(const struct control *control);
/* Passes a reading, as a line of a trace, to those who record. */
void control_tell_reading(struct control *control, const char *line, int64_t now_ns);

bool control_is_followed(const struct control *control);
/* Passes an event to those who follow. */
void control_tell(struct control *control, const struct event_draft *draft, int64_t now_ns);

#endif
