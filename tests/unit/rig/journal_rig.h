/* A journal in a folder of its own, and an uplink that remembers what it was offered. */
#ifndef CORRIDORD_TESTS_JOURNAL_RIG_H
#define CORRIDORD_TESTS_JOURNAL_RIG_H

#include "unit.h"

#include <pthread.h>

#include "base/worker.h"
#include "journal/journal.h"

#define JOURNAL_RIG_PATH 512
#define NO_LIMIT	 SIZE_MAX

/* An event as it was offered. */
struct seen {
	uint64_t position, seq;
	char epoch[EVENT_EPOCH_BYTES];
	char type[64];
	char *payload;
	size_t bytes;
	bool late;
	uint32_t session;
};

struct journal_rig {
	char folder[JOURNAL_RIG_PATH];
	char path[JOURNAL_RIG_PATH + 16], fallback[JOURNAL_RIG_PATH + 32]; /* of conf */
	char elsewhere[JOURNAL_RIG_PATH + 32]; /* of conf after use_state_folder() */
	bool mounted;
	struct journal_conf conf;
	struct event_origin origin;
	struct journal *journal;
	struct outlet_source source;
	uint64_t made; /* events put, numbered in their body */

	pthread_mutex_t lock; /* of what follows, while the journal runs */
	pthread_cond_t changed;
	struct seen *seen[STREAM_COUNT]; /* they do not move */
	size_t count[STREAM_COUNT];
	bool too_many;
	size_t room[STREAM_COUNT]; /* offers still accepted */
	bool acks; /* acknowledge at once */
	size_t refused;
	struct event_head head;
	size_t heads, states;
	char state_key[STATE_KEY_BYTES], state[EVENT_BYTES];
};

int journal_rig_new(void **state); /* of cmocka */
int journal_rig_free(void **state);

#define journal_test(test) cmocka_unit_test_setup_teardown(test, journal_rig_new, journal_rig_free)

/* Not as a fixture: for a rig within another. Closes a journal that is open. */
void journal_rig_init(struct journal_rig *rig);
void journal_rig_fini(struct journal_rig *rig);

/* ---- the journal ----------------------------------------------------------------------- */

/* Without a thread, until start_journal(). */
int try_to_open_journal(struct journal_rig *rig);
void start_journal(struct journal_rig *rig);
void open_journal(struct journal_rig *rig); /* both */
size_t close_journal(struct journal_rig *rig); /* returns the events lost */
/* False: not by then, and its thread still runs. */
bool close_journal_within(struct journal_rig *rig, int64_t span_ns, size_t *ret_lost);

/* Closes it and opens it again; what was seen is forgotten. */
void reopen_journal(struct journal_rig *rig);

/* Work on the rig in a process of its own, which then dies without closing anything, as in a
 * power cut. Fails the test unless it returns 0. */
void die_after(struct journal_rig *rig, int (*work)(struct journal_rig *rig));

/* Opens it, puts events (each fifth one an alert), closes it. */
void fill_and_close_journal(struct journal_rig *rig, size_t count);

/* ---- events and memories put ----------------------------------------------------------- */

void put_event(struct journal_rig *rig, enum event_id id); /* waits for room */
void put_events(struct journal_rig *rig, enum event_id id, size_t count);
/* Padded to about as many bytes. Does not wait: -EAGAIN. */
int try_to_put_event(struct journal_rig *rig, enum event_id id, size_t bytes);

/* text NULL: no more. */
void remember(struct journal_rig *rig, const char *key, const char *text);
/* What the journal hands back, all of it: "key=text;key=text;" */
void assert_recalled(struct journal_rig *rig, const char *all);

/* ---- the uplink ------------------------------------------------------------------------ */

/* Up to what was seen there, counted from 0. */
void acknowledge(struct journal_rig *rig, enum outlet_stream stream, size_t index);
void rewind_journal(struct journal_rig *rig, uint32_t session);
/* Room for so many more offers, and pulls. */
void give_room(struct journal_rig *rig, enum outlet_stream stream, size_t room);
void forget_seen(struct journal_rig *rig);

/* ---- waiting --------------------------------------------------------------------------- */

/* For what shows at the uplink: evaluated under the rig's lock. */
#define JOURNAL_WAIT(rig, condition)                                      \
	do {                                                              \
		struct timespec deadline_ = journal_rig_lock(rig);        \
		while (!(condition))                                      \
			journal_rig_pause((rig), &deadline_, #condition); \
		pthread_mutex_unlock(&(rig)->lock);                       \
	} while (0)

struct timespec journal_rig_lock(struct journal_rig *rig);
/* Until something changed; at the deadline fails, with the lock let go. */
void journal_rig_pause(struct journal_rig *rig, const struct timespec *deadline,
		       const char *condition);

/* Exactly so many on the stream of events. */
void wait_for_events(struct journal_rig *rig, size_t count);
void wait_for_type(struct journal_rig *rig, const char *type);
void wait_for_head(struct journal_rig *rig, uint64_t seq);
void wait_for_condition(struct journal_rig *rig, enum journal_condition condition);
/* It rests in the end, whatever it has been through. */
void wait_for_rest(void);

/* ---- what was seen --------------------------------------------------------------------- */

bool seen_has(const struct seen *seen, const char *text);
const char *seen_after(const struct seen *seen, const char *key); /* "": no such key */
uint64_t seen_made(const struct seen *seen); /* its number in the body */
void seen_hash(const struct seen *seen, char hex[65]);

/* The first one of the type, NULL: none. */
const struct seen *find_seen(const struct journal_rig *rig, enum outlet_stream stream,
			     const char *type);
size_t count_seen(struct journal_rig *rig, enum outlet_stream stream, const char *type);

/* Events seen from there on: numbers without a hole, linked by hash, one epoch each. */
void assert_chain(const struct journal_rig *rig, size_t from);

/* ---- the file, while the journal is closed ----------------------------------------------- */

/* In "state/" below the rig's folder, which is not there yet; in a filesystem of its own:
 * skips the test where that is not permitted. */
void use_state_folder(struct journal_rig *rig);
void mount_state_folder(struct journal_rig *rig, const char *size);

void acknowledge_at_once(struct journal_rig *rig); /* from now on */
struct event_head head_of(struct journal_rig *rig); /* while the journal may give another */
bool is_beside(const struct journal_rig *rig, const char *ending); /* of the path */
int64_t bytes_of(const char *path); /* -1: it is not there */
/* Pages of SQLite's that hold events: the file ends in room that is kept in reserve. */
long content_pages(const char *path);
void overwrite_pages(const char *path, long first, long count); /* by chance */
void run_sql(const char *path, const char *sql);
/* In the payload of each event of telemetry, of the same length. */
void replace_in_telemetry(const char *path, const char *text, const char *by);
int64_t ask_sql(const char *path, const char *sql); /* a number */

#endif
