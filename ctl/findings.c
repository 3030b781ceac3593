#include "ctl/findings.h"

#include <errno.h>
#include <string.h>

#include "ctl/list_age.h"
#include "ctl/text.h"

#define POINTS_NAMED 8 /* one by one, then how many more */

int view_fetch(struct link *link, struct view *ret_view)
{
	*ret_view = (struct view){0};
	if (!(ret_view->status = link_ask(link, "status", NULL)) ||
	    !(ret_view->buses = link_list(link, "buses", NULL)) ||
	    !(ret_view->devices = link_list(link, "devices", NULL)) ||
	    !(ret_view->sensors = link_list(link, "sensors", NULL)) ||
	    !(ret_view->points = link_list(link, "points", NULL)))
		return -EIO;
	if (json_object_get(ret_view->status, "registry"))
		ret_view->registry = link_ask(link, "registry", NULL);
	return 0;
}

void view_free(struct view *view)
{
	json_decref(view->status);
	json_decref(view->buses);
	json_decref(view->devices);
	json_decref(view->sensors);
	json_decref(view->points);
	json_decref(view->registry);
}

static void add(json_t *findings, const char *severity, const char *what, int64_t since_s)
{
	json_t *finding = json_pack("{s:s, s:s}", "severity", severity, "what", what);

	if (since_s >= 0)
		json_object_set_new(finding, "since_s", json_integer(since_s));
	json_array_append_new(findings, finding);
}

static void look_at_disk(const json_t *journal, json_t *faults)
{
	const json_t *full = json_object_get(journal, "disk_full");
	const bool fits = strcmp(text_of(journal, "condition"), "ok") == 0;
	long long evicted = number_of(full, "evicted");
	const char *path = text_of(full, "path");
	char what[512], gone[96] = "what the broker has makes room";

	if (!full)
		return;
	if (evicted > 0)
		snprintf(gone, sizeof(gone), "%s%lld unsent events given up so far",
			 fits ? "" : "nothing more fits, ", evicted);
	else if (!fits)
		snprintf(gone, sizeof(gone), "nothing more fits, events wait in memory");
	snprintf(what, sizeof(what),
		 "journal: its disk is full: %s. Make room there (df -h %.*s): "
		 "journalctl --vacuum-size=50M, apt-get clean, what else grows",
		 gone, (int)(path[0] == '/' ? strrchr(path, '/') - path : 1), path);
	add(faults, "fault", what, number_of(full, "since_s"));
}

static void look_at_journal(const json_t *journal, json_t *faults)
{
	const char *condition = text_of(journal, "condition"), *error = text_of(journal, "error");
	char what[512];

	if (strcmp(condition, "stalled") == 0 && json_object_get(journal, "disk_full"))
		return; /* told with what to do */
	if (strcmp(condition, "stalled") == 0)
		snprintf(what, sizeof(what),
			 "journal: nothing can be written: %s; events wait in memory (df, dmesg)",
			 error);
	else if (strcmp(condition, "volatile") == 0)
		snprintf(what, sizeof(what),
			 "journal: in memory only, lost with the power: %s (df, dmesg)", error);
	else
		return;
	add(faults, "fault", what, -1);
}

/* It is connected, and yet the centre is not told, or nothing is heard of it. */
static void look_at_refused(const json_t *uplink, json_t *faults)
{
	const json_t *words;
	char what[512];
	size_t i;

	json_array_foreach(json_object_get(uplink, "refused"), i, words)
	{
		snprintf(what, sizeof(what), "uplink \"%s\": %s", text_of(uplink, "host"),
			 json_string_value(words));
		add(faults, "fault", what, -1);
	}
}

static void look_at_gateway(const json_t *status, json_t *faults, json_t *warnings)
{
	const json_t *journal = json_object_get(status, "journal");
	const json_t *uplink = json_object_get(status, "uplink");
	char what[512];

	look_at_disk(journal, faults);
	look_at_journal(journal, faults);
	if (is_set(status, "capture_waits"))
		add(faults, "fault", "capture waits for the journal", -1);
	if (!is_set(uplink, "connected")) {
		snprintf(what, sizeof(what), "uplink \"%s\": not connected: %s",
			 text_of(uplink, "host"), text_of(uplink, "error"));
		add(warnings, "warning", what, number_of(uplink, "since_s"));
	}
	look_at_refused(uplink, faults);
	if (strcmp(text_of(status, "clock"), "synced") != 0) {
		snprintf(what, sizeof(what), "clock %s: times may be wrong (chrony, timesyncd?)",
			 text_of(status, "clock"));
		add(warnings, "warning", what, -1);
	}
}

static void look_at_configuration(const json_t *status, json_t *warnings)
{
	const json_t *configuration = json_object_get(status, "configuration");
	const json_t *refused = json_object_get(configuration, "refused");
	char what[512];

	if (!refused)
		return;
	snprintf(what, sizeof(what), "reload: not taken, the configuration before is in effect: %s",
		 text_of(refused, "error"));
	add(warnings, "warning", what, -1);
}

static void look_at_maintenance(const json_t *status, json_t *warnings)
{
	const json_t *maintenance = json_object_get(status, "maintenance");
	const char *lane = text_of(maintenance, "lane");
	char what[512];

	if (!maintenance)
		return;
	snprintf(what, sizeof(what), "MAINTENANCE of %s by %s: its events are marked as tests",
		 *lane ? lane : "all", text_of(maintenance, "officer"));
	add(warnings, "warning", what, number_of(maintenance, "since_s"));
}

static void look_at_scan(const json_t *status, json_t *warnings)
{
	const json_t *scan = json_object_get(status, "scan");
	char what[512];

	if (!scan)
		return;
	snprintf(what, sizeof(what), "SCAN of bus \"%s\" by %s: nothing is read of it meanwhile",
		 text_of(scan, "bus"), text_of(scan, "officer"));
	add(warnings, "warning", what, number_of(scan, "since_s"));
}

static bool has_device_down(const struct view *view, const char *bus)
{
	const json_t *device;
	size_t i;

	json_array_foreach(view->devices, i, device)
	{
		if (strcmp(text_of(device, "bus"), bus) == 0 &&
		    strcmp(text_of(device, "state"), "down") == 0)
			return true;
	}
	return false;
}

/* A device that is down says why; one that was not asked yet, nothing. */
static void look_at_buses(const struct view *view, json_t *faults)
{
	char what[512];
	const json_t *bus;
	size_t i;

	json_array_foreach(view->buses, i, bus)
	{
		if (is_set(bus, "open") || has_device_down(view, text_of(bus, "name")))
			continue;
		snprintf(what, sizeof(what), "bus \"%s\" (%s): cannot be opened",
			 text_of(bus, "name"), text_of(bus, "place"));
		add(faults, "fault", what, -1);
	}
}

static bool is_down_as(const json_t *device, const json_t *other)
{
	static const char *const members[] = {"state", "bus", "reason", "detail"};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(text_of(device, members[i]), text_of(other, members[i])) != 0)
			return false;
	return true;
}

/* Another unit, speed or parity may be all that it lacks. */
static bool is_unheard_on_line(const struct view *view, const json_t *device)
{
	const char *reason = text_of(device, "reason");
	const json_t *bus;
	size_t i;

	if (strcmp(reason, "no_answer") != 0 && strcmp(reason, "garbled") != 0)
		return false;
	json_array_foreach(view->buses, i, bus)
	{
		if (strcmp(text_of(bus, "name"), text_of(device, "bus")) == 0)
			return text_of(bus, "place")[0] == '/';
	}
	return false;
}

/* Those of a bus that are down for one and the same reason are told together. */
static void name_down(const struct view *view, size_t at, json_t *faults)
{
	const json_t *devices = view->devices;
	const json_t *device = json_array_get(devices, at), *other;
	size_t others = 0, i;
	char what[640];

	json_array_foreach(devices, i, other)
	{
		if (i == at || !is_down_as(device, other))
			continue;
		if (i < at)
			return;
		others++;
	}
	snprintf(what, sizeof(what), "device \"%s\" (%s): %s: %s%s%s", text_of(device, "name"),
		 text_of(device, "bus"), text_of(device, "reason"), text_of(device, "detail"),
		 is_unheard_on_line(view, device) ? "; corridorctl scan " : "",
		 is_unheard_on_line(view, device) ? text_of(device, "bus") : "");
	if (others > 0)
		snprintf(what + strlen(what), sizeof(what) - strlen(what), "; so %s %zu more of it",
			 others == 1 ? "is" : "are", others);
	add(faults, "fault", what, number_of(device, "since_s"));
}

static void look_at_devices(const struct view *view, json_t *faults, json_t *warnings)
{
	char what[512];
	const json_t *device;
	size_t i;

	json_array_foreach(view->devices, i, device)
	{
		const char *state = text_of(device, "state"), *name = text_of(device, "name");

		if (strcmp(state, "down") == 0) {
			name_down(view, i, faults);
		} else if (is_set(device, "flaps")) {
			snprintf(what, sizeof(what), "device \"%s\" comes and goes: a loose wire?",
				 name);
			add(faults, "fault", what, -1);
		} else if (strcmp(state, "unknown") == 0) {
			snprintf(what, sizeof(what), "device \"%s\" has not been asked yet", name);
			add(warnings, "warning", what, -1);
		}
	}
}

static bool device_is_up(const struct view *view, const char *point)
{
	size_t bytes = strcspn(point, "."), i;
	const json_t *device;

	json_array_foreach(view->devices, i, device)
	{
		const char *name = text_of(device, "name");

		if (strlen(name) == bytes && strncmp(name, point, bytes) == 0)
			return strcmp(text_of(device, "state"), "up") == 0;
	}
	return false;
}

static void name_point(const json_t *point, json_t *faults)
{
	char what[512], raw[TEXT_VALUE_BYTES];
	const json_t *refused = json_object_get(point, "raw");

	snprintf(what, sizeof(what), "point \"%s\": %s", text_of(point, "name"),
		 text_of(point, "reason"));
	if (refused)
		snprintf(what + strlen(what), sizeof(what) - strlen(what),
			 ": the device says %s; another order of bytes, or a value of none, map, "
			 "min or max? corridorctl read %.*s ADDRESS 2",
			 text_value(refused, raw), (int)strcspn(text_of(point, "name"), "."),
			 text_of(point, "name"));
	add(faults, "fault", what, number_of(point, "since_ms") / 1000);
}

static void look_at_lists(const json_t *registry, json_t *warnings)
{
	int64_t max_age_s = number_of(registry, "max_age_s");
	char what[512], age[TEXT_SPAN_BYTES], most[TEXT_SPAN_BYTES];
	const json_t *list;
	size_t i;

	json_array_foreach(json_object_get(registry, "refused"), i, list)
	{
		snprintf(what, sizeof(what),
			 "list %s:%lld was refused, the one before is in use: %.200s "
			 "(corridorctl registry check)",
			 text_of(list, "file"), (long long)number_of(list, "line"),
			 text_of(list, "error"));
		add(warnings, "warning", what, -1);
	}
	json_array_foreach(json_object_get(registry, "lists"), i, list)
	{
		if (!list_is_old(list, max_age_s))
			continue;
		snprintf(what, sizeof(what),
			 "list \"%s\" of %s: %s old, the limit is %s: nobody is recognised by it",
			 text_of(list, "kind"), text_of(list, "source"),
			 text_span(list_age_s(list), age), text_span(max_age_s, most));
		add(warnings, "warning", what, -1);
	}
}

/* Those whose device is down explain nothing more. */
static void look_at_points(const struct view *view, json_t *faults)
{
	size_t named = 0, i;
	const json_t *point;
	char what[64];

	json_array_foreach(view->points, i, point)
	{
		if (strcmp(text_of(point, "quality"), "good") == 0 ||
		    strcmp(text_of(point, "reason"), "not_yet") == 0 ||
		    !device_is_up(view, text_of(point, "name")))
			continue;
		if (named++ < POINTS_NAMED)
			name_point(point, faults);
	}
	if (named <= POINTS_NAMED)
		return;
	snprintf(what, sizeof(what), "%zu more points are not good", named - POINTS_NAMED);
	add(faults, "fault", what, -1);
}

static void look_at_alarms(const json_t *status, json_t *warnings)
{
	const json_t *alarms = json_object_get(status, "alarms"), *alarm;
	char what[512];
	size_t i;

	json_array_foreach(alarms, i, alarm)
	{
		if (is_set(alarm, "acknowledged") && !is_set(alarm, "active"))
			continue;
		snprintf(what, sizeof(what), "alarm %s of \"%s\"%s", text_of(alarm, "type"),
			 text_of(alarm, "resource"),
			 is_set(alarm, "acknowledged") ? "" : ", not acknowledged");
		add(warnings, "warning", what, -1);
	}
}

json_t *findings_of(const struct view *view)
{
	json_t *faults = json_array(), *warnings = json_array();

	look_at_gateway(view->status, faults, warnings);
	look_at_configuration(view->status, warnings);
	look_at_maintenance(view->status, warnings);
	look_at_scan(view->status, warnings);
	look_at_buses(view, faults);
	look_at_devices(view, faults, warnings);
	look_at_points(view, faults);
	look_at_lists(view->registry, warnings);
	look_at_alarms(view->status, warnings);
	json_array_extend(faults, warnings);
	json_decref(warnings);
	return faults;
}

int findings_exit(const json_t *findings)
{
	const char *first = text_of(json_array_get(findings, 0), "severity");

	if (strcmp(first, "fault") == 0)
		return CTL_FAULTS;
	return *first ? CTL_WARNINGS : CTL_FINE;
}
