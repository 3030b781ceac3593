#include "transit/event/alarm_place.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ALARM_PACKED (PACK_BYTES(ALARM_RESOURCE_BYTES) + 64)

/* Its number; of one that is not known yet, the next. */
static size_t number_of_type(const struct alarm_book *book, const struct event_type *type)
{
	size_t number = 1;

	while (number <= book->type_count && book->types[number - 1] != type)
		number++;
	return number;
}

static uint8_t take_type(struct alarm_book *book, const struct event_type *type)
{
	size_t number = number_of_type(book, type);

	assert(number <= ALARM_BOOK_TYPES);
	if (number > book->type_count)
		book->types[book->type_count++] = type;
	return (uint8_t)number;
}

const struct event_type *alarm_type_at(const struct alarm_book *book, size_t place)
{
	const size_t number = book->marks[place].type;

	return number > 0 ? book->types[number - 1] : NULL;
}

/* So that any difference comes back. */
static int64_t minus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* What is before the last slash returns in many. */
static void pack_resource(struct packing *packing, struct pack_names *names, const char *resource)
{
	const char *slash = strrchr(resource, '/');
	size_t bytes = slash ? (size_t)(slash - resource) : strlen(resource);
	char before[ALARM_RESOURCE_BYTES];

	snprintf(before, sizeof(before), "%.*s", (int)bytes, resource);
	pack_field(packing, names, before);
	pack_field(packing, names, resource + bytes);
}

static int64_t due_from(const struct booked_alarm *alarm)
{
	return alarm->raised_mono_ns != INT64_MIN ? alarm->raised_mono_ns : 0;
}

static uint8_t flags_of(const struct booked_alarm *alarm)
{
	unsigned flags = (unsigned)alarm->raised_clock << MARK_CLOCK;

	flags |= alarm->active ? MARK_ACTIVE : 0;
	flags |= alarm->acknowledged ? MARK_ACKNOWLEDGED : 0;
	flags |= alarm->overdue_reported ? MARK_REPORTED : 0;
	flags |= alarm->changed ? MARK_CHANGED : 0;
	flags |= alarm->overdue_mono_ns != INT64_MAX ? MARK_WAITING : 0;
	flags |= alarm->raised_mono_ns != INT64_MIN ? MARK_THIS_BOOT : 0;
	return (uint8_t)flags;
}

int alarm_write(struct alarm_book *book, const struct booked_alarm *alarm)
{
	unsigned char bytes[ALARM_PACKED];
	struct packing packing = {.out = bytes, .size = sizeof(bytes)};
	struct alarm_mark *mark = &book->marks[alarm->place];

	if (book->names.since_ns == 0)
		book->names.since_ns = alarm->raised_utc_ns;
	pack_resource(&packing, &book->names, alarm->resource);
	pack_bits(&packing, minus(alarm->raised_utc_ns, book->names.since_ns));
	pack_bits(&packing, alarm->times);
	if (alarm->raised_mono_ns != INT64_MIN)
		pack_bits(&packing, alarm->raised_mono_ns);
	if (alarm->overdue_mono_ns != INT64_MAX)
		pack_bits(&packing, minus(alarm->overdue_mono_ns, due_from(alarm)));
	if (packing.overflow || shelf_put(&book->shelf, alarm->place, bytes, packing.bytes) < 0)
		return -ENOMEM;
	mark->type = take_type(book, alarm->type);
	mark->hash = shelf_hash(alarm->resource);
	mark->flags = flags_of(alarm);
	return 0;
}

void alarm_read(const struct alarm_book *book, size_t place, struct booked_alarm *ret_alarm)
{
	const uint8_t flags = book->marks[place].flags;
	struct unpacking unpacking;
	size_t bytes, length;

	unpacking = (struct unpacking){.at = shelf_get(&book->shelf, place, &bytes)};
	unpacking.end = unpacking.at + bytes;
	unpack_field(&unpacking, &book->names, ret_alarm->resource, sizeof(ret_alarm->resource));
	length = strlen(ret_alarm->resource);
	unpack_field(&unpacking, &book->names, ret_alarm->resource + length,
		     sizeof(ret_alarm->resource) - length);
	ret_alarm->place = place;
	ret_alarm->type = alarm_type_at(book, place);
	ret_alarm->raised_utc_ns = plus(unpack_bits(&unpacking), book->names.since_ns);
	ret_alarm->times = (uint32_t)unpack_bits(&unpacking);
	ret_alarm->raised_mono_ns = flags & MARK_THIS_BOOT ? unpack_bits(&unpacking) : INT64_MIN;
	ret_alarm->overdue_mono_ns = flags & MARK_WAITING
					     ? plus(unpack_bits(&unpacking), due_from(ret_alarm))
					     : INT64_MAX;
	ret_alarm->raised_clock = (enum clock_state)(flags >> MARK_CLOCK);
	ret_alarm->active = flags & MARK_ACTIVE;
	ret_alarm->acknowledged = flags & MARK_ACKNOWLEDGED;
	ret_alarm->overdue_reported = flags & MARK_REPORTED;
	ret_alarm->changed = flags & MARK_CHANGED;
}

struct booked_alarm *alarm_look_at(struct alarm_book *book, size_t place)
{
	alarm_read(book, place, &book->found);
	return &book->found;
}

struct booked_alarm *alarm_find(struct alarm_book *book, const char *resource,
				const struct event_type *type)
{
	const size_t number = number_of_type(book, type);
	const uint16_t hash = shelf_hash(resource);

	for (size_t i = 0; i < book->used; i++) {
		const struct alarm_mark *mark = &book->marks[i];

		if (mark->hash == hash && mark->type == number &&
		    strcmp(alarm_look_at(book, i)->resource, resource) == 0)
			return &book->found;
	}
	return NULL;
}
