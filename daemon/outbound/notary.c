#include "outbound/notary.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/worker.h"
#include "evidence/note.h"
#include "frames/topic.h"
#include "outbound/signer.h"

#define LOG_TOKEN "signer"
#include "base/log.h"

#define EVERY_NS     (60 * NS_PER_S)
#define EVERY_EVENTS 256
#define LEAST_NS     (500 * NS_PER_MS) /* between two heads */
#define PROOF_NS     (5 * NS_PER_S)
#define SOON_NS	     NS_PER_S /* after a failure */
#define AGAIN_NS     (10 * NS_PER_S) /* after the next ones */
#define STUCK_NS     (60 * NS_PER_S)
#define EPOCHS_KEPT  4

struct signed_head {
	struct event_head head;
	char note[NOTE_BYTES];
};

struct notary {
	struct notary_conf conf;
	struct worker *worker;
	struct peers *peers; /* NULL: there are none */
	char name[NOTE_NAME_BYTES]; /* of the key */

	pthread_mutex_t lock; /* of these */
	struct event_head head; /* as it grew */
	bool critical, hurried;
	struct outlet_proof proof;
	bool proved;
	struct event_head signed_to;
	struct signed_head kept[EPOCHS_KEPT]; /* the last one of each of the newest epochs */
	size_t newest;
	char keys[SIGNER_KEYS_BYTES]; /* with which it is signed */
	bool keys_told;
	char why[NOTARY_WHY_BYTES]; /* nothing is signed; empty: it is */
	bool idle; /* nothing is left to sign */
	bool done; /* the same, or it cannot be signed now */
	bool handover; /* some wait to be signed */

	/* the thread's */
	struct signer signer;
	struct vouching vouching;
	struct signed_head published; /* the last one */
	struct outlet_proof published_proof;
	int64_t signed_ns, again_ns, vouch_again_ns;
	bool trouble; /* logged */
};

/* ---- the signer --------------------------------------------------------------------- */

static void note_why(struct notary *notary, const char *why)
{
	bool changes;

	pthread_mutex_lock(&notary->lock);
	changes = !notary->why[0] != !why[0];
	snprintf(notary->why, sizeof(notary->why), "%s", why);
	pthread_mutex_unlock(&notary->lock);
	if (changes)
		notary->conf.changed(notary->conf.data);
}

static int complain(struct notary *notary, int err, const char *what)
{
	if (!notary->trouble)
		log_error(err, "%s: heads are not signed, trying again every %d s", what,
			  (int)(AGAIN_NS / NS_PER_S));
	notary->again_ns = clock_mono_ns() + (notary->trouble ? AGAIN_NS : SOON_NS);
	notary->trouble = true;
	note_why(notary, what);
	return -EIO;
}

/* A signer that was started anew may have others. */
static void see_keys(struct notary *notary)
{
	bool changes;

	pthread_mutex_lock(&notary->lock);
	changes = strcmp(notary->keys, notary->signer.keys) != 0;
	if (changes) {
		memcpy(notary->keys, notary->signer.keys, sizeof(notary->keys));
		notary->keys_told = false;
		notary->critical = true; /* a head that has the event, soon */
	}
	pthread_mutex_unlock(&notary->lock);
	if (changes)
		notary->conf.changed(notary->conf.data);
}

static int note_failure(struct notary *notary, int err)
{
	if (notary->trouble)
		vouching_give_up(&notary->vouching);
	return complain(notary, err, notary->signer.failure);
}

static int ask(struct notary *notary, const char *question, char answer[SIGNER_LINE_BYTES])
{
	int err = signer_ask(&notary->signer, question, answer);

	if (err == 0)
		see_keys(notary);
	return err < 0 ? note_failure(notary, err) : 0;
}

/* ---- one head ----------------------------------------------------------------------- */

static void origin_of(const struct notary *notary, const char *epoch, char origin[NOTE_NAME_BYTES])
{
	snprintf(origin, NOTE_NAME_BYTES, "%.*s/%s", NOTE_NAME_BYTES - EVENT_EPOCH_BYTES - 1,
		 notary->name, epoch);
}

static int ask_last(struct notary *notary, const char *epoch, uint64_t *ret_size)
{
	char origin[NOTE_NAME_BYTES], question[SIGNER_LINE_BYTES], answer[SIGNER_LINE_BYTES];
	int err;

	origin_of(notary, epoch, origin);
	snprintf(question, sizeof(question), "last %s", origin);
	err = ask(notary, question, answer);
	if (err < 0)
		return err;
	if (strncmp(answer, "last ", 5) != 0)
		return complain(notary, 0, answer);
	*ret_size = strtoull(answer + 5, NULL, 10);
	return 0;
}

/* -EAGAIN: not by now. */
static int wait_for_proof(struct notary *notary, struct outlet_proof *ret_proof)
{
	int64_t until_ns = clock_mono_ns() + PROOF_NS;
	bool proved = false;

	while (!proved && clock_mono_ns() < until_ns) {
		bool goes_on = worker_wait(notary->worker, until_ns, NULL);

		pthread_mutex_lock(&notary->lock);
		proved = notary->proved;
		*ret_proof = notary->proof;
		pthread_mutex_unlock(&notary->lock);
		if (!goes_on)
			break;
	}
	return proved ? 0 : -EAGAIN;
}

static int prove(struct notary *notary, uint64_t old_size, uint64_t new_size,
		 struct outlet_proof *ret_proof)
{
	pthread_mutex_lock(&notary->lock);
	notary->proved = false;
	pthread_mutex_unlock(&notary->lock);
	notary->conf.prove(notary->conf.data, old_size, new_size);
	return wait_for_proof(notary, ret_proof);
}

static int ask_to_sign(struct notary *notary, const struct outlet_proof *proof,
		       char note[NOTE_BYTES])
{
	char origin[NOTE_NAME_BYTES], hash[NOTE_HASH_TEXT], question[SIGNER_LINE_BYTES],
		answer[SIGNER_LINE_BYTES];
	size_t used;
	int err, length;

	origin_of(notary, proof->head.epoch, origin);
	base64_encode(proof->root.bytes, sizeof(proof->root.bytes), hash);
	used = (size_t)snprintf(question, sizeof(question), "sign %s %" PRIu64 " %s", origin,
				proof->head.seq, hash);
	for (size_t i = 0; i < proof->path.count; i++) {
		base64_encode(proof->path.hash[i].bytes, TREE_HASH_BYTES, hash);
		used += (size_t)snprintf(question + used, sizeof(question) - used, " %s", hash);
	}
	err = ask(notary, question, answer);
	if (err < 0)
		return err;
	if (strncmp(answer, "note ", 5) != 0)
		return complain(notary, 0, answer);
	length = base64_decode(answer + 5, strlen(answer + 5), note, NOTE_BYTES - 1);
	if (length < 0)
		return complain(notary, length, "corridord-signer gives no note");
	note[length] = '\0';
	return 0;
}

static void put_growth(struct jw *json, const struct outlet_proof *proof)
{
	char hash[NOTE_HASH_TEXT];

	jw_open(json, "continues");
	jw_uint(json, "size", proof->old_size);
	jw_open_array(json, "path");
	for (size_t i = 0; i < proof->path.count; i++) {
		base64_encode(proof->path.hash[i].bytes, TREE_HASH_BYTES, hash);
		jw_text(json, NULL, hash);
	}
	jw_close_array(json);
	jw_close(json);
}

/* The last one that was signed, and what witnesses say of it or one before. */
static void publish(struct notary *notary)
{
	char members[NOTE_MEMBERS_BYTES], witnessed[NOTE_BYTES];
	const struct outlet_proof *proof = &notary->published_proof;
	struct jw json;

	jw_start(&json, members, sizeof(members));
	jw_text(&json, "note", notary->published.note);
	if (proof->old_size > 0)
		put_growth(&json, proof);
	if (notary->peers &&
	    peers_gathered(notary->peers, notary->published.head.epoch, witnessed) > 0)
		jw_text(&json, "witnessed", witnessed);
	if (jw_ok(&json))
		notary->conf.signed_head(notary->conf.data, members, json.bytes);
}

/* Under the lock. */
static void keep(struct notary *notary, const struct event_head *head, const char *note)
{
	if (strcmp(notary->kept[notary->newest].head.epoch, head->epoch) != 0)
		notary->newest = (notary->newest + 1) % EPOCHS_KEPT;
	notary->kept[notary->newest].head = *head;
	snprintf(notary->kept[notary->newest].note, NOTE_BYTES, "%s", note);
	notary->signed_to = *head;
}

static int sign(struct notary *notary, const struct event_head *head)
{
	struct outlet_proof proof;
	char note[NOTE_BYTES];
	uint64_t last = 0;
	int err = ask_last(notary, head->epoch, &last);

	if (err == 0)
		err = prove(notary, last, 0, &proof);
	if (err < 0)
		return err;
	if (strcmp(proof.head.epoch, head->epoch) != 0)
		return -EAGAIN; /* it ended meanwhile */
	if (!proof.known)
		return complain(notary, 0, "this epoch began before there was a tree, or lost it");
	if (proof.head.seq < last)
		return complain(notary, 0, "the journal is shorter than what was signed of it");
	if (proof.err < 0)
		return complain(notary, proof.err,
				"no proof that the journal continues what was signed");
	err = ask_to_sign(notary, &proof, note);
	if (err < 0)
		return err;
	notary->published.head = proof.head;
	memcpy(notary->published.note, note, sizeof(note));
	notary->published_proof = proof;
	publish(notary);
	pthread_mutex_lock(&notary->lock);
	keep(notary, &proof.head, note);
	pthread_mutex_unlock(&notary->lock);
	if (notary->trouble)
		log_info("heads are signed again");
	if (vouching_resume(&notary->vouching))
		notary_handover(notary);
	notary->trouble = false;
	note_why(notary, "");
	return 0;
}

/* ---- witnesses ---------------------------------------------------------------------- */

/* A head, to one of them. */
static int offer(struct notary *notary, size_t to, uint64_t old_size)
{
	const struct event_head *head = &notary->published.head;
	struct outlet_proof proof = {0};
	int err = old_size > 0 ? prove(notary, old_size, head->seq, &proof) : 0;

	if (err == 0 && old_size > 0 &&
	    (strcmp(proof.head.epoch, head->epoch) != 0 || !proof.known))
		return 0; /* it ended meanwhile */
	if (err == 0 && proof.err == 0)
		peers_offer(notary->peers, to, old_size, &proof.path, notary->published.note);
	return err;
}

static void see_witnesses(struct notary *notary)
{
	const struct event_head *head = &notary->published.head;
	uint64_t old_size;
	size_t to;
	int more = peers_step(notary->peers, &notary->signer);

	if (more < 0) {
		(void)note_failure(notary, more);
		return;
	}
	if (more > 0 && notary->published.note[0])
		publish(notary);
	while (peers_next_offer(notary->peers, head, &to, &old_size))
		if (offer(notary, to, old_size) < 0)
			peers_offer_again(notary->peers, to);
}

/* ---- handovers ----------------------------------------------------------------------- */

static int64_t handovers_due_ns(struct notary *notary)
{
	bool waits;

	pthread_mutex_lock(&notary->lock);
	waits = notary->handover;
	pthread_mutex_unlock(&notary->lock);
	return waits ? notary->vouch_again_ns : INT64_MAX;
}

/* Those that are put meanwhile are taken too, or ask for another time. */
static void see_handovers(struct notary *notary)
{
	int err;

	pthread_mutex_lock(&notary->lock);
	notary->handover = false;
	pthread_mutex_unlock(&notary->lock);
	err = vouching_step(&notary->vouching, &notary->signer);
	if (err == 0)
		return;
	(void)note_failure(notary, err);
	notary->vouch_again_ns = notary->again_ns;
	notary_handover(notary);
}

/* ---- the thread --------------------------------------------------------------------- */

/* Under the lock. */
static int64_t due_ns(const struct notary *notary)
{
	const struct event_head *head = &notary->head, *last = &notary->signed_to;
	bool same = strcmp(head->epoch, last->epoch) == 0;
	int64_t due = notary->signed_ns + EVERY_NS;

	if (head->seq == 0 || (same && head->seq <= last->seq))
		return INT64_MAX;
	if (!same || notary->critical || notary->hurried || head->seq - last->seq >= EVERY_EVENTS)
		due = notary->hurried ? 0 : notary->signed_ns + LEAST_NS;
	return due > notary->again_ns ? due : notary->again_ns;
}

/* What could not be signed stays as urgent as it was. */
static void sign_now(struct notary *notary)
{
	struct event_head head;
	bool critical;
	int err;

	pthread_mutex_lock(&notary->lock);
	head = notary->head;
	critical = notary->critical;
	notary->critical = false;
	pthread_mutex_unlock(&notary->lock);
	if (critical && notary->peers)
		peers_press(notary->peers, &head);
	err = sign(notary, &head);
	notary->signed_ns = clock_mono_ns();
	if (err == 0)
		return;
	if (err == -EAGAIN)
		notary->again_ns = notary->signed_ns + LEAST_NS;
	pthread_mutex_lock(&notary->lock);
	notary->critical |= critical;
	pthread_mutex_unlock(&notary->lock);
}

static int64_t look(struct notary *notary)
{
	int64_t due;

	pthread_mutex_lock(&notary->lock);
	due = due_ns(notary);
	notary->idle = due == INT64_MAX;
	notary->done = notary->idle || notary->again_ns > clock_mono_ns();
	pthread_mutex_unlock(&notary->lock);
	return due;
}

/* Not while the signer fails. */
static int64_t witnesses_due_ns(const struct notary *notary)
{
	int64_t due = INT64_MAX;

	if (notary->peers)
		due = peers_due_ns(notary->peers, &notary->published.head);
	return due > notary->again_ns ? due : notary->again_ns;
}

static void run(void *data)
{
	struct notary *notary = data;
	int64_t due;

	do {
		int64_t witness_ns = witnesses_due_ns(notary);

		due = look(notary);
		if (due <= clock_mono_ns()) {
			sign_now(notary);
			due = 0;
		}
		if (witness_ns <= clock_mono_ns()) {
			see_witnesses(notary);
			due = 0;
		}
		due = witness_ns < due ? witness_ns : due;
		if (handovers_due_ns(notary) <= clock_mono_ns())
			see_handovers(notary);
		witness_ns = handovers_due_ns(notary);
		due = witness_ns < due ? witness_ns : due;
	} while (worker_wait(notary->worker, due, NULL));
	signer_put_down(&notary->signer);
}

/* ---- from outside ------------------------------------------------------------------- */

static void wake(void *data)
{
	const struct notary *notary = data;

	worker_wake(notary->worker);
}

static void publish_state(void *data, const struct outlet_state *state)
{
	const struct notary *notary = data;

	notary->conf.state(notary->conf.data, state);
}

static void note_news(void *data)
{
	const struct notary *notary = data;

	notary->conf.changed(notary->conf.data);
}

void notary_handover(struct notary *notary)
{
	pthread_mutex_lock(&notary->lock);
	notary->handover = true;
	pthread_mutex_unlock(&notary->lock);
	worker_wake(notary->worker);
}

static int new_witness(struct notary *notary)
{
	const struct peers_host host = {
		.data = notary, .wake = wake, .publish = publish_state, .changed = note_news};

	return peers_new(notary->conf.witness, notary->name, &host, &notary->peers);
}

int notary_new(const struct notary_conf *conf, struct notary **ret_notary)
{
	struct notary *notary = calloc(1, sizeof(*notary));
	int err;

	if (!notary)
		return -ENOMEM;
	notary->conf = *conf;
	notary->signed_ns = -LEAST_NS;
	snprintf(notary->name, sizeof(notary->name), "corridor/%s/%s", conf->origin->checkpoint,
		 conf->origin->gateway);
	pthread_mutex_init(&notary->lock, NULL);
	notary->vouching = (struct vouching){.host = conf->handovers, .name = notary->name};
	err = worker_new(STUCK_NS, &notary->worker);
	if (err == 0 && conf->witness->enabled)
		err = new_witness(notary);
	notary->signer = (struct signer){.conf = conf->signer,
					 .witness = conf->witness,
					 .name = notary->name,
					 .worker = notary->worker};
	if (err < 0) {
		notary_free(notary, 0);
		return err;
	}
	*ret_notary = notary;
	return 0;
}

int notary_start(struct notary *notary)
{
	const struct worker_job job = {.name = "notary", .run = run, .data = notary};

	return worker_start(notary->worker, &job);
}

void notary_grown(struct notary *notary, const struct event_head *head, bool critical)
{
	bool wakes;

	pthread_mutex_lock(&notary->lock);
	wakes = notary->idle || critical;
	notary->head = *head;
	notary->critical |= critical;
	notary->idle = false;
	wakes |= head->seq % EVERY_EVENTS == 0 ||
		 strcmp(head->epoch, notary->signed_to.epoch) != 0 ||
		 head->seq - notary->signed_to.seq >= EVERY_EVENTS;
	pthread_mutex_unlock(&notary->lock);
	if (wakes)
		worker_wake(notary->worker);
}

void notary_proved(struct notary *notary, const struct outlet_proof *proof)
{
	pthread_mutex_lock(&notary->lock);
	notary->proof = *proof;
	notary->proved = true;
	pthread_mutex_unlock(&notary->lock);
	worker_wake(notary->worker);
}

void notary_why(struct notary *notary, char why[NOTARY_WHY_BYTES])
{
	pthread_mutex_lock(&notary->lock);
	memcpy(why, notary->why, NOTARY_WHY_BYTES);
	pthread_mutex_unlock(&notary->lock);
}

bool notary_take_keys(struct notary *notary, char keys[SIGNER_KEYS_BYTES])
{
	bool news;

	pthread_mutex_lock(&notary->lock);
	news = !notary->keys_told && notary->keys[0];
	notary->keys_told = true;
	memcpy(keys, notary->keys, SIGNER_KEYS_BYTES);
	pthread_mutex_unlock(&notary->lock);
	return news;
}

struct peers *notary_peers(const struct notary *notary)
{
	return notary->peers;
}

bool notary_note(struct notary *notary, const char *epoch, uint64_t seq, char out[NOTE_BYTES],
		 uint64_t *ret_size)
{
	bool found = false;

	*ret_size = notary->peers ? peers_gathered(notary->peers, epoch, out) : 0;
	if (*ret_size >= seq && *ret_size > 0)
		return true;
	pthread_mutex_lock(&notary->lock);
	for (size_t i = 0; i < EPOCHS_KEPT && !found; i++) {
		const struct signed_head *kept = &notary->kept[i];

		found = kept->head.seq > 0 && strcmp(kept->head.epoch, epoch) == 0;
		if (!found)
			continue;
		memcpy(out, kept->note, NOTE_BYTES);
		*ret_size = kept->head.seq;
	}
	pthread_mutex_unlock(&notary->lock);
	return found;
}

void notary_hurry(struct notary *notary)
{
	pthread_mutex_lock(&notary->lock);
	notary->hurried = true;
	notary->done = false;
	pthread_mutex_unlock(&notary->lock);
	worker_wake(notary->worker);
}

bool notary_is_done(struct notary *notary)
{
	bool done;

	pthread_mutex_lock(&notary->lock);
	done = notary->done;
	pthread_mutex_unlock(&notary->lock);
	return done;
}

bool notary_free(struct notary *notary, int64_t deadline_mono_ns)
{
	if (!notary)
		return true;
	if (!worker_stop(notary->worker, deadline_mono_ns))
		return false;
	worker_free(notary->worker);
	peers_free(notary->peers);
	pthread_mutex_destroy(&notary->lock);
	free(notary);
	return true;
}
