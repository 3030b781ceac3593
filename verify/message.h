/* What a line says, as a gateway writes it: members in its order, its own words. Anything else is not
 * a gateway's message. */
#ifndef CORRIDORD_VERIFY_MESSAGE_H
#define CORRIDORD_VERIFY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "evidence/note.h"
#include "transit/event/event.h"

#define NAME_BYTES   64
#define RANGES_MAX   64
#define FOLLOWS_MOST 8

#define WAY_BYTES 256
#define UTC_BYTES 32

/* Of events that tell of the way between two checkpoints. */
enum leg_word { LEG_NONE, LEG_DEPARTED, LEG_ARRIVED, LEG_UNANNOUNCED };

struct leg_said {
	char way[WAY_BYTES]; /* "<from>/<to>/<ucr>", or "<from>/<to>/<ucr>~<part>" */
	char departed[UTC_BYTES], arrived[UTC_BYTES]; /* empty: it does not say */
};

enum message_kind { MESSAGE_EVENT, MESSAGE_STATUS, MESSAGE_HEAD, MESSAGE_OTHER, MESSAGE_GARBLED };

struct signed_head {
	bool there;
	struct note note;
	char text[NOTE_BYTES];
};

struct message {
	char checkpoint[NAME_BYTES], gateway[NAME_BYTES]; /* a head's are in its note */
	struct event_head head; /* an event's hash is not set; of a status that has none: seq 0 */
	unsigned char prev[EVENT_HASH_BYTES];
	bool tombstone; /* its ranges are worth reading */
	enum leg_word leg; /* of an event */
	bool warns; /* an event in which the gateway tells of what was forged, or is not as it was */
	struct signed_head note, witnessed; /* of a head, or of a witness's message */
};

struct range {
	uint64_t first, last;
};

enum message_kind message_read(const char *line, size_t bytes, struct message *ret_message);

/* Of whatever kind; false: it is cut off, or none. */
bool message_is_whole(const char *line, size_t bytes);

/* Of an event: microseconds since 1970; INT64_MIN: it does not say, or its clock was never set. */
int64_t message_recorded(const char *line, size_t bytes);
struct moment {
	char boot[NAME_BYTES]; /* empty: it does not say when */
	int64_t mono_ns;
};

/* When an event was written, or a status. */
void message_moment(const char *line, size_t bytes, struct moment *ret_moment);
/* Of a tombstone: the epoch and its ranges. Their number. */
size_t message_ranges(const char *line, size_t bytes, char epoch[EVENT_EPOCH_BYTES],
		      struct range ranges[RANGES_MAX]);
/* Of an event with a leg. false: it does not say which. */
bool message_leg(const char *line, size_t bytes, struct leg_said *ret_leg);
/* Of the first event of an epoch: what it follows. Their number. */
size_t message_follows(const char *line, size_t bytes, struct event_head follows[FOLLOWS_MOST]);

#endif
