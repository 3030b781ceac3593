#include "registry/notices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

#define LOG_TOKEN "registry"
#include "base/log.h"

#define REFUSALS_MAX 5 /* reported in a minute */
#define CHANGES_MAX  20 /* the same */
#define MINUTE_NS    (60 * NS_PER_S)

int notices_init(struct notices *notices, int fd)
{
	*notices = (struct notices){
		.fd = fd, .minute_ns = INT64_MIN / 2, .changes_minute_ns = INT64_MIN / 2};
	pthread_mutex_init(&notices->lock, NULL);
	notices->ring = calloc(NOTICES_MAX, sizeof(notices->ring[0]));
	return notices->ring ? 0 : -ENOMEM;
}

void notices_fini(struct notices *notices)
{
	free(notices->ring);
	pthread_mutex_destroy(&notices->lock);
}

/* ---- the registry's thread ------------------------------------------------------------- */

static bool put(struct notices *notices, const struct notice *notice)
{
	uint64_t one = 1;
	bool taken;

	pthread_mutex_lock(&notices->lock);
	taken = notices->count < NOTICES_MAX;
	if (taken)
		notices->ring[(notices->first + notices->count++) % NOTICES_MAX] = *notice;
	pthread_mutex_unlock(&notices->lock);
	if (taken)
		(void)!write(notices->fd, &one, sizeof(one));
	return taken;
}

bool notices_has_room(struct notices *notices)
{
	bool room;

	pthread_mutex_lock(&notices->lock);
	room = notices->count < NOTICES_MAX;
	pthread_mutex_unlock(&notices->lock);
	return room;
}

static bool may_report(struct notices *notices, int64_t now_ns)
{
	if (now_ns - notices->minute_ns >= MINUTE_NS) {
		notices->minute_ns = now_ns;
		notices->refusals = 0;
	}
	return notices->refusals < REFUSALS_MAX;
}

static bool put_refusal(struct notices *notices, const struct refusal *refusal)
{
	struct notice notice = {
		.id = EVENT_REGISTRY_REFUSED, .at = clock_now(), .refusal = *refusal};

	if (!may_report(notices, notice.at.mono_ns) || !put(notices, &notice))
		return false;
	log_warnx("\"%s\" is refused: %s", refusal->subject, refusal->message);
	notices->refusals++;
	return true;
}

void notices_put_refusal(struct notices *notices, const char *subject,
			 const struct registry_complaint *complaint, uint64_t more)
{
	struct refusal refusal = {.line = complaint->line, .more = more};

	snprintf(refusal.subject, sizeof(refusal.subject), "%s", subject);
	snprintf(refusal.message, sizeof(refusal.message), "%s", complaint->text);
	if (notices->holds)
		refusal.more += notices->held.more + 1;
	notices->holds = !put_refusal(notices, &refusal);
	notices->held = refusal;
}

static bool put_change(struct notices *notices, const struct changed_record *record)
{
	struct notice notice = {.id = EVENT_REGISTRY_RECORD, .at = clock_now(), .record = *record};

	if (notice.at.mono_ns - notices->changes_minute_ns >= MINUTE_NS) {
		notices->changes_minute_ns = notice.at.mono_ns;
		notices->changes = 0;
	}
	if (notices->changes == CHANGES_MAX || !put(notices, &notice))
		return false;
	notices->changes++;
	return true;
}

/* Many at once, as when a whole register is sent, are counted by the last of them. */
void notices_put_change(struct notices *notices, const struct changed_record *record)
{
	struct changed_record change = *record;

	if (notices->holds_change)
		change.more += notices->held_change.more + 1;
	notices->holds_change = !put_change(notices, &change);
	notices->held_change = change;
}

int64_t notices_due_ns(const struct notices *notices)
{
	int64_t refusal_ns = notices->holds ? notices->minute_ns + MINUTE_NS : INT64_MAX;
	int64_t change_ns =
		notices->holds_change ? notices->changes_minute_ns + MINUTE_NS : INT64_MAX;

	return earlier_ns(refusal_ns, change_ns);
}

void notices_put_held(struct notices *notices, bool at_end)
{
	int64_t now_ns = clock_mono_ns();

	if (at_end)
		notices->refusals = notices->changes = 0;
	if (notices->holds && (at_end || now_ns >= notices->minute_ns + MINUTE_NS))
		notices->holds = !put_refusal(notices, &notices->held);
	if (notices->holds_change && (at_end || now_ns >= notices->changes_minute_ns + MINUTE_NS))
		notices->holds_change = !put_change(notices, &notices->held_change);
}

void notices_put_list(struct notices *notices, const struct taken_list *list)
{
	struct notice notice = {.id = EVENT_REGISTRY_LIST, .at = clock_now(), .list = *list};

	log_info("\"%s\": %d records, version %s%s%s", list->file, list->records, list->version,
		 list->signer[0] ? ", signed by " : "", list->signer);
	if (!put(notices, &notice))
		log_warnx("no room to tell of the list \"%s\"", list->file);
}

/* ---- the main loop --------------------------------------------------------------------- */

static void write_refusal(struct jw *json, const struct refusal *refusal)
{
	jw_text(json, "subject", refusal->subject);
	if (refusal->line > 0)
		jw_int(json, "line", refusal->line);
	jw_text(json, "why", refusal->message);
	jw_uint(json, "more", refusal->more);
}

static void write_list(struct jw *json, const struct taken_list *list)
{
	char hash[EVENT_HEX_BYTES];

	jw_text(json, "kind", registry_kind_name(list->kind));
	jw_text(json, "version", list->version);
	jw_utc(json, "as_of", list->as_of_utc_ns);
	jw_int(json, "records", list->records);
	jw_text(json, "file", list->file);
	if (!list->signer[0])
		return;
	event_hex(list->hash, hash);
	jw_text(json, "sha256", hash);
	jw_text(json, "signer", list->signer);
}

static void write_record(struct jw *json, const struct changed_record *record)
{
	char hash[EVENT_HEX_BYTES];

	jw_text(json, "subject", record->subject);
	jw_text(json, "source", "stream");
	jw_bool(json, "removed", record->removed);
	if (!record->removed) {
		event_hex(record->hash, hash);
		jw_text(json, "sha256", hash);
		event_hex(record->held_hash, hash);
		jw_text(json, "held_sha256", hash);
	}
	if (record->signer[0])
		jw_text(json, "signer", record->signer);
	jw_uint(json, "more", record->more);
}

static void put_event(const struct notice *notice, const struct event_sink *sink)
{
	struct event_draft draft = {.type = event_type(notice->id)};
	char body[EVENT_BODY_BYTES];
	struct jw json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, notice->at.mono_ns, &notice->at);
	jw_open(&json, "observed");
	if (notice->id == EVENT_REGISTRY_REFUSED)
		write_refusal(&json, &notice->refusal);
	else if (notice->id == EVENT_REGISTRY_RECORD)
		write_record(&json, &notice->record);
	else
		write_list(&json, &notice->list);
	jw_close(&json);
	draft.body = json.out;
	draft.body_bytes = json.bytes;
	sink->put(sink->data, &draft);
}

static bool take(struct notices *notices, struct notice *ret_notice)
{
	bool any;

	pthread_mutex_lock(&notices->lock);
	any = notices->count > 0;
	if (any) {
		*ret_notice = notices->ring[notices->first];
		notices->first = (notices->first + 1) % NOTICES_MAX;
		notices->count--;
	}
	pthread_mutex_unlock(&notices->lock);
	return any;
}

void notices_put_events(struct notices *notices, const struct event_sink *sink)
{
	struct notice notice;

	while (take(notices, &notice))
		put_event(&notice, sink);
}
