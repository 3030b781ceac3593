#include "registry/lists.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/worker.h"
#include "registry/records.h"
#include "registry/store.h"

#define LOG_TOKEN "registry"
#include "base/log.h"

#define COMMIT_EVERY 4096 /* records */
#define MADE	     ".list-"
#define RETRY_MAX_NS (3600 * NS_PER_S)

struct list_file {
	const char *path;
	int64_t sum; /* of the content that was last read, 0: none */
	int64_t signed_s; /* that of the list in use was made then; 0: it has none */
	int64_t doubted_sum; /* of content whose signature did not fit, and may yet come */
	bool missing;
	bool sought; /* its file of records from before was looked for */

	/* Of content that may be good, and could not be taken: for want of room, say. */
	int64_t failed_sum; /* 0: there is none */
	int err;
	unsigned failures; /* in a row */
	int64_t retry_mono_ns;
};

struct lists {
	const struct trust *trust;
	pthread_mutex_t lock;
	struct registry_plan *next; /* under the lock; NULL: it stays as it is */

	/* the thread's, and before it is started the maker's */
	struct registry_plan *plan;
	struct lists_sink sink;
	char base[STORE_PATH_BYTES - 64];
	struct list_file files[STORE_LISTS_MAX];
	size_t count;
	struct worker *worker;
};

/* One list while it is read. */
struct delivery {
	struct lists *lists;
	struct records *records;
	struct registry_file_head head;
	int64_t count;
	int64_t received_utc_ns;
	int64_t held_s; /* when the list in use was signed */
	struct trust_word word;
	unsigned char hash[EVENT_HASH_BYTES];
	bool doubted; /* for its signature */
	struct registry_complaint first;
	int complaints;
};

/* ---- which file it is ------------------------------------------------------------------ */

static size_t describe(const struct stat *status, char *out, size_t size)
{
	return (size_t)snprintf(out, size, "%lld %lld.%09ld %llu", (long long)status->st_size,
				(long long)status->st_mtim.tv_sec, status->st_mtim.tv_nsec,
				(unsigned long long)status->st_ino);
}

/* Size, time and inode: a list is not read again because the daemon was started. Where signatures are
 * asked for, those of what lies beside it, too. */
static int64_t sum_of(const struct lists *lists, size_t place, const struct stat *status)
{
	char text[256], beside[PATH_MAX];
	size_t bytes = describe(status, text, sizeof(text) / 2);
	struct stat signature;

	snprintf(beside, sizeof(beside), "%s" TRUST_ENDING, lists->files[place].path);
	if (lists->trust && stat(beside, &signature) == 0)
		bytes += describe(&signature, text + bytes, sizeof(text) / 2);
	return records_sum(text, bytes) | 1;
}

/* A file of records is named after the path of its list, wherever that stands in the configuration. */
static void name_of(const struct lists *lists, size_t place, char name[STORE_PATH_BYTES],
		    const char *ending)
{
	const char *path = lists->files[place].path;

	snprintf(name, STORE_PATH_BYTES, "%s" MADE "%016llx%s", lists->base,
		 (unsigned long long)records_sum(path, strlen(path)), ending);
}

/* ---- reading --------------------------------------------------------------------------- */

static int take_head(void *data, const struct registry_file_head *head)
{
	struct delivery *delivery = data;

	delivery->head = *head;
	return 0;
}

static bool may(void *data, const struct registry_record *record,
		struct registry_complaint *ret_complaint)
{
	struct delivery *delivery = data;

	delivery->doubted = !trust_allows(delivery->lists->trust, record, false, &delivery->word,
					  ret_complaint);
	return !delivery->doubted;
}

/* A signature that is there by a key that is known has to fit, whether it was needed or not. */
static bool whole(void *data, const unsigned char hash[EVENT_HASH_BYTES],
		  struct registry_complaint *ret_complaint)
{
	struct delivery *delivery = data;
	const struct trust_word *word = &delivery->word;

	memcpy(delivery->hash, hash, sizeof(delivery->hash));
	if (!word->rules)
		return true;
	delivery->doubted = !trust_fits(word, hash, delivery->held_s, ret_complaint);
	return !delivery->doubted;
}

static int take_record(void *data, struct registry_record *record)
{
	const struct records_signature nobody = {.signer = ""};
	struct delivery *delivery = data;
	int err = worker_goes_on(delivery->lists->worker) ? 0 : -ECANCELED;

	if (err == 0)
		err = records_put(delivery->records, record, 0, delivery->received_utc_ns, &nobody);
	registry_record_free(record);
	if (err == 0 && ++delivery->count % COMMIT_EVERY == 0) {
		err = records_commit(delivery->records);
		if (err == 0)
			err = records_begin(delivery->records);
	}
	return err;
}

static void take_complaint(void *data, const struct registry_complaint *complaint)
{
	struct delivery *delivery = data;

	if (delivery->complaints++ == 0)
		delivery->first = *complaint;
	log_warnx("line %d: %s", complaint->line, complaint->text);
}

static int finish(struct delivery *delivery, int64_t sum)
{
	struct records_list list = {
		.as_of_utc_ns = delivery->head.as_of_utc_ns,
		.received_utc_ns = delivery->received_utc_ns,
		.records = delivery->count,
		.sum = sum,
		.signed_s = delivery->word.signed_s,
		.trust = trust_sum(delivery->lists->trust),
	};
	int err;

	snprintf(list.signer, sizeof(list.signer), "%s", delivery->word.signer);
	snprintf(list.version, sizeof(list.version), "%s", delivery->head.version);
	err = records_put_list(delivery->records, delivery->head.kind, &list);
	if (err == 0)
		err = records_commit(delivery->records);
	return err < 0 ? err : records_finish(delivery->records);
}

static int read_into(struct delivery *delivery, const char *path, const char *made, int64_t sum)
{
	const struct instant now = clock_now();
	const struct registry_file_sink sink = {.data = delivery,
						.latest_utc_ns = registry_latest(&now),
						.head = take_head,
						.may = may,
						.whole = whole,
						.record = take_record,
						.complain = take_complaint};
	int err = records_open(made, RECORDS_BUILD, delivery->lists->plan->conf.quota_bytes,
			       &delivery->records);

	if (err < 0)
		return err;
	delivery->received_utc_ns = now.utc_ns;
	trust_of_list(delivery->lists->trust, path, registry_latest(&now), &delivery->word);
	err = records_begin(delivery->records);
	if (err == 0)
		err = registry_file_read(path, &sink);
	if (err >= 0)
		err = finish(delivery, sum);
	records_close(delivery->records);
	return err;
}

static void refuse(struct lists *lists, size_t place, struct delivery *delivery, int err)
{
	if (err == -ECANCELED)
		return;
	if (delivery->complaints == 0)
		snprintf(delivery->first.text, sizeof(delivery->first.text), "%s",
			 err == -ENOSPC ? "no room, see quota and the disk" : strerror(-err));
	lists->sink.refused(lists->sink.data, lists->files[place].path, &delivery->first,
			    delivery->complaints > 1 ? delivery->complaints - 1 : 0);
}

/* The list is not at fault: it is read again, less and less often, and told of once. */
static void try_again_later(struct lists *lists, size_t place, struct delivery *delivery,
			    int64_t sum, int err)
{
	struct list_file *file = &lists->files[place];
	const int64_t every_ns = lists->plan->conf.check_every_ns;
	const struct backoff retry = {.first_ns = every_ns,
				      .max_ns = every_ns > RETRY_MAX_NS ? every_ns : RETRY_MAX_NS,
				      .jitter = 0.5};

	if (sum != file->failed_sum)
		file->failures = 0;
	if (sum != file->failed_sum || err != file->err)
		refuse(lists, place, delivery, err);
	file->failed_sum = sum;
	file->err = err;
	file->retry_mono_ns =
		clock_mono_ns() + backoff_ns(&retry, file->failures++, random_chance());
}

/* A list and its signature come one after the other: the first time nothing is told. */
static bool may_yet_fit(struct lists *lists, size_t place, const struct delivery *delivery,
			int64_t sum)
{
	struct list_file *file = &lists->files[place];

	if (!delivery->doubted || file->sum == 0 || file->doubted_sum == sum)
		return false;
	file->doubted_sum = sum;
	return true;
}

static void hand_out(struct lists *lists, size_t place, const struct delivery *delivery,
		     const char *path)
{
	struct lists_ready ready = {.path = path, .records = (int)delivery->count};

	memcpy(ready.hash, delivery->hash, sizeof(ready.hash));
	lists->files[place].signed_s = delivery->word.signed_s;
	lists->sink.ready(lists->sink.data, lists->files[place].path, &ready);
}

/* false: it is to be read again, though it has not changed. */
static bool read_list(struct lists *lists, size_t place, int64_t sum)
{
	struct delivery delivery = {.lists = lists, .held_s = lists->files[place].signed_s};
	char made[STORE_PATH_BYTES], path[STORE_PATH_BYTES];
	int err;

	name_of(lists, place, made, ".new");
	name_of(lists, place, path, "");
	log_info("reading \"%s\"", lists->files[place].path);
	err = read_into(&delivery, lists->files[place].path, made, sum);
	if (err >= 0 && rename(made, path) < 0)
		err = -errno;
	if (err < 0)
		(void)unlink(made);
	if (err < 0 && delivery.complaints == 0) {
		try_again_later(lists, place, &delivery, sum, err);
		return false;
	}
	lists->files[place].failed_sum = 0;
	if (err < 0 && may_yet_fit(lists, place, &delivery, sum))
		return false;
	if (err < 0)
		refuse(lists, place, &delivery, err);
	else
		hand_out(lists, place, &delivery, path);
	return true;
}

/* ---- looking --------------------------------------------------------------------------- */

/* Of the file of records from before this start: which content of the list it has. 0: there is none, or
 * it was taken by other rules. */
static int64_t take_made(struct lists *lists, size_t place)
{
	char path[STORE_PATH_BYTES];
	struct records *records;
	struct records_list list = {0};
	struct lists_ready ready = {.path = path, .known = true};
	int err = -ENOENT;

	name_of(lists, place, path, "");
	if (access(path, R_OK) < 0 || records_open(path, RECORDS_READ, 0, &records) < 0)
		return 0;
	for (int kind = 0; err < 0 && kind < REGISTRY_KINDS; kind++)
		err = records_list(records, (enum registry_kind)kind, &list);
	records_close(records);
	if (err < 0)
		return 0;
	lists->files[place].signed_s = list.signed_s;
	if (list.trust != trust_sum(lists->trust))
		return 0;
	ready.records = (int)list.records;
	lists->sink.ready(lists->sink.data, lists->files[place].path, &ready);
	return list.sum;
}

static void miss(struct lists *lists, size_t place, int err)
{
	struct registry_complaint complaint = {0};

	snprintf(complaint.text, sizeof(complaint.text), "%s", strerror(err));
	lists->sink.refused(lists->sink.data, lists->files[place].path, &complaint, 0);
}

static void look(struct lists *lists, size_t place)
{
	struct list_file *file = &lists->files[place];
	struct stat status;
	int64_t sum;

	if (stat(file->path, &status) < 0) {
		if (!file->missing)
			miss(lists, place, errno);
		file->missing = true;
		return;
	}
	file->missing = false;
	sum = sum_of(lists, place, &status);
	if (sum == file->sum || (sum == file->failed_sum && clock_mono_ns() < file->retry_mono_ns))
		return;
	if (read_list(lists, place, sum))
		file->sum = sum;
}

/* Files of records whose lists are no longer in the configuration. */
static void remove_others(const struct lists *lists)
{
	char folder[STORE_PATH_BYTES], name[STORE_PATH_BYTES];
	const char *slash = strrchr(lists->base, '/');
	const char *stem = slash ? slash + 1 : lists->base;
	const struct dirent *entry;
	DIR *directory;
	size_t i;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - lists->base) + 1 : 1,
		 slash ? lists->base : ".");
	directory = opendir(folder);
	while (directory && (entry = readdir(directory))) {
		if (strncmp(entry->d_name, stem, strlen(stem)) != 0 ||
		    strncmp(entry->d_name + strlen(stem), MADE, strlen(MADE)) != 0)
			continue;
		for (i = 0; i < lists->count; i++) {
			name_of(lists, i, name, "");
			if (strcmp(slash ? strrchr(name, '/') + 1 : name, entry->d_name) == 0)
				break;
		}
		if (i == lists->count)
			(void)unlinkat(dirfd(directory), entry->d_name, 0);
	}
	if (directory)
		closedir(directory);
}

/* Those that are there already stay what they are. */
static void go_by(struct lists *lists, struct registry_plan *plan)
{
	struct list_file files[STORE_LISTS_MAX] = {0};
	const struct conf_list *paths = &plan->conf.files;
	bool roomier = plan->conf.quota_bytes != lists->plan->conf.quota_bytes;

	for (size_t i = 0; i < paths->count && i < STORE_LISTS_MAX; i++) {
		size_t before = plan_place(lists->plan, paths->item[i]);

		if (before < lists->count)
			files[i] = lists->files[before];
		files[i].path = paths->item[i];
		if (roomier)
			files[i].failed_sum = 0;
	}
	memcpy(lists->files, files, sizeof(files));
	lists->count = paths->count < STORE_LISTS_MAX ? paths->count : STORE_LISTS_MAX;
	plan_release(lists->plan);
	lists->plan = plan;
}

static void take_files_made(struct lists *lists)
{
	remove_others(lists);
	for (size_t i = 0; i < lists->count; i++)
		if (!lists->files[i].sought) {
			lists->files[i].sum = take_made(lists, i);
			lists->files[i].sought = true;
		}
}

static void look_for_plan(struct lists *lists)
{
	struct registry_plan *next;

	pthread_mutex_lock(&lists->lock);
	next = lists->next;
	lists->next = NULL;
	pthread_mutex_unlock(&lists->lock);
	if (!next)
		return;
	go_by(lists, next);
	take_files_made(lists);
}

static void run(void *data)
{
	struct lists *lists = data;

	take_files_made(lists);
	do {
		look_for_plan(lists);
		for (size_t i = 0; i < lists->count && worker_goes_on(lists->worker); i++)
			look(lists, i);
	} while (worker_wait(lists->worker, clock_mono_ns() + lists->plan->conf.check_every_ns,
			     NULL));
}

/* ---- life ------------------------------------------------------------------------------ */

int lists_new(struct registry_plan *plan, const struct trust *trust, const char *base,
	      const struct lists_sink *sink, struct lists **ret_lists)
{
	const struct conf_list *paths = &plan->conf.files;
	struct lists *lists = calloc(1, sizeof(*lists));
	int err;

	if (!lists)
		return -ENOMEM;
	err = worker_new(INT64_MAX, &lists->worker);
	if (err < 0) {
		free(lists);
		return err;
	}
	pthread_mutex_init(&lists->lock, NULL);
	lists->plan = plan_hold(plan);
	lists->trust = trust;
	lists->sink = *sink;
	lists->count = paths->count < STORE_LISTS_MAX ? paths->count : STORE_LISTS_MAX;
	snprintf(lists->base, sizeof(lists->base), "%s", base);
	for (size_t i = 0; i < lists->count; i++)
		lists->files[i].path = paths->item[i];
	*ret_lists = lists;
	return 0;
}

int lists_start(struct lists *lists)
{
	const struct worker_job job = {.name = "lists", .run = run, .data = lists};

	return worker_start(lists->worker, &job);
}

void lists_change(struct lists *lists, struct registry_plan *plan)
{
	pthread_mutex_lock(&lists->lock);
	plan_release(lists->next);
	lists->next = plan_hold(plan);
	pthread_mutex_unlock(&lists->lock);
	worker_wake(lists->worker);
}

bool lists_stop(struct lists *lists, int64_t deadline_mono_ns)
{
	return !lists || worker_stop(lists->worker, deadline_mono_ns);
}

void lists_free(struct lists *lists)
{
	if (!lists)
		return;
	worker_free(lists->worker);
	plan_release(lists->next);
	plan_release(lists->plan);
	pthread_mutex_destroy(&lists->lock);
	free(lists);
}
