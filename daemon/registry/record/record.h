/* Records of the registry: JSON text in, structs of consignment.h and recognition.h out, and
 * back. doc/registry.md describes the text for those who write it, schema/ for their tools.
 *
 * Strict: a member that is not known is a complaint (names that begin with "x_" or "x-" are
 * the author's own and passed over), so is one of a wrong type or past its limit. A number
 * is normalised; one with a bad form or check digit is taken, with the verdict beside it.
 * Times are RFC 3339 with a zone. A date alone is that day in UTC: as the last day of a
 * validity the whole of it, so that spans stay half open.
 *
 * Everything here works on what it is given and keeps nothing: safe from any thread.
 */
#ifndef CORRIDORD_REGISTRY_RECORD_H
#define CORRIDORD_REGISTRY_RECORD_H

#include "transit/registry/question.h"

#define REGISTRY_KEY_BYTES 64

enum registry_kind {
	REGISTRY_CONSIGNMENT,
	REGISTRY_AEO,
	REGISTRY_ARRANGEMENT,
	REGISTRY_GROUP,
	REGISTRY_KINDS
};

/* One block of memory: registry_record_free(). Its strings lie in it. */
struct registry_record {
	enum registry_kind kind;
	char key[REGISTRY_KEY_BYTES]; /* "<ucr>", "<state>:<scheme>:<number>" of an AEO, the id of
				       * an arrangement, "<group>:<state>" of a member */
	const char *version; /* of a record that came alone, or NULL */
	int64_t as_of_utc_ns; /* INT64_MIN: not said */
	union { /* by kind; its .list is NULL */
		struct consignment consignment;
		struct aeo_authorisation aeo;
		struct arrangement arrangement;
		struct group_member member;
	};
};

#define REGISTRY_AHEAD "as_of lies in the future, expected a day or time that has come"

/* A record of a time to come would outlive each that corrects it. latest 0: there is no clock. */
static inline bool registry_is_ahead(int64_t as_of_utc_ns, int64_t latest_utc_ns)
{
	return latest_utc_ns > 0 && as_of_utc_ns > latest_utc_ns;
}

/* The last as_of that is believed, 0: there is no clock to tell. Clocks differ, and a day begins
 * earlier elsewhere. */
static inline int64_t registry_latest(const struct instant *now)
{
	return now->clock == CLOCK_UNSYNCED ? 0 : now->utc_ns + 24 * 3600 * NS_PER_S;
}

struct registry_complaint {
	int line; /* 0: not from a file */
	char text[160]; /* names the member, says what was expected */
};

const char *registry_kind_name(enum registry_kind kind); /* consignment, aeo, mra, group */
bool registry_kind_by_name(const char *name, enum registry_kind *ret_kind);

/* One JSON object. -EINVAL: bad, the complaint says why; -ENOMEM. */
int registry_record_read(enum registry_kind kind, const char *json, size_t bytes,
			 struct registry_record **ret_record,
			 struct registry_complaint *ret_complaint);

void registry_record_free(struct registry_record *record);

/* Canonical JSON: equal records give equal bytes, and these read back as an equal record.
 * Bytes without the NUL, or -E2BIG. CONSIGNMENT_BYTES are enough for any that was read. */
int registry_record_write(const struct registry_record *record, char *out, size_t size);

/* Out of the record's members. -EINVAL: it would be too long. */
int registry_record_set_key(struct registry_record *record);

/* A key as it stands in a topic or a command, written as registry_record.key is. -EINVAL: it
 * can be none of this kind. */
int registry_record_key(enum registry_kind kind, const char *text, size_t bytes,
			char ret_key[REGISTRY_KEY_BYTES]);

/* What a consignment is found by: its UCR, seals, containers, plates, documents; as documents also
 * these and the UCR without their hyphens. Calls for no other kind. */
void registry_record_keys(const struct registry_record *record, void *data,
			  void (*call)(void *data, enum registry_key key, const char *text));

/* The key of the authorisation that a party claims. -EINVAL: it claims none. */
int registry_party_key(const struct party *party, char ret_key[REGISTRY_KEY_BYTES]);

#endif
