#include "config_build.h"

#include <string.h>

/* Names that topics of the gateway itself already have. */
static const char *const lane_names_taken[] = {"gateway", "registry", NULL};
static const char *const sensor_names_taken[] = {"passage", NULL};
static const char *const meter_names_taken[] = {"daemon", NULL};

static const char *const barrier_words[] = {"closed", "opening", "open", "closing",
					    "fault",  "unknown", NULL};
static const char *const seal_words[] = {"intact",  "opened",  "tampered",
					 "missing", "unknown", NULL};

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

static void check_taken(struct config_build *build, const struct conf_node *node,
			const char *const *taken)
{
	if (is_one_of(node->title, taken))
		conf_complain_node(&build->reader, node, node->place.line,
				   "this name is used by the gateway itself, take another");
}

static const char *keep(struct config_build *build, const char *text)
{
	const char *copy = conf_copy(build->parser.store, text);

	build->parser.no_memory |= copy == NULL;
	return copy;
}

/* ---- sensors --------------------------------------------------------------------------- */

static void list_words(const char *const *words, char *out, size_t size)
{
	size_t bytes = 0;

	for (; *words != NULL && bytes < size; words++)
		bytes += (size_t)snprintf(out + bytes, size - bytes, "%s%s",
					  bytes == 0	     ? ""
					  : words[1] != NULL ? ", "
							     : " or ",
					  *words);
}

/* A map that says words the sensor does not know would make it blind without a sound. */
static void check_words(struct config_build *build, const struct conf_node *node, int32_t status,
			const char *const *words)
{
	const struct conf_entry *entry = conf_node_entry(node, "status");
	const struct point_conf *point;
	char known[128] = "";
	size_t i;

	if (status == POINT_NONE)
		return;
	list_words(words, known, sizeof(known));
	point = &build->config->points[status];
	for (i = 0; i < point->map_count; i++)
		if (!is_one_of(point->map[i].word, words))
			conf_complain_entry(&build->parser, entry, point->name,
					    "its map has the word \"%s\", expected %s",
					    point->map[i].word, known);
}

/* One of these options at least. */
static void check_inputs(struct config_build *build, const struct conf_node *node,
			 const char *const *options)
{
	size_t i;

	for (i = 0; options[i] != NULL; i++)
		if (conf_node_entry(node, options[i]) != NULL)
			return;
	conf_complain_node(&build->reader, node, node->place.line,
			   "sees nothing, expected \"%s\", \"%s\" or \"%s\"", options[0],
			   options[1], options[2]);
}

static void build_barrier(struct config_build *build, const struct conf_node *node,
			  struct barrier_conf *barrier)
{
	static const char *const inputs[] = {"status", "closed_limit", "open_limit", NULL};

	conf_fill(&build->parser, &(struct conf_source){.own = node}, barrier_options, NULL,
		  barrier);
	check_inputs(build, node, inputs);
	check_words(build, node, barrier->status, barrier_words);
	barrier->name = keep(build, node->title);
}

static void build_seal(struct config_build *build, const struct conf_node *node,
		       struct seal_conf *seal)
{
	static const char *const inputs[] = {"status", "opened", "id", "loop", NULL};

	conf_fill(&build->parser, &(struct conf_source){.own = node}, seal_options, NULL, seal);
	check_inputs(build, node, inputs);
	check_words(build, node, seal->status, seal_words);
	if (seal->battery_critical > seal->battery_low)
		conf_complain_node(&build->reader, node, node->place.line,
				   "\"battery_critical\" (%lld) is above \"battery_low\" (%lld)",
				   (long long)seal->battery_critical, (long long)seal->battery_low);
	seal->name = keep(build, node->title);
}

/* ---- lanes ----------------------------------------------------------------------------- */

static size_t count_of(struct conf_node *nodes, const char *kind)
{
	struct conf_node *node;
	size_t count = 0;

	for (node = nodes; (node = conf_node_of(node, kind)) != NULL; node = node->next)
		count++;
	return count;
}

/* A lane may do without barrier and seal if it sees vehicles by itself. */
static bool reads_something(const struct conf_node *lane)
{
	return conf_node_entry(lane, "presence") != NULL ||
	       conf_node_entry(lane, "plate") != NULL ||
	       conf_node_entry(lane, "container") != NULL ||
	       conf_node_entry(lane, "document") != NULL;
}

/* A barrier and a seal of one name would be one topic. */
static void check_sensors(struct config_build *build, const struct conf_node *lane)
{
	const struct conf_node *node, *other;

	for (node = lane->children; node != NULL; node = node->next) {
		config_check_title(build, node);
		check_taken(build, node, sensor_names_taken);
		for (other = lane->children; other != node; other = other->next)
			if (other->kind != node->kind && strcmp(other->title, node->title) == 0)
				conf_complain_node(&build->reader, node, node->place.line,
						   "a %s of this lane has this name, in line %d",
						   other->kind->name, other->place.line);
	}
	if (lane->children == NULL && !build->reader.cut && !reads_something(lane))
		conf_complain_node(&build->reader, lane, lane->place.line,
				   "has no sensor, expected a barrier or a seal");
}

static void build_lane(struct config_build *build, const struct conf_node *node,
		       struct lane_conf *lane)
{
	size_t barriers = count_of(node->children, "barrier");
	size_t seals = count_of(node->children, "seal"), i;
	struct barrier_conf *barrier = conf_alloc(build->parser.store, barriers * sizeof(*barrier));
	struct seal_conf *seal = conf_alloc(build->parser.store, seals * sizeof(*seal));
	struct passage_conf *passages = conf_alloc(build->parser.store, sizeof(*passages));
	struct lane_block block = {0};
	struct conf_node *sensor;

	if (barrier == NULL || seal == NULL || passages == NULL) {
		build->parser.no_memory = true;
		return;
	}
	config_check_title(build, node);
	check_taken(build, node, lane_names_taken);
	check_sensors(build, node);
	conf_fill(&build->parser, &(struct conf_source){.own = node}, lane_options, NULL, &block);
	*passages = block.passages;
	*lane = (struct lane_conf){.name = keep(build, node->title),
				   .direction = block.direction,
				   .barriers = barrier,
				   .barrier_count = barriers,
				   .seals = seal,
				   .seal_count = seals,
				   .passages = passages};
	sensor = node->children;
	for (i = 0; (sensor = conf_node_of(sensor, "barrier")) != NULL; sensor = sensor->next)
		build_barrier(build, sensor, &barrier[i++]);
	sensor = node->children;
	for (i = 0; (sensor = conf_node_of(sensor, "seal")) != NULL; sensor = sensor->next)
		build_seal(build, sensor, &seal[i++]);
}

void config_build_lanes(struct config_build *build)
{
	struct config *config = build->config;
	struct conf_node *node;

	config->lanes = conf_alloc(build->parser.store,
				   count_of(build->blocks, "lane") * sizeof(*config->lanes));
	if (config->lanes == NULL) {
		build->parser.no_memory = true;
		return;
	}
	for (node = build->blocks; (node = conf_node_of(node, "lane")) != NULL; node = node->next)
		build_lane(build, node, &config->lanes[config->lane_count++]);
}

/* ---- meters ---------------------------------------------------------------------------- */

void config_build_meters(struct config_build *build)
{
	struct config *config = build->config;
	struct conf_node *node;

	config->meters = conf_alloc(build->parser.store,
				    count_of(build->blocks, "meter") * sizeof(*config->meters));
	if (config->meters == NULL) {
		build->parser.no_memory = true;
		return;
	}
	for (node = build->blocks; (node = conf_node_of(node, "meter")) != NULL;
	     node = node->next) {
		struct meter_conf *meter = &config->meters[config->meter_count++];

		config_check_title(build, node);
		check_taken(build, node, meter_names_taken);
		conf_fill(&build->parser, &(struct conf_source){.own = node}, meter_options, NULL,
			  meter);
		meter->name = keep(build, node->title);
	}
}
