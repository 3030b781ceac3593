#include "config/difference.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/event.h"

#define OPTION_BYTES 64
#define BLOCK_BYTES  144 /* a kind and a name */

/* ---- texts ----------------------------------------------------------------------------- */

struct text {
	char *bytes;
	size_t size;
};

static FILE *begin_text(struct text *text)
{
	*text = (struct text){.bytes = NULL};
	return open_memstream(&text->bytes, &text->size);
}

/* false: no memory. */
static bool end_text(FILE *out)
{
	bool whole = !ferror(out);

	return fclose(out) == 0 && whole;
}

static bool is_same_text(const struct text *a, const struct text *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

typedef void write_call(const struct config *config, size_t i, FILE *out);

static bool write_text(const struct config *config, size_t i, write_call *write,
		       struct text *ret_text)
{
	FILE *out = begin_text(ret_text);

	if (!out)
		return false;
	write(config, i, out);
	return end_text(out);
}

/* 1: they have the same text; 0; -ENOMEM. */
static int compare_texts(const struct config *old, size_t was, const struct config *next, size_t is,
			 write_call *write)
{
	struct text a = {.bytes = NULL}, b = {.bytes = NULL};
	bool written = write_text(old, was, write, &a) && write_text(next, is, write, &b);
	int same = written ? is_same_text(&a, &b) : -ENOMEM;

	free(a.bytes);
	free(b.bytes);
	return same;
}

static void write_bus(const struct config *config, size_t i, FILE *out)
{
	const struct bus_conf *bus = &config->buses[i];

	config_write_part(config, CONFIG_BUSES, i, out);
	for (size_t k = 0; k < bus->device_count; k++)
		config_write_part(config, CONFIG_DEVICES, bus->devices[k], out);
}

static void write_lane(const struct config *config, size_t i, FILE *out)
{
	config_write_part(config, CONFIG_LANES, i, out);
}

static void write_contact(const struct config *config, size_t i, FILE *out)
{
	config_write_part(config, CONFIG_CONTACTS, i, out);
}

static void write_meter(const struct config *config, size_t i, FILE *out)
{
	config_write_part(config, CONFIG_METERS, i, out);
}

/* ---- buses ----------------------------------------------------------------------------- */

static bool is_same_range(const struct point_range *a, const struct point_range *b)
{
	return !(a->min < b->min || a->min > b->min || a->max < b->max || a->max > b->max) &&
	       a->or_zero == b->or_zero;
}

/* What it has of the sensors that it is used by. */
static bool has_same_roles(const struct point_conf *a, const struct point_conf *b)
{
	return a->looked_at_twice == b->looked_at_twice && a->is_prompt == b->is_prompt &&
	       is_same_range(&a->plausible, &b->plausible);
}

static bool have_same_roles(const struct config *old, const struct bus_conf *a,
			    const struct config *next, const struct bus_conf *b)
{
	for (size_t i = 0; i < a->device_count; i++) {
		const struct device_conf *was = &old->devices[a->devices[i]];
		const struct device_conf *is = &next->devices[b->devices[i]];

		for (size_t k = 0; k < was->point_count; k++)
			if (!has_same_roles(&old->points[was->first_point + k],
					    &next->points[is->first_point + k]))
				return false;
	}
	return true;
}

static void keep_device(const struct config *old, uint32_t was, const struct config *next,
			uint32_t is, struct config_same *same)
{
	size_t from = old->devices[was].first_point, to = next->devices[is].first_point;

	same->devices[is] = was;
	for (size_t i = 0; i < next->devices[is].point_count; i++)
		same->points[to + i] = (uint32_t)(from + i);
}

static void keep_bus(const struct config *old, uint32_t was, const struct config *next, uint32_t is,
		     struct config_same *same)
{
	const struct bus_conf *a = &old->buses[was], *b = &next->buses[is];

	same->buses[is] = was;
	for (size_t i = 0; i < b->device_count; i++)
		keep_device(old, (uint32_t)a->devices[i], next, (uint32_t)b->devices[i], same);
}

/* ---- heirs ----------------------------------------------------------------------------- */

static bool can_inherit(const struct bus_conf *was, const struct bus_conf *is)
{
	return is->driver == was->driver && is->driver->inherit;
}

static int find_point(const struct config *old, const struct device_conf *was,
		      const struct config *next, size_t is, struct config_same *same)
{
	int found = 0;

	for (size_t i = was->first_point; found == 0 && i < was->first_point + was->point_count;
	     i++) {
		if (!has_same_roles(&old->points[i], &next->points[is]))
			continue;
		found = compare_texts(old, i, next, is, config_write_point);
		if (found > 0)
			same->points[is] = (uint32_t)i;
	}
	return found < 0 ? found : 0;
}

static int compare_heir(const struct config *old, uint32_t was, const struct config *next,
			uint32_t is, struct config_same *same)
{
	size_t from = old->buses[was].devices[0], to = next->buses[is].devices[0];
	size_t first = next->devices[to].first_point;
	int err = 0;

	if (!next->buses[is].driver->heir(next->devices[to].driver_conf,
					  old->devices[from].driver_conf))
		return 0;
	same->heirs[is] = was;
	same->devices[to] = (uint32_t)from;
	for (size_t i = 0; err == 0 && i < next->devices[to].point_count; i++)
		err = find_point(old, &old->devices[from], next, first + i, same);
	return err;
}

static int compare_bus(const struct config *old, uint32_t was, const struct config *next,
		       uint32_t is, struct config_same *same)
{
	const struct bus_conf *a = &old->buses[was], *b = &next->buses[is];
	int equal = compare_texts(old, was, next, is, write_bus);

	if (equal < 0)
		return equal;
	if (!equal || !have_same_roles(old, a, next, b))
		return can_inherit(a, b) ? compare_heir(old, was, next, is, same) : 0;
	keep_bus(old, was, next, is, same);
	return 0;
}

static int compare_buses(const struct config *old, const struct config *next,
			 struct config_same *same)
{
	int err = 0;

	for (uint32_t is = 0; is < next->bus_count; is++)
		for (uint32_t was = 0; err == 0 && was < old->bus_count; was++)
			if (strcmp(old->buses[was].name, next->buses[is].name) == 0)
				err = compare_bus(old, was, next, is, same);
	return err;
}

/* ---- lanes, contacts, meters ------------------------------------------------------------ */

static void note_point(const struct config_same *same, int32_t point, bool *all)
{
	*all &= point == POINT_NONE || same->points[point] != CONFIG_NEW;
}

static bool has_same_points_in_barrier(const struct config_same *same,
				       const struct barrier_conf *conf)
{
	bool all = true;

	note_point(same, conf->status, &all);
	note_point(same, conf->closed_limit, &all);
	note_point(same, conf->open_limit, &all);
	note_point(same, conf->presence, &all);
	note_point(same, conf->presence_fault, &all);
	note_point(same, conf->passed, &all);
	note_point(same, conf->arm_broken, &all);
	return all;
}

static bool has_same_points_in_seal(const struct config_same *same, const struct seal_conf *conf)
{
	bool all = true;

	note_point(same, conf->id, &all);
	note_point(same, conf->status, &all);
	note_point(same, conf->opened, &all);
	note_point(same, conf->tampered, &all);
	note_point(same, conf->loop, &all);
	note_point(same, conf->battery, &all);
	note_point(same, conf->open_counter, &all);
	note_point(same, conf->tamper_counter, &all);
	note_point(same, conf->sealed_at, &all);
	return all;
}

static bool has_same_points_in_lane(const struct config_same *same, const struct lane_conf *lane)
{
	bool all = true;

	for (size_t i = 0; i < lane->barrier_count; i++)
		all &= has_same_points_in_barrier(same, &lane->barriers[i]);
	for (size_t i = 0; i < lane->seal_count; i++)
		all &= has_same_points_in_seal(same, &lane->seals[i]);
	for (size_t i = 0; i < lane->contact_count; i++)
		note_point(same, lane->contacts[i].input, &all);
	if (!lane->passages)
		return all;
	note_point(same, lane->passages->presence, &all);
	note_point(same, lane->passages->queue, &all);
	for (size_t i = 0; i < LANE_IDENTIFICATIONS; i++)
		note_point(same, lane->passages->identifications[i], &all);
	return all;
}

static bool has_same_points(const struct config_same *same, const struct config *config,
			    enum config_part part, size_t i)
{
	bool all = true;

	if (part == CONFIG_LANES)
		return has_same_points_in_lane(same, &config->lanes[i]);
	note_point(same,
		   part == CONFIG_CONTACTS ? config->contacts[i].input : config->meters[i].value,
		   &all);
	return all;
}

static const char *name_of(const struct config *config, enum config_part part, size_t i)
{
	if (part == CONFIG_LANES)
		return config->lanes[i].name;
	return part == CONFIG_CONTACTS ? config->contacts[i].name : config->meters[i].name;
}

/* first: of the part among the units, in the old and in the new. */
static int find_unit(const struct config *old, const uint32_t first[2], const struct config *next,
		     enum config_part part, uint32_t is, struct config_same *same)
{
	static write_call *const writes[CONFIG_PARTS] = {
		[CONFIG_LANES] = write_lane,
		[CONFIG_CONTACTS] = write_contact,
		[CONFIG_METERS] = write_meter,
	};
	int found = 0;

	for (uint32_t was = 0; found == 0 && was < config_count(old, part); was++) {
		if (strcmp(name_of(old, part, was), name_of(next, part, is)) != 0)
			continue;
		found = compare_texts(old, was, next, is, writes[part]);
		if (found > 0)
			same->units[first[1] + is] = first[0] + was;
	}
	return found < 0 ? found : 0;
}

static int compare_units(const struct config *old, const struct config *next,
			 struct config_same *same)
{
	uint32_t first[2] = {0, 0};
	int err = 0;

	for (enum config_part part = CONFIG_LANES; part < CONFIG_PARTS; part++) {
		for (uint32_t i = 0; err == 0 && i < config_count(next, part); i++)
			if (has_same_points(same, next, part, i))
				err = find_unit(old, first, next, part, i, same);
		first[0] += (uint32_t)config_count(old, part);
		first[1] += (uint32_t)config_count(next, part);
	}
	return err;
}

/* ---- whole ----------------------------------------------------------------------------- */

/* NULL: no memory. */
static uint32_t *new_list(size_t count)
{
	uint32_t *list = malloc((count + 1) * sizeof(*list));

	for (size_t i = 0; list && i < count; i++)
		list[i] = CONFIG_NEW;
	return list;
}

int config_compare(const struct config *old, const struct config *next,
		   struct config_same *ret_same)
{
	int err;

	*ret_same = (struct config_same){
		.buses = new_list(next->bus_count),
		.heirs = new_list(next->bus_count),
		.devices = new_list(next->device_count),
		.points = new_list(next->point_count),
		.units = new_list(next->lane_count + next->contact_count + next->meter_count),
	};
	if (!ret_same->buses || !ret_same->heirs || !ret_same->devices || !ret_same->points ||
	    !ret_same->units)
		return -ENOMEM;
	err = compare_buses(old, next, ret_same);
	return err < 0 ? err : compare_units(old, next, ret_same);
}

void config_same_free(struct config_same *same)
{
	free(same->buses);
	free(same->heirs);
	free(same->devices);
	free(same->points);
	free(same->units);
	*same = (struct config_same){.buses = NULL};
}

int config_hash(const struct config *config, char ret_hex[CONFIG_HASH_BYTES])
{
	unsigned char hash[EVENT_HASH_BYTES];
	struct text text;
	FILE *out = begin_text(&text);
	bool written;

	if (!out)
		return -ENOMEM;
	config_print(config, out);
	written = end_text(out);
	if (written)
		event_hash(text.bytes, text.size, hash);
	if (written)
		event_hex(hash, ret_hex);
	free(text.bytes);
	return written ? 0 : -ENOMEM;
}

/* ---- what is set up once ---------------------------------------------------------------- */

/* Lines "	name = value" in blocks "kind {", or "kind "name" {", where there may be several. */
struct site_line {
	char block[BLOCK_BYTES], option[OPTION_BYTES];
	const char *value; /* with its end of line, or up to the end of the text */
	size_t bytes;
};

static bool next_line(const char **at, struct site_line *line)
{
	for (;;) {
		const char *text = *at + strspn(*at, " \n"), *end = strchrnul(text, '\n');
		size_t word = strcspn(text, " \n");

		if (!*text)
			return false;
		*at = end;
		line->bytes = (size_t)(end - text);
		line->value = text;
		if (end[-1] == '{')
			snprintf(line->block, sizeof(line->block), "%.*s",
				 (int)(end - text - (ptrdiff_t)strlen(" {")), text);
		if (*text == '}' || *text == '#' || end[-1] == '{')
			continue;
		snprintf(line->option, sizeof(line->option), "%.*s", (int)word, text);
		return true;
	}
}

/* Of the connection to the broker. What else stands in its block others are set up by. */
static bool is_of_connection(const struct site_line *line)
{
	static const char *const of_others[] = {"topic_root", "requests", "metrics_every",
						"alarm_after"};

	if (strcmp(line->block, "uplink") != 0 && strcmp(line->block, "tls") != 0)
		return false;
	for (size_t i = 0; i < sizeof(of_others) / sizeof(of_others[0]); i++)
		if (strcmp(line->option, of_others[i]) == 0)
			return false;
	return true;
}

/* The registry goes over to it by itself. */
static bool is_of_lists(const struct site_line *line)
{
	static const char *const options[] = {"files", "check_every", "max_age", "quota"};

	if (strcmp(line->block, "registry") != 0)
		return false;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(line->option, options[i]) == 0)
			return true;
	return false;
}

/* The gateway looks at it anew each time, or makes a new connection. */
static bool goes_without_restart(const struct site_line *line)
{
	if (strcmp(line->block, "gateway") == 0)
		return strcmp(line->option, "prometheus") == 0 ||
		       strcmp(line->option, "log_level") == 0;
	return is_of_connection(line) || is_of_lists(line);
}

static bool has_line(const char *text, const struct site_line *wanted)
{
	struct site_line line = {.value = NULL};

	while (next_line(&text, &line))
		if (strcmp(line.block, wanted->block) == 0 && line.bytes == wanted->bytes &&
		    memcmp(line.value, wanted->value, line.bytes) == 0)
			return true;
	return false;
}

static bool has_option(const char *text, const struct site_line *wanted)
{
	struct site_line line = {.value = NULL};

	while (next_line(&text, &line))
		if (strcmp(line.block, wanted->block) == 0 &&
		    strcmp(line.option, wanted->option) == 0)
			return true;
	return false;
}

/* unless: its value is not there, or the option is not. */
static bool tell_lines(const char *text, const char *other,
		       bool (*is_there)(const char *, const struct site_line *), FILE *out)
{
	struct site_line line = {.value = NULL};
	bool any = false;

	while (next_line(&text, &line)) {
		if (goes_without_restart(&line) || is_there(other, &line))
			continue;
		fprintf(out,
			"%s: %s is another than this daemon was started with, and needs a "
			"restart: systemctl restart corridord\n",
			line.block, line.option);
		any = true;
	}
	return any;
}

static bool has_all_of_connection(const char *text, const char *other)
{
	struct site_line line = {.value = NULL};

	while (next_line(&text, &line))
		if (is_of_connection(&line) && !has_line(other, &line))
			return false;
	return true;
}

/* -ENOMEM. Both are the caller's to free, also after that. */
static int write_sites(const struct config *old, const struct config *next, struct text *a,
		       struct text *b)
{
	FILE *was = begin_text(a), *is = begin_text(b);
	bool written = was && is;

	if (was)
		config_write_site(old, was);
	if (is)
		config_write_site(next, is);
	if (was)
		written &= end_text(was);
	if (is)
		written &= end_text(is);
	return written ? 0 : -ENOMEM;
}

int config_connection_differs(const struct config *old, const struct config *next)
{
	struct text a = {.bytes = NULL}, b = {.bytes = NULL};
	int differs = write_sites(old, next, &a, &b);

	if (differs == 0)
		differs = !has_all_of_connection(a.bytes, b.bytes) ||
			  !has_all_of_connection(b.bytes, a.bytes);
	free(a.bytes);
	free(b.bytes);
	return differs;
}

bool config_needs_restart(const struct config *old, const struct config *next, FILE *out)
{
	struct text a = {.bytes = NULL}, b = {.bytes = NULL};
	bool needs = true;

	if (write_sites(old, next, &a, &b) < 0) {
		fprintf(out, "out of memory\n");
	} else {
		needs = tell_lines(b.bytes, a.bytes, has_line, out);
		needs |= tell_lines(a.bytes, b.bytes, has_option, out);
	}
	free(a.bytes);
	free(b.bytes);
	return needs;
}
