/* What the checkpoint keeps beyond a single passage: the alarms to be acknowledged, the
 * consignments that stand here, the Time Release Study; and their memories.
 *
 * It listens to what the sensors tell (latched events come into the book) and to the lanes
 * (bindings begin a stay, the end of a passage ends it and feeds the study). A consignment
 * leaves through an exit lane, or backs out of an entry; where no lane is an exit, through any.
 * Where it goes from there and whence it comes is with the legs (legs.h).
 *
 * What an event changes here is kept in the transaction of that event: its draft passes
 * through the ledger.
 */
#ifndef CORRIDORD_LEDGER_H
#define CORRIDORD_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "alarm_book.h"
#include "lane.h"
#include "legs.h"

struct json;
struct ledger;
struct teller;
struct transit_conf;

/* -ENOMEM. Puts itself between the teller and its sink. */
int ledger_new(const struct transit_conf *conf, struct teller *teller, struct ledger **ret_ledger);
void ledger_free(struct ledger *ledger); /* takes NULL */

void ledger_recall(struct ledger *ledger, const char *key, const char *text);
void ledger_start(struct ledger *ledger);

void ledger_bound(struct ledger *ledger, const struct lane *lane, const struct passage *passage);
/* An officer, or a seal that was read later, says that it was another. */
void ledger_unbound(struct ledger *ledger, const struct lane *lane, const struct passage *passage,
		    const char *ucr);
/* Seals were looked at. final: what was not read by now, is missing. */
void ledger_checked(struct ledger *ledger, const struct lane *lane, const struct passage *passage,
		    bool final);
/* Another checkpoint announced this seal, and it left there too short a time ago. */
bool ledger_elsewhere(const struct ledger *ledger, const char *number, int64_t at_mono_ns);
void ledger_closed(struct ledger *ledger, const struct lane *lane, const struct passage *passage,
		   const struct passage_intervals *intervals);
int ledger_acknowledge(struct ledger *ledger, const struct acknowledgement *by);

/* Heard from other checkpoints (legs.h); only where there are legs. */
bool ledger_has_legs(const struct ledger *ledger);
enum legs_heard ledger_announce(struct ledger *ledger, const struct handover *handover,
				char ret_gave_way[IDENTIFIER_BYTES]);
void ledger_take_back(struct ledger *ledger, const char *ucr);
void ledger_connected(struct ledger *ledger);
/* Before all of it was heard: nothing is taken back until it is connected again. */
void ledger_disconnected(struct ledger *ledger);

int64_t ledger_deadline(const struct ledger *ledger);
/* true, once: it may have moved since ledger_start(), ledger_bound(), ledger_closed() or a tick. */
bool ledger_moved(struct ledger *ledger);
/* Of each lane, before a tick. */
void ledger_count_open(struct ledger *ledger, const struct lane *lane);
/* What is due at that moment, however late the call. */
void ledger_tick(struct ledger *ledger, int64_t at_mono_ns);

/* Members of the metrics: of a lane, and of the checkpoint. */
void ledger_lane_metrics(struct ledger *ledger, const struct lane *lane, struct json *json);
void ledger_metrics(const struct ledger *ledger, struct json *json);

void ledger_status(const struct ledger *ledger, struct json *json, size_t most);

/* Puts the memories that changed. */
void ledger_keep(struct ledger *ledger);

#endif
