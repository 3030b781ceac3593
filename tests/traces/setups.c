#include "setups.h"

#include <string.h>

#include "../numbers.h"

/* A dry contact on a GPIO line: reports its edges, never grows stale. */
#define CONTACT(name_, device_)                                                                   \
	{                                                                                         \
		.name = (name_), .device = (device_), .debounce_ns = 20 * MS, .chatter_edges = 6, \
		.chatter_window_ns = 2 * S, .scale = 1,                                           \
	}

/* A register that is polled. */
#define POLLED(name_, device_, ...)                                                     \
	{                                                                               \
		.name = (name_), .device = (device_), .stale_after_ns = 10 * S,         \
		.chatter_edges = 6, .chatter_window_ns = 2 * S, .scale = 1, __VA_ARGS__ \
	}

static const struct point_map boom_words[] = {
	{0, "unknown"},	 {16, "open"},	  {17, "closed"},
	{32, "opening"}, {33, "closing"}, {64, "fault"},
};

static const struct point_map seal_words[] = {
	{0, "missing"}, {1, "intact"}, {2, "opened"}, {3, "tampered"}, {4, "unknown"},
};

#define WORDS(map_) .map = (map_), .map_count = COUNT(map_)

/* ---- limits: a boom with two limit switches, a beam, a contact on the arm ---- */

static const struct transit_device io_devices[] = {{"io", NULL}};
static const struct point_conf limits_points[] = {
	CONTACT("io.closed", 0), CONTACT("io.open", 0),	  CONTACT("io.beam", 0),
	CONTACT("io.arm", 0),	 CONTACT("io.beyond", 0),
};
static const struct barrier_conf limits_barriers[] = {{
	.name = "boom",
	.status = POINT_NONE,
	.closed_limit = 0,
	.open_limit = 1,
	.presence = 2,
	.presence_fault = POINT_NONE,
	.passed = POINT_NONE,
	.arm_broken = 3,
	.travel_time_ns = 8 * S,
	.presence_stuck_ns = 5 * MIN,
	.absence_long_ns = 360 * MIN,
}};
static const struct lane_conf limits_lanes[] = {
	{.name = "entry-1", .direction = "entry", .barriers = limits_barriers, .barrier_count = 1}};

/* ---- beyond: the same with a second beam beyond the boom ---- */

static const struct barrier_conf beyond_barriers[] = {{
	.name = "boom",
	.status = POINT_NONE,
	.closed_limit = 0,
	.open_limit = 1,
	.presence = 2,
	.presence_fault = POINT_NONE,
	.passed = 4,
	.arm_broken = 3,
	.travel_time_ns = 8 * S,
}};
static const struct lane_conf beyond_lanes[] = {
	{.name = "entry-1", .direction = "entry", .barriers = beyond_barriers, .barrier_count = 1}};

/* ---- status: a boom with a status register, a loop detector ---- */

static const struct transit_device status_devices[] = {{"boom", "lane-bus"}, {"loop", "lane-bus"}};
static const struct point_conf status_points[] = {
	POLLED("boom.status", 0, WORDS(boom_words)),
	POLLED("loop.detect", 1, .debounce_ns = 0),
	POLLED("loop.beyond", 1, .debounce_ns = 0),
	POLLED("loop.fault", 1, .debounce_ns = 0),
};
static const struct barrier_conf status_barriers[] = {{
	.name = "boom",
	.status = 0,
	.closed_limit = POINT_NONE,
	.open_limit = POINT_NONE,
	.presence = 1,
	.presence_fault = POINT_NONE,
	.passed = 2,
	.arm_broken = POINT_NONE,
	.travel_time_ns = 8 * S,
}};
static const struct lane_conf status_lanes[] = {
	{.name = "entry-1", .direction = "entry", .barriers = status_barriers, .barrier_count = 1}};

/* ---- loop: a detector that also tells when its loop is broken ---- */

static const struct barrier_conf loop_barriers[] = {{
	.name = "boom",
	.status = 0,
	.closed_limit = POINT_NONE,
	.open_limit = POINT_NONE,
	.presence = 1,
	.presence_fault = 3,
	.passed = POINT_NONE,
	.arm_broken = POINT_NONE,
}};
static const struct lane_conf loop_lanes[] = {
	{.name = "entry-1", .direction = "entry", .barriers = loop_barriers, .barrier_count = 1}};

/* ---- reader: an e-seal reader; readers: one at the entry, one at the exit ---- */

#define COUNTER .counted = true, .raw = {.type = VALUE_INT, .bits = 16}

#define READER(name_, device_)                                       \
	POLLED(name_ ".seal-id", device_, .debounce_ns = 0),         \
		POLLED(name_ ".status", device_, WORDS(seal_words)), \
		POLLED(name_ ".battery", device_, .debounce_ns = 0), \
		POLLED(name_ ".opened", device_, COUNTER),           \
		POLLED(name_ ".tampered", device_, COUNTER)

#define READER_SEAL(first_)                                                                     \
	{                                                                                       \
		.name = "reader", .id = (first_), .status = (first_) + 1, .opened = POINT_NONE, \
		.tampered = POINT_NONE, .loop = POINT_NONE, .battery = (first_) + 2,            \
		.open_counter = (first_) + 3, .tamper_counter = (first_) + 4,                   \
		.sealed_at = POINT_NONE, .battery_low = 15, .battery_critical = 5,              \
	}

static const struct transit_device reader_devices[] = {{"reader", "seals"}, {"exit", "seals"}};
static const struct point_conf reader_points[] = {READER("reader", 0), READER("exit", 1)};
static const struct seal_conf entry_seals[] = {READER_SEAL(0)};
static const struct seal_conf exit_seals[] = {READER_SEAL(5)};
static const struct lane_conf reader_lanes[] = {
	{.name = "entry-1", .direction = "entry", .seals = entry_seals, .seal_count = 1},
	{.name = "exit-1", .direction = "exit", .seals = exit_seals, .seal_count = 1},
};

/* ---- version: a reader whose first register is always 1, and whose battery says 255 for "none" ---- */

static const struct transit_device version_devices[] = {{"reader", "seals"}};
static const int64_t version_expected[] = {1}, version_none[] = {255};
static const struct point_conf version_points[] = {
	POLLED("reader.version", 0, .expect = version_expected, .expect_count = 1),
	POLLED("reader.seal-id", 0, .debounce_ns = 0),
	POLLED("reader.status", 0, WORDS(seal_words)),
	POLLED("reader.battery", 0, .none = version_none, .none_count = 1,
	       .plausible = {.min = 0, .max = 100}),
};
static const struct seal_conf version_seals[] = {{
	.name = "reader",
	.id = 1,
	.status = 2,
	.opened = POINT_NONE,
	.tampered = POINT_NONE,
	.loop = POINT_NONE,
	.battery = 3,
	.open_counter = POINT_NONE,
	.tamper_counter = POINT_NONE,
	.sealed_at = POINT_NONE,
	.battery_low = 15,
	.battery_critical = 5,
}};
static const struct lane_conf version_lanes[] = {
	{.name = "entry-1", .direction = "entry", .seals = version_seals, .seal_count = 1}};

/* ---- edge: a reader as it comes, without debounce and chatter ---- */

static const struct point_conf edge_points[] = {
	{.name = "reader.seal-id", .scale = 1},
	{.name = "reader.status", .scale = 1, WORDS(seal_words)},
};
static const struct seal_conf edge_seals[] = {{
	.name = "reader",
	.id = 0,
	.status = 1,
	.opened = POINT_NONE,
	.tampered = POINT_NONE,
	.loop = POINT_NONE,
	.battery = POINT_NONE,
	.open_counter = POINT_NONE,
	.tamper_counter = POINT_NONE,
	.sealed_at = POINT_NONE,
}};
static const struct lane_conf edge_lanes[] = {
	{.name = "entry-1", .direction = "entry", .seals = edge_seals, .seal_count = 1}};

/* ---- twice: a polled reader with a counter; tag: a reader of numbers alone ---- */

static const struct point_conf twice_points[] = {
	{.name = "reader.seal-id", .stale_after_ns = 10 * S, .looked_at_twice = true, .scale = 1},
	{.name = "reader.status", .stale_after_ns = 10 * S, .scale = 1, WORDS(seal_words)},
	{.name = "reader.opened", .stale_after_ns = 10 * S, .scale = 1, COUNTER},
};
static const struct seal_conf twice_seals[] = {{
	.name = "reader",
	.id = 0,
	.status = 1,
	.opened = POINT_NONE,
	.tampered = POINT_NONE,
	.loop = POINT_NONE,
	.battery = POINT_NONE,
	.open_counter = 2,
	.tamper_counter = POINT_NONE,
	.sealed_at = POINT_NONE,
}};
static const struct seal_conf tag_seals[] = {{
	.name = "reader",
	.id = 0,
	.status = POINT_NONE,
	.opened = POINT_NONE,
	.tampered = POINT_NONE,
	.loop = POINT_NONE,
	.battery = POINT_NONE,
	.open_counter = POINT_NONE,
	.tamper_counter = POINT_NONE,
	.sealed_at = POINT_NONE,
}};
static const struct lane_conf twice_lanes[] = {
	{.name = "entry-1", .direction = "entry", .seals = twice_seals, .seal_count = 1}};
static const struct lane_conf tag_lanes[] = {
	{.name = "entry-1", .direction = "entry", .seals = tag_seals, .seal_count = 1}};

/* ---- wire: a seal that is a wired loop, with a contact on its case ---- */

static const struct point_conf wire_points[] = {CONTACT("io.loop", 0), CONTACT("io.case", 0)};
static const struct seal_conf wire_seals[] = {{
	.name = "wire",
	.id = POINT_NONE,
	.status = POINT_NONE,
	.opened = POINT_NONE,
	.tampered = 1,
	.loop = 0,
	.battery = POINT_NONE,
	.open_counter = POINT_NONE,
	.tamper_counter = POINT_NONE,
	.sealed_at = POINT_NONE,
}};
static const struct lane_conf wire_lanes[] = {
	{.name = "yard", .direction = "both", .seals = wire_seals, .seal_count = 1}};

/* ---- meters ---- */

static const struct transit_device meter_devices[] = {{"ups", "aux"}, {"env", "aux"}};
static const struct point_conf meter_points[] = {
	POLLED("ups.battery", 0, .debounce_ns = 0),
	{.name = "env.temperature", .device = 1, .scale = 0.1, .offset = -40},
};
static const struct meter_conf meters[] = {
	{.name = "ups", .unit = "%", .value = 0, .report_on_change = 5},
	{.name = "cabinet",
	 .unit = "\u00b0C",
	 .value = 1,
	 .report_on_change = 0.5,
	 .report_every_ns = 60 * S,
	 .report_min_ns = 2 * S},
};

/* ---- contacts: of the gateway, and a panic button in a lane ---- */

static const struct transit_device contact_devices[] = {{"ups", "aux"}, {"io", "aux"}};
static const struct point_conf contact_points[] = {
	{.name = "ups.mains", .device = 0, .scale = 1},
	{.name = "io.door", .device = 1, .scale = 1},
	{.name = "io.rack", .device = 1, .scale = 1},
	{.name = "io.window", .device = 1, .scale = 1},
	{.name = "io.panic", .device = 1, .scale = 1},
	{.name = "io.motion", .device = 1, .scale = 1},
};
static const struct contact_conf contacts[] = {
	{.name = "mains",
	 .use = CONTACT_MAINS,
	 .input = 0,
	 .normal = true,
	 .severity = SEVERITY_MAJOR,
	 .words = {"present", "lost"}},
	{.name = "door",
	 .use = CONTACT_DOOR,
	 .input = 1,
	 .normal = true,
	 .severity = SEVERITY_WARNING,
	 .words = {"closed", "open"}},
	{.name = "rack",
	 .use = CONTACT_DOOR,
	 .input = 2,
	 .severity = SEVERITY_INFO,
	 .words = {"shut", "ajar"}},
	{.name = "window",
	 .use = CONTACT_OTHER,
	 .input = 3,
	 .severity = SEVERITY_MINOR,
	 .words = {"normal", "abnormal"}},
	{.name = "motion",
	 .use = CONTACT_INTRUSION,
	 .input = 5,
	 .normal = true,
	 .severity = SEVERITY_CRITICAL,
	 .words = {"clear", "detected"}},
};
static const struct contact_conf lane_contacts[] = {{.name = "panic",
						     .use = CONTACT_PANIC,
						     .input = 4,
						     .normal = true,
						     .severity = SEVERITY_CRITICAL,
						     .words = {"released", "pressed"}}};
static const struct lane_conf contact_lanes[] = {
	{.name = "entry-1", .direction = "entry", .contacts = lane_contacts, .contact_count = 1}};

/* ---- lane: all of it, as the demo has it ---- */

static const struct transit_device lane_devices[] = {
	{"boom", "lane-bus"}, {"loop", "lane-bus"}, {"reader", "seals"}, {"ups", NULL}};
static const struct point_conf lane_points[] = {
	POLLED("boom.status", 0, WORDS(boom_words)),
	POLLED("loop.detect", 1, .debounce_ns = 0),
	READER("reader", 2),
	{.name = "ups.battery", .device = 3, .stale_after_ns = MIN, .scale = 1},
};
static const struct barrier_conf lane_barriers[] = {{
	.name = "boom",
	.status = 0,
	.closed_limit = POINT_NONE,
	.open_limit = POINT_NONE,
	.presence = 1,
	.presence_fault = POINT_NONE,
	.passed = POINT_NONE,
	.arm_broken = POINT_NONE,
	.travel_time_ns = 8 * S,
}};
static const struct seal_conf lane_seals[] = {READER_SEAL(2)};
static const struct meter_conf lane_meters[] = {
	{.name = "ups", .unit = "%", .value = 7, .report_on_change = 5}};
static const struct lane_conf lane_lanes[] = {{
	.name = "entry-1",
	.direction = "entry",
	.barriers = lane_barriers,
	.barrier_count = 1,
	.seals = lane_seals,
	.seal_count = 1,
}};

/* ---- gate: boom, beam, a seal reader and a camera; gate-beyond: a beam beyond the boom too;
 * gates: a second lane with a reader alone; bay: a lane with a loop of its own and no boom;
 * booth: boom, beam and camera, no reader; queued: a gate with a loop where its queue begins ---- */

#define TOLD(name_, device_, ...)                                             \
	{                                                                     \
		.name = (name_), .device = (device_), .scale = 1, __VA_ARGS__ \
	}

static const struct transit_device gate_devices[] = {
	{"io", NULL}, {"reader", NULL}, {"camera", NULL}, {"exit", NULL}, {"scale", NULL}};
static const struct point_conf gate_points[] = {
	CONTACT("io.closed", 0),
	CONTACT("io.open", 0),
	CONTACT("io.beam", 0),
	CONTACT("io.beyond", 0),
	TOLD("reader.seal-id", 1),
	TOLD("reader.status", 1, WORDS(seal_words)),
	TOLD("reader.opened", 1, .counted = true),
	TOLD("reader.sealed-at", 1),
	TOLD("camera.plate", 2),
	TOLD("camera.container", 2),
	TOLD("camera.document", 2),
	TOLD("exit.seal-id", 3),
	TOLD("exit.status", 3, WORDS(seal_words)),
	TOLD("exit.opened", 3, .counted = true),
	CONTACT("io.queue", 0),
	TOLD("scale.weight", 4),
};

#define GATE_BOOM(passed_)                                                                \
	{                                                                                 \
		.name = "boom", .status = POINT_NONE, .closed_limit = 0, .open_limit = 1, \
		.presence = 2, .presence_fault = POINT_NONE, .passed = (passed_),         \
		.arm_broken = POINT_NONE, .travel_time_ns = 8 * S,                        \
	}

#define GATE_SEAL(first_, sealed_at_)                                                           \
	{                                                                                       \
		.name = "reader", .id = (first_), .status = (first_) + 1, .opened = POINT_NONE, \
		.tampered = POINT_NONE, .loop = POINT_NONE, .battery = POINT_NONE,              \
		.open_counter = (first_) + 2, .tamper_counter = POINT_NONE,                     \
		.sealed_at = (sealed_at_),                                                      \
	}

static const struct barrier_conf gate_barriers[] = {GATE_BOOM(POINT_NONE)};
static const struct barrier_conf gate_beyond_barriers[] = {GATE_BOOM(3)};
static const struct seal_conf gate_seals[] = {GATE_SEAL(4, 7)};
static const struct seal_conf gate_exit_seals[] = {GATE_SEAL(11, POINT_NONE)};
static const struct passage_conf gate_passages = {
	.presence = POINT_NONE,
	.queue = POINT_NONE,
	.weight = POINT_NONE,
	.identifications = {8, 9, 10},
	.stuck_ns = 10 * MIN,
	.gap_ns = 30 * S,
	.clone_ns = 10 * S,
	.unread_severity = SEVERITY_WARNING,
};
static const struct passage_conf queued_passages = {
	.presence = POINT_NONE,
	.queue = 14,
	.weight = POINT_NONE,
	.identifications = {8, 9, 10},
	.gap_ns = 30 * S,
	.unread_severity = SEVERITY_WARNING,
};
static const struct passage_conf weighed_passages = {
	.presence = POINT_NONE,
	.queue = POINT_NONE,
	.weight = 15,
	.weight_max = 40000,
	.weight_differs = 5,
	.identifications = {8, 9, 10},
	.gap_ns = 30 * S,
	.unread_severity = SEVERITY_WARNING,
};
static const struct passage_conf exit_passages = {
	.presence = POINT_NONE,
	.queue = POINT_NONE,
	.weight = POINT_NONE,
	.identifications = {POINT_NONE, POINT_NONE, POINT_NONE},
	.gap_ns = 30 * S,
	.clone_ns = 10 * S,
	.unread_severity = SEVERITY_WARNING,
};
static const struct passage_conf bay_passages = {
	.presence = 2,
	.queue = POINT_NONE,
	.weight = POINT_NONE,
	.identifications = {8, POINT_NONE, POINT_NONE},
	.gap_ns = 30 * S,
	.unread_severity = SEVERITY_WARNING,
};

#define GATE_LANE(barriers_)                                                      \
	{                                                                         \
		.name = "entry-1", .direction = "entry", .barriers = (barriers_), \
		.barrier_count = 1, .seals = gate_seals, .seal_count = 1,         \
		.passages = &gate_passages,                                       \
	}

static const struct lane_conf gate_lanes[] = {
	GATE_LANE(gate_barriers),
	{.name = "exit-1",
	 .direction = "exit",
	 .seals = gate_exit_seals,
	 .seal_count = 1,
	 .passages = &exit_passages},
};
static const struct lane_conf gate_beyond_lanes[] = {GATE_LANE(gate_beyond_barriers)};
static const struct lane_conf bay_lanes[] = {{.name = "bay",
					      .direction = "both",
					      .seals = gate_seals,
					      .seal_count = 1,
					      .passages = &bay_passages}};

static const struct lane_conf booth_lanes[] = {{.name = "entry-1",
						.direction = "entry",
						.barriers = gate_barriers,
						.barrier_count = 1,
						.passages = &gate_passages}};

static const struct lane_conf weighed_lanes[] = {{.name = "entry-1",
						  .direction = "entry",
						  .barriers = gate_barriers,
						  .barrier_count = 1,
						  .passages = &weighed_passages}};

static const struct lane_conf queued_lanes[] = {{.name = "entry-1",
						 .direction = "entry",
						 .barriers = gate_barriers,
						 .barrier_count = 1,
						 .seals = gate_seals,
						 .seal_count = 1,
						 .passages = &queued_passages}};

#define SETUP(name_, devices_, points_, ...)             \
	{                                                \
		.name = (name_), .conf = {               \
			.devices = (devices_),           \
			.device_count = COUNT(devices_), \
			.points = (points_),             \
			.point_count = COUNT(points_),   \
			__VA_ARGS__                      \
		}                                        \
	}

const struct setup setups[] = {
	{"limits",
	 {.devices = io_devices,
	  .device_count = 1,
	  .points = limits_points,
	  .point_count = 4, /* none beyond */
	  .lanes = limits_lanes,
	  .lane_count = 1}},
	SETUP("beyond", io_devices, limits_points, .lanes = beyond_lanes, .lane_count = 1),
	{"status",
	 {.devices = status_devices,
	  .device_count = 2,
	  .points = status_points,
	  .point_count = 3, /* nothing of a broken loop */
	  .lanes = status_lanes,
	  .lane_count = 1}},
	SETUP("loop", status_devices, status_points, .lanes = loop_lanes, .lane_count = 1),
	{"reader",
	 {.devices = reader_devices,
	  .device_count = 1,
	  .points = reader_points,
	  .point_count = 5,
	  .lanes = reader_lanes,
	  .lane_count = 1}},
	SETUP("readers", reader_devices, reader_points, .lanes = reader_lanes, .lane_count = 2),
	SETUP("version", version_devices, version_points, .lanes = version_lanes, .lane_count = 1),
	SETUP("edge", version_devices, edge_points, .lanes = edge_lanes, .lane_count = 1),
	SETUP("twice", version_devices, twice_points, .lanes = twice_lanes, .lane_count = 1),
	SETUP("tag", version_devices, edge_points, .lanes = tag_lanes, .lane_count = 1),
	SETUP("wire", io_devices, wire_points, .lanes = wire_lanes, .lane_count = 1),
	SETUP("meters", meter_devices, meter_points, .meters = meters, .meter_count = 2),
	SETUP("contacts", contact_devices, contact_points, .contacts = contacts, .contact_count = 5,
	      .lanes = contact_lanes, .lane_count = 1),
	SETUP("gate", gate_devices, gate_points, .lanes = gate_lanes, .lane_count = 1),
	SETUP("gates", gate_devices, gate_points, .lanes = gate_lanes, .lane_count = 2),
	SETUP("gate-beyond", gate_devices, gate_points, .lanes = gate_beyond_lanes,
	      .lane_count = 1),
	SETUP("booth", gate_devices, gate_points, .lanes = booth_lanes, .lane_count = 1),
	SETUP("weighed", gate_devices, gate_points, .lanes = weighed_lanes, .lane_count = 1),
	SETUP("queued", gate_devices, gate_points, .lanes = queued_lanes, .lane_count = 1),
	SETUP("bay", gate_devices, gate_points, .lanes = bay_lanes, .lane_count = 1),
	SETUP("lane", lane_devices, lane_points, .lanes = lane_lanes, .lane_count = 1,
	      .meters = lane_meters, .meter_count = 1),
};

const size_t setup_count = COUNT(setups);

const struct setup *setup_by_name(const char *name)
{
	for (size_t i = 0; i < setup_count; i++)
		if (strcmp(setups[i].name, name) == 0)
			return &setups[i];
	return NULL;
}
