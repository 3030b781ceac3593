/* Which kinds of value a role of a sensor takes, and whether a point has such. */
#include <string.h>

#include "config/build.h"

/* No boom goes up and down, no door opens and closes so often. */
#define STEADY_CHATTER_EDGES	 6
#define STEADY_CHATTER_WINDOW_NS (8 * NS_PER_S)

static bool is_number(const struct point_conf *point)
{
	enum value_type type = point->raw.type;

	return point->map_count == 0 &&
	       (type == VALUE_INT || type == VALUE_REAL || type == VALUE_NONE);
}

static bool is_whole(const struct point_conf *point)
{
	return is_number(point) && point->raw.type != VALUE_REAL && point_is_plain(point);
}

static bool is_text(const struct point_conf *point)
{
	enum value_type type = point->raw.type;

	return point->map_count == 0 && !point->counted && point_is_plain(point) &&
	       (type == VALUE_TEXT || type == VALUE_NONE);
}

static bool fits_truth(const struct point_conf *point)
{
	enum value_type type = point->raw.type;

	if (point->map_count > 0 || point->counted || !point_is_plain(point))
		return false;
	return type == VALUE_BOOL || type == VALUE_NONE ||
	       (type == VALUE_INT && point->raw.bits <= 16);
}

static bool fits_word(const struct point_conf *point)
{
	return point->map_count > 0 || is_text(point);
}

/* A number of 16 bits tells too few things apart. */
static bool fits_number_of_it(const struct point_conf *point)
{
	return is_text(point) || (is_whole(point) && !point->counted &&
				  (point->raw.bits == 0 || point->raw.bits > 16));
}

static bool fits_quantity(const struct point_conf *point)
{
	return is_number(point) && !point->counted;
}

/* 16 bits of seconds end in the first days of 1970. */
static bool fits_moment(const struct point_conf *point)
{
	return fits_quantity(point) &&
	       (point->raw.bits == 0 || point->raw.bits > 16 || !point_is_plain(point));
}

static const struct {
	bool (*fits)(const struct point_conf *point);
	const char *expected;
} roles[] = {
	[ROLE_TRUTH] = {fits_truth, "a bit, or a register that is 0 or 1"},
	[ROLE_SWITCH] = {fits_truth, "a bit, or a register that is 0 or 1"},
	[ROLE_WORD] = {fits_word, "a point with a map, or a text"},
	[ROLE_POSITION] = {fits_word, "a point with a map, or a text"},
	[ROLE_TEXT] = {fits_number_of_it, "a text"},
	[ROLE_NUMBER_OF_IT] = {fits_number_of_it, "a text, or a whole number of 32 bits or more"},
	[ROLE_QUANTITY] = {fits_quantity, "a number"},
	[ROLE_MEASURE] = {is_number, "a number"},
	[ROLE_COUNTER] = {is_whole, "a whole number without scale and offset"},
	[ROLE_MOMENT] = {fits_moment, "a number of seconds, of 32 bits or more"},
};

static const char *kind_of(const struct point_conf *point)
{
	static const char *const kinds[] = {
		[VALUE_NONE] = "a value of another kind", [VALUE_BOOL] = "true or false",
		[VALUE_INT] = "a whole number",		  [VALUE_UINT] = "a whole number",
		[VALUE_REAL] = "a real number",		  [VALUE_TEXT] = "a text",
	};

	if (point->map_count > 0)
		return "a word of its map";
	if (point->counted)
		return "a counter";
	if (!point_is_plain(point))
		return "a scaled number";
	return kinds[point->raw.type];
}

static bool is_polled(const struct config_build *build, const struct point_conf *point)
{
	const struct config *config = build->config;
	const struct driver *driver = config->buses[config->devices[point->device].bus].driver;

	return driver && driver->blocking;
}

/* Where nothing else is configured, what flickers though it cannot move so is chatter. */
static void set_chatter(struct point_conf *point, enum conf_role role)
{
	if (point->chatter_set || (role != ROLE_SWITCH && role != ROLE_POSITION))
		return;
	point->chatter_edges = STEADY_CHATTER_EDGES;
	point->chatter_window_ns = STEADY_CHATTER_WINDOW_NS;
	point->chatter_returns = role == ROLE_POSITION;
}

static void check(struct config_build *build, const struct conf_node *node,
		  const struct conf_option *row, struct point_conf *point)
{
	if (row->min != 0 || row->max != 0)
		point->plausible = (struct point_range){.min = (double)row->min,
							.max = (double)row->max,
							.or_zero = row->role == ROLE_MOMENT};
	set_chatter(point, row->role);
	point->looked_at_twice |= row->role == ROLE_NUMBER_OF_IT && is_polled(build, point);
	point->is_prompt |= row->role != ROLE_MEASURE;
	if (row->role == ROLE_ANY || roles[row->role].fits(point))
		return;
	conf_complain_entry(&build->parser, conf_node_entry(node, row->name), point->name,
			    "is %s, expected %s", kind_of(point), roles[row->role].expected);
}

void config_check_roles(struct config_build *build, const struct conf_node *node,
			const struct conf_option *table, const void *base)
{
	for (; table->name; table++) {
		int32_t point;

		if (table->type != CONF_POINT)
			continue;
		memcpy(&point, (const char *)base + table->offset, sizeof(point));
		if (point != POINT_NONE)
			check(build, node, table, &build->config->points[point]);
	}
}
