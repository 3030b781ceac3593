#include "config_build.h"

#include <string.h>

static void add_point(struct config_build *build, const struct config_making *making,
		      const struct point_conf *point, const struct driver_point *driver_point)
{
	struct config *config = build->config;
	struct point_conf *points =
		config_grow(build, config->points, config->point_count, sizeof(*points));
	struct driver_point *driver_points;

	if (points == NULL)
		return;
	config->points = points;
	driver_points = config_grow(build, config->point_drivers, config->point_count,
				    sizeof(*driver_points));
	if (driver_points == NULL)
		return;
	config->point_drivers = driver_points;
	points[config->point_count] = *point;
	driver_points[config->point_count++] = *driver_point;
	config->devices[making->index].point_count++;
}

static void check_point(struct config_build *build, const struct conf_source *source,
			const struct point_block *block)
{
	const struct conf_entry *map = conf_source_entry(source, "map");
	static const char *const numeric[] = {"scale", "offset"};
	size_t i;

	for (i = 0; map != NULL && block->map.count > 0 && i < 2; i++)
		if ((i == 0 && block->conf.scale != 1) || (i == 1 && block->conf.offset != 0))
			conf_complain_entry(&build->parser, map, NULL,
					    "excludes \"%s\", a word has none", numeric[i]);
	if (block->chatter_edges == 1)
		conf_complain_entry(&build->parser, conf_source_entry(source, "chatter_edges"), "1",
				    "every change would be chatter, expected 0 or at least 2");
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
		  driver != NULL ? driver_options(driver, DRIVER_POINT) : NULL, &block);
	check_point(build, source, &block);
	block.conf.name = conf_join(build->parser.store, "%s.%s", device->name, source->own->title);
	block.conf.device = (uint32_t)making->index;
	block.conf.chatter_edges = (uint32_t)block.chatter_edges;
	block.conf.map = block.map.item;
	block.conf.map_count = block.map.count;
	if (conf_source_entry(source, "stale_after") == NULL)
		block.conf.stale_after_ns = device->stale_after_ns;
	else if (driver != NULL && block.conf.stale_after_ns != 0)
		config_check_order(build, source->own, "poll", device->poll_ns, "stale_after",
				   block.conf.stale_after_ns);
	driver_point.name = conf_copy(build->parser.store, source->own->title);
	build->parser.no_memory |= block.conf.name == NULL || driver_point.name == NULL;
	if (driver != NULL) {
		driver_point.conf = config_driver_block(build, source, driver, DRIVER_POINT);
		config_foreign_options(build, source->own, &place);
		if (source->profile != NULL)
			config_foreign_options(build, source->profile, &place);
	}
	add_point(build, making, &block.conf, &driver_point);
}

static const struct conf_node *point_titled(const struct conf_node *block, const char *title)
{
	const struct conf_node *node;

	for (node = block->children; node != NULL; node = node->next)
		if (strcmp(node->title, title) == 0)
			return node;
	return NULL;
}

void config_build_points(struct config_build *build, const struct config_making *making)
{
	const struct conf_node *own = making->source.own, *profile = making->source.profile, *node;
	struct conf_source source;

	for (node = profile != NULL ? profile->children : NULL; node != NULL; node = node->next) {
		config_check_title(build, node);
		source = (struct conf_source){.own = point_titled(own, node->title),
					      .profile = node};
		if (source.own == NULL)
			source = (struct conf_source){.own = node};
		if (point_titled(profile, node->title) == node)
			build_point(build, making, &source);
	}
	for (node = own->children; node != NULL; node = node->next) {
		config_check_title(build, node);
		source = (struct conf_source){.own = node, .incomplete = making->source.incomplete};
		if (point_titled(own, node->title) == node &&
		    (profile == NULL || point_titled(profile, node->title) == NULL))
			build_point(build, making, &source);
	}
	if (build->config->devices[making->index].point_count == 0 && !build->reader.cut &&
	    !making->source.incomplete)
		conf_complain_node(&build->reader, own, own->place.line,
				   "has no point, expected a profile or a point block");
}
