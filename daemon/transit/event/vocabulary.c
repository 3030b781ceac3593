#include "transit/event/vocabulary.h"

#include <string.h>

/* EAEU: codes of the Eurasian Economic Commission for navigation-seal events (01 sealing element,
 * 02 case, 03 deviation from the route, 04 malfunction, 05 battery, 06 silence, 07 unauthorised
 * action). NCTS: incident codes after UCC-IA art. 305 (1: deviation from the itinerary, 2: seals
 * broken or tampered with, 5: obligations cannot be met). */
#define OF_EACH_SEVERITY(type)                                                                    \
	{                                                                                         \
		[SEVERITY_INFO] = type(SEVERITY_INFO),                                            \
		[SEVERITY_WARNING] = type(SEVERITY_WARNING),                                      \
		[SEVERITY_MINOR] = type(SEVERITY_MINOR), [SEVERITY_MAJOR] = type(SEVERITY_MAJOR), \
		[SEVERITY_CRITICAL] = type(SEVERITY_CRITICAL),                                    \
	}

#define PASSAGE_UNREAD(how_severe)                                                            \
	{                                                                                     \
		.name = "passage.unread", .severity = (how_severe), .settable = unread_types, \
		.class = CLASS_EVIDENCE, .kind = KIND_NOTE,                                   \
		.summary = "a vehicle passed readers and cameras and showed no number",       \
	}

#define LEG_UNANNOUNCED(how_severe)                                                        \
	{                                                                                  \
		.name = "leg.unannounced", .severity = (how_severe),                       \
		.settable = unannounced_types, .class = CLASS_EVIDENCE, .kind = KIND_NOTE, \
		.summary = "the checkpoint before on its itinerary did not announce it",   \
	}

static const struct event_type unread_types[] = OF_EACH_SEVERITY(PASSAGE_UNREAD);
static const struct event_type unannounced_types[] = OF_EACH_SEVERITY(LEG_UNANNOUNCED);

static const struct event_type event_types[EVENT_COUNT] = {
	[EVENT_BARRIER_CLOSED] =
		{
			.name = "barrier.closed",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the boom is down",
		},
	[EVENT_BARRIER_OPENING] =
		{
			.name = "barrier.opening",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the boom is on its way up",
		},
	[EVENT_BARRIER_OPEN] =
		{
			.name = "barrier.open",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the boom is up",
		},
	[EVENT_BARRIER_CLOSING] =
		{
			.name = "barrier.closing",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the boom is on its way down",
		},
	[EVENT_BARRIER_UNKNOWN] =
		{
			.name = "barrier.unknown",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "nothing trustworthy is known of the boom",
		},
	[EVENT_BARRIER_FAULT] =
		{
			.name = "barrier.fault",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the boom or its switches contradict themselves",
		},
	[EVENT_BARRIER_FORCED] =
		{
			.name = "barrier.forced",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "passed while the boom was closed",
		},
	[EVENT_BARRIER_TAILGATE] =
		{
			.name = "barrier.tailgate",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "two vehicles in one opening",
		},
	[EVENT_BARRIER_ARM_BROKEN] =
		{
			.name = "barrier.arm-broken",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.summary = "the arm is broken or dislodged",
		},
	[EVENT_BARRIER_LIMIT_CONFLICT] =
		{
			.name = "barrier.limit-conflict",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.summary = "both limit switches say they are reached",
		},
	[EVENT_BARRIER_TRAVEL_TIMEOUT] =
		{
			.name = "barrier.travel-timeout",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.summary = "neither limit reached within the travel time",
		},
	[EVENT_PRESENCE_DETECTED] =
		{
			.name = "presence.detected",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a vehicle stands at the boom",
		},
	[EVENT_PRESENCE_LEFT] =
		{
			.name = "presence.left",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "the vehicle has left the boom",
		},
	[EVENT_PRESENCE_UNKNOWN] =
		{
			.name = "presence.unknown",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_ALARM,
			.summary = "whether a vehicle is there cannot be told",
		},
	[EVENT_PRESENCE_STUCK] =
		{
			.name = "presence.stuck",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_ALARM,
			.summary = "presence for longer than any vehicle stands",
		},
	[EVENT_PRESENCE_ABSENT_LONG] =
		{
			.name = "presence.absent-long",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_ALARM,
			.summary = "no vehicle for suspiciously long",
		},
	[EVENT_SEAL_INTACT] =
		{
			.name = "seal.intact",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the seal is closed and whole",
		},
	[EVENT_SEAL_OPENED] =
		{
			.name = "seal.opened",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.eaeu = "01",
			.ncts = "2",
			.summary = "the seal is open",
		},
	[EVENT_SEAL_TAMPERED] =
		{
			.name = "seal.tampered",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.eaeu = "02",
			.ncts = "2",
			.summary = "the seal or its loop was tampered with",
		},
	[EVENT_SEAL_MISSING] =
		{
			.name = "seal.missing",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.ncts = "2",
			.summary = "no seal where one was",
		},
	[EVENT_SEAL_ABSENT] =
		{
			.name = "seal.absent",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the reader sees no seal, as in an empty lane",
		},
	[EVENT_SEAL_UNKNOWN] =
		{
			.name = "seal.unknown",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.eaeu = "06",
			.summary = "nothing trustworthy is known of the seal",
		},
	[EVENT_SEAL_REMOVED] =
		{
			.name = "seal.removed",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary =
				"open, tampered with or gone, as an officer said when it was replaced",
		},
	[EVENT_SEAL_REOPENED] =
		{
			.name = "seal.reopened",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.eaeu = "07",
			.ncts = "2",
			.summary = "the seal's counters moved: opened and closed again",
		},
	[EVENT_SEAL_BATTERY_LOW] =
		{
			.name = "seal.battery-low",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.eaeu = "05",
			.summary = "the seal's battery is below 15 %",
		},
	[EVENT_SEAL_BATTERY_CRITICAL] =
		{
			.name = "seal.battery-critical",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.eaeu = "05",
			.summary = "the seal's battery is below 5 %",
		},
	[EVENT_PASSAGE_OPENED] =
		{
			.name = "passage.opened",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a vehicle begins its way through a lane",
		},
	[EVENT_PASSAGE_IDENTIFIED] =
		{
			.name = "passage.identified",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a consignment is bound to the passage",
		},
	[EVENT_PASSAGE_CORRECTED] =
		{
			.name = "passage.corrected",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a consignment is bound to the passage in place of others",
		},
	[EVENT_PASSAGE_UNIDENTIFIED] =
		{
			.name = "passage.unidentified",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "what was read binds no consignment",
		},
	[EVENT_PASSAGE_DOUBTFUL] =
		{
			.name = "passage.doubtful",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a number that was read is not of the vehicle that is declared",
		},
	[EVENT_PASSAGE_OVERLOADED] =
		{
			.name = "passage.overloaded",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a vehicle weighs more than it may",
		},
	[EVENT_PASSAGE_MASS_DIFFERS] =
		{
			.name = "passage.mass_differs",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a vehicle does not weigh what is declared",
		},
	[EVENT_PASSAGE_UNREAD] = PASSAGE_UNREAD(SEVERITY_WARNING),
	[EVENT_PASSAGE_STUCK] =
		{
			.name = "passage.stuck",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.summary = "a vehicle does not leave the lane",
		},
	[EVENT_PASSAGE_CLOSED] =
		{
			.name = "passage.closed",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "the vehicle has left the lane",
		},
	[EVENT_IDENTIFIER_READ] =
		{
			.name = "identifier.read",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a plate, container or document number was read",
		},
	[EVENT_IDENTIFIER_INVALID] =
		{
			.name = "identifier.invalid",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a number was read whose form or check digit is wrong",
		},
	[EVENT_SEAL_CHECK_INTACT] =
		{
			.name = "seal-check.intact",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a declared seal was read, closed and whole",
		},
	[EVENT_SEAL_CHECK_UNKNOWN] =
		{
			.name = "seal-check.unknown",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "whether a seal is the declared one and whole cannot be told",
		},
	[EVENT_SEAL_CHECK_EXTRA] =
		{
			.name = "seal-check.extra",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a seal was read that is not declared",
		},
	[EVENT_SEAL_CHECK_MISSING] =
		{
			.name = "seal-check.missing",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a declared seal was not read",
		},
	[EVENT_SEAL_CHECK_MISMATCH] =
		{
			.name = "seal-check.mismatch",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.eaeu = "07",
			.ncts = "2",
			.summary = "another seal was read instead of a declared one",
		},
	[EVENT_SEAL_CHECK_CLONE] =
		{
			.name = "seal-check.clone",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.eaeu = "07",
			.ncts = "2",
			.summary = "a seal was elsewhere too short a time ago",
		},
	[EVENT_SEAL_CHECK_REOPENED] =
		{
			.name = "seal-check.reopened",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.eaeu = "07",
			.ncts = "2",
			.summary = "a declared seal was opened and closed again",
		},
	[EVENT_SEAL_CHECK_OPENED] =
		{
			.name = "seal-check.opened",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.eaeu = "01",
			.ncts = "2",
			.summary = "a declared seal is open",
		},
	[EVENT_SEAL_CHECK_TAMPERED] =
		{
			.name = "seal-check.tampered",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.eaeu = "02",
			.ncts = "2",
			.summary = "a declared seal or its loop was tampered with",
		},
	[EVENT_ROUTE_WRONG_CHECKPOINT] =
		{
			.name = "route.wrong-checkpoint",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.eaeu = "03",
			.ncts = "1",
			.summary =
				"the consignment stands at a checkpoint that is not on its itinerary",
		},
	[EVENT_ROUTE_SKIPPED] =
		{
			.name = "route.skipped",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.eaeu = "03",
			.ncts = "1",
			.summary = "a checkpoint of the itinerary was passed by",
		},
	[EVENT_ROUTE_OUT_OF_ORDER] =
		{
			.name = "route.out-of-order",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.eaeu = "03",
			.ncts = "1",
			.summary = "the consignment came back to a checkpoint that lay behind it",
		},
	[EVENT_ROUTE_OFF_ITINERARY] =
		{
			.name = "route.off-itinerary",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.ncts = "1",
			.summary =
				"the consignment came from a checkpoint that is not on its itinerary",
		},
	[EVENT_ROUTE_EARLY] =
		{
			.name = "route.early",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.summary = "arrived before its window",
		},
	[EVENT_ROUTE_LATE] =
		{
			.name = "route.late",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.ncts = "5",
			.summary = "arrived after its window",
		},
	[EVENT_ROUTE_DWELL_EXCEEDED] =
		{
			.name = "route.dwell-exceeded",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.ncts = "5",
			.summary = "stands at the checkpoint for longer than its itinerary allows",
		},
	[EVENT_LEG_DEPARTED] =
		{
			.name = "leg.departed",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "left for the next checkpoint, which was told what to expect",
		},
	[EVENT_LEG_REDIRECTED] =
		{
			.name = "leg.redirected",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "it goes to another checkpoint now, which was told instead",
		},
	[EVENT_LEG_ARRIVED] =
		{
			.name = "leg.arrived",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "arrived as the checkpoint before announced, seals compared",
		},
	[EVENT_LEG_WHOLE] =
		{
			.name = "leg.whole",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "of a consignment on several vehicles all have arrived",
		},
	[EVENT_LEG_BROKEN] =
		{
			.name = "leg.broken",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.eaeu = "07",
			.ncts = "2",
			.summary = "the seals are not as they left the checkpoint before",
		},
	[EVENT_LEG_OPEN] =
		{
			.name = "leg.open",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary =
				"a seal was not whole when it left the checkpoint before, and is not now",
		},
	[EVENT_LEG_UNKNOWN] =
		{
			.name = "leg.unknown",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary =
				"whether the seals were kept since the checkpoint before cannot be shown",
		},
	[EVENT_LEG_CLOCK_FAULT] =
		{
			.name = "leg.clock-fault",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary =
				"arrived before it left, or sooner than any vehicle: a clock is wrong",
		},
	[EVENT_LEG_OVERDUE] =
		{
			.name = "leg.overdue",
			.severity = SEVERITY_MAJOR,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.summary = "what the checkpoint before announced has not arrived in time",
		},
	[EVENT_LEG_UNSIGNED] =
		{
			.name = "leg.unsigned",
			.severity = SEVERITY_MINOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary =
				"an announcement is not rightly signed by the gateway that it names",
		},
	[EVENT_LEG_UNANNOUNCED] = LEG_UNANNOUNCED(SEVERITY_MINOR),
	[EVENT_SEAL_RESEALED] =
		{
			.name = "seal.resealed",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "an officer opened a seal and affixed another one",
		},
	[EVENT_CONTROL_BEGUN] =
		{
			.name = "control.begun",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "officers began to examine a consignment",
		},
	[EVENT_CONTROL_ENDED] =
		{
			.name = "control.ended",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "officers have examined a consignment",
		},
	[EVENT_CONSIGNMENT_RELEASED] =
		{
			.name = "consignment.released",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "an officer released the consignment",
		},
	[EVENT_CONSIGNMENT_REDIRECTED] =
		{
			.name = "consignment.redirected",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "an officer sent the consignment to another checkpoint",
		},
	[EVENT_CONSIGNMENT_INCIDENT] =
		{
			.name = "consignment.incident",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "an officer endorsed what happened to a consignment on its way",
		},
	[EVENT_ALARM_ACKNOWLEDGED] =
		{
			.name = "alarm.acknowledged",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "an officer acknowledged an alarm",
		},
	[EVENT_ALARM_UNACKNOWLEDGED] =
		{
			.name = "alarm.unacknowledged",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "nobody acknowledged an alarm in time",
		},
	[EVENT_ALARM_OVERFLOW] =
		{
			.name = "alarm.overflow",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_ALARM,
			.summary = "more alarms than can be kept for acknowledgement",
		},
	[EVENT_MEMORY_GAVE_WAY] =
		{
			.name = "memory.gave-way",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary =
				"there was no room for more, and the least important was given up",
		},
	[EVENT_STUDY_HOUR] =
		{
			.name = "study.hour",
			.severity = SEVERITY_INFO,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "how long the lane took in the hour that ended",
		},
	[EVENT_STUDY_DAY] =
		{
			.name = "study.day",
			.severity = SEVERITY_INFO,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "how long the lane took in the day that ended",
		},
	[EVENT_STUDY_GOODS_HOUR] =
		{
			.name = "study.goods-hour",
			.severity = SEVERITY_INFO,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "how long goods that left in the hour that ended were here",
		},
	[EVENT_STUDY_GOODS_DAY] =
		{
			.name = "study.goods-day",
			.severity = SEVERITY_INFO,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "how long goods that left in the day that ended were here",
		},
	[EVENT_METER_VALUE] =
		{
			.name = "meter.value",
			.severity = SEVERITY_INFO,
			.class = CLASS_TELEMETRY,
			.kind = KIND_NOTE,
			.summary = "a measured value",
		},
	[EVENT_METER_UNKNOWN] =
		{
			.name = "meter.unknown",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_STATE,
			.summary = "the value cannot be measured",
		},
	[EVENT_CONTACT_NORMAL] =
		{
			.name = "contact.normal",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the contact is as it is when all is well",
		},
	[EVENT_CONTACT_INFO] =
		{
			.name = "contact.info",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the contact is not as normal, for the record",
		},
	[EVENT_CONTACT_WARNING] =
		{
			.name = "contact.warning",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the contact is not as normal",
		},
	[EVENT_CONTACT_MINOR] =
		{
			.name = "contact.minor",
			.severity = SEVERITY_MINOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the contact is not as normal",
		},
	[EVENT_CONTACT_MAJOR] =
		{
			.name = "contact.major",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the contact is not as normal, such as mains lost",
		},
	[EVENT_CONTACT_CRITICAL] =
		{
			.name = "contact.critical",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "the contact is not as normal, such as a panic button pressed",
		},
	[EVENT_CONTACT_UNKNOWN] =
		{
			.name = "contact.unknown",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_STATE,
			.summary = "nothing trustworthy is known of the contact",
		},
	[EVENT_INPUT_CHATTER] =
		{
			.name = "input.chatter",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_ALARM,
			.summary = "an input is flapping and is suppressed",
		},
	[EVENT_INPUT_EDGES_LOST] =
		{
			.name = "input.edges-lost",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "changes of an input were missed",
		},
	[EVENT_INPUT_FAULT] =
		{
			.name = "input.fault",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_ALARM,
			.eaeu = "04",
			.summary = "an input cannot be read or its value makes no sense",
		},
	[EVENT_DEVICE_DOWN] =
		{
			.name = "device.down",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_HEALTH,
			.kind = KIND_ALARM,
			.eaeu = "06",
			.summary = "a device does not answer",
		},
	[EVENT_CLOCK_UNSYNCED] =
		{
			.name = "clock.unsynced",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "the wall clock is not synchronised",
		},
	[EVENT_CLOCK_SYNCED] =
		{
			.name = "clock.synced",
			.severity = SEVERITY_INFO,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "the wall clock has been synchronised",
		},
	[EVENT_CLOCK_STEPPED] =
		{
			.name = "clock.stepped",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "the wall clock jumped",
		},
	[EVENT_UPLINK_DOWN] =
		{
			.name = "uplink.down",
			.severity = SEVERITY_MINOR,
			.class = CLASS_HEALTH,
			.kind = KIND_ALARM,
			.summary = "no broker can be reached",
		},
	[EVENT_SIGNER_FAILED] =
		{
			.name = "signer.failed",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.summary = "heads of the log are not signed",
		},
	[EVENT_SIGNER_KEYS] =
		{
			.name = "signer.keys",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "heads of the log are signed with other keys from here on",
		},
	[EVENT_JOURNAL_WITNESSED] =
		{
			.name = "journal.witnessed",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a signed head of another gateway was cosigned",
		},
	[EVENT_JOURNAL_FORKED] =
		{
			.name = "journal.forked",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "another gateway has signed two pasts; this has both",
		},
	[EVENT_JOURNAL_UNPROVEN] =
		{
			.name = "journal.unproven",
			.severity = SEVERITY_MAJOR,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "another gateway's head does not continue what was cosigned",
		},
	[EVENT_GATEWAY_STARTED] =
		{
			.name = "gateway.started",
			.severity = SEVERITY_INFO,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "the daemon has started",
		},
	[EVENT_GATEWAY_STOPPED] =
		{
			.name = "gateway.stopped",
			.severity = SEVERITY_INFO,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "the daemon was told to stop",
		},
	[EVENT_CONFIG_CHANGED] =
		{
			.name = "config.changed",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "another configuration is in effect, without a restart",
		},
	[EVENT_MAINTENANCE_BEGUN] =
		{
			.name = "maintenance.begun",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "somebody works on it: its events are tests until that ends",
		},
	[EVENT_MAINTENANCE_ENDED] =
		{
			.name = "maintenance.ended",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "its events are meant again",
		},
	[EVENT_SCAN_BEGUN] =
		{
			.name = "scan.begun",
			.severity = SEVERITY_WARNING,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a line is lent to who looks for devices: nothing of it is read",
		},
	[EVENT_SCAN_ENDED] =
		{
			.name = "scan.ended",
			.severity = SEVERITY_INFO,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "the bus has its line again",
		},
	[EVENT_JOURNAL_EVICTED] =
		{
			.name = "journal.evicted",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "unsent events were given up for lack of room; this names them",
		},
	[EVENT_JOURNAL_SET_ASIDE] =
		{
			.name = "journal.set-aside",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "a damaged journal was set aside; a new epoch begins",
		},
	[EVENT_JOURNAL_ROLLED_BACK] =
		{
			.name = "journal.rolled-back",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "the journal is older than what was written; a new epoch begins",
		},
	[EVENT_JOURNAL_FOREIGN] =
		{
			.name = "journal.foreign",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "the journal was of another gateway, or of another machine",
		},
	[EVENT_JOURNAL_LOST] =
		{
			.name = "journal.lost",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "events could not be written before the last stop",
		},
	[EVENT_JOURNAL_VOLATILE] =
		{
			.name = "journal.volatile",
			.severity = SEVERITY_CRITICAL,
			.latched = true,
			.class = CLASS_EVIDENCE,
			.kind = KIND_NOTE,
			.summary = "the journal cannot be written; events are kept in memory only",
		},
	[EVENT_JOURNAL_STALLED] =
		{
			.name = "journal.stalled",
			.severity = SEVERITY_CRITICAL,
			.class = CLASS_EVIDENCE,
			.kind = KIND_ALARM,
			.summary = "the journal could not be written for a while",
		},
	[EVENT_REGISTRY_LIST] =
		{
			.name = "registry.list",
			.severity = SEVERITY_INFO,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "a list of the registry was taken",
		},
	[EVENT_REGISTRY_RECORD] =
		{
			.name = "registry.record",
			.severity = SEVERITY_INFO,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary =
				"a record of an operator, an arrangement or a group came, changed or went",
		},
	[EVENT_REGISTRY_REFUSED] =
		{
			.name = "registry.refused",
			.severity = SEVERITY_WARNING,
			.class = CLASS_HEALTH,
			.kind = KIND_NOTE,
			.summary = "a record or a list of the registry was not taken",
		},
};

const struct event_type *event_type(enum event_id id)
{
	return &event_types[id];
}

const struct event_type *event_type_by_name(const char *name)
{
	for (size_t i = 0; i < EVENT_COUNT; i++)
		if (strcmp(event_types[i].name, name) == 0)
			return &event_types[i];
	return NULL;
}

const struct event_type *event_type_with(const struct event_type *type, enum severity severity)
{
	return type->settable ? &type->settable[severity] : type;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {"info", "warning", "minor", "major", "critical"};

	return names[severity];
}

const char *event_class_name(enum event_class class)
{
	static const char *const names[] = {"telemetry", "health", "evidence"};

	return names[class];
}

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[] = {"state", "alarm", "note"};

	return names[kind];
}
