#include "alarm_book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor.h"

#define TEXT_VERSION 2 /* 1: without overdue_told */
#define ALARM_BYTES  1024 /* of one in a status, at most */

void alarm_book_init(struct alarm_book *book, const struct alarm_patience *patience)
{
	*book = (struct alarm_book){.patience = *patience};
}

static bool is_consignment(const char *resource)
{
	return strncmp(resource, "consignment/", 12) == 0;
}

static void change(struct alarm_book *book, struct booked_alarm *alarm)
{
	alarm->changed = book->changed = true;
}

static struct booked_alarm *find(struct alarm_book *book, const char *resource,
				 const struct event_type *type)
{
	size_t i;

	for (i = 0; i < ALARM_BOOK_MAX; i++) {
		struct booked_alarm *alarm = &book->alarms[i];

		if (alarm->resource[0] && alarm->type == type &&
		    strcmp(alarm->resource, resource) == 0)
			return alarm;
	}
	return NULL;
}

const struct booked_alarm *alarm_book_find(const struct alarm_book *book, const char *resource,
					   enum event_id type)
{
	size_t i;

	for (i = 0; i < ALARM_BOOK_MAX; i++) {
		const struct booked_alarm *alarm = &book->alarms[i];

		if (alarm->resource[0] && alarm->type == event_type(type) &&
		    strcmp(alarm->resource, resource) == 0)
			return alarm;
	}
	return NULL;
}

/* ---- places -------------------------------------------------------------------------- */

/* The least severe, of these one that is not active, of these the oldest. */
static bool gives_way_before(const struct booked_alarm *a, const struct booked_alarm *b)
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
	size_t i;

	for (i = 0; i < ALARM_BOOK_MAX; i++) {
		struct booked_alarm *alarm = &book->alarms[i];

		if (!alarm->resource[0])
			return alarm;
		if (!least || gives_way_before(alarm, least))
			least = alarm;
	}
	return least->type->severity < type->severity ? least : NULL;
}

static struct booked_alarm *add(struct alarm_book *book, const char *resource,
				const struct event_type *type)
{
	struct booked_alarm *alarm = place_for(book, type);

	if (!alarm || alarm->resource[0]) {
		book->lost++;
		book->overflows = true;
	}
	if (!alarm)
		return NULL;
	if (!alarm->resource[0])
		book->count++;
	*alarm = (struct booked_alarm){.type = type};
	change(book, alarm);
	snprintf(alarm->resource, sizeof(alarm->resource), "%s", resource);
	return alarm;
}

static void drop(struct alarm_book *book, struct booked_alarm *alarm)
{
	*alarm = (struct booked_alarm){0};
	change(book, alarm);
	book->count--;
	if (book->count <= ALARM_BOOK_MAX / 10 * 9)
		book->overflows = false;
}

static void drop_if_done(struct alarm_book *book, struct booked_alarm *alarm)
{
	if (!alarm->active && (alarm->acknowledged || !alarm->type->latched))
		drop(book, alarm);
}

/* ---- patience -------------------------------------------------------------------------- */

static int64_t patience_ns(const struct alarm_book *book, const struct event_type *type)
{
	if (!type->latched)
		return 0;
	if (type->severity == SEVERITY_CRITICAL)
		return book->patience.critical_ns;
	return type->severity == SEVERITY_MAJOR ? book->patience.major_ns : 0;
}

static int64_t overdue_at(const struct alarm_book *book, const struct booked_alarm *alarm,
			  int64_t raised_mono_ns)
{
	int64_t patience = patience_ns(book, alarm->type);

	return patience > 0 && !alarm->acknowledged && !alarm->overdue_told
		       ? raised_mono_ns + patience
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
	size_t i;

	for (i = 0; i < ALARM_BOOK_MAX; i++) {
		struct booked_alarm *alarm = &book->alarms[i];

		if (!alarm->resource[0])
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
	size_t i;

	for (i = 0; i < ALARM_BOOK_MAX; i++)
		if (book->alarms[i].resource[0] && book->alarms[i].overdue_mono_ns < first)
			first = book->alarms[i].overdue_mono_ns;
	return first;
}

static void tell_unacknowledged(const struct booked_alarm *alarm, int64_t overdue_mono_ns,
				struct teller *teller)
{
	struct json *json = tell_begin(teller, NULL, overdue_mono_ns);

	json_open(json, "unacknowledged");
	json_text(json, "resource", alarm->resource);
	json_text(json, "type", alarm->type->name);
	json_text(json, "severity", severity_name(alarm->type->severity));
	json_utc(json, "raised", alarm->raised_utc_ns);
	json_uint(json, "times", alarm->times);
	json_bool(json, "active", alarm->active);
	json_close(json);
	tell_end(teller, EVENT_ALARM_UNACKNOWLEDGED, NULL);
}

void alarm_book_tick(struct alarm_book *book, struct teller *teller)
{
	size_t i;

	for (i = 0; i < ALARM_BOOK_MAX; i++) {
		struct booked_alarm *alarm = &book->alarms[i];
		int64_t overdue_mono_ns;

		if (!alarm->resource[0] || alarm->overdue_mono_ns > teller->now.mono_ns)
			continue;
		overdue_mono_ns = alarm->overdue_mono_ns;
		alarm->overdue_mono_ns = INT64_MAX;
		alarm->overdue_told = true;
		change(book, alarm);
		tell_unacknowledged(alarm, overdue_mono_ns, teller);
	}
}

/* ---- what the world does ------------------------------------------------------------- */

static bool raise_type(struct alarm_book *book, const char *resource, const struct event_type *type,
		       const struct instant *at)
{
	struct booked_alarm *alarm = find(book, resource, type);

	if (alarm && alarm->active)
		return false;
	if (!alarm)
		alarm = add(book, resource, type);
	if (!alarm)
		return true;
	if (alarm->times == 0 || alarm->acknowledged) { /* else it waits already */
		alarm->acknowledged = alarm->overdue_told = false;
		alarm->overdue_mono_ns = overdue_at(book, alarm, at->mono_ns);
	}
	alarm->active = true;
	alarm->officer[0] = alarm->reason[0] = '\0';
	alarm->times++;
	alarm->raised_mono_ns = at->mono_ns;
	alarm->raised_utc_ns = at->utc_ns;
	alarm->raised_clock = at->clock;
	change(book, alarm);
	return true;
}

bool alarm_book_raise(struct alarm_book *book, const char *resource, enum event_id type,
		      const struct instant *at)
{
	return raise_type(book, resource, event_type(type), at);
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

bool alarm_book_clear(struct alarm_book *book, const char *resource, enum event_id type,
		      const struct instant *at, int64_t *ret_lasted_ms)
{
	struct booked_alarm *alarm = find(book, resource, event_type(type));

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
		      enum event_id type, const struct instant *at)
{
	char resource[ALARM_RESOURCE_BYTES];
	size_t i;

	alarm_book_resource(sensor, subject, resource);
	for (i = 0; i < ALARM_BOOK_MAX; i++) {
		struct booked_alarm *alarm = &book->alarms[i];
		bool same =
			alarm->type == event_type(type) && strcmp(alarm->resource, resource) == 0;

		if (alarm->active && alarm->type->kind == KIND_STATE && !same &&
		    is_of(alarm->resource, sensor))
			deactivate(book, alarm);
	}
	if (event_type(type)->latched)
		(void)raise_type(book, resource, event_type(type), at);
}

/* ---- what an officer does ------------------------------------------------------------ */

static bool fits(const char *text, size_t size)
{
	return text && text[0] && strlen(text) < size;
}

static void tell_acknowledged(const struct booked_alarm *alarm, const char *by,
			      struct teller *teller)
{
	struct json *json = tell_begin(teller, NULL, teller->now.mono_ns);

	json_open(json, "acknowledged");
	json_text(json, "resource", alarm->resource);
	json_text(json, "type", alarm->type->name);
	json_utc(json, "raised", alarm->raised_utc_ns);
	json_uint(json, "times", alarm->times);
	json_bool(json, "active", alarm->active);
	json_text(json, "officer", alarm->officer);
	json_text(json, "reason", alarm->reason);
	if (by)
		json_text(json, "by", by);
	json_close(json);
	tell_end(teller, EVENT_ALARM_ACKNOWLEDGED, NULL);
}

int alarm_book_acknowledge(struct alarm_book *book, const struct acknowledgement *by,
			   struct teller *teller)
{
	const struct event_type *type = by->type ? event_type_by_name(by->type) : NULL;
	struct booked_alarm *alarm, told;

	if (!fits(by->officer, sizeof(alarm->officer)) || !fits(by->reason, sizeof(alarm->reason)))
		return -EINVAL;
	alarm = type && by->resource ? find(book, by->resource, type) : NULL;
	if (!alarm)
		return -ENOENT;
	if (alarm->acknowledged)
		return -EALREADY;
	alarm->acknowledged = true;
	alarm->overdue_mono_ns = INT64_MAX;
	change(book, alarm);
	snprintf(alarm->officer, sizeof(alarm->officer), "%s", by->officer);
	snprintf(alarm->reason, sizeof(alarm->reason), "%s", by->reason);
	told = *alarm;
	drop_if_done(book, alarm);
	tell_acknowledged(&told, by->by, teller);
	return 0;
}

void alarm_book_settle(struct alarm_book *book, struct teller *teller)
{
	struct json *json;

	if (book->overflow == book->overflows)
		return;
	book->overflow = book->overflows;
	json = tell_begin(teller, NULL, teller->now.mono_ns);
	json_text(json, "alarm", book->overflow ? "raised" : "cleared");
	json_open(json, "observed");
	json_uint(json, "kept", book->count);
	json_close(json);
	tell_end(teller, EVENT_ALARM_OVERFLOW, NULL);
}

void alarm_book_metrics(const struct alarm_book *book, struct json *json)
{
	uint64_t active = 0, unacknowledged = 0;
	size_t i;

	for (i = 0; i < ALARM_BOOK_MAX; i++) {
		const struct booked_alarm *alarm = &book->alarms[i];

		if (!alarm->resource[0])
			continue;
		active += alarm->active;
		unacknowledged += !alarm->acknowledged;
	}
	json_open(json, "alarms");
	json_uint(json, "kept", book->count);
	json_uint(json, "active", active);
	json_uint(json, "unacknowledged", unacknowledged);
	json_uint(json, "lost", book->lost);
	json_close(json);
}

static void put_alarm(struct json *json, const struct booked_alarm *alarm)
{
	json_open(json, NULL);
	json_text(json, "resource", alarm->resource);
	json_text(json, "type", alarm->type->name);
	json_text(json, "severity", severity_name(alarm->type->severity));
	json_utc(json, "raised", alarm->raised_utc_ns);
	json_text(json, "raised_clock", clock_state_name(alarm->raised_clock));
	json_uint(json, "times", alarm->times);
	json_bool(json, "active", alarm->active);
	json_bool(json, "acknowledged", alarm->acknowledged);
	json_close(json);
}

void alarm_book_status(const struct alarm_book *book, struct json *json, size_t most)
{
	uint64_t more = 0;
	int severity;
	size_t i;

	json_open_array(json, "alarms");
	for (severity = SEVERITY_CRITICAL; severity >= 0; severity--)
		for (i = 0; i < ALARM_BOOK_MAX; i++) {
			const struct booked_alarm *alarm = &book->alarms[i];

			if (!alarm->resource[0] || (int)alarm->type->severity != severity)
				continue;
			if (json->bytes + ALARM_BYTES <= most)
				put_alarm(json, alarm);
			else
				more++;
		}
	json_close_array(json);
	if (more > 0)
		json_uint(json, "alarms_more", more);
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
	memo_text(&memo, alarm->officer);
	memo_text(&memo, alarm->reason);
	memo_int(&memo, alarm->overdue_told);
	keeper->keep(keeper->data, key, text);
}

void alarm_book_keep(struct alarm_book *book, const struct keeper *keeper)
{
	char key[MEMO_KEY_BYTES];
	size_t i;

	book->changed = false;
	for (i = 0; i < ALARM_BOOK_MAX; i++) {
		struct booked_alarm *alarm = &book->alarms[i];

		if (!alarm->changed)
			continue;
		alarm->changed = false;
		snprintf(key, sizeof(key), "alarm/%zu", i);
		if (alarm->resource[0])
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

static bool read_alarm(struct booked_alarm *alarm, const char *text)
{
	struct memo_reader reader;
	int64_t version;
	char type[64];

	memo_read(&reader, text);
	version = memo_take(&reader, 1, TEXT_VERSION);
	memo_take_text(&reader, type, sizeof(type));
	memo_take_text(&reader, alarm->resource, sizeof(alarm->resource));
	alarm->active = memo_take(&reader, 0, 1);
	alarm->acknowledged = memo_take(&reader, 0, 1);
	alarm->times = (uint64_t)memo_take(&reader, 0, INT64_MAX);
	alarm->raised_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	alarm->raised_clock = (enum clock_state)memo_take(&reader, CLOCK_UNSYNCED, CLOCK_HOLDOVER);
	memo_take_text(&reader, alarm->officer, sizeof(alarm->officer));
	memo_take_text(&reader, alarm->reason, sizeof(alarm->reason));
	alarm->overdue_told = version > 1 && memo_take(&reader, 0, 1);
	alarm->type = event_type_by_name(type);
	return memo_end(&reader) && alarm->type && alarm->resource[0];
}

void alarm_book_recall(struct alarm_book *book, const char *key, const char *text)
{
	struct booked_alarm *place = place_of(book, key);
	struct booked_alarm alarm = {.raised_mono_ns = INT64_MIN, .overdue_mono_ns = INT64_MAX};

	if (!place || place->resource[0] || !read_alarm(&alarm, text))
		return;
	*place = alarm;
	book->count++;
	if (alarm.active && !is_consignment(alarm.resource) && alarm.type->kind != KIND_STATE)
		deactivate(book, place);
}
