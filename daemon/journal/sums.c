/* What a row and its bytes say of each other: hashes, sums, identities. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/db.h"
#include "journal/raw.h"

#define TYPE_BYTES     64
#define RECORDED_BYTES 96
#define YEAR_MOST      2200 /* nanoseconds in 64 bits */

int64_t db_sum(const unsigned char hash[EVENT_HASH_BYTES])
{
	uint64_t sum = 0;

	for (int i = 0; i < 8; i++)
		sum = sum << 8 | hash[i];
	return (int64_t)sum;
}

bool db_row_is_whole(const struct db_row *row)
{
	unsigned char hash[EVENT_HASH_BYTES];

	event_hash(row->payload, row->payload_bytes, hash);
	return db_sum(hash) == row->sum;
}

/* So that a watermark is only believed when it is one. */
int64_t db_marks_sum(uint64_t events, uint64_t alerts)
{
	unsigned char hash[EVENT_HASH_BYTES];
	char text[64];
	int bytes = snprintf(text, sizeof(text), DB_MARK " %llu %llu", (unsigned long long)events,
			     (unsigned long long)alerts);

	event_hash(text, (size_t)bytes, hash);
	return db_sum(hash);
}

int64_t db_memory_sum(const char *key, const char *text, uint64_t version)
{
	unsigned char hash[EVENT_HASH_BYTES];
	char all[MEMORY_KEY_BYTES + MEMORY_TEXT_BYTES + 32];
	int bytes = snprintf(all, sizeof(all), "%llu %c %s %s", (unsigned long long)version,
			     text ? '+' : '-', key, text ? text : "");

	event_hash(all, (size_t)bytes < sizeof(all) ? (size_t)bytes : sizeof(all), hash);
	return db_sum(hash);
}

static const char *member(const char *payload, size_t bytes, const char *key)
{
	const char *at = memmem(payload, bytes, key, strlen(key));

	return at ? at + strlen(key) : NULL;
}

static bool copy_text(const char *from, const char *end, char *out, size_t size)
{
	const char *quote = memchr(from, '"', (size_t)(end - from));

	if (!quote || (size_t)(quote - from) >= size)
		return false;
	memcpy(out, from, (size_t)(quote - from));
	out[quote - from] = '\0';
	return true;
}

void raw_whose(const char *payload, size_t bytes, struct raw_owner *ret_owner)
{
	const char *checkpoint = member(payload, bytes, ",\"checkpoint\":\"");
	const char *gateway = member(payload, bytes, ",\"gateway\":\"");

	*ret_owner = (struct raw_owner){0};
	if (checkpoint)
		(void)copy_text(checkpoint, payload + bytes, ret_owner->checkpoint,
				sizeof(ret_owner->checkpoint));
	if (gateway)
		(void)copy_text(gateway, payload + bytes, ret_owner->gateway,
				sizeof(ret_owner->gateway));
}

/* Days since 1970 of a date (Gregorian); after Howard Hinnant's days_from_civil(). */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The number before that character, which is passed over. -1: there is none. */
static int64_t take(const char **at, char until)
{
	char *end;
	long long number = strtoll(*at, &end, 10);

	if (end == *at || *end != until || number < 0 || number > 999999)
		return -1;
	*at = end + 1;
	return number;
}

static bool read_utc(const char **at, int64_t *ret_utc_ns)
{
	static const char behind[] = "--T::.Z";
	int64_t part[sizeof(behind) - 1];

	for (size_t i = 0; i < sizeof(behind) - 1; i++)
		if ((part[i] = take(at, behind[i])) < 0)
			return false;
	if (part[0] > YEAR_MOST)
		return false;
	*ret_utc_ns =
		((days_of(part[0], (int)part[1], (int)part[2]) * 24 + part[3]) * 60 + part[4]) *
			60 * NS_PER_S +
		part[5] * NS_PER_S + part[6] * NS_PER_US;
	return true;
}

static bool read_clock(const char **at, enum clock_state *ret_clock)
{
	for (*ret_clock = CLOCK_UNSYNCED; *ret_clock <= CLOCK_HOLDOVER; ++*ret_clock) {
		const char *name = clock_state_name(*ret_clock);

		if (strncmp(*at, name, strlen(name)) != 0)
			continue;
		*at += strlen(name);
		return true;
	}
	return false;
}

static bool skip(const char **at, const char *text)
{
	if (strncmp(*at, text, strlen(text)) != 0)
		return false;
	*at += strlen(text);
	return true;
}

static bool read_moment(const char *text, struct instant *ret_at)
{
	const char *at = text;
	char *end;

	if (!read_utc(&at, &ret_at->utc_ns) || !skip(&at, "\",\"clock\":\"") ||
	    !read_clock(&at, &ret_at->clock) || !skip(&at, "\",\"mono_ns\":"))
		return false;
	ret_at->mono_ns = strtoll(at, &end, 10);
	return end != at;
}

bool raw_recorded(const char *payload, size_t bytes, char ret_boot[RAW_BOOT_BYTES],
		  struct instant *ret_at)
{
	const char *boot = member(payload, bytes, ",\"boot\":\"");
	const char *recorded = member(payload, bytes, ",\"recorded\":{\"utc\":\"");
	const char *end = payload + bytes;
	char text[RECORDED_BYTES];
	size_t count;

	if (!boot || !recorded || !copy_text(boot, end, ret_boot, RAW_BOOT_BYTES))
		return false;
	count = (size_t)(end - recorded) < sizeof(text) - 1 ? (size_t)(end - recorded)
							    : sizeof(text) - 1;
	memcpy(text, recorded, count);
	text[count] = '\0';
	return read_moment(text, ret_at);
}

bool raw_identity(const char *payload, size_t bytes, char ret_epoch[EVENT_EPOCH_BYTES],
		  uint64_t *ret_seq, char *ret_type, size_t type_size)
{
	const char *end = payload + bytes;
	const char *epoch = member(payload, bytes, ",\"epoch\":\"");
	const char *seq = member(payload, bytes, ",\"seq\":");
	const char *type = member(payload, bytes, ",\"type\":\"");
	uint64_t number = 0;

	if (!epoch || !seq || !type || !copy_text(epoch, end, ret_epoch, EVENT_EPOCH_BYTES) ||
	    !copy_text(type, end, ret_type, type_size))
		return false;
	for (; seq < end && *seq >= '0' && *seq <= '9' && number <= POSITION_SEQ_MAX; seq++)
		number = number * 10 + (uint64_t)(*seq - '0');
	*ret_seq = number;
	return strlen(ret_epoch) == EVENT_EPOCH_BYTES - 1 && number > 0 &&
	       number <= POSITION_SEQ_MAX;
}

bool raw_agrees(const struct db_row *row, const char *epoch)
{
	char own_epoch[EVENT_EPOCH_BYTES], type[TYPE_BYTES];
	uint64_t seq;

	return raw_identity(row->payload, row->payload_bytes, own_epoch, &seq, type,
			    sizeof(type)) &&
	       strcmp(own_epoch, epoch) == 0 && seq == position_seq(row->position) &&
	       strcmp(type, row->type) == 0;
}
