#include "transit/event/alarm_book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/alarm_place.h"
#include "transit/event/teller.h"

#define NO_PLACE     SIZE_MAX
#define TEXT_VERSION 2 /* 1 did not say whether alarm.unacknowledged was put */
#define CONSIGNMENT  "consignment/" /* begins the resource of one */
#define ALARM_BYTES  1024 /* of one in a status, at most */

void alarm_book_init(struct alarm_book *book, const struct alarm_delay *delay)
{
	book->delay = *delay;
	shelf_init(&book->shelf, ALARM_BOOK_MAX);
}

void alarm_book_fini(struct alarm_book *book)
{
	shelf_fini(&book->shelf);
	pack_names_fini(&book->names);
	memset(book->marks, 0, book->used * sizeof(book->marks[0]));
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
	(void)alarm_write(book, alarm);
}

const struct booked_alarm *alarm_book_find(struct alarm_book *book, const char *resource,
					   const struct event_type *type)
{
	return alarm_find(book, resource, type);
}

/* ---- places -------------------------------------------------------------------------- */

/* The least severe first, of these one that is not active, of these the oldest. */
static bool evicted_before(const struct alarm_book *book, size_t a, size_t b)
{
	const enum severity severity_a = alarm_type_at(book, a)->severity;
	const enum severity severity_b = alarm_type_at(book, b)->severity;
	const bool active_a = book->marks[a].flags & MARK_ACTIVE,
		   active_b = book->marks[b].flags & MARK_ACTIVE;
	struct booked_alarm alarm_a, alarm_b;

	if (severity_a != severity_b)
		return severity_a < severity_b;
	if (active_a != active_b)
		return active_b;
	alarm_read(book, a, &alarm_a);
	alarm_read(book, b, &alarm_b);
	return alarm_a.raised_utc_ns < alarm_b.raised_utc_ns;
}

/* NO_PLACE: full of alarms that are as severe. */
static size_t place_for(struct alarm_book *book, const struct event_type *type)
{
	size_t least = NO_PLACE;

	for (size_t i = 0; i < book->used; i++)
		if (book->marks[i].type == 0)
			return i;
	if (book->used < ALARM_BOOK_MAX)
		return book->used++;
	for (size_t i = 0; i < book->used; i++)
		if (least == NO_PLACE || evicted_before(book, i, least))
			least = i;
	return alarm_type_at(book, least)->severity < type->severity ? least : NO_PLACE;
}

static void lose(struct alarm_book *book, const char *resource)
{
	book->lost++;
	book->overflow = true;
	snprintf(book->gave_way, sizeof(book->gave_way), "%s", resource);
}

/* Writes it where it has a place. NULL: there is none, and it is lost. */
static struct booked_alarm *add(struct alarm_book *book, const char *resource,
				const struct event_type *type)
{
	const size_t place = place_for(book, type);
	const bool evicts = place != NO_PLACE && book->marks[place].type > 0;
	char evicted[ALARM_RESOURCE_BYTES];

	if (evicts)
		memcpy(evicted, alarm_look_at(book, place)->resource, sizeof(evicted));
	book->found = (struct booked_alarm){
		.place = place,
		.type = type,
		.raised_mono_ns = INT64_MIN,
		.overdue_mono_ns = INT64_MAX,
		.changed = true,
	};
	snprintf(book->found.resource, sizeof(book->found.resource), "%s", resource);
	if (place == NO_PLACE || alarm_write(book, &book->found) < 0) {
		lose(book, resource);
		return NULL;
	}
	if (evicts)
		lose(book, evicted);
	else
		book->count++;
	book->changed = true;
	return &book->found;
}

static void drop(struct alarm_book *book, const struct booked_alarm *alarm)
{
	shelf_drop(&book->shelf, alarm->place);
	book->marks[alarm->place] = (struct alarm_mark){.flags = MARK_CHANGED};
	book->changed = true;
	book->count--;
	if (book->count <= ALARM_BOOK_MAX / 10 * 9)
		book->overflow = false;
}

static void drop_if_done(struct alarm_book *book, const struct booked_alarm *alarm)
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
		struct booked_alarm *alarm;

		if (book->marks[i].type == 0)
			continue;
		alarm = alarm_look_at(book, i);
		alarm->overdue_mono_ns = overdue_at(book, alarm, now->mono_ns);
		if (alarm->overdue_mono_ns != INT64_MAX)
			alarm->overdue_mono_ns -= waited_ns(alarm, now);
		if (alarm->overdue_mono_ns < now->mono_ns)
			alarm->overdue_mono_ns = now->mono_ns;
		(void)alarm_write(book, alarm);
	}
}

int64_t alarm_book_deadline(const struct alarm_book *book)
{
	int64_t first = INT64_MAX;
	struct booked_alarm alarm;

	for (size_t i = 0; i < book->used; i++) {
		if (!(book->marks[i].flags & MARK_WAITING))
			continue;
		alarm_read(book, i, &alarm);
		first = earlier_ns(first, alarm.overdue_mono_ns);
	}
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
		struct booked_alarm *alarm;
		int64_t overdue_mono_ns;

		if (!(book->marks[i].flags & MARK_WAITING))
			continue;
		alarm = alarm_look_at(book, i);
		if (alarm->overdue_mono_ns > teller->now.mono_ns)
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
	struct booked_alarm *alarm = alarm_find(book, resource, type);

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
	alarm->raised_clock = at->clock;
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
	struct booked_alarm *alarm = alarm_find(book, resource, type);

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
		struct booked_alarm *alarm;

		if (!(book->marks[i].flags & MARK_ACTIVE) ||
		    alarm_type_at(book, i)->kind != KIND_STATE)
			continue;
		alarm = alarm_look_at(book, i);
		if (is_of(alarm->resource, sensor) &&
		    !(alarm->type == type && strcmp(alarm->resource, resource) == 0))
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
	alarm->acknowledged = true;
	alarm->overdue_mono_ns = INT64_MAX;
	change(book, alarm);
	drop_if_done(book, alarm);
	tell_acknowledged(alarm, by, teller);
}

int alarm_book_acknowledge(struct alarm_book *book, const struct acknowledgement *by,
			   struct teller *teller)
{
	const struct event_type *type = by->type ? event_type_by_name(by->type) : NULL;
	struct booked_alarm *alarm;

	if (!fits(by->officer, OFFICER_NAME_BYTES) || !fits(by->reason, OFFICER_REASON_BYTES))
		return -EINVAL;
	alarm = type && by->resource ? alarm_find(book, by->resource, type) : NULL;
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

	if (strncmp(alarm->type->name, "seal", strlen("seal")) != 0)
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
		struct booked_alarm *alarm;
		const char *number;

		if (book->marks[i].type == 0 || book->marks[i].flags & MARK_ACKNOWLEDGED)
			continue;
		alarm = alarm_look_at(book, i);
		number = number_of(alarm);
		if (number && is(number, seal))
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
		if (book->marks[i].type == 0)
			continue;
		active += (book->marks[i].flags & MARK_ACTIVE) != 0;
		unacknowledged += !(book->marks[i].flags & MARK_ACKNOWLEDGED);
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
	jw_text(json, "raised_clock", clock_state_name(alarm->raised_clock));
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
			const struct event_type *type = alarm_type_at(book, i);
			struct booked_alarm alarm;

			if (!type || (int)type->severity != severity)
				continue;
			if (json->bytes + ALARM_BYTES > most) {
				more++;
				continue;
			}
			alarm_read(book, i, &alarm);
			put_alarm(json, &alarm);
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
		if (!(book->marks[i].flags & MARK_CHANGED))
			continue;
		book->marks[i].flags &= (uint8_t)~MARK_CHANGED;
		snprintf(key, sizeof(key), "alarm/%zu", i);
		if (book->marks[i].type > 0)
			keep_alarm(alarm_look_at(book, i), key, keeper);
		else
			keeper->keep(keeper->data, key, NULL);
	}
}

/* The place that a key names; NO_PLACE: none. */
static size_t place_of(const char *key)
{
	char *end;
	unsigned long place;

	if (strncmp(key, "alarm/", 6) != 0 || key[6] < '0' || key[6] > '9')
		return NO_PLACE;
	place = strtoul(key + 6, &end, 10);
	return *end || place >= ALARM_BOOK_MAX ? NO_PLACE : place;
}

static bool read_memory(struct booked_alarm *alarm, const char *text)
{
	struct memo_reader reader;
	int64_t version;
	char type[64], officer[OFFICER_NAME_BYTES], reason[OFFICER_REASON_BYTES];

	memo_read(&reader, text);
	version = memo_take(&reader, 1, TEXT_VERSION);
	memo_take_text(&reader, type, sizeof(type));
	memo_take_text(&reader, alarm->resource, sizeof(alarm->resource));
	alarm->active = memo_take(&reader, 0, 1);
	alarm->acknowledged = memo_take(&reader, 0, 1);
	alarm->times = (uint32_t)memo_take(&reader, 0, UINT32_MAX);
	alarm->raised_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	alarm->raised_clock = (enum clock_state)memo_take(&reader, CLOCK_UNSYNCED, CLOCK_HOLDOVER);
	memo_take_text(&reader, officer, sizeof(officer));
	memo_take_text(&reader, reason, sizeof(reason));
	alarm->overdue_reported = version > 1 && memo_take(&reader, 0, 1);
	alarm->type = event_type_by_name(type);
	return memo_end(&reader) && alarm->type && alarm->resource[0];
}

void alarm_book_recall(struct alarm_book *book, const char *key, const char *text)
{
	const size_t place = place_of(key);
	struct booked_alarm *alarm = &book->found;

	*alarm = (struct booked_alarm){
		.place = place, .raised_mono_ns = INT64_MIN, .overdue_mono_ns = INT64_MAX};
	if (place == NO_PLACE || book->marks[place].type > 0 || !read_memory(alarm, text) ||
	    alarm_write(book, alarm) < 0)
		return;
	if (place >= book->used)
		book->used = place + 1;
	book->count++;
	if (alarm->active && !is_consignment(alarm->resource) && alarm->type->kind != KIND_STATE)
		deactivate(book, alarm);
}
