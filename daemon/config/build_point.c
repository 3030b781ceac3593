#include "config/build.h"

#include <math.h>
#include <string.h>

#define CHATTER_WINDOW_NS (10 * NS_PER_S) /* as options.c has it */

static void add_point(struct config_build *build, const struct config_making *making,
		      const struct point_conf *point, const struct driver_point *driver_point)
{
	struct config *config = build->config;
	struct point_conf *points =
		config_grow(build, config->points, config->point_count, sizeof(*points));
	struct driver_point *driver_points;
	struct conf_slot *slot;

	if (!points)
		return;
	config->points = points;
	driver_points = config_grow(build, config->point_drivers, config->point_count,
				    sizeof(*driver_points));
	if (!driver_points)
		return;
	config->point_drivers = driver_points;
	slot = conf_index_slot(build->reader.store, &build->parser.points, point->name);
	if (slot && slot->number == 0)
		slot->number = config->point_count + 1;
	points[config->point_count] = *point;
	driver_points[config->point_count++] = *driver_point;
	config->devices[making->index].point_count++;
}

/* An option that is not as when left out, and the types of values on which it has an effect. */
struct effect {
	const char *option;
	bool given;
	unsigned on; /* set of 1 << enum value_type */
	const char *expected;
};

#define ON_NUMBERS (1u << VALUE_INT | 1u << VALUE_REAL)

/* A bit has a number by which there is none where it is picked from one. */
static unsigned with_none(const struct value_shape *shape)
{
	return shape->bits > 0 ? ON_NUMBERS | 1u << VALUE_BOOL : ON_NUMBERS;
}

static const char *type_words(enum value_type type)
{
	static const char *const words[] = {
		[VALUE_NONE] = "not known",	[VALUE_BOOL] = "true or false",
		[VALUE_INT] = "a whole number", [VALUE_UINT] = "a whole number",
		[VALUE_REAL] = "a real number", [VALUE_TEXT] = "a text",
	};

	return words[type];
}

/* Options that would be taken in vain. */
static void check_effects(struct config_build *build, const struct conf_source *source,
			  const struct point_block *block)
{
	const struct point_conf *conf = &block->conf;
	const enum value_type type = conf->raw.type;
	const struct effect effects[] = {
		{"scale", conf->scale != 1, ON_NUMBERS, "a number"},
		{"offset", conf->offset != 0, ON_NUMBERS, "a number"},
		{"min", !isnan(block->min), ON_NUMBERS, "a number"},
		{"max", !isnan(block->max), ON_NUMBERS, "a number"},
		{"none", block->none.count > 0, with_none(&conf->raw),
		 type == VALUE_TEXT ? "\"none_text\"" : "a number, or a bit of one"},
		{"expect", block->expect.count > 0, 1u << VALUE_INT | 1u << VALUE_BOOL,
		 "a whole number or a bit"},
		{"counted", conf->counted, 1u << VALUE_INT, "a whole number"},
		{"invert", conf->invert, 1u << VALUE_BOOL, "a bit"},
		{"map", block->map.count > 0, 1u << VALUE_INT | 1u << VALUE_BOOL,
		 "a whole number or a bit"},
	};

	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
		const struct effect *effect = &effects[i];

		if (effect->given && type != VALUE_NONE && !(effect->on & 1u << type))
			conf_complain_entry(&build->parser,
					    conf_source_entry(source, effect->option), NULL,
					    "has no effect: the value is %s, expected %s",
					    type_words(type), effect->expected);
	}
}

static void check_map(struct config_build *build, const struct conf_source *source,
		      const struct point_block *block)
{
	const struct conf_entry *map = conf_source_entry(source, "map");
	static const char *const numeric[] = {"scale", "offset", "min", "max", "counted"};
	const bool given[] = {block->conf.scale != 1, block->conf.offset != 0, !isnan(block->min),
			      !isnan(block->max), block->conf.counted};

	for (size_t i = 0; map && block->map.count > 0 && i < sizeof(given) / sizeof(given[0]); i++)
		if (given[i])
			conf_complain_entry(&build->parser, map, NULL,
					    "excludes \"%s\", a word has none", numeric[i]);
}

static void check_chatter(struct config_build *build, const struct conf_source *source,
			  const struct point_block *block)
{
	const struct conf_entry *edges = conf_source_entry(source, "chatter_edges");
	const struct conf_entry *window = conf_source_entry(source, "chatter_window");

	if (block->chatter_edges == 1)
		conf_complain_entry(&build->parser, edges, "1",
				    "every change would be chatter, expected 0 or at least 2");
	if (block->chatter_edges > 0 && block->conf.counted)
		conf_complain_entry(
			&build->parser, edges, NULL,
			"has no effect: changes of a counter are no chatter, expected no "
			"\"counted\"");
	if (window && block->chatter_edges == 0 &&
	    block->conf.chatter_window_ns != CHATTER_WINDOW_NS)
		conf_complain_entry(&build->parser, window, NULL,
				    "has no effect without \"chatter_edges\"");
}

static void check_point(struct config_build *build, const struct conf_source *source,
			const struct point_block *block)
{
	check_map(build, source, block);
	check_effects(build, source, block);
	if (!(block->conf.scale < 0) && !(block->conf.scale > 0))
		conf_complain_entry(&build->parser, conf_source_entry(source, "scale"), "0",
				    "every number would be the same, expected another");
	if (block->min > block->max)
		conf_complain_entry(&build->parser, conf_source_entry(source, "min"), NULL,
				    "is above \"max\", nothing lies between them");
	check_chatter(build, source, block);
}

/* A number as the device means it: 0xFFFF of a signed register is -1. false: it has no such. */
static bool fit(const struct value_shape *shape, int64_t *number)
{
	int64_t over;

	if (shape->type == VALUE_REAL || shape->bits == 0 || shape->bits > 62)
		return true;
	over = INT64_C(1) << shape->bits;
	if (*number >= over || *number < (shape->is_signed ? -over / 2 : 0))
		return false;
	if (shape->is_signed && *number >= over / 2)
		*number -= over;
	return true;
}

static void fit_numbers(struct config_build *build, const struct conf_entry *entry,
			const struct value_shape *shape, const struct conf_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++)
		if (!fit(shape, &numbers->item[i]))
			conf_complain_entry(&build->parser, entry, NULL,
					    "%lld is no number of %d bit%s",
					    (long long)numbers->item[i], shape->bits,
					    shape->bits == 1 ? "" : "s");
}

/* The numbers of a map are read, too: others than the point can have are words never said. */
static void fit_map(struct config_build *build, const struct conf_source *source,
		    const struct point_block *block)
{
	const struct conf_entry *entry = conf_source_entry(source, "map");
	const struct value_shape *shape = &block->conf.raw;

	for (size_t i = 0; i < block->map.count; i++) {
		int64_t *raw = &block->map.item[i].raw;
		const int64_t written = *raw;

		if (shape->type == VALUE_BOOL && (written < 0 || written > 1))
			conf_complain_entry(&build->parser, entry, NULL,
					    "has %lld, and the value is a bit, expected 0 and 1",
					    (long long)written);
		else if (!fit(shape, raw))
			conf_complain_entry(&build->parser, entry, NULL,
					    "%lld is no number of %d bits", (long long)written,
					    shape->bits);
		for (size_t k = 0; k < block->none.count && shape->type != VALUE_BOOL; k++)
			if (block->none.item[k] == *raw)
				conf_complain_entry(&build->parser, entry, NULL,
						    "has %lld, which is one of \"none\"",
						    (long long)written);
	}
}

/* What is never believed cannot be what is expected. */
static void check_expected(struct config_build *build, const struct conf_source *source,
			   const struct point_block *block)
{
	const struct conf_entry *entry = conf_source_entry(source, "expect");

	for (size_t i = 0; i < block->expect.count; i++) {
		const int64_t number = block->expect.item[i];
		const double value = (double)number * block->conf.scale + block->conf.offset;

		for (size_t k = 0; k < block->none.count; k++)
			if (block->none.item[k] == number)
				conf_complain_entry(&build->parser, entry, NULL,
						    "has %lld, which is one of \"none\"",
						    (long long)number);
		if (value < block->min || value > block->max)
			conf_complain_entry(&build->parser, entry, NULL,
					    "has %lld, which \"min\" and \"max\" exclude",
					    (long long)number);
	}
}

static void set_belief(struct config_build *build, const struct conf_source *source,
		       struct point_block *block, struct driver_point *driver_point)
{
	static const struct value_shape one_bit = {.type = VALUE_INT, .bits = 1};
	struct point_conf *conf = &block->conf;
	const bool is_bit = conf->raw.type == VALUE_BOOL;

	fit_numbers(build, conf_source_entry(source, "none"), &conf->raw, &block->none);
	fit_numbers(build, conf_source_entry(source, "expect"), is_bit ? &one_bit : &conf->raw,
		    &block->expect);
	fit_map(build, source, block);
	if (!is_bit)
		check_expected(build, source, block);
	if (is_bit) {
		driver_point->none = block->none.item;
		driver_point->none_count = block->none.count;
	} else {
		conf->none = block->none.item;
		conf->none_count = block->none.count;
	}
	conf->expect = block->expect.item;
	conf->expect_count = block->expect.count;
	if (isnan(block->min) && isnan(block->max))
		return;
	conf->range.min = isnan(block->min) ? -INFINITY : block->min;
	conf->range.max = isnan(block->max) ? INFINITY : block->max;
}

/* With what its values can be, unless its options are wrong. */
static const void *driver_block(struct config_build *build, const struct conf_source *source,
				const struct driver *driver, struct value_shape *ret_shape)
{
	const size_t complaints = build->reader.complaints.count;
	const void *block = config_driver_block(build, source, driver, DRIVER_POINT);

	if (block && driver->shape && build->reader.complaints.count == complaints)
		*ret_shape = driver->shape(block);
	return block;
}

static void build_point(struct config_build *build, const struct config_making *making,
			const struct conf_source *source)
{
	static const struct conf_option *const tables[] = {point_options, NULL};
	const struct device_conf *device = &build->config->devices[making->index];
	struct config_place place = {
		.driver = making->driver, .core = tables, .part = DRIVER_POINT};
	struct driver_point driver_point = {0};
	struct point_block block = {0};
	const struct driver *driver = making->driver;

	conf_fill(&build->parser, source, point_options,
		  driver ? driver_options(driver, DRIVER_POINT) : NULL, &block);
	if (driver)
		driver_point.conf = driver_block(build, source, driver, &block.conf.raw);
	check_point(build, source, &block);
	set_belief(build, source, &block, &driver_point);
	block.conf.name = conf_join(build->parser.store, "%s.%s", device->name, source->own->title);
	block.conf.device = (uint32_t)making->index;
	block.conf.chatter_edges = (uint32_t)block.chatter_edges;
	block.conf.chatter_set = conf_source_entry(source, "chatter_edges");
	block.conf.map = block.map.item;
	block.conf.map_count = block.map.count;
	if (!conf_source_entry(source, "stale_after"))
		block.conf.stale_after_ns = device->stale_after_ns;
	else if (driver && block.conf.stale_after_ns != 0)
		config_check_order(build, source->own, "poll", device->poll_ns, "stale_after",
				   block.conf.stale_after_ns);
	driver_point.name = conf_copy(build->parser.store, source->own->title);
	if (conf_store_failed(build->parser.store))
		return;
	if (driver) {
		config_foreign_options(build, source->own, &place);
		if (source->profile)
			config_foreign_options(build, source->profile, &place);
	}
	add_point(build, making, &block.conf, &driver_point);
}

void config_build_points(struct config_build *build, const struct config_making *making)
{
	const struct conf_node *own = making->source.own, *profile = making->source.profile, *node;
	struct conf_reader *reader = &build->reader;
	struct conf_source source;

	for (node = profile ? profile->children : NULL; node; node = node->next) {
		config_check_title(build, node);
		source = (struct conf_source){
			.own = conf_node_find(reader, own, "point", node->title), .profile = node};
		if (!source.own)
			source = (struct conf_source){.own = node};
		if (conf_node_find(reader, profile, "point", node->title) == node)
			build_point(build, making, &source);
	}
	for (node = own->children; node; node = node->next) {
		config_check_title(build, node);
		source = (struct conf_source){.own = node, .incomplete = making->source.incomplete};
		if (conf_node_find(reader, own, "point", node->title) == node &&
		    (!profile || !conf_node_find(reader, profile, "point", node->title)))
			build_point(build, making, &source);
	}
	if (build->config->devices[making->index].point_count == 0 && !build->reader.cut &&
	    !own->incomplete)
		conf_complain_node(&build->reader, own, own->place.line,
				   "has no point, expected a profile or a point block");
}
