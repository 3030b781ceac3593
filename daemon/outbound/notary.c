#include "outbound/notary.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/worker.h"
#include "evidence/note.h"
#include "frames/topic.h"
#include "outbound/child.h"

#define LOG_TOKEN "signer"
#include "base/log.h"

#define EVERY_NS     (60 * NS_PER_S)
#define EVERY_EVENTS 256
#define LEAST_NS     (500 * NS_PER_MS) /* between two heads */
#define ANSWER_NS    (5 * NS_PER_S)
#define SOON_NS	     NS_PER_S /* after a failure */
#define AGAIN_NS     (10 * NS_PER_S) /* after the next ones */
#define STUCK_NS     (60 * NS_PER_S)
#define LINE_BYTES   4096
#define HASH_TEXT    45
#define EPOCHS_KEPT  4

struct signed_head {
	struct event_head head;
	char note[NOTE_BYTES];
};

struct notary {
	struct notary_conf conf;
	struct worker *worker;
	char name[NOTE_NAME_BYTES]; /* of the key */

	pthread_mutex_t lock; /* of these */
	struct event_head head; /* as it grew */
	bool critical, hurried;
	struct outlet_proof proof;
	bool proved;
	struct event_head signed_to;
	struct signed_head kept[EPOCHS_KEPT]; /* the last one of each of the newest epochs */
	size_t newest;
	char why[NOTARY_WHY_BYTES]; /* nothing is signed; empty: it is */
	bool idle; /* nothing is left to sign */
	bool done; /* the same, or it cannot be signed now */

	/* the thread's */
	pid_t pid; /* of the signer, 0: there is none */
	int fd;
	int64_t signed_ns, again_ns;
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

static void put_down(struct notary *notary)
{
	char words[CHILD_WORDS_BYTES];

	if (notary->pid == 0)
		return;
	close(notary->fd);
	notary->fd = -1;
	child_reap(notary->pid, clock_mono_ns() + LEAST_NS, "a library", words);
	notary->pid = 0;
}

static int start(struct notary *notary)
{
	const struct signer_conf *signer = notary->conf.signer;
	char *const arguments[] = {(char[]){"corridord-signer"}, signer->key, signer->ledger,
				   notary->name, NULL};
	int fds[2];
	int err;

	if (notary->pid > 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return complain(notary, -errno, "no socket for corridord-signer");
	err = child_start_program(arguments[0], arguments, fds[1], &notary->pid);
	close(fds[1]);
	if (err < 0) {
		close(fds[0]);
		notary->pid = 0;
		return complain(notary, err, "corridord-signer cannot be started");
	}
	notary->fd = fds[0];
	return 0;
}

static int receive(struct notary *notary, char answer[LINE_BYTES])
{
	int64_t until_ns = clock_mono_ns() + ANSWER_NS;
	size_t used = 0;

	while (used == 0 || answer[used - 1] != '\n') {
		struct pollfd fd = {.fd = notary->fd, .events = POLLIN};
		ssize_t bytes;

		(void)worker_wait(notary->worker, until_ns, &fd);
		if (clock_mono_ns() >= until_ns)
			return -ETIMEDOUT;
		if (!fd.revents)
			continue;
		bytes = recv(notary->fd, answer + used, LINE_BYTES - 1 - used, MSG_DONTWAIT);
		if (bytes < 0 && errno == EAGAIN)
			continue;
		if (bytes <= 0)
			return -EPIPE;
		used += (size_t)bytes;
	}
	answer[used - 1] = '\0';
	return 0;
}

/* Asks a line, gets a line. On failure there is no signer any more. */
static int ask(struct notary *notary, const char *question, char answer[LINE_BYTES])
{
	size_t bytes = strlen(question);
	int err = start(notary);

	if (err < 0)
		return err;
	if (send(notary->fd, question, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)bytes)
		err = -EPIPE;
	if (err == 0)
		err = receive(notary, answer);
	if (err == 0)
		return 0;
	if (err == -ETIMEDOUT)
		(void)kill(notary->pid, SIGKILL);
	put_down(notary);
	return complain(notary, err, "corridord-signer does not answer");
}

/* ---- one head ----------------------------------------------------------------------- */

static void origin_of(const struct notary *notary, const char *epoch, char origin[NOTE_NAME_BYTES])
{
	snprintf(origin, NOTE_NAME_BYTES, "%.*s/%s", NOTE_NAME_BYTES - EVENT_EPOCH_BYTES - 1,
		 notary->name, epoch);
}

static int ask_last(struct notary *notary, const char *epoch, uint64_t *ret_size)
{
	char origin[NOTE_NAME_BYTES], question[LINE_BYTES], answer[LINE_BYTES];
	int err;

	origin_of(notary, epoch, origin);
	snprintf(question, sizeof(question), "last %s\n", origin);
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
	int64_t until_ns = clock_mono_ns() + ANSWER_NS;
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

static int prove(struct notary *notary, uint64_t old_size, struct outlet_proof *ret_proof)
{
	pthread_mutex_lock(&notary->lock);
	notary->proved = false;
	pthread_mutex_unlock(&notary->lock);
	notary->conf.prove(notary->conf.data, old_size);
	return wait_for_proof(notary, ret_proof);
}

static int ask_to_sign(struct notary *notary, const struct outlet_proof *proof,
		       char note[NOTE_BYTES])
{
	char origin[NOTE_NAME_BYTES], hash[HASH_TEXT], question[LINE_BYTES], answer[LINE_BYTES];
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
	snprintf(question + used, sizeof(question) - used, "\n");
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

static void publish(struct notary *notary, const struct outlet_proof *proof, const char *note)
{
	char members[NOTE_MEMBERS_BYTES], hash[HASH_TEXT];
	struct jw json;

	jw_start(&json, members, sizeof(members));
	jw_text(&json, "note", note);
	if (proof->old_size > 0) {
		jw_open(&json, "continues");
		jw_uint(&json, "size", proof->old_size);
		jw_open_array(&json, "path");
		for (size_t i = 0; i < proof->path.count; i++) {
			base64_encode(proof->path.hash[i].bytes, TREE_HASH_BYTES, hash);
			jw_text(&json, NULL, hash);
		}
		jw_close_array(&json);
		jw_close(&json);
	}
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
		err = prove(notary, last, &proof);
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
	publish(notary, &proof, note);
	pthread_mutex_lock(&notary->lock);
	keep(notary, &proof.head, note);
	pthread_mutex_unlock(&notary->lock);
	if (notary->trouble)
		log_info("heads are signed again");
	notary->trouble = false;
	note_why(notary, "");
	return 0;
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

static void run(void *data)
{
	struct notary *notary = data;
	int64_t due;

	do {
		due = look(notary);
		if (due > clock_mono_ns())
			continue;
		sign_now(notary);
		due = 0;
	} while (worker_wait(notary->worker, due, NULL));
	put_down(notary);
}

/* ---- from outside ------------------------------------------------------------------- */

int notary_new(const struct notary_conf *conf, struct notary **ret_notary)
{
	struct notary *notary = calloc(1, sizeof(*notary));
	int err;

	if (!notary)
		return -ENOMEM;
	notary->conf = *conf;
	notary->fd = -1;
	notary->signed_ns = -LEAST_NS;
	snprintf(notary->name, sizeof(notary->name), "corridor/%s/%s", conf->origin->checkpoint,
		 conf->origin->gateway);
	pthread_mutex_init(&notary->lock, NULL);
	err = worker_new(STUCK_NS, &notary->worker);
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

bool notary_note(struct notary *notary, const char *epoch, char *out, size_t size,
		 uint64_t *ret_size)
{
	bool found = false;

	pthread_mutex_lock(&notary->lock);
	for (size_t i = 0; i < EPOCHS_KEPT && !found; i++) {
		const struct signed_head *kept = &notary->kept[i];

		found = kept->head.seq > 0 && strcmp(kept->head.epoch, epoch) == 0;
		if (!found)
			continue;
		snprintf(out, size, "%s", kept->note);
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
	pthread_mutex_destroy(&notary->lock);
	free(notary);
	return true;
}
