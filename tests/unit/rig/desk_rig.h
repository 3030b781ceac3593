/* The registry's desk in a folder of its own, and what it told. */
#ifndef CORRIDORD_TESTS_DESK_RIG_H
#define CORRIDORD_TESTS_DESK_RIG_H

#include "unit.h"

#include "registry/registry.h"

#define UCR_1 "6GEEXP-2026-0001"
#define UCR_2 "6GEEXP-2026-0002"

#define DESK_RIG_PATH 512
#define DESK_RIG_TOLD 128

struct told {
	const char *type;
	char body[EVENT_BODY_BYTES];
};

struct desk_rig {
	char folder[DESK_RIG_PATH];
	char path[DESK_RIG_PATH + 16]; /* of the journal it would belong to */
	char list[DESK_RIG_PATH + 16]; /* file of a list, not there yet */
	char *files[1];
	struct registry_conf conf; /* reads no list; until it is opened */
	struct registry *desk;
	struct inlet inlet;
	struct registry_questions questions;
	uint64_t tag;
	struct told told[DESK_RIG_TOLD];
	size_t told_count;
};

int desk_rig_new(void **state); /* of cmocka */
int desk_rig_free(void **state);

#define desk_test(test) cmocka_unit_test_setup_teardown(test, desk_rig_new, desk_rig_free)

void open_desk(struct desk_rig *rig);
void close_desk(struct desk_rig *rig); /* what it has to tell is told */

/* ---- records and questions ------------------------------------------------------------- */

/* A record of the stream, as it is published. Waits for room. */
void bring(struct desk_rig *rig, const char *subject, const char *payload);
/* more: members, after a comma. */
void bring_consignment(struct desk_rig *rig, const char *ucr, const char *seal, const char *plate,
		       const char *more);

/* Of a checkpoint in GE. Waits for the answer, which the caller frees. */
struct registry_answer *ask(struct desk_rig *rig, enum registry_key key, const char *text);
uint64_t found(struct desk_rig *rig, enum registry_key key, const char *text);

/* ---- what it tells --------------------------------------------------------------------- */

size_t times_told(struct desk_rig *rig, const char *type);
bool last_told_has(const struct desk_rig *rig, const char *text);
void note_told(void *data, const struct event_draft *draft); /* data: the rig */

#endif
