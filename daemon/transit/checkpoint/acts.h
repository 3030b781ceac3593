/* What officers do with a consignment besides naming it: each an event with the officer's name.
 *
 * An examination that begins or ends and a release have their place in the study of this
 * checkpoint (study_goods.h); a seal that was replaced is another one from now on, here and at the
 * next checkpoint (reseals.h), and so is a vehicle (moves.h); what was sent elsewhere is announced there. All of it is told even
 * where the gateway does not know the consignment: an officer's act is a fact.
 */
#ifndef CORRIDORD_TRANSIT_CHECKPOINT_ACTS_H
#define CORRIDORD_TRANSIT_CHECKPOINT_ACTS_H

struct checkpoint;
struct move_list;
struct stay_place;

enum officer_act_kind {
	ACT_RESEAL,
	ACT_CONTROL_BEGINS,
	ACT_CONTROL_ENDS,
	ACT_RELEASE,
	ACT_REDIRECT,
	ACT_INCIDENT,
};

struct officer_act {
	enum officer_act_kind kind;
	const char *officer, *reason;
	const char *by; /* how it came: "mqtt" */
	const struct officer_signature *signature; /* NULL: that is not asked */
	const char *ucr; /* of a reseal: empty where it is not said, and not known */
	const char *removed, *affixed, *authority; /* of a reseal: the seals, and who allowed it */
	const char *result; /* of a control that ends */
	const char *to; /* of a redirection: the checkpoint */
	const char *code, *endorsement; /* of an incident: NCTS 1 to 6, and as it is written */
	/* Of an incident: the plates and containers that it goes on and in instead of others, as they
	 * are written; empty: none, or all of the kind. Once read: moved. */
	const char *old_vehicle, *new_vehicle, *old_container, *new_container;
	const struct move_list *moved; /* or NULL */
};

/* Puts its event, and what follows from it. All texts are sound, numbers are normalised. place:
 * where the consignment is now; lane empty: not in a lane. */
void checkpoint_act(struct checkpoint *checkpoint, const struct officer_act *act,
		    const struct stay_place *place);

#endif
