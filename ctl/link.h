/* The connection to the daemon's control socket (doc/control.md). */
#ifndef CORRIDORCTL_LINK_H
#define CORRIDORCTL_LINK_H

#include <jansson.h>
#include <stdbool.h>

struct link;

/* Negative errno. Free with link_close(). */
int link_open(const char *path, struct link **ret_link);
void link_close(struct link *link); /* takes NULL */

int link_fd(const struct link *link); /* readable when a line may have come */

/* Asks, and waits for the answer, which the caller frees; NULL: there is none, or it is a refusal,
 * and link_error() says why. of: NULL where there is none. */
json_t *link_ask(struct link *link, const char *method, const char *of);
json_t *link_ask_this(struct link *link, json_t *question); /* takes the question over */
/* The same, but a refusal is an answer, too. */
json_t *link_ask_any(struct link *link, json_t *question);

/* The answer as it came, NUL-terminated, until the next question: for who needs its very bytes. */
const char *link_line(const struct link *link);

/* All of a list, in as many answers as it takes. */
json_t *link_list(struct link *link, const char *method, const char *of);

/* The next event of those that are followed; NULL: the connection has ended, or there is none now
 * and it is not waited for. */
json_t *link_next_event(struct link *link, bool wait);

/* The next reading of those that are recorded, a line of a trace, waiting for it so long at most.
 * NULL: there is none. The caller frees it. */
json_t *link_next_reading(struct link *link, int wait_ms);
bool link_has_ended(const struct link *link); /* and nothing of it is left to be heard */

const char *link_error(const struct link *link);

#endif
