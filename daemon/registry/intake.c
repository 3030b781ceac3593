#include "registry/intake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/percent.h"
#include "evidence/vouch.h"

#define REMOVED "{\"removed\":true}"

static enum intake_result refuse(struct registry_complaint *complaint, const char *text)
{
	snprintf(complaint->text, sizeof(complaint->text), "%s", text);
	return INTAKE_REFUSED;
}

/* As in handovers. A level that makes no sense so is taken as it stands. */
static void read_level(const char *level, char *out, size_t size)
{
	if (percent_read(level, out, size) == 0)
		snprintf(out, size, "%s", level);
}

/* false: the complaint says why. */
static bool read_subject(const char *subject, enum registry_kind *kind,
			 char key[REGISTRY_KEY_BYTES], struct registry_complaint *complaint)
{
	const char *slash = strchr(subject, '/');
	char name[32], level[4 * REGISTRY_KEY_BYTES];

	if (!slash || slash[1] == '\0') {
		refuse(complaint, "the topic has no key, expected registry/<kind>/<key>");
		return false;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(slash - subject), subject);
	if (!registry_kind_by_name(name, kind)) {
		refuse(complaint, "unknown kind, expected consignment, aeo, mra or group");
		return false;
	}
	read_level(slash + 1, level, sizeof(level));
	if (registry_record_key(*kind, level, strlen(level), key) < 0) {
		refuse(complaint, "the last level of the topic cannot be a key of this kind");
		return false;
	}
	return true;
}

static bool hash_row(void *data, const struct records_row *row)
{
	event_hash(row->json, row->bytes, data);
	return false;
}

int intake_hash(struct store *store, const struct inlet_message *message,
		unsigned char ret_hash[EVENT_HASH_BYTES])
{
	struct registry_complaint complaint;
	char key[REGISTRY_KEY_BYTES];
	enum registry_kind kind;

	if (!read_subject(message->subject, &kind, key, &complaint))
		return -EINVAL;
	return records_find(store->stream.records, kind, key, hash_row, ret_hash);
}

static bool is(const char *json, size_t bytes, const char *word)
{
	return bytes == strlen(word) && memcmp(json, word, bytes) == 0;
}

/* A removal may be missed by a gateway that is away; "null" can be retained in its place, and an object
 * can be signed. */
static bool is_removal(const char *json, size_t bytes)
{
	return bytes == 0 || is(json, bytes, "null") || is(json, bytes, REMOVED);
}

static enum intake_result judge(int err, enum intake_result done, int *ret_err)
{
	*ret_err = err;
	if (err == -EINVAL)
		return INTAKE_REFUSED;
	if (err == 1 || err == -ENOENT)
		return INTAKE_UNCHANGED;
	return err < 0 ? INTAKE_FAILED : done;
}

/* Into the store's own; as trust_of_record(). */
static int take_note_off(struct store *store, const struct inlet_message *message,
			 const struct instant *now, struct trust_word *ret_word)
{
	char topic[VOUCH_TOPIC_BYTES];

	snprintf(topic, sizeof(topic), "%s/registry/%s", store->checkpoint ? store->checkpoint : "",
		 message->subject);
	return trust_of_record(store->trust, topic, message->payload, message->bytes,
			       registry_latest(now), store->plain, ret_word);
}

enum intake_result intake_take(struct store *store, const struct inlet_message *message,
			       const struct instant *now, struct trust_word *ret_word,
			       struct registry_complaint *ret_complaint, int *ret_err)
{
	struct store_arrival arrival = {
		.at = *now, .retained = message->retained, .word = ret_word};
	char key[REGISTRY_KEY_BYTES];
	enum registry_kind kind;
	int bytes, heard;

	*ret_err = 0;
	if (!read_subject(message->subject, &kind, key, ret_complaint))
		return INTAKE_REFUSED;
	if (message->bytes >= CONSIGNMENT_BYTES)
		return refuse(ret_complaint,
			      "longer than a record may be, expected 16 KiB at most");
	arrival.sum = records_sum(message->payload, message->bytes);
	heard = store_hear(store, kind, key, &arrival);
	if (heard != 0)
		return judge(heard, INTAKE_UNCHANGED, ret_err);
	bytes = take_note_off(store, message, now, ret_word);
	if (bytes < 0)
		return refuse(ret_complaint, "its note is no whole one, expected it as the last "
					     "member");
	if (is_removal(store->plain, (size_t)bytes))
		return judge(store_remove(store, kind, key, &arrival, ret_complaint),
			     INTAKE_REMOVED, ret_err);
	arrival.sum = records_sum(message->payload, message->bytes);
	return judge(
		store_put(store, kind, key, store->plain, (size_t)bytes, &arrival, ret_complaint),
		INTAKE_TAKEN, ret_err);
}
