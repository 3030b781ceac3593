/* What checkpoint.c (books, lanes, time) and acts.c (officers) share. */
#ifndef CORRIDORD_TRANSIT_CHECKPOINT_PRIVATE_H
#define CORRIDORD_TRANSIT_CHECKPOINT_PRIVATE_H

#include "transit/checkpoint/checkpoint.h"
#include "transit/checkpoint/redirect.h"
#include "transit/checkpoint/study.h"
#include "transit/event/teller.h"
#include "transit/legs/legs.h"
#include "transit/legs/stay.h"

#define ATTACHED_MAX 12

/* Memories that go with an event, in the same transaction. */
struct attached_memories {
	char keys[ATTACHED_MAX][MEMO_KEY_BYTES];
	char texts[ATTACHED_MAX][MEMO_BYTES];
	struct event_memory memories[MEMORIES_MAX];
	size_t count, most;
};

struct checkpoint {
	struct attached_memories attached;
	struct teller *teller;
	struct study *study;
	struct alarm_book book;
	struct stays stays;
	struct legs *legs; /* NULL: nothing is announced or waited for */
	struct redirect redirect;
	struct itinerary_stop sent_to; /* as it was asked for last */
	const char *id;
	bool has_entry, has_exit; /* a lane is one */
	bool memories_dirty; /* some may have changed and are not put yet */
	bool deadline_dirty;
	bool study_dirty; /* a passage closed: its figures go with that event */
	size_t lane_count;
	struct study_place *lanes;
};

/* Memories, deadlines: some may have changed. */
void checkpoint_set_dirty(struct checkpoint *checkpoint);

#endif
