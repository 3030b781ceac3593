#include "bus/advice.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>

#include "bus/private.h"

#include "base/time.h"

#define PLACE_BYTES 300
#define FULL	    0.9 /* of a line's time: beyond, polls are skipped */

static bool place_of(const struct bus_conf *bus, char place[PLACE_BYTES])
{
	place[0] = '\0';
	return bus->driver->place && bus->driver_conf &&
	       bus->driver->place(bus->driver_conf, place, PLACE_BYTES);
}

static void begin(const struct bus_conf *bus, FILE *out)
{
	fprintf(out, "%s:%d: \"%s\": ", bus->file, bus->line, bus->name);
}

/* One device under two names: a link of /dev/serial/by-path and what it leads to. */
static bool is_one_device(const char *a, const char *b)
{
	struct stat device, other;

	return stat(a, &device) == 0 && stat(b, &other) == 0 && S_ISCHR(device.st_mode) &&
	       S_ISCHR(other.st_mode) && device.st_rdev == other.st_rdev;
}

/* The first bus at the same place before this one, and what it calls it; NULL: none. */
static const struct bus_conf *other_at(const struct config *config, size_t bus, const char *place,
				       char ret_place[PLACE_BYTES])
{
	for (size_t i = 0; i < bus && place[0]; i++) {
		(void)place_of(&config->buses[i], ret_place);
		if (strcmp(ret_place, place) == 0 || is_one_device(ret_place, place))
			return &config->buses[i];
	}
	return NULL;
}

bool advice_on_lines(const struct config *config, FILE *out)
{
	bool good = true;

	for (size_t i = 0; i < config->bus_count; i++) {
		char place[PLACE_BYTES], other_place[PLACE_BYTES];
		bool exclusive = place_of(&config->buses[i], place);
		const struct bus_conf *other = other_at(config, i, place, other_place);
		bool renamed;

		if (!exclusive || !other)
			continue;
		renamed = strcmp(place, other_place) != 0;
		begin(&config->buses[i], out);
		fprintf(out,
			"\"%s\" has %s already%s%s, expected one bus for a line and all its devices\n",
			other->name, place, renamed ? ", as " : "", renamed ? other_place : "");
		good = false;
	}
	return good;
}

static void advise_on_line(const struct bus_conf *bus, const char *place, FILE *out)
{
	struct stat line;

	if (stat(place, &line) < 0) {
		begin(bus, out);
		fprintf(out, "note: %s is not there now%s\n", place,
			strncmp(place, "/dev/", 5) == 0 ? "" : ": serial ports are in /dev/");
	} else if (!S_ISCHR(line.st_mode)) {
		begin(bus, out);
		fprintf(out, "note: %s is no serial port: these are in /dev/\n", place);
	}
	if (strncmp(place, "/dev/ttyUSB", 11) == 0 || strncmp(place, "/dev/ttyACM", 11) == 0) {
		begin(bus, out);
		fprintf(out,
			"note: %s may be another adapter after a restart: use "
			"/dev/serial/by-path/...\n",
			place);
	}
}

static bool has_address(const struct ifaddrs *interface, int family, const void *address)
{
	const struct sockaddr *own = interface->ifa_addr;

	if (!own || own->sa_family != family)
		return false;
	if (family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)(const void *)own)->sin_addr, address,
			      sizeof(struct in_addr)) == 0;
	return memcmp(&((const struct sockaddr_in6 *)(const void *)own)->sin6_addr, address,
		      sizeof(struct in6_addr)) == 0;
}

/* True also when nobody can tell. */
static bool is_own_address(const char *text)
{
	struct in6_addr address;
	struct ifaddrs *interfaces = NULL;
	int family = inet_pton(AF_INET, text, &address) == 1 ? AF_INET : AF_INET6;
	bool own = false;

	if ((family == AF_INET6 && inet_pton(AF_INET6, text, &address) != 1) ||
	    strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0 || getifaddrs(&interfaces) < 0)
		return true;
	for (const struct ifaddrs *i = interfaces; i && !own; i = i->ifa_next)
		own = has_address(i, family, &address);
	freeifaddrs(interfaces);
	return own;
}

/* "10.0.0.1:8080" or "[fd00::1]:8080", where devices of others connect. */
static void advise_on_listening(const struct bus_conf *bus, const char *place, FILE *out)
{
	const char *port = strrchr(place, ':');
	const size_t bracket = place[0] == '[';
	char address[INET6_ADDRSTRLEN];

	if (!port || (size_t)(port - place) < 2 * bracket)
		return;
	snprintf(address, sizeof(address), "%.*s", (int)((size_t)(port - place) - 2 * bracket),
		 place + bracket);
	if (is_own_address(address))
		return;
	begin(bus, out);
	fprintf(out,
		"note: listens at %s, and no interface of this machine has that address now: ip "
		"address shows them\n",
		address);
}

/* What a point holds alone, no other can have. */
static bool holds(const struct config *config, size_t point, char ret_words[DRIVER_DOUBT_BYTES])
{
	const struct device_conf *device = &config->devices[config->points[point].device];
	const struct driver *driver = config->buses[device->bus].driver;

	return driver->holds &&
	       driver->holds(device->driver_conf, config->point_drivers[point].conf, ret_words);
}

static void advise_on_holders(const struct config *config, FILE *out)
{
	char words[DRIVER_DOUBT_BYTES], other[DRIVER_DOUBT_BYTES];

	for (size_t i = 0; i < config->point_count; i++)
		for (size_t k = 0; holds(config, i, words) && k < i; k++)
			if (holds(config, k, other) && strcmp(words, other) == 0)
				fprintf(out,
					"note: \"%s\": \"%s\" has %s already, and only one can\n",
					config->points[i].name, config->points[k].name, words);
}

void advice_on_places(const struct config *config, FILE *out)
{
	for (size_t i = 0; i < config->bus_count; i++) {
		const struct bus_conf *bus = &config->buses[i];
		char place[PLACE_BYTES], other_place[PLACE_BYTES];
		bool exclusive = place_of(bus, place);
		const struct bus_conf *other = other_at(config, i, place, other_place);

		if (exclusive && place[0] == '/') {
			advise_on_line(bus, place, out);
		} else if (exclusive) {
			advise_on_listening(bus, place, out);
		} else if (other) {
			begin(bus, out);
			fprintf(out,
				"note: \"%s\" has a connection to %s, too, and many devices serve "
				"only one: a bus could have both\n",
				other->name, place);
		}
	}
	advise_on_holders(config, out);
}

/* ---- one bus --------------------------------------------------------------------------- */

static void advise_on_units(const struct bus *bus, FILE *out)
{
	const struct driver *driver = bus->driver;

	for (size_t i = 0; driver->unit && i < bus->device_count; i++) {
		const struct device_conf *device = bus->devices[i].conf;

		for (size_t k = 0; k < i; k++) {
			const struct device_conf *other = bus->devices[k].conf;
			int64_t unit = driver->unit(device->driver_conf);

			if (driver->unit(other->driver_conf) != unit)
				continue;
			fprintf(out,
				"%s:%d: device \"%s\": note: unit %lld is \"%s\", too: one "
				"device, or a mistake?\n",
				device->file, device->line, device->name, (long long)unit,
				other->name);
			break;
		}
	}
}

static void tell_of_point(const struct bus *bus, size_t device, size_t point, const char *note,
			  FILE *out)
{
	const struct device_conf *conf = bus->devices[device].conf;

	fprintf(out, "%s:%d: device \"%s\": point \"%s\": note: %s\n", conf->file, conf->line,
		conf->name, bus->driver_devices[device].points[point].name, note);
}

static void advise_on_overlaps(const struct bus *bus, FILE *out)
{
	for (size_t i = 0; bus->driver->overlap && i < bus->device_count; i++) {
		const struct driver_device *device = &bus->driver_devices[i];

		for (size_t k = 1; k < device->point_count; k++)
			for (size_t other = 0; other < k; other++) {
				char words[DRIVER_DOUBT_BYTES];

				if (!bus->driver->overlap(device->points[k].conf,
							  device->points[other].conf))
					continue;
				snprintf(
					words, sizeof(words),
					"a part of it is a part of \"%.60s\", too: its address, or "
					"its type?",
					device->points[other].name);
				tell_of_point(bus, i, k, words, out);
			}
	}
}

static void advise_on_lacking(const struct bus *bus, FILE *out)
{
	char words[DRIVER_DOUBT_BYTES];

	for (size_t i = 0; bus->driver->lacks && i < bus->device_count; i++) {
		const struct driver_device *device = &bus->driver_devices[i];
		const struct device_conf *conf = bus->devices[i].conf;

		if (bus->driver->lacks(device->conf, NULL, words)) {
			fprintf(out, "%s:%d: device \"%s\": note: %s\n", conf->file, conf->line,
				conf->name, words);
			continue;
		}
		for (size_t k = 0; k < device->point_count; k++)
			if (bus->driver->lacks(device->conf, device->points[k].conf, words))
				tell_of_point(bus, i, k, words, out);
	}
}

static void advise_on_points(const struct bus *bus, FILE *out)
{
	char doubt[DRIVER_DOUBT_BYTES];

	for (size_t i = 0; bus->driver->doubt && i < bus->device_count; i++) {
		const struct driver_device *device = &bus->driver_devices[i];

		for (size_t k = 0; k < device->point_count; k++)
			if (bus->driver->doubt(device->points[k].conf, doubt))
				tell_of_point(bus, i, k, doubt, out);
	}
}

/* How much of its time the line needs for all polls. */
static double load_of(const struct bus *bus)
{
	double load = 0;

	for (size_t i = 0; bus->driver->wire_ns && i < bus->device_count; i++)
		load += (double)bus->driver->wire_ns(bus->instance, i) /
			(double)bus->schedule.devices[i].period_ns;
	return load;
}

/* The one that is polled most often: all others are silent. */
static size_t last_alive(const struct bus *bus)
{
	size_t alive = 0;

	for (size_t i = 1; i < bus->device_count; i++)
		if (bus->schedule.devices[i].period_ns < bus->schedule.devices[alive].period_ns)
			alive = i;
	return alive;
}

static struct schedule_silence worst_of(const struct bus *bus)
{
	const size_t alive = last_alive(bus);
	struct schedule_silence silence = {.shortest_ns = bus->schedule.devices[alive].period_ns};

	if (bus->driver->wire_ns)
		silence.load = (double)bus->driver->wire_ns(bus->instance, alive) /
			       (double)silence.shortest_ns;
	for (size_t i = 0; i < bus->device_count; i++) {
		const struct schedule_device *device = &bus->schedule.devices[i];
		const int64_t vain_ns = bus->driver->vain_ns(bus->instance, i);

		if (i == alive)
			continue;
		silence.vain_ns += vain_ns;
		if (vain_ns > silence.longest_ns)
			silence.longest_ns = vain_ns;
		if (device->retry.max_ns > silence.retry_max_ns)
			silence.retry_max_ns = device->retry.max_ns;
	}
	return silence;
}

/* The share of the silent wins over retry_max. */
static void advise_on_silence(const struct bus *bus, FILE *out)
{
	struct schedule_silence silence;
	int64_t within_ns;

	if (bus->device_count < 2 || !bus->driver->vain_ns)
		return;
	silence = worst_of(bus);
	within_ns = schedule_silence_ns(&silence, bus->schedule.share);
	if (within_ns <= silence.retry_max_ns)
		return;
	begin(bus->conf, out);
	fprintf(out,
		"note: with all of its %zu devices silent but one, each is asked within %.0f s, not "
		"within retry_max (%.0f s): a larger down_share, or a shorter timeout?\n",
		bus->device_count, in_seconds(within_ns), in_seconds(silence.retry_max_ns));
}

/* Where a single question without an answer makes stale what was read before. */
static void advise_on_staleness(const struct bus *bus, FILE *out)
{
	for (size_t i = 0; bus->driver->vain_ns && i < bus->device_count; i++) {
		const struct device_conf *conf = bus->devices[i].conf;
		const int64_t vain_ns = bus->driver->vain_ns(bus->instance, i);

		if (conf->stale_after_ns == 0 || conf->stale_after_ns >= conf->poll_ns + vain_ns)
			continue;
		fprintf(out,
			"%s:%d: device \"%s\": note: a question without an answer takes %.1f s, "
			"and what was read is stale after %.1f s: a shorter timeout, or a longer "
			"stale_after?\n",
			conf->file, conf->line, conf->name, in_seconds(vain_ns),
			in_seconds(conf->stale_after_ns));
	}
}

void advice_on_bus(const struct config *config, const struct bus *bus, FILE *out)
{
	double load = load_of(bus);

	(void)config;
	advise_on_units(bus, out);
	advise_on_points(bus, out);
	advise_on_overlaps(bus, out);
	advise_on_lacking(bus, out);
	advise_on_silence(bus, out);
	advise_on_staleness(bus, out);
	if (load < FULL)
		return;
	begin(bus->conf, out);
	fprintf(out,
		"note: the polls of its devices need %.0f %% of the line's time and will be skipped: a "
		"longer poll, or a higher baud?\n",
		100 * load);
}
