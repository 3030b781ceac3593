/* What is known, for who asks at the gateway: which lists there are, or one record. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "registry/private.h"

/* A record in one of the sources. */
struct glance {
	const struct store_source *source;
	struct instant now;
	struct jw *json; /* NULL: only its age is asked for */
	int64_t as_of_utc_ns;
	bool counts; /* it is the one that is right */
};

static const char *name_of(const struct registry *registry, size_t source)
{
	return source == 0 ? "stream" : basename(registry->plan->conf.files.item[source - 1]);
}

static size_t count_of(const struct registry *registry)
{
	size_t files = registry->plan->conf.files.count;

	return 1 + (files < STORE_LISTS_MAX ? files : STORE_LISTS_MAX);
}

static void put_edition(struct jw *json, const struct registry_list *list)
{
	jw_text(json, "version", list->version);
	if (list->as_of_utc_ns > 0)
		jw_utc(json, "as_of", list->as_of_utc_ns);
	if (list->received_utc_ns > 0)
		jw_utc(json, "received", list->received_utc_ns);
	if (list->signer[0])
		jw_text(json, "signer", list->signer);
}

/* ---- all lists ------------------------------------------------------------------------- */

static void put_kind(struct jw *json, const struct store_source *source, enum registry_kind kind,
		     const char *name)
{
	const struct registry_list *list = &source->stamps[kind]->list;
	int64_t records = 0;

	jw_open(json, NULL);
	jw_text(json, "source", name);
	jw_text(json, "kind", registry_kind_name(kind));
	put_edition(json, list);
	if (records_count(source->records, kind, &records) == 0)
		jw_int(json, "records", records);
	jw_close(json);
}

/* One that has nothing, and why. */
static void put_none(struct jw *json, const struct registry *registry, size_t place)
{
	jw_open(json, NULL);
	jw_text(json, "source", name_of(registry, place + 1));
	if (!registry->looked_at[place])
		jw_bool(json, "loading", true);
	jw_close(json);
}

static void put_refusal(struct jw *json, const struct registry *registry, size_t place)
{
	const struct registry_complaint *complaint = &registry->refusals[place];

	jw_open(json, NULL);
	jw_text(json, "file", registry->plan->conf.files.item[place]);
	if (complaint->line > 0)
		jw_int(json, "line", complaint->line);
	jw_text(json, "error", complaint->text);
	jw_close(json);
}

static void put_lists(struct registry *registry, struct jw *json)
{
	const struct store_source *source;

	if (registry->plan->conf.max_age_ns > 0)
		jw_int(json, "max_age_s", registry->plan->conf.max_age_ns / NS_PER_S);
	jw_open_array(json, "lists");
	for (size_t i = 0; i < count_of(registry); i++) {
		source = store_source(&registry->store, i);
		for (int kind = 0; source->records && kind < REGISTRY_KINDS; kind++)
			if (source->stamps[kind])
				put_kind(json, source, (enum registry_kind)kind,
					 name_of(registry, i));
		if (!source->records && i > 0)
			put_none(json, registry, i - 1);
	}
	jw_close_array(json);
	jw_open_array(json, "refused");
	for (size_t i = 0; i + 1 < count_of(registry); i++)
		if (registry->refusals[i].text[0])
			put_refusal(json, registry, i);
	jw_close_array(json);
}

/* ---- one record ------------------------------------------------------------------------ */

static void put_record(const struct glance *glance, const struct records_row *row)
{
	const struct registry_record none = {.kind = row->kind};
	const struct registry_list edition = store_edition(glance->source, row, &none);
	struct registry_complaint complaint;
	struct registry_record *record = NULL;
	char hex[EVENT_HEX_BYTES];

	(void)registry_record_read(row->kind, row->json, row->bytes, &record, &complaint);
	event_hex(edition.hash, hex);
	jw_text(glance->json, "version",
		record && record->version ? record->version : edition.version);
	if (edition.as_of_utc_ns > 0)
		jw_utc(glance->json, "as_of", edition.as_of_utc_ns);
	if (edition.received_utc_ns > 0)
		jw_utc(glance->json, "received", edition.received_utc_ns);
	jw_text(glance->json, "sha256", hex);
	if (edition.signer[0])
		jw_text(glance->json, "signer", edition.signer);
	jw_bool(glance->json, "counts", glance->counts);
	if (glance->counts) {
		jw_open(glance->json, "record");
		jw_members(glance->json, row->json + 1, row->bytes - 2);
		jw_close(glance->json);
	}
	registry_record_free(record);
}

static bool see(void *data, const struct records_row *row)
{
	struct glance *glance = data;

	glance->as_of_utc_ns = store_as_of(glance->source, row, &glance->now);
	if (glance->json)
		put_record(glance, row);
	return false;
}

/* Which source has the record that is right: the newest, and of equal ones the first. */
static int choose(struct registry *registry, enum registry_kind kind, const char *key,
		  size_t *ret_chosen)
{
	struct glance glance = {.now = clock_now()};
	int64_t newest_utc_ns = 0;
	int found = -ENOENT;

	for (size_t i = 0; i < count_of(registry); i++) {
		int err = -ENOENT;

		glance.source = store_source(&registry->store, i);
		if (glance.source->records && glance.source->stamps[kind])
			err = records_find(glance.source->records, kind, key, see, &glance);
		if (err < 0 && err != -ENOENT)
			return err;
		if (err < 0 || (found == 0 && glance.as_of_utc_ns <= newest_utc_ns))
			continue;
		found = 0;
		newest_utc_ns = glance.as_of_utc_ns;
		*ret_chosen = i;
	}
	return found;
}

static int put_found(struct registry *registry, enum registry_kind kind, const char *key,
		     struct jw *json)
{
	struct glance glance = {.now = clock_now(), .json = json};
	size_t chosen = 0;
	int err = choose(registry, kind, key, &chosen);

	jw_text(json, "kind", registry_kind_name(kind));
	jw_text(json, "key", key);
	jw_open_array(json, "found");
	for (size_t i = 0; err == 0 && i < count_of(registry); i++) {
		glance.source = store_source(&registry->store, i);
		glance.counts = i == chosen;
		if (!glance.source->records || !glance.source->stamps[kind])
			continue;
		jw_open(json, NULL);
		jw_text(json, "source", name_of(registry, i));
		err = records_find(glance.source->records, kind, key, see, &glance);
		if (err == -ENOENT) {
			jw_bool(json, "counts", false);
			jw_bool(json, "missing", true);
			err = 0;
		}
		jw_close(json);
	}
	jw_close_array(json);
	return err;
}

/* ---- the thread's side ----------------------------------------------------------------- */

static int fill(struct registry *registry, struct registry_look *look)
{
	char key[REGISTRY_KEY_BYTES];
	enum registry_kind kind;
	struct jw json;
	int err = 0;

	jw_start(&json, look->members, sizeof(look->members));
	if (!look->kind[0])
		put_lists(registry, &json);
	else if (!registry_kind_by_name(look->kind, &kind) ||
		 registry_record_key(kind, look->key, strlen(look->key), key) < 0)
		err = -EINVAL;
	else
		err = put_found(registry, kind, key, &json);
	look->bytes = json.bytes;
	return err == 0 && !jw_ok(&json) ? -E2BIG : err;
}

void registry_do_look(struct registry *registry)
{
	const uint64_t one = 1;
	struct registry_look *look;

	pthread_mutex_lock(&registry->lock);
	look = registry->look_done ? NULL : registry->look;
	pthread_mutex_unlock(&registry->lock);
	if (!look)
		return;
	look->err = fill(registry, look);
	pthread_mutex_lock(&registry->lock);
	registry->look_done = true;
	pthread_mutex_unlock(&registry->lock);
	(void)!write(registry->fd, &one, sizeof(one));
}

/* ---- the main loop's side -------------------------------------------------------------- */

int registry_ask_look(struct registry *registry, const char *kind, const char *key, uint64_t number)
{
	struct registry_look *look = calloc(1, sizeof(*look));
	bool taken;

	if (!look)
		return -ENOMEM;
	look->number = number;
	snprintf(look->kind, sizeof(look->kind), "%s", kind);
	snprintf(look->key, sizeof(look->key), "%s", key);
	pthread_mutex_lock(&registry->lock);
	taken = !registry->look && !registry->closed;
	if (taken)
		registry->look = look;
	pthread_mutex_unlock(&registry->lock);
	if (!taken) {
		free(look);
		return -EBUSY;
	}
	worker_wake(registry->worker);
	return 0;
}

struct registry_look *registry_take_look(struct registry *registry)
{
	struct registry_look *look = NULL;

	pthread_mutex_lock(&registry->lock);
	if (registry->look_done) {
		look = registry->look;
		registry->look = NULL;
		registry->look_done = false;
	}
	pthread_mutex_unlock(&registry->lock);
	return look;
}
