#include "fake_journal.h"

#include <inttypes.h>

/* ---- the thread ------------------------------------------------------------------------ */

static bool is_alert(const struct fake_journal *journal, uint64_t n)
{
	return journal->alert_every > 0 && n % journal->alert_every == 0;
}

static size_t fake_payload(const struct fake_journal *journal, uint64_t n, char *out)
{
	size_t bytes = (size_t)sprintf(out, "{\"n\":%" PRIu64 ",\"filler\":\"", n);

	while (bytes < journal->payload_bytes)
		out[bytes++] = (char)('a' + n % 26);
	return bytes + (size_t)sprintf(out + bytes, "\"}");
}

/* The next one of the stream, 0: none now. */
static uint64_t next_number(struct fake_journal *journal, enum outlet_stream stream)
{
	uint64_t n = journal->next[stream];

	if (journal->session == 0 || journal->blocked[stream])
		return 0;
	while (stream == STREAM_ALERTS && n <= journal->count && !is_alert(journal, n))
		n++;
	journal->next[stream] = n;
	return n <= journal->count ? n : 0;
}

/* Under the lock, which is let go during the offer. */
static bool offer_next(struct fake_journal *journal, enum outlet_stream stream)
{
	char payload[EVENT_BYTES + 64];
	uint64_t n = next_number(journal, stream);
	struct outlet_record record = {
		.position = n,
		.epoch = FAKE_EPOCH,
		.seq = n,
		.type = is_alert(journal, n) ? "seal.tampered" : "barrier.open",
		.payload = payload,
		.late = n <= journal->late_count,
		.session = journal->session,
	};
	uint64_t pulls = journal->pulls;
	bool taken;

	if (n == 0)
		return false;
	record.payload_bytes = fake_payload(journal, n, payload);
	pthread_mutex_unlock(&journal->lock);
	taken = journal->outlet.offer(journal->outlet.data, stream, &record);
	journal->outlet.flush(journal->outlet.data);
	pthread_mutex_lock(&journal->lock);
	if (record.session != journal->session)
		return true;
	if (taken)
		journal->next[stream] = n + 1;
	else
		journal->blocked[stream] = journal->pulls == pulls; /* or there is room again */
	return true;
}

static void *fake_run(void *data)
{
	struct fake_journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	while (journal->running) {
		bool alert = offer_next(journal, STREAM_ALERTS);
		bool event = offer_next(journal, STREAM_EVENTS);

		if (!alert && !event && journal->running)
			pthread_cond_wait(&journal->cond, &journal->lock);
	}
	pthread_mutex_unlock(&journal->lock);
	return NULL;
}

/* ---- what the uplink calls ------------------------------------------------------------- */

static void fake_rewind(void *data, uint32_t session)
{
	struct fake_journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	journal->session = session;
	journal->late_count = journal->count;
	for (int i = 0; i < STREAM_COUNT; i++) {
		journal->next[i] = journal->acked[i] + 1;
		journal->blocked[i] = false;
	}
	pthread_cond_signal(&journal->cond);
	pthread_mutex_unlock(&journal->lock);
}

/* Like the real one, a stream that was refused for its session waits for the rewind. */
static void fake_pull(void *data)
{
	struct fake_journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	journal->pulls++;
	journal->blocked[STREAM_EVENTS] = false;
	journal->blocked[STREAM_ALERTS] = false;
	pthread_cond_signal(&journal->cond);
	pthread_mutex_unlock(&journal->lock);
}

static void fake_ack(void *data, enum outlet_stream stream, uint64_t position)
{
	struct fake_journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	if (position <= journal->acked[stream])
		journal->ack_went_back = true;
	journal->acked[stream] = position;
	pthread_mutex_unlock(&journal->lock);
}

static void fake_told(void *data, const struct event_head *head)
{
	struct fake_journal *journal = data;

	pthread_mutex_lock(&journal->lock);
	journal->told = *head;
	pthread_mutex_unlock(&journal->lock);
}

struct event_head fake_journal_told(struct fake_journal *journal)
{
	struct event_head told;

	pthread_mutex_lock(&journal->lock);
	told = journal->told;
	pthread_mutex_unlock(&journal->lock);
	return told;
}

struct outlet_source fake_journal_source(struct fake_journal *journal)
{
	return (struct outlet_source){.data = journal,
				      .told = fake_told,
				      .rewind = fake_rewind,
				      .pull = fake_pull,
				      .ack = fake_ack};
}

/* ---- set-up ---------------------------------------------------------------------------- */

void fake_journal_init(struct fake_journal *journal)
{
	*journal = (struct fake_journal){.payload_bytes = 300};
	pthread_mutex_init(&journal->lock, NULL);
	pthread_cond_init(&journal->cond, NULL);
}

void fake_journal_fini(struct fake_journal *journal)
{
	pthread_cond_destroy(&journal->cond);
	pthread_mutex_destroy(&journal->lock);
}

void fake_journal_start(struct fake_journal *journal, const struct outlet *outlet)
{
	journal->outlet = *outlet;
	journal->session = 0;
	journal->running = true;
	assert_int_equal(pthread_create(&journal->thread, NULL, fake_run, journal), 0);
}

void fake_journal_stop(struct fake_journal *journal)
{
	bool was_running;

	pthread_mutex_lock(&journal->lock);
	was_running = journal->running;
	journal->running = false;
	pthread_cond_signal(&journal->cond);
	pthread_mutex_unlock(&journal->lock);
	if (was_running)
		pthread_join(journal->thread, NULL);
}

/* ---- what the test does and asks ------------------------------------------------------- */

void fake_journal_add(struct fake_journal *journal, uint64_t count)
{
	pthread_mutex_lock(&journal->lock);
	journal->count += count;
	pthread_cond_signal(&journal->cond);
	pthread_mutex_unlock(&journal->lock);
}

void fake_journal_alert_every(struct fake_journal *journal, uint64_t every)
{
	pthread_mutex_lock(&journal->lock);
	journal->alert_every = every;
	pthread_mutex_unlock(&journal->lock);
}

uint64_t fake_journal_acked(struct fake_journal *journal, enum outlet_stream stream)
{
	uint64_t acked;

	pthread_mutex_lock(&journal->lock);
	acked = journal->acked[stream];
	pthread_mutex_unlock(&journal->lock);
	return acked;
}

uint32_t fake_journal_session(struct fake_journal *journal)
{
	uint32_t session;

	pthread_mutex_lock(&journal->lock);
	session = journal->session;
	pthread_mutex_unlock(&journal->lock);
	return session;
}

uint64_t fake_journal_next(struct fake_journal *journal, enum outlet_stream stream)
{
	uint64_t next;

	pthread_mutex_lock(&journal->lock);
	next = journal->next[stream];
	pthread_mutex_unlock(&journal->lock);
	return next;
}

uint64_t fake_journal_offered(struct fake_journal *journal)
{
	return fake_journal_next(journal, STREAM_EVENTS) - 1;
}
