#include "verify/message.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEQ_DIGITS 13

struct reader {
	const char *at, *end;
};

static bool skip(struct reader *reader, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, text, length) != 0)
		return false;
	reader->at += length;
	return true;
}

/* Up to the quote, without escapes. */
static bool take_text(struct reader *reader, char *out, size_t size)
{
	const char *quote = memchr(reader->at, '"', (size_t)(reader->end - reader->at));
	size_t length = quote ? (size_t)(quote - reader->at) : size;

	if (length >= size || memchr(reader->at, '\\', length) || memchr(reader->at, '\0', length))
		return false;
	memcpy(out, reader->at, length);
	out[length] = '\0';
	reader->at = quote + 1;
	return true;
}

static bool take_epoch(struct reader *reader, char epoch[EVENT_EPOCH_BYTES])
{
	return take_text(reader, epoch, EVENT_EPOCH_BYTES) &&
	       strspn(epoch, "0123456789abcdef") == EVENT_EPOCH_BYTES - 1;
}

static bool take_number(struct reader *reader, uint64_t *ret_number)
{
	const char *begin = reader->at;
	uint64_t number = 0;

	for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
		if (reader->at - begin == SEQ_DIGITS)
			return false;
		number = number * 10 + (uint64_t)(*reader->at - '0');
	}
	*ret_number = number;
	return reader->at > begin && (begin[0] != '0' || number == 0) && number >> 40 == 0;
}

static bool take_hash(struct reader *reader, unsigned char hash[EVENT_HASH_BYTES])
{
	char hex[EVENT_HEX_BYTES];

	return take_text(reader, hex, sizeof(hex)) && event_unhex(hex, hash);
}

/* In the first event of an epoch. */
static bool pass_follows(struct reader *reader)
{
	static const char behind[] = "],\"type\":\"";
	const char *end;

	if (!skip(reader, ",\"follows\":["))
		return true;
	end = memmem(reader->at, (size_t)(reader->end - reader->at), behind, strlen(behind));
	reader->at = end ? end + 1 : reader->end;
	return end != NULL;
}

static enum leg_word leg_word_of(const char *type)
{
	static const char *const types[] = {
		[LEG_DEPARTED] = "leg.departed",
		[LEG_ARRIVED] = "leg.arrived",
		[LEG_UNANNOUNCED] = "leg.unannounced",
	};

	for (enum leg_word word = LEG_DEPARTED; word <= LEG_UNANNOUNCED; word++)
		if (strcmp(type, types[word]) == 0)
			return word;
	return LEG_NONE;
}

static bool is_warning(const char *type)
{
	static const char *const types[] = {
		"leg.unsigned",	    "leg.unannounced",	   "registry.refused", "journal.forked",
		"journal.unproven", "journal.rolled-back", "journal.foreign",  "journal.lost",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static bool read_event(struct reader *reader, struct message *message)
{
	char type[64];

	if (!skip(reader, ",\"checkpoint\":\"") ||
	    !take_text(reader, message->checkpoint, NAME_BYTES) ||
	    !skip(reader, ",\"gateway\":\"") || !take_text(reader, message->gateway, NAME_BYTES) ||
	    !skip(reader, ",\"epoch\":\"") || !take_epoch(reader, message->head.epoch) ||
	    !skip(reader, ",\"seq\":") || !take_number(reader, &message->head.seq) ||
	    !skip(reader, ",\"prev\":\"") || !take_hash(reader, message->prev) ||
	    !pass_follows(reader) || !skip(reader, ",\"type\":\"") ||
	    !take_text(reader, type, sizeof(type)))
		return false;
	message->leg = leg_word_of(type);
	message->warns = is_warning(type);
	message->tombstone = strcmp(type, "journal.evicted") == 0;
	return message->head.seq > 0 && reader->end[-1] == '}';
}

/* One of a will has no head. */
static bool read_status(struct reader *reader, struct message *message)
{
	const char *epoch;

	if (!skip(reader, ",\"checkpoint\":\"") ||
	    !take_text(reader, message->checkpoint, NAME_BYTES) ||
	    !skip(reader, ",\"gateway\":\"") || !take_text(reader, message->gateway, NAME_BYTES))
		return false;
	epoch = memmem(reader->at, (size_t)(reader->end - reader->at), ",\"epoch\":\"", 10);
	if (!epoch)
		return true;
	reader->at = epoch + 10;
	if (!take_epoch(reader, message->head.epoch) || !skip(reader, ",\"seq\":") ||
	    !take_number(reader, &message->head.seq) || !skip(reader, ",\"hash\":\"") ||
	    !take_hash(reader, message->head.hash))
		message->head = (struct event_head){0};
	return true;
}

/* true: there is none, or a whole one. */
static bool take_note(const json_t *root, const char *member, struct signed_head *to)
{
	const json_t *value = json_object_get(root, member);
	const char *text = json_string_value(value);

	to->there = value != NULL;
	if (!value)
		return true;
	if (!text || strlen(text) >= NOTE_BYTES || note_read(text, strlen(text), &to->note) < 0)
		return false;
	memcpy(to->text, text, strlen(text) + 1);
	return true;
}

static bool read_head(const char *line, size_t bytes, struct message *message)
{
	json_t *root = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, NULL);
	const char *epoch = json_string_value(json_object_get(root, "epoch"));
	bool good = epoch && strlen(epoch) == EVENT_EPOCH_BYTES - 1 &&
		    take_note(root, "note", &message->note) &&
		    take_note(root, "witnessed", &message->witnessed);

	json_decref(root);
	return good;
}

static bool read_witness(const char *line, size_t bytes, struct message *message)
{
	json_t *root = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, NULL);
	bool good = take_note(root, "note", &message->witnessed) && message->witnessed.there;

	json_decref(root);
	return good;
}

enum message_kind message_read(const char *line, size_t bytes, struct message *ret_message)
{
	struct reader reader = {line, line + bytes};
	bool good;

	memset(&ret_message->head, 0, sizeof(ret_message->head));
	ret_message->leg = LEG_NONE;
	ret_message->warns = false;
	ret_message->note.there = ret_message->witnessed.there = ret_message->tombstone = false;
	if (!skip(&reader, "{\"schema\":\"corridord."))
		return MESSAGE_GARBLED;
	if (skip(&reader, "event/1\""))
		good = read_event(&reader, ret_message);
	else if (skip(&reader, "status/1\""))
		return read_status(&reader, ret_message) ? MESSAGE_STATUS : MESSAGE_GARBLED;
	else if (skip(&reader, "head/1\""))
		return read_head(line, bytes, ret_message) ? MESSAGE_HEAD : MESSAGE_GARBLED;
	else if (skip(&reader, "witness/1\""))
		return read_witness(line, bytes, ret_message) ? MESSAGE_HEAD : MESSAGE_GARBLED;
	else
		return MESSAGE_OTHER;
	return good ? MESSAGE_EVENT : MESSAGE_GARBLED;
}

bool message_is_whole(const char *line, size_t bytes)
{
	json_t *root = json_loadb(line, bytes, 0, NULL);
	const bool whole = root != NULL;

	json_decref(root);
	return whole;
}

/* Six digits. */
static bool take_fraction(struct reader *reader, uint64_t *ret_us)
{
	*ret_us = 0;
	for (int i = 0; i < 6; i++, reader->at++) {
		if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9')
			return false;
		*ret_us = *ret_us * 10 + (uint64_t)(*reader->at - '0');
	}
	return true;
}

int64_t message_recorded(const char *line, size_t bytes)
{
	static const char begin[] = "\"recorded\":{\"utc\":\"", behind[] = "Z\",\"clock\":\"";
	struct reader reader = {memmem(line, bytes, begin, strlen(begin)), line + bytes};
	char utc[sizeof("2026-11-29T23:00:00")], clock[16];
	struct tm split = {0};
	const char *end;
	uint64_t us;

	if (!reader.at || !skip(&reader, begin) || (size_t)(reader.end - reader.at) < sizeof(utc))
		return INT64_MIN;
	snprintf(utc, sizeof(utc), "%.*s", (int)sizeof(utc) - 1, reader.at);
	reader.at += sizeof(utc) - 1;
	end = strptime(utc, "%Y-%m-%dT%H:%M:%S", &split);
	if (!end || *end || !skip(&reader, ".") || !take_fraction(&reader, &us) ||
	    !skip(&reader, behind) || !take_text(&reader, clock, sizeof(clock)) ||
	    strcmp(clock, "unsynced") == 0)
		return INT64_MIN;
	return (int64_t)timegm(&split) * 1000000 + (int64_t)us;
}

/* Behind that text, as far as there is one; 0: there is not. */
static int64_t take_ns(const char *line, size_t bytes, const char *behind)
{
	const char *at = memmem(line, bytes, behind, strlen(behind));
	char digits[20];

	if (!at)
		return 0;
	at += strlen(behind);
	snprintf(digits, sizeof(digits), "%.*s", (int)(line + bytes - at), at);
	return strtoll(digits, NULL, 10);
}

void message_moment(const char *line, size_t bytes, struct moment *ret_moment)
{
	static const char begin[] = ",\"boot\":\"";
	struct reader reader = {memmem(line, bytes, begin, strlen(begin)), line + bytes};

	ret_moment->mono_ns = take_ns(line, bytes, "\"mono_ns\":");
	if (!reader.at || !skip(&reader, begin) || ret_moment->mono_ns <= 0 ||
	    !take_text(&reader, ret_moment->boot, sizeof(ret_moment->boot)))
		ret_moment->boot[0] = '\0';
}

static bool number_of(const json_t *object, const char *key, uint64_t *ret_number)
{
	const json_t *number = json_object_get(object, key);

	*ret_number = (uint64_t)json_integer_value(number);
	return json_is_integer(number) && json_integer_value(number) > 0;
}

size_t message_ranges(const char *line, size_t bytes, char epoch[EVENT_EPOCH_BYTES],
		      struct range ranges[RANGES_MAX])
{
	json_t *root = json_loadb(line, bytes, 0, NULL);
	const json_t *observed = json_object_get(root, "observed");
	const char *of = json_string_value(json_object_get(observed, "epoch"));
	const json_t *list = json_object_get(observed, "ranges");
	size_t count = 0;

	for (size_t i = 0; of && i < json_array_size(list) && count < RANGES_MAX; i++) {
		const json_t *one = json_array_get(list, i);

		count += number_of(one, "first", &ranges[count].first) &&
			 number_of(one, "last", &ranges[count].last);
	}
	snprintf(epoch, EVENT_EPOCH_BYTES, "%s", of ? of : "");
	json_decref(root);
	return count;
}

size_t message_follows(const char *line, size_t bytes, struct event_head follows[FOLLOWS_MOST])
{
	json_t *root = json_loadb(line, bytes, 0, NULL);
	const json_t *list = json_object_get(root, "follows");
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(list) && count < FOLLOWS_MOST; i++) {
		const json_t *one = json_array_get(list, i);
		const char *epoch = json_string_value(json_object_get(one, "epoch"));
		const char *hash = json_string_value(json_object_get(one, "hash"));
		struct event_head *head = &follows[count];

		if (!epoch || !hash || strlen(hash) != EVENT_HEX_BYTES - 1 ||
		    !event_unhex(hash, head->hash) || !number_of(one, "seq", &head->seq))
			continue;
		snprintf(head->epoch, sizeof(head->epoch), "%s", epoch);
		count++;
	}
	json_decref(root);
	return count;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

bool message_leg(const char *line, size_t bytes, struct leg_said *ret_leg)
{
	json_t *root = json_loadb(line, bytes, 0, NULL);
	const json_t *leg = json_object_get(root, "leg");
	const char *ucr = text_of(json_object_get(root, "consignment"), "ucr");
	const char *from = text_of(leg, "from"), *to = text_of(leg, "to");
	const char *part = text_of(leg, "part");
	int length = snprintf(ret_leg->way, sizeof(ret_leg->way), "%s/%s/%s%s%s", from, to, ucr,
			      part[0] ? "~" : "", part);

	snprintf(ret_leg->departed, sizeof(ret_leg->departed), "%s", text_of(leg, "departed"));
	snprintf(ret_leg->arrived, sizeof(ret_leg->arrived), "%s", text_of(leg, "arrived"));
	if (!ucr[0] || !from[0] || !to[0] || (size_t)length >= sizeof(ret_leg->way))
		length = -1;
	json_decref(root);
	return length >= 0;
}
