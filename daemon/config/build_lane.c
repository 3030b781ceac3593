#include "config/build.h"

#include <string.h>

/* Names that topics of the gateway itself already have. */
static const char *const lane_names_taken[] = {"gateway", "registry", NULL};
static const char *const sensor_names_taken[] = {"passage", NULL};
static const char *const gateway_names_taken[] = {"daemon", NULL};

static const char *const barrier_words[] = {"closed", "opening", "open", "closing",
					    "fault",  "unknown", NULL};
static const char *const seal_words[] = {"intact",  "opened",  "tampered",
					 "missing", "unknown", NULL};

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word) != 0)
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

/* ---- sensors --------------------------------------------------------------------------- */

static void list_words(const char *const *words, char *out, size_t size)
{
	size_t bytes = 0;

	for (; *words && bytes < size; words++)
		bytes += (size_t)snprintf(out + bytes, size - bytes, "%s%s",
					  bytes == 0 ? ""
					  : words[1] ? ", "
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

	if (status == POINT_NONE)
		return;
	list_words(words, known, sizeof(known));
	point = &build->config->points[status];
	for (size_t i = 0; i < point->map_count; i++)
		if (!is_one_of(point->map[i].word, words))
			conf_complain_entry(&build->parser, entry, point->name,
					    "its map has the word \"%s\", expected %s",
					    point->map[i].word, known);
}

/* One of these options at least. */
static void check_inputs(struct config_build *build, const struct conf_node *node,
			 const char *const *options)
{

	for (size_t i = 0; options[i]; i++)
		if (conf_node_entry(node, options[i]))
			return;
	conf_complain_node(&build->reader, node, node->place.line,
			   "sees nothing, expected \"%s\", \"%s\" or \"%s\"", options[0],
			   options[1], options[2]);
}

/* A part that a point plays in a sensor. */
struct role {
	const char *name;
	int32_t point;
};

/* The first of them that has the point of this one; itself: none before it. */
static const struct role *taken_by(const struct role *roles, const struct role *role)
{
	while (roles < role && roles->point != role->point)
		roles++;
	return roles;
}

/* A single point can only play one of them. */
static void check_differ(struct config_build *build, const struct conf_node *node,
			 const struct role *roles, size_t count)
{
	for (const struct role *role = roles; role < roles + count; role++) {
		const struct role *first = taken_by(roles, role);

		if (role->point != POINT_NONE && first != role)
			conf_complain_entry(&build->parser, conf_node_entry(node, role->name),
					    build->config->points[role->point].name,
					    "is \"%s\" already, expected another point",
					    first->name);
	}
}

static void check_barrier_roles(struct config_build *build, const struct conf_node *node,
				const struct barrier_conf *barrier)
{
	const struct role roles[] = {{"closed_limit", barrier->closed_limit},
				     {"open_limit", barrier->open_limit},
				     {"presence", barrier->presence},
				     {"passed", barrier->passed},
				     {"arm_broken", barrier->arm_broken}};

	check_differ(build, node, roles, sizeof(roles) / sizeof(roles[0]));
}

static void check_seal_roles(struct config_build *build, const struct conf_node *node,
			     const struct seal_conf *seal)
{
	const struct role contacts[] = {
		{"opened", seal->opened}, {"tampered", seal->tampered}, {"loop", seal->loop}};
	const struct role numbers[] = {{"open_counter", seal->open_counter},
				       {"tamper_counter", seal->tamper_counter}};

	check_differ(build, node, contacts, sizeof(contacts) / sizeof(contacts[0]));
	check_differ(build, node, numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static void check_lane_roles(struct config_build *build, const struct conf_node *node,
			     const struct passage_conf *passages)
{
	const struct role roles[] = {{"presence", passages->presence}, {"queue", passages->queue}};

	check_differ(build, node, roles, sizeof(roles) / sizeof(roles[0]));
}

static void build_barrier(struct config_build *build, const struct conf_node *node,
			  struct barrier_conf *barrier)
{
	static const char *const inputs[] = {"status", "closed_limit", "open_limit", NULL};

	conf_fill(&build->parser, &(struct conf_source){.own = node}, barrier_options, NULL,
		  barrier);
	config_check_roles(build, node, barrier_options, barrier);
	check_inputs(build, node, inputs);
	check_words(build, node, barrier->status, barrier_words);
	check_barrier_roles(build, node, barrier);
	if (barrier->presence_fault != POINT_NONE && barrier->presence == POINT_NONE)
		conf_complain_entry(&build->parser, conf_node_entry(node, "presence_fault"), NULL,
				    "has no effect without \"presence\"");
	barrier->name = conf_copy(build->parser.store, node->title);
}

/* What one reader says of a seal changes together, or a state would be told of another number. */
static void debounce_together(struct config_build *build, const struct seal_conf *seal)
{
	const int32_t inputs[] = {seal->id,	  seal->status,	      seal->opened,
				  seal->tampered, seal->open_counter, seal->tamper_counter,
				  seal->battery,  seal->sealed_at};
	struct point_conf *points = build->config->points;
	int64_t longest_ns = 0;

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
		if (inputs[i] != POINT_NONE && points[inputs[i]].debounce_ns > longest_ns)
			longest_ns = points[inputs[i]].debounce_ns;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
		if (inputs[i] != POINT_NONE)
			points[inputs[i]].debounce_ns = longest_ns;
}

static void build_seal(struct config_build *build, const struct conf_node *node,
		       struct seal_conf *seal)
{
	static const char *const inputs[] = {"status", "opened", "id", "loop", NULL};

	conf_fill(&build->parser, &(struct conf_source){.own = node}, seal_options, NULL, seal);
	config_check_roles(build, node, seal_options, seal);
	check_inputs(build, node, inputs);
	check_words(build, node, seal->status, seal_words);
	check_seal_roles(build, node, seal);
	if (seal->battery_critical > seal->battery_low)
		conf_complain_node(&build->reader, node, node->place.line,
				   "\"battery_critical\" (%lld) is above \"battery_low\" (%lld)",
				   (long long)seal->battery_critical, (long long)seal->battery_low);
	debounce_together(build, seal);
	seal->name = conf_copy(build->parser.store, node->title);
}

static bool is_state_word(const char *word)
{
	size_t length = strlen(word);

	return length < STATE_WORD_BYTES && strcmp(word, "unknown") != 0 &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyz") == length;
}

static void set_words(struct config_build *build, const struct conf_node *node,
		      struct contact_block *block)
{
	const struct conf_entry *entry = conf_node_entry(node, "words");
	const struct conf_list *words = &block->words;

	if (words->count == 0)
		return;
	if (words->count != CONTACT_WORDS || strcmp(words->item[0], words->item[1]) == 0) {
		conf_complain_entry(&build->parser, entry, NULL,
				    "expected two different words, the normal one first");
		return;
	}
	for (size_t i = 0; i < CONTACT_WORDS; i++) {
		if (!is_state_word(words->item[i]))
			conf_complain_entry(
				&build->parser, entry, words->item[i],
				"expected a word of 1 to %d letters a to z, not \"unknown\"",
				STATE_WORD_BYTES - 1);
		block->conf.words[i] = words->item[i];
	}
}

static void build_contact(struct config_build *build, const struct conf_node *node,
			  struct contact_conf *contact)
{
	const struct contact_manner *manner;
	struct contact_block block = {0};

	conf_fill(&build->parser, &(struct conf_source){.own = node}, contact_options, NULL,
		  &block);
	config_check_roles(build, node, contact_options, &block);
	manner = contact_manner((enum contact_use)block.conf.use);
	for (size_t i = 0; i < CONTACT_WORDS; i++)
		block.conf.words[i] = manner->words[i];
	set_words(build, node, &block);
	block.conf.severity =
		conf_node_entry(node, "severity") ? block.severity : (int)manner->severity;
	block.conf.name = conf_copy(build->parser.store, node->title);
	*contact = block.conf;
}

/* ---- lanes ----------------------------------------------------------------------------- */

/* Room for what is made of each block of a kind. NULL: no memory. */
static void *room_for(struct config_build *build, struct conf_node *nodes, const char *kind,
		      size_t item_bytes)
{
	size_t count = 0;

	for (nodes = conf_node_of(nodes, kind); nodes; nodes = conf_node_of(nodes->next, kind))
		count++;
	return conf_alloc(build->parser.store, count * item_bytes);
}

/* A lane may do without barrier and seal if it sees vehicles by itself. */
static bool reads_something(const struct conf_node *lane)
{
	return conf_node_entry(lane, "presence") || conf_node_entry(lane, "plate") ||
	       conf_node_entry(lane, "container") || conf_node_entry(lane, "document");
}

/* A barrier and a seal of one name would be one topic. */
static void check_sensors(struct config_build *build, const struct conf_node *lane)
{
	struct conf_index titles = {0};
	struct conf_slot *slot;

	for (struct conf_node *node = lane->children; node; node = node->next) {
		config_check_title(build, node);
		check_taken(build, node, sensor_names_taken);
		slot = conf_index_slot(build->reader.store, &titles, node->title);
		if (slot && !slot->node)
			slot->node = node;
		else if (slot && slot->node->kind != node->kind)
			conf_complain_node(&build->reader, node, node->place.line,
					   "a %s of this lane has this name, in line %d",
					   slot->node->kind->name, slot->node->place.line);
	}
	if (!lane->children && !build->reader.cut && !lane->incomplete && !reads_something(lane))
		conf_complain_node(&build->reader, lane, lane->place.line,
				   "has no sensor, expected a barrier or a seal");
}

static void build_lane(struct config_build *build, const struct conf_node *node,
		       struct lane_conf *lane)
{
	struct conf_node *sensors = node->children;
	struct barrier_conf *barriers = room_for(build, sensors, "barrier", sizeof(*barriers));
	struct seal_conf *seals = room_for(build, sensors, "seal", sizeof(*seals));
	struct contact_conf *contacts = room_for(build, sensors, "contact", sizeof(*contacts));
	struct passage_conf *passages = conf_alloc(build->parser.store, sizeof(*passages));
	struct lane_block block = {0};

	if (!barriers || !seals || !contacts || !passages)
		return;
	config_check_title(build, node);
	check_taken(build, node, lane_names_taken);
	check_sensors(build, node);
	conf_fill(&build->parser, &(struct conf_source){.own = node}, lane_options, NULL, &block);
	config_check_roles(build, node, lane_options, &block);
	check_lane_roles(build, node, &block.passages);
	*passages = block.passages;
	*lane = (struct lane_conf){.name = conf_copy(build->parser.store, node->title),
				   .direction = block.direction,
				   .barriers = barriers,
				   .seals = seals,
				   .contacts = contacts,
				   .passages = passages};
	for (node = conf_node_of(sensors, "barrier"); node;
	     node = conf_node_of(node->next, "barrier"))
		build_barrier(build, node, &barriers[lane->barrier_count++]);
	for (node = conf_node_of(sensors, "seal"); node; node = conf_node_of(node->next, "seal"))
		build_seal(build, node, &seals[lane->seal_count++]);
	for (node = conf_node_of(sensors, "contact"); node;
	     node = conf_node_of(node->next, "contact"))
		build_contact(build, node, &contacts[lane->contact_count++]);
}

void config_build_lanes(struct config_build *build)
{
	struct config *config = build->config;
	struct conf_node *node = conf_node_of(build->blocks, "lane");

	config->lanes = room_for(build, node, "lane", sizeof(*config->lanes));
	for (; config->lanes && node; node = conf_node_of(node->next, "lane"))
		build_lane(build, node, &config->lanes[config->lane_count++]);
}

/* ---- contacts and meters of no lane ---------------------------------------------------------------------------- */

void config_build_contacts(struct config_build *build)
{
	struct config *config = build->config;
	struct conf_node *node = conf_node_of(build->blocks, "contact");

	config->contacts = room_for(build, node, "contact", sizeof(*config->contacts));
	for (; config->contacts && node; node = conf_node_of(node->next, "contact")) {
		const struct conf_node *meter =
			conf_node_find(&build->reader, NULL, "meter", node->title);

		config_check_title(build, node);
		check_taken(build, node, gateway_names_taken);
		if (meter)
			conf_complain_node(&build->reader, node, node->place.line,
					   "a meter has this name, in %s:%d",
					   meter->place.file->path, meter->place.line);
		build_contact(build, node, &config->contacts[config->contact_count++]);
	}
}

void config_build_meters(struct config_build *build)
{
	struct config *config = build->config;
	struct conf_node *node = conf_node_of(build->blocks, "meter");

	config->meters = room_for(build, node, "meter", sizeof(*config->meters));
	for (; config->meters && node; node = conf_node_of(node->next, "meter")) {
		struct meter_conf *meter = &config->meters[config->meter_count++];

		config_check_title(build, node);
		check_taken(build, node, gateway_names_taken);
		conf_fill(&build->parser, &(struct conf_source){.own = node}, meter_options, NULL,
			  meter);
		config_check_roles(build, node, meter_options, meter);
		meter->name = conf_copy(build->parser.store, node->title);
	}
}
