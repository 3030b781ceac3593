/* What the rig's uplink saw. */
#include "journal_rig.h"

#include "sha256_reference.h"

bool seen_has(const struct seen *seen, const char *text)
{
	return strstr(seen->payload, text) != NULL;
}

const char *seen_after(const struct seen *seen, const char *key)
{
	const char *at = strstr(seen->payload, key);

	return at ? at + strlen(key) : "";
}

uint64_t seen_made(const struct seen *seen)
{
	return strtoull(seen_after(seen, "\"made\":"), NULL, 10);
}

void seen_hash(const struct seen *seen, char hex[65])
{
	unsigned char hash[32];

	sha256_reference(seen->payload, seen->bytes, hash);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

const struct seen *find_seen(const struct journal_rig *rig, enum outlet_stream stream,
			     const char *type)
{
	for (size_t i = 0; i < rig->count[stream]; i++)
		if (strcmp(rig->seen[stream][i].type, type) == 0)
			return &rig->seen[stream][i];
	return NULL;
}

size_t count_seen(struct journal_rig *rig, enum outlet_stream stream, const char *type)
{
	size_t n = 0;

	pthread_mutex_lock(&rig->lock);
	for (size_t i = 0; i < rig->count[stream]; i++)
		n += strcmp(rig->seen[stream][i].type, type) == 0;
	pthread_mutex_unlock(&rig->lock);
	return n;
}

void assert_chain(const struct journal_rig *rig, size_t from)
{
	char hex[65];

	for (size_t i = from; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *now = &rig->seen[STREAM_EVENTS][i];
		const struct seen *before = i > from ? now - 1 : NULL;

		if (before && strcmp(before->epoch, now->epoch) == 0) {
			assert_int_equal(now->seq, before->seq + 1);
			seen_hash(before, hex);
		} else if (now->seq == 1) {
			memset(hex, '0', 64);
			hex[64] = '\0';
		} else {
			continue;
		}
		assert_memory_equal(seen_after(now, "\"prev\":\""), hex, 64);
	}
}
