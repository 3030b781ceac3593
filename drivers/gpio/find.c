/* Finds chips and lines by what a technician calls them. Nothing is taken by its
 * number alone: chips are renumbered from boot to boot, so a label or a line name
 * is looked for on every chip and must be there exactly once.
 */
#include "gpio/gpio.h"

#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHIP_PATHS "/dev/gpiochip*"

void gpio_explain(struct gpio_why *why, enum reason reason, const char *format, ...)
{
	va_list args;

	why->reason = reason;
	va_start(args, format);
	vsnprintf(why->message, sizeof(why->message), format, args);
	va_end(args);
}

static const char *cure(int err)
{
	return err == -EACCES || err == -EPERM ? ": is the service in the group of the device?"
					       : "";
}

static int open_path(const char *path, struct gpio_scan *scan, struct gpio_why *why)
{
	int err;

	scan->chip = calloc(1, sizeof(struct gpio_chip *));
	if (!scan->chip)
		return -ENOMEM;
	err = gpio_chip_open(path, &scan->chip[0]);
	if (err) {
		gpio_explain(why, REASON_LINE_GONE, "%s: %s%s", path, strerror(-err), cure(err));
		return err;
	}
	scan->count = 1;
	return 0;
}

/* A link beside the real device file has another name than the chip itself. */
static bool is_alias(const char *path, const struct gpio_chip *chip)
{
	return strcmp(strrchr(path, '/') + 1, gpio_chip_name(chip)) != 0;
}

/* One chip that cannot be opened does not hide the others. */
static void scan_path(const char *path, struct gpio_scan *scan)
{
	struct gpio_chip *chip;
	int err = gpio_chip_open(path, &chip);

	if (err) {
		scan->denied = err;
		snprintf(scan->denied_path, sizeof(scan->denied_path), "%s", path);
	} else if (is_alias(path, chip)) {
		gpio_chip_close(chip);
	} else {
		scan->chip[scan->count++] = chip;
	}
}

static int scan_all(struct gpio_scan *scan)
{
	glob_t paths = {0};
	int err = 0;

	if (glob(CHIP_PATHS, 0, NULL, &paths) == 0) {
		scan->chip = calloc(paths.gl_pathc, sizeof(struct gpio_chip *));
		for (size_t i = 0; scan->chip && i < paths.gl_pathc; i++)
			scan_path(paths.gl_pathv[i], scan);
		err = scan->chip ? 0 : -ENOMEM;
	}
	globfree(&paths);
	return err;
}

static bool is_called(const struct gpio_chip *chip, const char *spec)
{
	return strcmp(gpio_chip_name(chip), spec) == 0 || strcmp(gpio_chip_label(chip), spec) == 0;
}

static void explain_not_found(const struct gpio_scan *scan, struct gpio_why *why, const char *kind,
			      const char *name)
{
	if (scan->denied)
		gpio_explain(why, REASON_LINE_GONE, "no %s \"%s\" found; %s: %s%s", kind, name,
			     scan->denied_path, strerror(-scan->denied), cure(scan->denied));
	else
		gpio_explain(why, REASON_LINE_GONE, "no %s \"%s\" found, see gpioinfo", kind, name);
}

/* Leaves only the chip of this name or label. */
static int narrow(struct gpio_scan *scan, const char *spec, struct gpio_why *why)
{
	struct gpio_chip *found = NULL;

	for (size_t i = 0; i < scan->count; i++) {
		if (!is_called(scan->chip[i], spec))
			continue;
		if (found) {
			gpio_explain(why, REASON_LINE_GONE,
				     "\"%s\" is ambiguous: both %s and %s are called so", spec,
				     gpio_chip_name(found), gpio_chip_name(scan->chip[i]));
			return -ENOTUNIQ;
		}
		found = scan->chip[i];
	}
	if (!found) {
		explain_not_found(scan, why, "GPIO chip", spec);
		return -ENODEV;
	}
	for (size_t i = 0; i < scan->count; i++)
		if (scan->chip[i] != found)
			gpio_chip_close(scan->chip[i]);
	scan->chip[0] = found;
	scan->count = 1;
	return 0;
}

int gpio_scan_open(const char *spec, struct gpio_scan *ret_scan, struct gpio_why *ret_why)
{
	int err;

	*ret_scan = (struct gpio_scan){0};
	gpio_explain(ret_why, REASON_LINE_GONE, "out of memory");
	if (spec && spec[0] == '/')
		return open_path(spec, ret_scan, ret_why);
	err = scan_all(ret_scan);
	return !err && spec ? narrow(ret_scan, spec, ret_why) : err;
}

void gpio_scan_close(struct gpio_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		gpio_chip_close(scan->chip[i]);
	free(scan->chip);
	*scan = (struct gpio_scan){0};
}

struct search {
	const char *name;
	struct gpio_chip *chip; /* of the first match, NULL: none yet */
	unsigned int offset;
};

static int search_chip(struct gpio_chip *chip, struct search *search, struct gpio_why *why)
{
	struct gpio_line_info info;
	int err;

	for (unsigned int offset = 0; offset < gpio_chip_line_count(chip); offset++) {
		err = gpio_chip_line_info(chip, offset, &info);
		if (err) {
			gpio_explain(why, REASON_LINE_GONE, "%s: %s", gpio_chip_name(chip),
				     strerror(-err));
			return err;
		}
		if (strcmp(info.name, search->name) != 0)
			continue;
		if (search->chip) {
			gpio_explain(why, REASON_LINE_GONE,
				     "line \"%s\" is ambiguous: %s line %u and %s line %u; %s",
				     search->name, gpio_chip_name(search->chip), search->offset,
				     gpio_chip_name(chip), offset,
				     search->chip == chip ? "give its offset too"
							  : "name the chip");
			return -ENOTUNIQ;
		}
		search->chip = chip;
		search->offset = offset;
	}
	return 0;
}

static int find_by_name(const struct gpio_scan *scan, const char *name, struct search *search,
			struct gpio_why *why)
{
	int err;

	search->name = name;
	for (size_t i = 0; i < scan->count; i++) {
		err = search_chip(scan->chip[i], search, why);
		if (err)
			return err;
	}
	if (search->chip)
		return 0;
	explain_not_found(scan, why, "GPIO line", name);
	return -ENODEV;
}

/* A name given beside the offset guards against a chip that is wired differently. */
static int find_by_offset(struct gpio_chip *chip, const struct gpio_point_conf *conf,
			  struct gpio_why *why)
{
	struct gpio_line_info info;
	int err;

	if (conf->offset >= gpio_chip_line_count(chip)) {
		gpio_explain(why, REASON_LINE_GONE, "%s has lines 0 to %u, not %lld",
			     gpio_chip_name(chip), gpio_chip_line_count(chip) - 1,
			     (long long)conf->offset);
		return -ENODEV;
	}
	err = gpio_chip_line_info(chip, (unsigned int)conf->offset, &info);
	if (err) {
		gpio_explain(why, REASON_LINE_GONE, "%s: %s", gpio_chip_name(chip), strerror(-err));
		return err;
	}
	if (conf->line && strcmp(conf->line, info.name) != 0) {
		gpio_explain(why, REASON_LINE_GONE, "%s line %lld is called \"%s\", not \"%s\"",
			     gpio_chip_name(chip), (long long)conf->offset, info.name, conf->line);
		return -ENODEV;
	}
	return 0;
}

int gpio_scan_line(const struct gpio_scan *scan, const struct gpio_point_conf *conf,
		   struct gpio_chip **ret_chip, unsigned int *ret_offset, struct gpio_why *ret_why)
{
	struct search search = {0};
	int err;

	if (conf->offset >= 0) {
		search = (struct search){.chip = scan->chip[0],
					 .offset = (unsigned int)conf->offset};
		err = find_by_offset(scan->chip[0], conf, ret_why);
	} else {
		err = find_by_name(scan, conf->line, &search, ret_why);
	}
	if (err)
		return err;
	*ret_chip = search.chip;
	*ret_offset = search.offset;
	return 0;
}
