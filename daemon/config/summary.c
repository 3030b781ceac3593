#include "config/summary.h"

/* The points that are set, under one heading; nothing, if none is. */
struct line {
	const struct config *config;
	FILE *out;
	const char *before_lane, *before; /* each part */
	const char *head, *name; /* "seal", "reader"; name NULL: it has none */
	bool begun;
};

static void add(struct line *line, const char *role, int32_t point)
{
	if (point == POINT_NONE)
		return;
	if (line->begun)
		fputs(", ", line->out);
	else if (line->name)
		fprintf(line->out, "%s%s \"%s\": ", line->before, line->head, line->name);
	else
		fprintf(line->out, "%s%s: ", line->before, line->head);
	fprintf(line->out, "%s %s", role, line->config->points[point].name);
	line->begun = true;
}

static void tell_barrier(struct line line, const struct barrier_conf *barrier)
{
	line.head = "barrier";
	line.name = barrier->name;
	add(&line, "status", barrier->status);
	add(&line, "closed", barrier->closed_limit);
	add(&line, "open", barrier->open_limit);
	add(&line, "presence", barrier->presence);
	add(&line, "passed", barrier->passed);
	add(&line, "arm", barrier->arm_broken);
}

static void tell_seal(struct line line, const struct seal_conf *seal)
{
	line.head = "seal";
	line.name = seal->name;
	add(&line, "id", seal->id);
	add(&line, "status", seal->status);
	add(&line, "opened", seal->opened);
	add(&line, "tampered", seal->tampered);
	add(&line, "loop", seal->loop);
	add(&line, "openings", seal->open_counter);
	add(&line, "tamperings", seal->tamper_counter);
	add(&line, "battery", seal->battery);
}

static void tell_contact(struct line line, const struct contact_conf *contact)
{
	line.head = "contact";
	line.name = contact->name;
	add(&line, "input", contact->input);
}

static void tell_vehicle(struct line line, const struct passage_conf *passages)
{
	line.head = "vehicle";
	add(&line, "presence", passages->presence);
	add(&line, "queue", passages->queue);
	add(&line, "plate", passages->identifications[LANE_PLATE]);
	add(&line, "container", passages->identifications[LANE_CONTAINER]);
	add(&line, "document", passages->identifications[LANE_DOCUMENT]);
	add(&line, "weight", passages->weight);
}

static bool is_seen(const struct lane_conf *lane)
{
	bool seen = lane->passages->presence != POINT_NONE;

	for (size_t i = 0; i < lane->barrier_count; i++)
		seen |= lane->barriers[i].presence != POINT_NONE;
	return seen;
}

static bool is_named(const struct lane_conf *lane)
{
	bool named = lane->seal_count > 0;

	for (size_t i = 0; i < LANE_IDENTIFICATIONS; i++)
		named |= lane->passages->identifications[i] != POINT_NONE;
	return named;
}

static void tell_lane(const struct line *line, const struct lane_conf *lane)
{
	fprintf(line->out, "%slane \"%s\", %s", line->before_lane, lane->name, lane->direction);
	for (size_t i = 0; i < lane->barrier_count; i++)
		tell_barrier(*line, &lane->barriers[i]);
	for (size_t i = 0; i < lane->seal_count; i++)
		tell_seal(*line, &lane->seals[i]);
	for (size_t i = 0; i < lane->contact_count; i++)
		tell_contact(*line, &lane->contacts[i]);
	tell_vehicle(*line, lane->passages);
	if (!is_seen(lane))
		fprintf(line->out, "%sno presence: a passage begins with a number that is read",
			line->before);
	if (!is_named(lane))
		fprintf(line->out, "%sno seal, plate, container, document: no consignment is found",
			line->before);
}

void config_summarise(const struct config *config, bool apart, FILE *out)
{
	const struct line line = {.config = config,
				  .out = out,
				  .before_lane = apart ? "\n" : "; ",
				  .before = apart ? "\n  " : "; "};

	for (size_t i = 0; i < config->lane_count; i++)
		tell_lane(&line, &config->lanes[i]);
}
