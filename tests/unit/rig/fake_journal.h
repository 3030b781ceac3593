/* A journal that is only numbers: as many events as the test says there are, offered to an
 * uplink as the real one does it, by a thread of its own. */
#ifndef CORRIDORD_TESTS_FAKE_JOURNAL_H
#define CORRIDORD_TESTS_FAKE_JOURNAL_H

#include "unit.h"

#include <pthread.h>

#include "journal/outlet.h"

#define FAKE_EPOCH "00000000000000aa"

struct fake_journal {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct outlet outlet;
	bool running;
	uint32_t session; /* of the last rewind */
	uint64_t count; /* events there are: 1 to count */
	uint64_t late_count; /* of these were there before the session began */
	uint64_t alert_every; /* each such event is an alert too; 0: none */
	size_t payload_bytes;
	uint64_t next[STREAM_COUNT];
	bool blocked[STREAM_COUNT];
	uint64_t acked[STREAM_COUNT];
	uint64_t pulls;
	struct event_head told; /* by the broker, last */
	bool ack_went_back; /* that must never be */
};

void fake_journal_init(struct fake_journal *journal);
void fake_journal_fini(struct fake_journal *journal);

void fake_journal_start(struct fake_journal *journal, const struct outlet *outlet);
void fake_journal_stop(struct fake_journal *journal); /* also one not started */
struct outlet_source fake_journal_source(struct fake_journal *journal);

void fake_journal_add(struct fake_journal *journal, uint64_t count);
/* Each such event is an alert too, of type seal.tampered; the others are barrier.open. */
void fake_journal_alert_every(struct fake_journal *journal, uint64_t every);

uint64_t fake_journal_acked(struct fake_journal *journal, enum outlet_stream stream);
struct event_head fake_journal_told(struct fake_journal *journal);
uint32_t fake_journal_session(struct fake_journal *journal);
/* How far the events have been taken by the uplink. */
/* Position of the first one that was not taken in this session. */
uint64_t fake_journal_next(struct fake_journal *journal, enum outlet_stream stream);
uint64_t fake_journal_offered(struct fake_journal *journal);

#endif
