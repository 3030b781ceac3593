/* Every event type there is: its name, severity, latching and what it maps to.
 *
 * The table of vocabulary.c is the only list: code, schema/event.schema.json
 * and doc/events.md are checked against it. Severities follow ITU-T X.733 as
 * RFC 8632 uses it (a clear is a state of an alarm, not a severity).
 */
#ifndef CORRIDORD_TRANSIT_EVENT_VOCABULARY_H
#define CORRIDORD_TRANSIT_EVENT_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>

enum severity {
	SEVERITY_INFO,
	SEVERITY_WARNING,
	SEVERITY_MINOR,
	SEVERITY_MAJOR,
	SEVERITY_CRITICAL,
};

/* Order of sacrifice when the journal is over its quota: lowest goes first. */
enum event_class {
	CLASS_TELEMETRY, /* meter values */
	CLASS_HEALTH, /* devices, buses, links, clock, the gateway itself */
	CLASS_EVIDENCE, /* seals, barriers, contacts, tombstones */
};

enum event_kind {
	KIND_STATE, /* a sensor entered this state */
	KIND_ALARM, /* raised or cleared; carries "alarm":"raised"|"cleared" */
	KIND_NOTE, /* something happened once */
};

enum event_id {
	EVENT_BARRIER_CLOSED,
	EVENT_BARRIER_OPENING,
	EVENT_BARRIER_OPEN,
	EVENT_BARRIER_CLOSING,
	EVENT_BARRIER_UNKNOWN,
	EVENT_BARRIER_FAULT,
	EVENT_BARRIER_FORCED,
	EVENT_BARRIER_TAILGATE,
	EVENT_BARRIER_ARM_BROKEN,
	EVENT_BARRIER_LIMIT_CONFLICT,
	EVENT_BARRIER_TRAVEL_TIMEOUT,
	EVENT_PRESENCE_DETECTED,
	EVENT_PRESENCE_LEFT,
	EVENT_PRESENCE_UNKNOWN,
	EVENT_PRESENCE_STUCK,
	EVENT_PRESENCE_ABSENT_LONG,
	EVENT_SEAL_INTACT,
	EVENT_SEAL_OPENED,
	EVENT_SEAL_TAMPERED,
	EVENT_SEAL_MISSING,
	EVENT_SEAL_ABSENT,
	EVENT_SEAL_UNKNOWN,
	EVENT_SEAL_REMOVED,
	EVENT_SEAL_REOPENED,
	EVENT_SEAL_BATTERY_LOW,
	EVENT_SEAL_BATTERY_CRITICAL,
	EVENT_PASSAGE_OPENED,
	EVENT_PASSAGE_IDENTIFIED,
	EVENT_PASSAGE_CORRECTED,
	EVENT_PASSAGE_UNIDENTIFIED,
	EVENT_PASSAGE_DOUBTFUL,
	EVENT_PASSAGE_OVERLOADED,
	EVENT_PASSAGE_MASS_DIFFERS,
	EVENT_PASSAGE_UNREAD,
	EVENT_PASSAGE_STUCK,
	EVENT_PASSAGE_CLOSED,
	EVENT_IDENTIFIER_READ,
	EVENT_IDENTIFIER_INVALID,
	EVENT_SEAL_CHECK_INTACT,
	EVENT_SEAL_CHECK_UNKNOWN,
	EVENT_SEAL_CHECK_EXTRA,
	EVENT_SEAL_CHECK_MISSING,
	EVENT_SEAL_CHECK_MISMATCH,
	EVENT_SEAL_CHECK_CLONE,
	EVENT_SEAL_CHECK_REOPENED,
	EVENT_SEAL_CHECK_OPENED,
	EVENT_SEAL_CHECK_TAMPERED,
	EVENT_ROUTE_WRONG_CHECKPOINT,
	EVENT_ROUTE_SKIPPED,
	EVENT_ROUTE_OUT_OF_ORDER,
	EVENT_ROUTE_OFF_ITINERARY,
	EVENT_ROUTE_EARLY,
	EVENT_ROUTE_LATE,
	EVENT_ROUTE_DWELL_EXCEEDED,
	EVENT_LEG_DEPARTED,
	EVENT_LEG_REDIRECTED,
	EVENT_LEG_ARRIVED,
	EVENT_LEG_WHOLE,
	EVENT_LEG_BROKEN,
	EVENT_LEG_OPEN,
	EVENT_LEG_UNKNOWN,
	EVENT_LEG_CLOCK_FAULT,
	EVENT_LEG_OVERDUE,
	EVENT_LEG_UNSIGNED,
	EVENT_LEG_UNANNOUNCED,
	EVENT_SEAL_RESEALED,
	EVENT_CONTROL_BEGUN,
	EVENT_CONTROL_ENDED,
	EVENT_CONSIGNMENT_RELEASED,
	EVENT_CONSIGNMENT_REDIRECTED,
	EVENT_CONSIGNMENT_INCIDENT,
	EVENT_ALARM_ACKNOWLEDGED,
	EVENT_ALARM_UNACKNOWLEDGED,
	EVENT_ALARM_OVERFLOW,
	EVENT_MEMORY_GAVE_WAY,
	EVENT_STUDY_HOUR,
	EVENT_STUDY_DAY,
	EVENT_STUDY_GOODS_HOUR,
	EVENT_STUDY_GOODS_DAY,
	EVENT_METER_VALUE,
	EVENT_METER_UNKNOWN,
	EVENT_CONTACT_NORMAL,
	EVENT_CONTACT_INFO,
	EVENT_CONTACT_WARNING,
	EVENT_CONTACT_MINOR,
	EVENT_CONTACT_MAJOR,
	EVENT_CONTACT_CRITICAL,
	EVENT_CONTACT_UNKNOWN,
	EVENT_INPUT_CHATTER,
	EVENT_INPUT_EDGES_LOST,
	EVENT_INPUT_FAULT,
	EVENT_DEVICE_DOWN,
	EVENT_CLOCK_UNSYNCED,
	EVENT_CLOCK_SYNCED,
	EVENT_CLOCK_STEPPED,
	EVENT_UPLINK_DOWN,
	EVENT_SIGNER_FAILED,
	EVENT_SIGNER_KEYS,
	EVENT_JOURNAL_WITNESSED,
	EVENT_JOURNAL_FORKED,
	EVENT_JOURNAL_UNPROVEN,
	EVENT_GATEWAY_STARTED,
	EVENT_GATEWAY_STOPPED,
	EVENT_CONFIG_CHANGED,
	EVENT_MAINTENANCE_BEGUN,
	EVENT_MAINTENANCE_ENDED,
	EVENT_SCAN_BEGUN,
	EVENT_SCAN_ENDED,
	EVENT_JOURNAL_EVICTED,
	EVENT_JOURNAL_SET_ASIDE,
	EVENT_JOURNAL_ROLLED_BACK,
	EVENT_JOURNAL_FOREIGN,
	EVENT_JOURNAL_LOST,
	EVENT_JOURNAL_VOLATILE,
	EVENT_JOURNAL_STALLED,
	EVENT_REGISTRY_LIST,
	EVENT_REGISTRY_RECORD,
	EVENT_REGISTRY_REFUSED,
	EVENT_COUNT
};

struct event_type {
	const char *name; /* dotted, lower case: "seal.tampered" is topic seal/tampered */
	enum severity severity;
	const struct event_type *settable; /* of each severity, where the configuration says which;
					    * what it is without is here; or NULL */
	bool latched; /* stays until an officer acknowledges it */
	enum event_class class;
	enum event_kind kind;
	const char *eaeu; /* EAEU navigation-seal event code, or NULL */
	const char *ncts; /* NCTS incident code, or NULL */
	const char *summary;
};

const struct event_type *event_type(enum event_id id);

/* NULL when no such type. */
const struct event_type *event_type_by_name(const char *name);

/* The same type of that severity, where that may be set; else the type itself. Lives for ever. */
const struct event_type *event_type_with(const struct event_type *type, enum severity severity);

const char *severity_name(enum severity severity);
const char *event_class_name(enum event_class class);
const char *event_kind_name(enum event_kind kind);

#endif
