/* Profiles as corridord prints them. The parser itself is not linked: its tables name every driver, and
 * with them would come libgpiod, PCRE and expat, for a program that reads one file. */
#include "ctl/likeness.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/program.h"

#define PROFILES_MOST 128
#define POINTS_MOST   64
#define NAME_BYTES    64
#define EXPECT_MOST   8
#define ENDING	      ".conf"

struct registers {
	char table[16];
	uint32_t address, count; /* from 0 */
	bool is_signed, is_part; /* of a register */
	int64_t expect[EXPECT_MOST]; /* the only numbers that there can be */
	size_t expect_count; /* 0: any */
};

struct profile {
	char name[NAME_BYTES];
	struct registers *points;
	size_t count;
};

struct likeness {
	struct profile profiles[PROFILES_MOST];
	size_t count;
};

/* ---- reading them ------------------------------------------------------------------------ */

/* The value of "    name = value", or NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	line += strspn(line, " ");
	return strncmp(line, name, length) == 0 && strncmp(line + length, " = ", 3) == 0
		       ? line + length + 3
		       : NULL;
}

/* Registers of a type, "u32"; 0: as many as its length says. */
static uint32_t width_of(const char *type)
{
	if (strncmp(type, "\"string", 7) == 0)
		return 0;
	if (strncmp(type, "\"bcd32", 6) == 0 || strstr(type, "32") == type + 2)
		return 2;
	return strstr(type, "64") == type + 2 ? 4 : 1;
}

/* "{1, 2}" */
static void take_expected(struct registers *point, const char *value)
{
	char *end;

	for (value += *value == '{'; point->expect_count < EXPECT_MOST; value = end + 1) {
		point->expect[point->expect_count] = strtoll(value, &end, 10);
		if (end == value)
			break;
		point->expect_count++;
		if (*end != ',')
			break;
	}
}

static void take_option(struct registers *point, uint32_t base, const char *line)
{
	const char *value;

	if ((value = value_of(line, "address"))) {
		point->address = (uint32_t)strtoul(value, NULL, 10) - base;
	} else if ((value = value_of(line, "type"))) {
		point->count = width_of(value);
		point->is_signed = value[1] == 's';
	} else if (point->count == 0 && (value = value_of(line, "length"))) {
		point->count = (uint32_t)strtoul(value, NULL, 10);
	} else if ((value = value_of(line, "bit")) || (value = value_of(line, "bits"))) {
		point->is_part |= strncmp(value, "-1", 2) != 0;
	} else if ((value = value_of(line, "expect"))) {
		take_expected(point, value);
	}
}

static void take_line(struct profile *profile, uint32_t *base, const char *line)
{
	struct registers *point = profile->count ? &profile->points[profile->count - 1] : NULL;
	const char *value;

	if ((value = value_of(line, "address_base")) && profile->count == 0) {
		*base = (uint32_t)strtoul(value, NULL, 10);
	} else if ((value = value_of(line, "table")) && profile->count < POINTS_MOST) {
		point = &profile->points[profile->count++];
		point->count = 1;
		(void)program_next_text(&value, point->table, sizeof(point->table));
	} else if (point) {
		take_option(point, *base, line);
	}
}

/* What --print-config wrote. false: there are no points. */
static bool take_points(struct profile *profile, const char *printed)
{
	const char *line = strstr(printed, "\ndevice \"");
	uint32_t base = 0;

	profile->count = 0;
	profile->points = calloc(POINTS_MOST, sizeof(*profile->points));
	while (profile->points && line && (line = strchr(line, '\n')))
		take_line(profile, &base, ++line);
	if (profile->count > 0)
		return true;
	free(profile->points);
	return false;
}

/* The profile alone, in a configuration made for it in that folder. false: it has a mistake, or
 * is no Modbus device's. */
static bool load_profile(const char *folder, struct profile *profile)
{
	char path[256], *printed;
	int exit_code = -1;
	FILE *out;
	bool good;

	snprintf(path, sizeof(path), "%s/scan.conf", folder);
	out = fopen(path, "we");
	if (!out)
		return false;
	fprintf(out,
		"checkpoint { id = \"scan\"  country = \"GE\"  name = \"scan\" }\n"
		"gateway    { id = \"scan\" }\n"
		"uplink     { host = {\"127.0.0.1\"} }\n"
		"bus    \"line\"   { driver = \"modbus-rtu\"  port = \"/dev/null\" }\n"
		"device \"device\" { bus = \"line\"  unit = 1  profile = \"%s\" }\n",
		profile->name);
	printed = fclose(out) == 0 ? program_says("--print-config", path, &exit_code) : NULL;
	good = printed && exit_code == 0 && take_points(profile, printed);
	free(printed);
	(void)unlink(path);
	return good;
}

static bool is_known(const struct likeness *likeness, const char *name)
{
	for (size_t i = 0; i < likeness->count; i++)
		if (strcmp(likeness->profiles[i].name, name) == 0)
			return true;
	return false;
}

/* "came-gard-ptx.conf": its name, without the ending. */
static bool take_name(const char *file, char out[NAME_BYTES])
{
	size_t length = strlen(file);
	size_t ending = strlen(ENDING);

	if (length <= ending || length - ending >= NAME_BYTES ||
	    strcmp(file + length - ending, ENDING) != 0 || strchr(file, '"'))
		return false;
	memcpy(out, file, length - ending);
	out[length - ending] = '\0';
	return true;
}

static void load_folder(struct likeness *likeness, const char *profiles, const char *folder)
{
	DIR *directory = opendir(profiles);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)) && likeness->count < PROFILES_MOST) {
		struct profile *profile = &likeness->profiles[likeness->count];

		if (!take_name(entry->d_name, profile->name) || is_known(likeness, profile->name))
			continue;
		likeness->count += load_profile(folder, profile);
	}
	if (directory)
		closedir(directory);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct profile *)a)->name, ((const struct profile *)b)->name);
}

struct likeness *likeness_new(const char *own)
{
	struct likeness *likeness = calloc(1, sizeof(*likeness));
	char folder[] = "/tmp/corridorctl-XXXXXX", link[64], whole[PATH_MAX];

	if (!likeness || !mkdtemp(folder)) {
		free(likeness);
		return NULL;
	}
	snprintf(link, sizeof(link), "%s/profiles", folder);
	if (realpath(own, whole)) /* it may be named from here */
		(void)!symlink(whole, link);
	load_folder(likeness, own, folder);
	load_folder(likeness, DATADIR "/profiles", folder);
	(void)unlink(link);
	(void)rmdir(folder);
	qsort(likeness->profiles, likeness->count, sizeof(likeness->profiles[0]), by_name);
	return likeness;
}

void likeness_free(struct likeness *likeness)
{
	for (size_t i = 0; likeness && i < likeness->count; i++)
		free(likeness->profiles[i].points);
	free(likeness);
}

size_t likeness_count(const struct likeness *likeness)
{
	return likeness ? likeness->count : 0;
}

const char *likeness_name(const struct likeness *likeness, size_t profile)
{
	return likeness->profiles[profile].name;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* Of what is one whole register: the rest is not looked at here. */
static bool is_told(const struct registers *point)
{
	return point->expect_count > 0 && point->count == 1 && !point->is_part;
}

static bool is_expected(const struct registers *point, uint16_t value)
{
	const int64_t number = point->is_signed ? (int16_t)value : value;

	for (size_t i = 0; i < point->expect_count; i++)
		if (point->expect[i] == number)
			return true;
	return false;
}

enum likeness_verdict likeness_ask(const struct likeness *likeness, size_t profile,
				   int (*ask)(void *data, struct driver_peek *peek), void *data,
				   size_t *ret_points)
{
	const struct profile *of = &likeness->profiles[profile];
	enum likeness_verdict verdict = LIKENESS_ANSWERS;

	*ret_points = of->count;
	for (size_t i = 0; i < of->count; i++) {
		const struct registers *point = &of->points[i];
		struct driver_peek peek = {.address = point->address, .count = point->count};

		snprintf(peek.table, sizeof(peek.table), "%s", point->table);
		if (ask(data, &peek) < 0)
			return LIKENESS_NONE;
		if (!is_told(point))
			continue;
		if (!is_expected(point, peek.values[0]))
			return LIKENESS_NONE;
		verdict = LIKENESS_FINGERPRINT;
	}
	return verdict;
}
