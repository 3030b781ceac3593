#include "transit/checkpoint/acts.h"

#include <string.h>

#include "base/json_writer.h"
#include "transit/checkpoint/private.h"
#include "transit/registry/moves.h"

static struct jw *begin(struct checkpoint *checkpoint, const struct officer_act *act,
			const struct stay_place *place)
{
	struct jw *json = stay_tell_start(checkpoint->teller, place, act->ucr, place->at_mono_ns);

	jw_text(json, "officer", act->officer);
	jw_text(json, "because", act->reason);
	if (act->by)
		jw_text(json, "by", act->by);
	tell_signature(json, act->signature);
	return json;
}

static void end(struct checkpoint *checkpoint, enum event_id event)
{
	checkpoint_set_dirty(checkpoint);
	tell_end(checkpoint->teller, event);
}

static bool is_seal(const char *read, const char *seal)
{
	char number[IDENTIFIER_BYTES];

	(void)identifier_read(IDENTIFIER_SEAL, read, strlen(read), number);
	return strcmp(number, seal) == 0;
}

/* What was raised of the old seal, and of the new one before it was known, was the officer's doing. */
static void settle(struct checkpoint *checkpoint, const struct officer_act *act)
{
	const struct acknowledgement by = {.officer = act->officer,
					   .reason = act->reason,
					   .by = act->by,
					   .signature = act->signature};

	alarm_book_settle(&checkpoint->book, act->removed, is_seal, &by, checkpoint->teller);
	alarm_book_settle(&checkpoint->book, act->affixed, is_seal, &by, checkpoint->teller);
}

static void reseal(struct checkpoint *checkpoint, const struct officer_act *act,
		   const struct stay_place *place)
{
	struct jw *json = begin(checkpoint, act, place);

	jw_open(json, "resealed");
	jw_text(json, "removed", act->removed);
	jw_text(json, "affixed", act->affixed);
	jw_text(json, "authority", act->authority);
	jw_close(json);
	end(checkpoint, EVENT_SEAL_RESEALED);
	settle(checkpoint, act);
}

static void begin_control(struct checkpoint *checkpoint, const struct officer_act *act,
			  const struct stay_place *place)
{
	(void)stays_begin_control(&checkpoint->stays, act->ucr, place->at_mono_ns);
	(void)begin(checkpoint, act, place);
	end(checkpoint, EVENT_CONTROL_BEGUN);
}

static void end_control(struct checkpoint *checkpoint, const struct officer_act *act,
			const struct stay_place *place)
{
	int64_t lasted_ns = -1;
	struct jw *json;

	(void)stays_end_control(&checkpoint->stays, act->ucr, place->at_mono_ns, &lasted_ns);
	json = begin(checkpoint, act, place);
	jw_text(json, "result", act->result);
	if (lasted_ns >= 0)
		jw_int(json, "lasted_ms", lasted_ns / NS_PER_MS);
	end(checkpoint, EVENT_CONTROL_ENDED);
}

static void release(struct checkpoint *checkpoint, const struct officer_act *act,
		    const struct stay_place *place)
{
	int64_t after_ns = -1;
	struct jw *json;

	(void)stays_release(&checkpoint->stays, act->ucr, place->at_mono_ns, &after_ns);
	json = begin(checkpoint, act, place);
	if (after_ns >= 0)
		jw_int(json, "dwell_ms", after_ns / NS_PER_MS);
	end(checkpoint, EVENT_CONSIGNMENT_RELEASED);
}

static void send(struct checkpoint *checkpoint, const struct officer_act *act,
		 const struct stay_place *place)
{
	const struct itinerary_stop next = {
		.checkpoint = act->to,
		.from_utc_ns = INT64_MIN,
		.until_utc_ns = INT64_MAX,
		.dwell_ns = INT64_MAX,
	};

	if (checkpoint->legs)
		legs_order(checkpoint->legs, checkpoint->teller, act->ucr, act->to);
	jw_text(begin(checkpoint, act, place), "to", act->to);
	end(checkpoint, EVENT_CONSIGNMENT_REDIRECTED);
	if (checkpoint->legs)
		legs_send(checkpoint->legs, checkpoint->teller, act->ucr, &next);
}

static void tell_incident(struct checkpoint *checkpoint, const struct officer_act *act,
			  const struct stay_place *place)
{
	struct jw *json = begin(checkpoint, act, place);

	jw_text(json, "endorsement", act->endorsement);
	jw_open(json, "codes");
	jw_text(json, "ncts", act->code);
	jw_close(json);
	move_list_tell(act->moved, json);
	end(checkpoint, EVENT_CONSIGNMENT_INCIDENT);
}

void checkpoint_act(struct checkpoint *checkpoint, const struct officer_act *act,
		    const struct stay_place *place)
{
	static void (*const acts[])(struct checkpoint *, const struct officer_act *,
				    const struct stay_place *) = {
		[ACT_RESEAL] = reseal,
		[ACT_CONTROL_BEGINS] = begin_control,
		[ACT_CONTROL_ENDS] = end_control,
		[ACT_RELEASE] = release,
		[ACT_REDIRECT] = send,
		[ACT_INCIDENT] = tell_incident,
	};

	acts[act->kind](checkpoint, act, place);
}
