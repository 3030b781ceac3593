/* An uplink between a journal that is only numbers and a real mosquitto on loopback, with a
 * subscriber there. Each test has its own, in a folder of its own. */
#ifndef CORRIDORD_TESTS_UPLINK_RIG_H
#define CORRIDORD_TESTS_UPLINK_RIG_H

#include "fake_journal.h"
#include "process.h"
#include "subscriber.h"

#include "outbound/uplink.h"

#define UPLINK_RIG_WINDOW 20
#define UPLINK_RIG_PATHS  4
#define UPLINK_RIG_HOSTS  4

struct uplink_rig {
	char folder[32];
	char log[64]; /* what the uplink logs */
	struct process broker;
	struct process door; /* a way to the broker that can be shut */
	struct process gateway; /* a process that is the uplink's, without a port */
	struct subscriber subscriber;
	struct fake_journal journal;
	char *paths[UPLINK_RIG_PATHS]; /* given by path_of() */
	size_t path_count;
	char *hosts[UPLINK_RIG_HOSTS];
	char host_text[UPLINK_RIG_HOSTS][64];
	struct uplink_conf conf; /* of the uplink, until it is started */
	struct event_origin origin;
	struct uplink *uplink;
	const struct inlet *inlet; /* it hears, or NULL */
};

int uplink_rig_new(void **state); /* of cmocka */
int uplink_rig_free(void **state);

#define uplink_test(test) cmocka_unit_test_setup_teardown(test, uplink_rig_new, uplink_rig_free)

/* Lets the subscriber receive until it is true. */
#define until(rig, condition)                                          \
	do {                                                           \
		int64_t until_ns_ = real_mono_ns() + PATIENCE_NS;      \
		while (!(condition))                                   \
			uplink_rig_turn((rig), until_ns_, #condition); \
	} while (0)

/* Fails the test, with the log, when the time is over. */
void uplink_rig_turn(struct uplink_rig *rig, int64_t until_ns, const char *condition);

size_t times_logged(struct uplink_rig *rig, const char *text);
void write_file(struct uplink_rig *rig, const char *name, const char *content);
char *path_of(struct uplink_rig *rig, const char *name); /* as long as the rig */

/* ---- broker and subscriber ------------------------------------------------------------- */

/* lines: of mosquitto.conf, beside the listener's. Keeps its port when started again. */
void start_broker(struct uplink_rig *rig, const char *lines);
void start_broker_again(struct uplink_rig *rig); /* with the lines it had */
void open_door(struct uplink_rig *rig);
void shut_door(struct uplink_rig *rig);

void subscribe(struct uplink_rig *rig);
void subscribe_as(struct uplink_rig *rig, const char *login);

/* ---- uplink ---------------------------------------------------------------------------- */

/* Without it, start_uplink() takes the door, and without that the broker. */
void add_host(struct uplink_rig *rig, int port);
void start_uplink(struct uplink_rig *rig);
/* As the daemon stops: the journal first is no longer called, then ends. False: in vain. */
bool stop_uplink(struct uplink_rig *rig, int64_t patience_ns);
bool is_connected(struct uplink_rig *rig);

/* Adds events to the journal, up to count, but never so many that a broker would have to keep
 * them for the subscriber: what it keeps in memory it may acknowledge and lose. True: all came. */
bool feed_up_to(struct uplink_rig *rig, uint64_t count);

/* In the journal's place. */
void put_state(struct uplink_rig *rig, const char *key, const char *payload);
void put_head(struct uplink_rig *rig, const char *epoch, uint64_t seq);

#endif
