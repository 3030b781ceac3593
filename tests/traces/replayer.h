/* Replays a trace of tests/traces through the pure part, as fast as it goes.
 *
 * Lines "#! ..." direct it (to the trace's parser they are comments):
 *     #! setup limits           the checkpoint, see setups.h; after what the registry holds
 *     #! clock synced +3600     the wall clock from here on: its state, seconds it is ahead
 *     #! restart                the daemon stops and starts again: states restored by word,
 *                               memories handed back
 *     #! boot                   so does the machine, with another boot id
 *     #! consignment …          what the registry holds, see transit/registry/question.h; also aeo, arrangement
 *     #! busy 2                 it turns the next two questions away
 *     #! max-age 24             hours after which its lists are stale; they are 30 old at first
 *     #! signed revenue.ge/lists  by whom all that it holds is signed
 *     #! most 2                 it names that many consignments in an answer
 *     #! answer 12.5            it answers what it was asked until then; not before
 *     #! fail 12.5              it answers that it cannot be read
 *     #! loading 12.5           it answers that its lists are still being read
 *     #! present 14 entry-1 UCR officer why   an officer's word
 *     #! acknowledge 40 RESOURCE TYPE officer why   an officer's note of an alarm
 *     #! policy all carrier     all parties of that role have to be recognised (role any: all of
 *                               them); from the start on
 *     #! own AEOS agreed_place  what own operators of that type are given besides priority_lane
 *     #! reseal 40 UCR officer OLD NEW why   an officer replaced a seal (UCR -: not said)
 *     #! control 40 UCR officer begin why    an examination begins; "end A1 why": has ended
 *     #! release 40 UCR officer why
 *     #! send 40 UCR officer TO why          an officer sends it to another checkpoint
 *     #! incident 40 UCR officer 3 why       as the endorsement says
 *     #! move 40 UCR officer 6 OLD NEW why   an incident: on another vehicle, or in another
 *                               container, instead of that one (-: of all)
 *     #! legs 30 24 10         from the start on: what leaves is announced, what is announced is
 *                               waited for; minutes beyond its window until it is overdue, hours
 *                               until it is given up, minutes that no leg is shorter than
 *     #! unannounced 15         with these: what is not announced so many minutes after its arrival is told
 *     #! announce 5 FROM UCR 05:10 04:00-06:10 GE4711:intact:2 …   heard of another checkpoint:
 *                               departed then, expected between; seals with their open counter,
 *                               and the one that an officer had it replace (:GE0815); OLD>NEW: what
 *                               it was moved to; UCR~PART/2: one container of two; FROM!wrong: so
 *                               is it signed
 *     #! redirect 40 UCR TO     the registry has another last stop for it now
 *     #! take-back 20 UCR       heard: it is not waited for any more
 *     #! goes-to 20 FROM UCR 05:10 TO   heard: what left then goes there instead
 *     #! connected 20           to the broker, which tells all that is announced once more
 *     #! heard 40               something that the broker retains, whatever it is about
 *     #! disconnected 50        from it, before it has told all
 *     #! until 90               time passes up to here, seconds from the start
 *
 * What comes out goes to a FILE: one JSON object a line for each event, then the
 * retained states as they are at the end.
 */
#ifndef TESTS_TRACES_REPLAYER_H
#define TESTS_TRACES_REPLAYER_H

#include "lines.h"
#include "replay.h"

void replay_setup(struct replay *replay, const char *name);

/* out, payloads: may be NULL. Exits when the trace cannot be read. Returns the number of events. */
size_t replay_file(const char *path, enum replay_manner manner, FILE *out, FILE *payloads);

#endif
