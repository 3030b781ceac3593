#include "registry_desk.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "registry_intake.h"
#include "registry_lists.h"

#define LOG_TOKEN "registry"
#include "log.h"

#define OPEN_MAX     64 /* questions asked, their answers not yet fetched */
#define INBOX_BYTES  (128 * 1024)
#define SLICE_NS     (3 * NS_PER_MS) /* of messages, between two commits of events */
#define FINISH_NS    (100 * NS_PER_MS)
#define REOPEN_NS    (60 * NS_PER_S)
#define AGAIN_NS     (300 * NS_PER_S) /* what was dropped for want of room is asked for again */
#define REFUSALS_MAX 5 /* told in a minute */
#define MINUTE_NS    (60 * NS_PER_S)

struct inbox {
	unsigned char *bytes;
	size_t used;
};

struct packed {
	uint32_t subject_bytes, payload_bytes; /* the subject with its NUL */
};

/* Of a list file: one that is ready, one that was refused after it, or both. */
struct news {
	bool ready, known, refused;
	char path[STORE_PATH_BYTES];
	int records, more;
	struct registry_complaint complaint;
};

struct desk {
	const struct registry_conf *conf;
	struct journal *journal;
	struct lists *lists;
	char path[STORE_PATH_BYTES];
	int fd;

	/* shared, under the lock */
	pthread_mutex_t lock;
	struct registry_question questions[OPEN_MAX];
	size_t question_count;
	struct registry_answer *answers[OPEN_MAX]; /* a ring */
	size_t answer_first, answer_count;
	size_t open;
	struct inbox inbox; /* being filled */
	struct news news[STORE_LISTS_MAX];
	bool anything_new;
	bool detached; /* the journal is going away */
	bool in_turn;
	struct desk_counters counters;

	_Atomic bool wants_all;

	/* the journal's thread */
	struct store store;
	struct inbox batch;
	size_t batch_at;
	int64_t reopen_ns; /* the stream is tried again */
	int64_t again_ns; /* everything is asked for again; INT64_MAX: no need */
	bool failing; /* that was told */
	int64_t minute_ns; /* began then */
	unsigned refusals; /* told in it */
	uint64_t untold; /* refusals beyond those */
};

/* ---- events -------------------------------------------------------------------------- */

static void tell(struct desk *desk, enum event_id id, struct json *json)
{
	struct event_draft draft = {.type = event_type(id)};

	if (desk->detached)
		return;
	json_close(json);
	draft.body = json->out;
	draft.body_bytes = json->bytes;
	if (!json_ok(json) || journal_note(desk->journal, &draft) < 0)
		log_warnx("no room for the event \"%s\"", draft.type->name);
}

static void start_body(struct json *json, char *body, const struct instant *now)
{
	event_body_start(json, body, EVENT_BODY_BYTES, NULL, NULL, now->mono_ns, now);
	json_open(json, "observed");
}

/* A few in a minute; the first one after it says how many more there were. */
static bool may_tell(struct desk *desk, int64_t now_ns)
{
	if (now_ns - desk->minute_ns >= MINUTE_NS) {
		desk->minute_ns = now_ns;
		desk->refusals = 0;
	}
	if (desk->refusals < REFUSALS_MAX) {
		desk->refusals++;
		return true;
	}
	desk->untold++;
	return false;
}

static void refused(struct desk *desk, const char *subject, const struct registry_complaint *why,
		    int more)
{
	char body[EVENT_BODY_BYTES];
	char short_subject[160];
	struct instant now = clock_now();
	struct json json;

	pthread_mutex_lock(&desk->lock);
	desk->counters.refused++;
	pthread_mutex_unlock(&desk->lock);
	if (!may_tell(desk, now.mono_ns))
		return;
	snprintf(short_subject, sizeof(short_subject), "%s", subject);
	log_warnx("\"%s\" is refused: %s", short_subject, why->text);
	start_body(&json, body, &now);
	json_text(&json, "subject", short_subject);
	if (why->line > 0)
		json_int(&json, "line", why->line);
	json_text(&json, "why", why->text);
	json_uint(&json, "more", (uint64_t)more + desk->untold);
	desk->untold = 0;
	tell(desk, EVENT_REGISTRY_REFUSED, &json);
}

static void refused_for(struct desk *desk, const char *subject, const char *why)
{
	struct registry_complaint complaint = {0};

	snprintf(complaint.text, sizeof(complaint.text), "%s", why);
	refused(desk, subject, &complaint, 0);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- the stream's file ----------------------------------------------------------------- */

static void open_stream(struct desk *desk)
{
	int64_t now_ns = clock_mono_ns();
	bool anew = false;
	int err = store_open(&desk->store, desk->path, desk->conf->quota_bytes,
			     desk->conf->max_age_ns, &anew);

	desk->reopen_ns = err < 0 ? now_ns + REOPEN_NS : INT64_MAX;
	if (err < 0 && !desk->failing)
		log_warn(err, "%s cannot be used, nothing is known of consignments until it can",
			 desk->path);
	if (anew)
		log_warnx("%s was damaged and begins anew, it was renamed", desk->path);
	if (err == 0 && (anew || desk->failing)) {
		log_info("asking for all records once more");
		atomic_store(&desk->wants_all, true);
	}
	desk->failing = err < 0;
}

static void store_failed(struct desk *desk, int err)
{
	store_rollback(&desk->store);
	if (err == -EUCLEAN) {
		open_stream(desk);
		return;
	}
	if (desk->again_ns == INT64_MAX)
		desk->again_ns = clock_mono_ns() + AGAIN_NS;
	refused_for(desk, "stream",
		    err == -ENOSPC ? "there is no room for more, see quota and the disk"
				   : strerror(-err));
}

/* ---- questions ------------------------------------------------------------------------- */

static int ask(void *data, const struct registry_question *question)
{
	struct desk *desk = data;
	bool taken;

	pthread_mutex_lock(&desk->lock);
	taken = desk->open < OPEN_MAX;
	if (taken) {
		desk->questions[desk->question_count++] = *question;
		desk->open++;
		desk->counters.questions++;
	}
	pthread_mutex_unlock(&desk->lock);
	if (!taken)
		return -EAGAIN;
	journal_poke(desk->journal);
	return 0;
}

struct registry_desk desk_questions(struct desk *desk)
{
	return (struct registry_desk){.data = desk, .ask = ask};
}

int desk_fd(const struct desk *desk)
{
	return desk->fd;
}

struct registry_answer *desk_take(struct desk *desk)
{
	struct registry_answer *answer = NULL;
	uint64_t count;

	pthread_mutex_lock(&desk->lock);
	if (desk->answer_count > 0) {
		answer = desk->answers[desk->answer_first];
		desk->answer_first = (desk->answer_first + 1) % OPEN_MAX;
		desk->answer_count--;
		desk->open--;
	}
	if (desk->answer_count == 0)
		(void)!read(desk->fd, &count, sizeof(count));
	pthread_mutex_unlock(&desk->lock);
	return answer;
}

static void hand_out(struct desk *desk, struct registry_answer *answer, bool failed)
{
	uint64_t one = 1;

	pthread_mutex_lock(&desk->lock);
	if (answer) {
		desk->answers[(desk->answer_first + desk->answer_count++) % OPEN_MAX] = answer;
		(void)!write(desk->fd, &one, sizeof(one));
	} else {
		desk->open--;
	}
	desk->counters.answers++;
	desk->counters.failed += failed;
	pthread_mutex_unlock(&desk->lock);
}

static void answer_all(struct desk *desk)
{
	struct registry_question questions[OPEN_MAX];
	size_t count, i;

	pthread_mutex_lock(&desk->lock);
	count = desk->question_count;
	memcpy(questions, desk->questions, count * sizeof(questions[0]));
	desk->question_count = 0;
	pthread_mutex_unlock(&desk->lock);
	for (i = 0; i < count; i++) {
		int err;
		struct registry_answer *answer = store_answer(&desk->store, &questions[i], &err);

		if (err < 0 && desk->store.stream.records)
			log_warn(err, "a question could not be answered");
		hand_out(desk, answer, err < 0);
	}
}

/* ---- messages -------------------------------------------------------------------------- */

static bool take(void *data, const struct heard *heard)
{
	struct desk *desk = data;
	size_t kept = heard->bytes < CONSIGNMENT_BYTES ? heard->bytes : CONSIGNMENT_BYTES;
	struct packed packed = {.subject_bytes = (uint32_t)strlen(heard->subject) + 1,
				.payload_bytes = (uint32_t)kept};
	unsigned char *at;
	bool taken;

	pthread_mutex_lock(&desk->lock);
	taken = sizeof(packed) + packed.subject_bytes + kept <= INBOX_BYTES - desk->inbox.used;
	if (taken) {
		at = desk->inbox.bytes + desk->inbox.used;
		memcpy(at, &packed, sizeof(packed));
		memcpy(at + sizeof(packed), heard->subject, packed.subject_bytes);
		if (kept > 0)
			memcpy(at + sizeof(packed) + packed.subject_bytes, heard->payload, kept);
		desk->inbox.used += sizeof(packed) + packed.subject_bytes + kept;
	}
	if (!desk->detached)
		journal_poke(desk->journal);
	pthread_mutex_unlock(&desk->lock);
	return taken;
}

static bool wants_all(void *data)
{
	struct desk *desk = data;

	return atomic_exchange(&desk->wants_all, false);
}

struct inlet desk_inlet(struct desk *desk)
{
	return (struct inlet){
		.folder = "registry",
		.levels = "#",
		.retained = true,
		.data = desk,
		.take = take,
		.wants_all = wants_all,
	};
}

static bool next_message(struct desk *desk, struct message *ret_message)
{
	const unsigned char *at = desk->batch.bytes + desk->batch_at;
	struct packed packed;

	if (desk->batch_at == desk->batch.used)
		return false;
	memcpy(&packed, at, sizeof(packed));
	ret_message->subject = (const char *)at + sizeof(packed);
	ret_message->payload = ret_message->subject + packed.subject_bytes;
	ret_message->bytes = packed.payload_bytes;
	desk->batch_at += sizeof(packed) + packed.subject_bytes + packed.payload_bytes;
	return true;
}

static void swap_boxes(struct desk *desk)
{
	struct inbox filled;

	pthread_mutex_lock(&desk->lock);
	filled = desk->inbox;
	desk->inbox = desk->batch;
	desk->inbox.used = 0;
	pthread_mutex_unlock(&desk->lock);
	desk->batch = filled;
	desk->batch_at = 0;
}

static int take_message(struct desk *desk, const struct message *message, int64_t now_utc_ns,
			struct desk_counters *counts)
{
	struct registry_complaint complaint = {0};
	enum intake_result result;
	int err;

	result = intake_take(&desk->store, message, now_utc_ns, &complaint, &err);
	counts->records += result == INTAKE_TAKEN || result == INTAKE_UNCHANGED;
	counts->unchanged += result == INTAKE_UNCHANGED;
	counts->removed += result == INTAKE_REMOVED;
	if (result == INTAKE_REFUSED)
		refused(desk, message->subject, &complaint, 0);
	return result == INTAKE_FAILED ? err : 0;
}

static void count(struct desk *desk, const struct desk_counters *counts)
{
	pthread_mutex_lock(&desk->lock);
	desk->counters.records += counts->records;
	desk->counters.unchanged += counts->unchanged;
	desk->counters.removed += counts->removed;
	pthread_mutex_unlock(&desk->lock);
}

/* true: there are more. */
static bool take_slice(struct desk *desk)
{
	struct instant now = clock_now();
	struct desk_counters counts = {0};
	struct message message;
	int err = 0;

	if (desk->batch_at == desk->batch.used)
		swap_boxes(desk);
	while (err == 0 && next_message(desk, &message)) {
		err = take_message(desk, &message, now.utc_ns, &counts);
		if (clock_mono_ns() - now.mono_ns >= SLICE_NS)
			break;
	}
	if (err == 0)
		err = store_commit(&desk->store);
	if (err < 0)
		store_failed(desk, err);
	else
		count(desk, &counts);
	return desk->batch_at < desk->batch.used;
}

/* ---- lists ----------------------------------------------------------------------------- */

static void list_ready(void *data, size_t place, const char *path, int records, bool known)
{
	struct desk *desk = data;
	struct news *news = &desk->news[place];

	pthread_mutex_lock(&desk->lock);
	news->ready = true;
	news->known = known;
	news->records = records;
	snprintf(news->path, sizeof(news->path), "%s", path);
	desk->anything_new = true;
	pthread_mutex_unlock(&desk->lock);
	journal_poke(desk->journal);
}

static void list_refused(void *data, size_t place, const struct registry_complaint *complaint,
			 int more)
{
	struct desk *desk = data;
	struct news *news = &desk->news[place];

	pthread_mutex_lock(&desk->lock);
	news->refused = true;
	news->complaint = *complaint;
	news->more = more;
	desk->anything_new = true;
	pthread_mutex_unlock(&desk->lock);
	journal_poke(desk->journal);
}

static void lists_looked(void *data)
{
	struct desk *desk = data;

	journal_poke(desk->journal);
}

static void tell_list(struct desk *desk, size_t place, const struct registry_list *list,
		      enum registry_kind kind, int records)
{
	const char *file = base_name(desk->conf->files.item[place]);
	char body[EVENT_BODY_BYTES];
	struct instant now = clock_now();
	struct json json;

	log_info("\"%s\": %d records, version %s", file, records, list->version);
	start_body(&json, body, &now);
	json_text(&json, "kind", registry_kind_name(kind));
	json_text(&json, "version", list->version);
	json_utc(&json, "as_of", list->as_of_utc_ns);
	json_int(&json, "records", records);
	json_text(&json, "file", file);
	tell(desk, EVENT_REGISTRY_LIST, &json);
}

static void heed_news(struct desk *desk, size_t place, const struct news *news)
{
	const char *file = base_name(desk->conf->files.item[place]);
	enum registry_kind kind = REGISTRY_CONSIGNMENT;
	struct registry_list list = {0};
	int err = 0;

	if (news->ready)
		err = store_take_list(&desk->store, place, news->path, &list, &kind);
	if (err < 0)
		refused_for(desk, file, strerror(-err));
	else if (news->ready && !news->known)
		tell_list(desk, place, &list, kind, news->records);
	if (news->refused)
		refused(desk, file, &news->complaint, news->more);
}

/* One at a time. true: there are more. */
static bool take_news(struct desk *desk)
{
	struct news news = {0};
	bool more = false;
	size_t place = 0;
	size_t i;

	pthread_mutex_lock(&desk->lock);
	for (i = 0; desk->anything_new && !more && i < STORE_LISTS_MAX; i++) {
		if (!desk->news[i].ready && !desk->news[i].refused)
			continue;
		more = news.ready || news.refused;
		if (more)
			break;
		news = desk->news[i];
		place = i;
		desk->news[i] = (struct news){0};
	}
	desk->anything_new = more;
	pthread_mutex_unlock(&desk->lock);
	if (news.ready || news.refused)
		heed_news(desk, place, &news);
	return more;
}

/* ---- a turn ---------------------------------------------------------------------------- */

static bool set_turn(struct desk *desk, bool in_turn)
{
	bool detached;

	pthread_mutex_lock(&desk->lock);
	detached = desk->detached;
	desk->in_turn = in_turn && !detached;
	pthread_mutex_unlock(&desk->lock);
	return !detached;
}

static bool work(struct desk *desk)
{
	int64_t now_ns = clock_mono_ns();
	bool more;

	if (now_ns >= desk->reopen_ns)
		open_stream(desk);
	if (now_ns >= desk->again_ns) {
		desk->again_ns = INT64_MAX;
		atomic_store(&desk->wants_all, true);
	}
	answer_all(desk);
	more = take_news(desk);
	return take_slice(desk) || more;
}

static bool turn(void *data)
{
	struct desk *desk = data;
	bool more = set_turn(desk, true) && work(desk);

	return set_turn(desk, false) && more;
}

/* ---- life ------------------------------------------------------------------------------ */

int desk_new(const struct registry_conf *conf, const char *journal_path, struct journal *journal,
	     struct desk **ret_desk)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	struct journal_guest guest = {.data = desk, .turn = turn};
	const struct lists_sink sink = {
		.data = desk, .ready = list_ready, .refused = list_refused, .looked = lists_looked};
	int err;

	if (!desk)
		return -ENOMEM;
	desk->conf = conf;
	desk->journal = journal;
	desk->again_ns = INT64_MAX;
	pthread_mutex_init(&desk->lock, NULL);
	snprintf(desk->path, sizeof(desk->path), "%s.registry", journal_path);
	desk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	desk->inbox.bytes = malloc(INBOX_BYTES);
	desk->batch.bytes = malloc(INBOX_BYTES);
	err = desk->fd < 0 ? -errno : desk->inbox.bytes && desk->batch.bytes ? 0 : -ENOMEM;
	if (err == 0 && conf->files.count > 0)
		err = lists_new(conf, desk->path, &sink, &desk->lists);
	if (err < 0) {
		desk_free(desk);
		return err;
	}
	open_stream(desk);
	journal_host(journal, &guest);
	*ret_desk = desk;
	return 0;
}

int desk_start(struct desk *desk)
{
	return desk->lists ? lists_start(desk->lists) : 0;
}

void desk_stop(struct desk *desk)
{
	if (!desk)
		return;
	lists_stop(desk->lists);
	pthread_mutex_lock(&desk->lock);
	desk->detached = true;
	pthread_mutex_unlock(&desk->lock);
}

/* The broker believes that what was taken is kept. */
static void finish_messages(struct desk *desk)
{
	int64_t deadline_ns = clock_mono_ns() + FINISH_NS;

	if (!desk->store.stream.records)
		return;
	while ((desk->batch_at < desk->batch.used || desk->inbox.used > 0) &&
	       clock_mono_ns() < deadline_ns)
		(void)take_slice(desk);
}

void desk_free(struct desk *desk)
{
	struct registry_answer *answer;
	bool in_turn;

	if (!desk)
		return;
	pthread_mutex_lock(&desk->lock);
	in_turn = desk->in_turn;
	pthread_mutex_unlock(&desk->lock);
	if (in_turn) /* it hangs in a call of the system, and so does the stop */
		return;
	while ((answer = desk_take(desk)))
		registry_answer_free(answer);
	finish_messages(desk);
	lists_free(desk->lists);
	store_close(&desk->store);
	free(desk->inbox.bytes);
	free(desk->batch.bytes);
	if (desk->fd >= 0)
		close(desk->fd);
	pthread_mutex_destroy(&desk->lock);
	free(desk);
}

struct desk_counters desk_counters(struct desk *desk)
{
	struct desk_counters counters;

	pthread_mutex_lock(&desk->lock);
	counters = desk->counters;
	pthread_mutex_unlock(&desk->lock);
	return counters;
}
