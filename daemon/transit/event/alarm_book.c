#include "transit/event/alarm_book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/teller.h"

#define TEXT_VERSION 2 /* 1 did not say whether alarm.unacknowledged was put */
#define CONSIGNMENT  "consignment/" /* begins the resource of one */
#define ALARM_BYTES  1024 /* of one in a status, at most */

void alarm_book_init(struct alarm_book *book, const struct alarm_delay *delay)
{
	book->delay = *delay;
}

void alarm_book_fini(struct alarm_book *book)
{
	for (size_t i = 0; i < book->used; i++) {
		free(book->alarms[i].resource);
		book->alarms[i] = (struct booked_alarm){0};
	}
	book->used = book->count = 0;
}

void alarm_book_consignment(const char *ucr, char ret_resource[ALARM_RESOURCE_BYTES])
{
	snprintf(ret_resource, ALARM_RESOURCE_BYTES, CONSIGNMENT "%s", ucr);
}

static bool is_consignment(const char *resource)
{
	return strncmp(resource, CONSIGNMENT, strlen(CONSIGNMENT)) == 0;
}

static void change(struct alarm_book *book, struct booked_alarm *alarm)
{
	alarm->changed = book->changed = true;
}

static struct booked_alarm *find(struct alarm_book *book, const char *resource,
				 const struct event_type *type)
{
	for (size_t i = 0; i < book->used; i++) {
		struct booked_alarm *alarm = &book->alarms[i];

		if (alarm->type == type && strcmp(alarm->resource, resource) == 0)
			return alarm;
	}
	return NULL;
}

/* ---- places -------------------------------------------------------------------------- */

/* The least severe first, of these one that is not active, of these the oldest. */
static bool evicted_before(const struct booked_alarm *a, const struct booked_alarm *b)
{
	if (a->type->severity != b->type->severity)
		return a->type->severity < b->type->severity;
	if (a->active != b->active)
		return b->active;
	return a->raised_utc_ns < b->raised_utc_ns;
}

/* NULL: full of alarms that are as severe. */
static struct booked_alarm *place_for(struct alarm_book *book, const struct event_type *type)
{
	struct booked_alarm *least = NULL;

	for (size_t i = 0; i < book->used; i++) {
		struct booked_alarm *alarm = &book->alarms[i];

		if (!alarm->resource)
			return alarm;
		if (!least || evicted_before(alarm, least))
			least = alarm;
	}
	if (book->used < ALARM_BOOK_MAX)
		return &book->alarms[book->used++];
	return least->type->severity < type->severity ? least : NULL;
}

static void lose(struct alarm_book *book, const char *resource)
{
	book->lost++;
	book->overflow = true;
	snprintf(book->gave_way, sizeof(book->gave_way), "%s", resource);
}

static struct booked_alarm *add(struct alarm_book *book, const char *resource,
				const struct event_type *type)
{
	struct booked_alarm *alarm = place_for(book, type);
	char *copy = alarm ? strdup(resource) : NULL;

	if (!copy) {
		lose(book, resource);
		return NULL;
	}
	if (alarm->resource) {
		lose(book, alarm->resource);
		free(alarm->resource);
	} else {
		book->count++;
	}
	*alarm = (struct booked_alarm){.resource = copy, .type = type};
	change(book, alarm);
	return alarm;
}

static void drop(struct alarm_book *book, struct booked_alarm *alarm)
{
	free(alarm->resource);
	*alarm = (struct booked_alarm){0};
	change(book, alarm);
	book->count--;
	if (book->count <= ALARM_BOOK_MAX / 10 * 9)
		book->overflow = false;
}

static void drop_if_done(struct alarm_book *book, struct booked_alarm *alarm)
{
	if (!alarm->active && (alarm->acknowledged || !alarm->type->latched))
		drop(book, alarm);
}

/* ---- what is not acknowledged in time -------------------------------------------------- */

static int64_t delay_ns(const struct alarm_book *book, const struct event_type *type)
{
	if (!type->latched)
		return 0;
	if (type->severity == SEVERITY_CRITICAL)
		return book->delay.critical_ns;
	return type->severity == SEVERITY_MAJOR ? book->delay.major_ns : 0;
}

static int64_t overdue_at(const struct alarm_book *book, const struct booked_alarm *alarm,
			  int64_t raised_mono_ns)
{
	int64_t delay = delay_ns(book, alarm->type);

	return delay > 0 && !alarm->acknowledged && !alarm->overdue_reported
		       ? raised_mono_ns + delay
		       : INT64_MAX;
}

/* How long before the start it was raised; 0 where a label says nothing. */
static int64_t waited_ns(const struct booked_alarm *alarm, const struct instant *now)
{
	int64_t waited = now->utc_ns - alarm->raised_utc_ns;

	if (alarm->raised_clock == CLOCK_UNSYNCED || now->clock == CLOCK_UNSYNCED || waited < 0)
		return 0;
	return waited;
}

void alarm_book_start(struct alarm_book *book, const struct instant *now)
{
	for (size_t i = 0; i < book->used; i++) {
		struct booked_alarm *alarm = &book->alarms[i];

		if (!alarm->resource)
			continue;
		alarm->overdue_mono_ns = overdue_at(book, alarm, now->mono_ns);
		if (alarm->overdue_mono_ns == INT64_MAX)
			continue;
		alarm->overdue_mono_ns -= waited_ns(alarm, now);
		if (alarm->overdue_mono_ns < now->mono_ns)
			alarm->overdue_mono_ns = now->mono_ns;
	}
}

int64_t alarm_book_deadline(const struct alarm_book *book)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < book->used; i++)
		if (book->alarms[i].resource)
			first = earlier_ns(first, book->alarms[i].overdue_mono_ns);
	return first;
}

static void tell_unacknowledged(const struct booked_alarm *alarm, int64_t overdue_mono_ns,
				struct teller *teller)
{
	struct jw *json = tell_begin(teller, NULL, overdue_mono_ns);

	jw_open(json, "unacknowledged");
	jw_text(json, "resource", alarm->resource);
	jw_text(json, "type", alarm->type->name);
	jw_text(json, "severity", severity_name(alarm->type->severity));
	jw_utc(json, "raised", alarm->raised_utc_ns);
	jw_uint(json, "times", alarm->times);
	jw_bool(json, "active", alarm->active);
	jw_close(json);
	tell_end(teller, EVENT_ALARM_UNACKNOWLEDGED);
}

void alarm_book_tick(struct alarm_book *book, struct teller *teller)
{
	for (size_t i = 0; i < book->used; i++) {
		struct booked_alarm *alarm = &book->alarms[i];
		int64_t overdue_mono_ns;

		if (!alarm->resource || alarm->overdue_mono_ns > teller->now.mono_ns)
			continue;
		overdue_mono_ns = alarm->overdue_mono_ns;
		alarm->overdue_mono_ns = INT64_MAX;
		alarm->overdue_reported = true;
		change(book, alarm);
		tell_unacknowledged(alarm, overdue_mono_ns, teller);
	}
}

/* ---- what the world does ------------------------------------------------------------- */

bool alarm_book_raise(struct alarm_book *book, const char *resource, const struct event_type *type,
		      const struct instant *at)
{
	struct booked_alarm *alarm = find(book, resource, type);

	if (alarm && alarm->active)
		return false;
	if (!alarm)
		alarm = add(book, resource, type);
	if (!alarm)
		return true;
	if (alarm->times == 0 || alarm->acknowledged) { /* else an officer is waited for already */
		alarm->acknowledged = alarm->overdue_reported = false;
		alarm->overdue_mono_ns = overdue_at(book, alarm, at->mono_ns);
	}
	alarm->active = true;
	alarm->times += alarm->times < UINT32_MAX;
	alarm->raised_mono_ns = at->mono_ns;
	alarm->raised_utc_ns = at->utc_ns;
	alarm->raised_clock = (uint8_t)at->clock;
	change(book, alarm);
	return true;
}

static void deactivate(struct alarm_book *book, struct booked_alarm *alarm)
{
	alarm->active = false;
	change(book, alarm);
	drop_if_done(book, alarm);
}

static int64_t lasted_ms(const struct booked_alarm *alarm, const struct instant *at)
{
	int64_t ns = at->utc_ns - alarm->raised_utc_ns;

	if (alarm->raised_mono_ns != INT64_MIN)
		ns = at->mono_ns - alarm->raised_mono_ns;
	return ns > 0 ? ns / NS_PER_MS : 0;
}

bool alarm_book_clear(struct alarm_book *book, const char *resource, const struct event_type *type,
		      const struct instant *at, int64_t *ret_lasted_ms)
{
	struct booked_alarm *alarm = find(book, resource, type);

	if (!alarm || !alarm->active)
		return false;
	if (ret_lasted_ms)
		*ret_lasted_ms = lasted_ms(alarm, at);
	deactivate(book, alarm);
	return true;
}

void alarm_book_resource(const char *sensor, const char *subject,
			 char ret_resource[ALARM_RESOURCE_BYTES])
{
	snprintf(ret_resource, ALARM_RESOURCE_BYTES, "%s%s%s", sensor, subject ? "/" : "",
		 subject ? subject : "");
}

static bool is_of(const char *resource, const char *sensor)
{
	size_t length = strlen(sensor);

	return strncmp(resource, sensor, length) == 0 &&
	       (resource[length] == '\0' || resource[length] == '/');
}

void alarm_book_state(struct alarm_book *book, const char *sensor, const char *subject,
		      const struct event_type *type, const struct instant *at)
{
	char resource[ALARM_RESOURCE_BYTES];

	alarm_book_resource(sensor, subject, resource);
	for (size_t i = 0; i < book->used; i++) {
		struct booked_alarm *alarm = &book->alarms[i];
		bool same = alarm->type == type && strcmp(alarm->resource, resource) == 0;

		if (alarm->active && alarm->type->kind == KIND_STATE && !same &&
		    is_of(alarm->resource, sensor))
			deactivate(book, alarm);
	}
	if (type->latched)
		(void)alarm_book_raise(book, resource, type, at);
}

/* ---- what an officer does ------------------------------------------------------------ */

static bool fits(const char *text, size_t size)
{
	return text && text[0] && strlen(text) < size;
}

static void tell_acknowledged(const struct booked_alarm *alarm, const struct acknowledgement *by,
			      struct teller *teller)
{
	struct jw *json = tell_begin(teller, NULL, teller->now.mono_ns);

	jw_open(json, "acknowledged");
	jw_text(json, "resource", alarm->resource);
	jw_text(json, "type", alarm->type->name);
	jw_utc(json, "raised", alarm->raised_utc_ns);
	jw_uint(json, "times", alarm->times);
	jw_bool(json, "active", alarm->active);
	jw_text(json, "officer", by->officer);
	jw_text(json, "reason", by->reason);
	if (by->by)
		jw_text(json, "by", by->by);
	tell_signature(json, by->signature);
	jw_close(json);
	tell_end(teller, EVENT_ALARM_ACKNOWLEDGED);
}

static void acknowledge(struct alarm_book *book, struct booked_alarm *alarm,
			const struct acknowledgement *by, struct teller *teller)
{
	struct booked_alarm acknowledged;
	char resource[ALARM_RESOURCE_BYTES];

	alarm->acknowledged = true;
	alarm->overdue_mono_ns = INT64_MAX;
	change(book, alarm);
	acknowledged = *alarm;
	snprintf(resource, sizeof(resource), "%s", alarm->resource);
	acknowledged.resource = resource;
	drop_if_done(book, alarm);
	tell_acknowledged(&acknowledged, by, teller);
}

int alarm_book_acknowledge(struct alarm_book *book, const struct acknowledgement *by,
			   struct teller *teller)
{
	const struct event_type *type = by->type ? event_type_by_name(by->type) : NULL;
	struct booked_alarm *alarm;

	if (!fits(by->officer, OFFICER_NAME_BYTES) || !fits(by->reason, OFFICER_REASON_BYTES))
		return -EINVAL;
	alarm = type && by->resource ? find(book, by->resource, type) : NULL;
	if (!alarm)
		return -ENOENT;
	if (alarm->acknowledged)
		return -EALREADY;
	acknowledge(book, alarm, by, teller);
	return 0;
}

/* "<number>" of "<lane>/<sensor>/<number>", of an alarm of a seal; NULL: it is of something else. */
static const char *number_of(const struct booked_alarm *alarm)
{
	const char *slash;

	if (!alarm->resource || strncmp(alarm->type->name, "seal", strlen("seal")) != 0)
		return NULL;
	slash = strchr(alarm->resource, '/');
	slash = slash ? strchr(slash + 1, '/') : NULL;
	return slash ? slash + 1 : NULL;
}

void alarm_book_settle(struct alarm_book *book, const char *seal,
		       bool (*is)(const char *number, const char *seal),
		       const struct acknowledgement *by, struct teller *teller)
{
	for (size_t i = 0; i < book->used; i++) {
		struct booked_alarm *alarm = &book->alarms[i];
		const char *number = number_of(alarm);

		if (number && !alarm->acknowledged && is(number, seal))
			acknowledge(book, alarm, by, teller);
	}
}

void alarm_book_tell_overflow(struct alarm_book *book, struct teller *teller)
{
	struct jw *json;

	if (book->gave_way[0])
		tell_gave_way(teller, "alarm", book->gave_way, ALARM_BOOK_MAX);
	book->gave_way[0] = '\0';
	if (book->overflow_reported == book->overflow)
		return;
	book->overflow_reported = book->overflow;
	json = tell_begin(teller, NULL, teller->now.mono_ns);
	tell_alarm(teller, book->overflow_reported ? ALARM_RAISED : ALARM_CLEARED);
	jw_open(json, "observed");
	jw_uint(json, "kept", book->count);
	jw_close(json);
	tell_end(teller, EVENT_ALARM_OVERFLOW);
}

void alarm_book_metrics(const struct alarm_book *book, struct jw *json)
{
	uint64_t active = 0, unacknowledged = 0;

	for (size_t i = 0; i < book->used; i++) {
		const struct booked_alarm *alarm = &book->alarms[i];

		if (!alarm->resource)
			continue;
		active += alarm->active;
		unacknowledged += !alarm->acknowledged;
	}
	jw_open(json, "alarms");
	jw_uint(json, "kept", book->count);
	jw_uint(json, "active", active);
	jw_uint(json, "unacknowledged", unacknowledged);
	jw_uint(json, "lost", book->lost);
	jw_close(json);
}

static void put_alarm(struct jw *json, const struct booked_alarm *alarm)
{
	jw_open(json, NULL);
	jw_text(json, "resource", alarm->resource);
	jw_text(json, "type", alarm->type->name);
	jw_text(json, "severity", severity_name(alarm->type->severity));
	jw_utc(json, "raised", alarm->raised_utc_ns);
	jw_text(json, "raised_clock", clock_state_name((enum clock_state)alarm->raised_clock));
	jw_uint(json, "times", alarm->times);
	jw_bool(json, "active", alarm->active);
	jw_bool(json, "acknowledged", alarm->acknowledged);
	jw_close(json);
}

void alarm_book_status(const struct alarm_book *book, struct jw *json, size_t most)
{
	uint64_t more = 0;

	jw_open_array(json, "alarms");
	for (int severity = SEVERITY_CRITICAL; severity >= 0; severity--)
		for (size_t i = 0; i < book->used; i++) {
			const struct booked_alarm *alarm = &book->alarms[i];

			if (!alarm->resource || (int)alarm->type->severity != severity)
				continue;
			if (json->bytes + ALARM_BYTES <= most)
				put_alarm(json, alarm);
			else
				more++;
		}
	jw_close_array(json);
	if (more > 0)
		jw_uint(json, "alarms_more", more);
}

/* ---- memories ------------------------------------------------------------------------ */

static void keep_alarm(const struct booked_alarm *alarm, const char *key,
		       const struct keeper *keeper)
{
	char text[MEMO_BYTES];
	struct memo memo;

	memo_start(&memo, text, sizeof(text));
	memo_int(&memo, TEXT_VERSION);
	memo_text(&memo, alarm->type->name);
	memo_text(&memo, alarm->resource);
	memo_int(&memo, alarm->active);
	memo_int(&memo, alarm->acknowledged);
	memo_int(&memo, (int64_t)alarm->times);
	memo_int(&memo, alarm->raised_utc_ns);
	memo_int(&memo, (int64_t)alarm->raised_clock);
	memo_text(&memo, NULL); /* officer and reason are in the event */
	memo_text(&memo, NULL);
	memo_int(&memo, alarm->overdue_reported);
	keeper->keep(keeper->data, key, text);
}

void alarm_book_keep(struct alarm_book *book, const struct keeper *keeper)
{
	char key[MEMO_KEY_BYTES];

	book->changed = false;
	for (size_t i = 0; i < book->used; i++) {
		struct booked_alarm *alarm = &book->alarms[i];

		if (!alarm->changed)
			continue;
		alarm->changed = false;
		snprintf(key, sizeof(key), "alarm/%zu", i);
		if (alarm->resource)
			keep_alarm(alarm, key, keeper);
		else
			keeper->keep(keeper->data, key, NULL);
	}
}

/* The place that a key names; NULL: none. */
static struct booked_alarm *place_of(struct alarm_book *book, const char *key)
{
	char *end;
	unsigned long place;

	if (strncmp(key, "alarm/", 6) != 0 || key[6] < '0' || key[6] > '9')
		return NULL;
	place = strtoul(key + 6, &end, 10);
	return *end || place >= ALARM_BOOK_MAX ? NULL : &book->alarms[place];
}

static bool read_alarm(struct booked_alarm *alarm, const char *text,
		       char ret_resource[ALARM_RESOURCE_BYTES])
{
	struct memo_reader reader;
	int64_t version;
	char type[64], officer[OFFICER_NAME_BYTES], reason[OFFICER_REASON_BYTES];

	memo_read(&reader, text);
	version = memo_take(&reader, 1, TEXT_VERSION);
	memo_take_text(&reader, type, sizeof(type));
	memo_take_text(&reader, ret_resource, ALARM_RESOURCE_BYTES);
	alarm->active = memo_take(&reader, 0, 1);
	alarm->acknowledged = memo_take(&reader, 0, 1);
	alarm->times = (uint32_t)memo_take(&reader, 0, UINT32_MAX);
	alarm->raised_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	alarm->raised_clock = (uint8_t)memo_take(&reader, CLOCK_UNSYNCED, CLOCK_HOLDOVER);
	memo_take_text(&reader, officer, sizeof(officer));
	memo_take_text(&reader, reason, sizeof(reason));
	alarm->overdue_reported = version > 1 && memo_take(&reader, 0, 1);
	alarm->type = event_type_by_name(type);
	return memo_end(&reader) && alarm->type && ret_resource[0];
}

void alarm_book_recall(struct alarm_book *book, const char *key, const char *text)
{
	struct booked_alarm *place = place_of(book, key);
	struct booked_alarm alarm = {.raised_mono_ns = INT64_MIN, .overdue_mono_ns = INT64_MAX};
	char resource[ALARM_RESOURCE_BYTES];

	if (!place || place->resource || !read_alarm(&alarm, text, resource))
		return;
	alarm.resource = strdup(resource);
	if (!alarm.resource)
		return;
	*place = alarm;
	if ((size_t)(place - book->alarms) >= book->used)
		book->used = (size_t)(place - book->alarms) + 1;
	book->count++;
	if (alarm.active && !is_consignment(alarm.resource) && alarm.type->kind != KIND_STATE)
		deactivate(book, place);
}
