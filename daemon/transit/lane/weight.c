/* What a vehicle weighs, and whether that may be. */
#include "transit/lane/private.h"

/* What stood on the scale before it came is not its own. */
void lane_look_at_weight(struct lane *lane)
{
	struct passage *passage = lane_current(lane);
	double gross_kg;

	if (!lane->scale || !passage || !point_number(lane->scale, &gross_kg) ||
	    lane->scale->changed_mono_ns < passage->at_mono_ns[PASSAGE_OPENED] ||
	    (passage->weighed && gross_kg <= passage->gross_kg))
		return;
	passage->weighed = true;
	passage->gross_kg = gross_kg;
	if (lane_is_overloaded(lane, passage) && !passage->overload_told) {
		passage->overload_told = true;
		lane_tell_weight(lane, passage, EVENT_PASSAGE_OVERLOADED,
				 lane->scale->changed_mono_ns);
	}
}

void lane_compare_weight(struct lane *lane, struct passage *passage, int64_t at_mono_ns)
{
	if (passage->mass_told || !lane_weight_differs(lane, passage))
		return;
	passage->mass_told = true;
	lane_tell_weight(lane, passage, EVENT_PASSAGE_MASS_DIFFERS, at_mono_ns);
}
