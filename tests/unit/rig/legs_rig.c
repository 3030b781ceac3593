#include "legs_rig.h"

static const struct legs_conf conf = {
	.gateway = "gw1", .overdue_after_ns = 60 * S, .keep_ns = 3600 * S, .shortest_ns = 10 * S};

static void remember(struct legs_rig *site, const struct event_memory *memory)
{
	size_t i = 0;

	while (i < site->kept_count && strcmp(site->kept[i].key, memory->key) != 0)
		i++;
	if (!memory->text && i < site->kept_count)
		site->kept[i] = site->kept[--site->kept_count];
	if (!memory->text)
		return;
	assert_true(i < MEMORIES);
	if (i == site->kept_count)
		site->kept_count++;
	snprintf(site->kept[i].key, sizeof(site->kept[i].key), "%s", memory->key);
	snprintf(site->kept[i].text, sizeof(site->kept[i].text), "%s", memory->text);
}

static void put(void *data, const struct event_draft *draft)
{
	struct legs_rig *site = data;
	size_t used = strlen(site->told), room = sizeof(site->told) - used, i;

	for (i = 0; i < draft->memory_count; i++)
		remember(site, &draft->memories[i]);
	if (draft->type) {
		used += (size_t)snprintf(site->told + used, room, "%s ", draft->type->name);
		snprintf(site->body, sizeof(site->body), "%s", draft->body);
	}
	if (draft->state_key && used < sizeof(site->told))
		snprintf(site->told + used, sizeof(site->told) - used, "%c%s ",
			 !draft->state_over	   ? '+'
			 : draft->state_bytes == 0 ? '-'
						   : '!',
			 strrchr(draft->state_key, '/') + 1);
	if (draft->state_key)
		snprintf(site->state, sizeof(site->state), "%s%.*s", draft->state_key,
			 (int)draft->state_bytes, draft->state_bytes > 0 ? draft->state : "");
}

static void begin(struct legs_rig *site)
{

	site->teller.sink = (struct event_sink){.data = site, .put = put};
	alarm_book_fini(&site->book);
	memset(&site->book, 0, sizeof(site->book));
	alarm_book_init(&site->book, &(struct alarm_delay){0});
	assert_int_equal(legs_new(&site->conf, "here", &site->book, &site->legs), 0);
	for (size_t i = 0; i < site->kept_count; i++)
		legs_recall(site->legs, site->kept[i].key, site->kept[i].text);
	legs_start(site->legs, &site->teller);
}

struct legs_rig *legs_rig_open_as(bool signs, bool require)
{
	struct legs_rig *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	site->conf = conf;
	site->conf.signs = signs;
	site->conf.require = require;
	site->kept = calloc(MEMORIES, sizeof(site->kept[0]));
	assert_non_null(site->kept);
	site->teller.now = (struct instant){.utc_ns = UTC, .clock = CLOCK_SYNCED};
	begin(site);
	return site;
}

struct legs_rig *legs_rig_open(void)
{
	return legs_rig_open_as(false, false);
}

void legs_rig_close(struct legs_rig *site)
{
	legs_free(site->legs);
	alarm_book_fini(&site->book);
	free(site->kept);
	free(site);
}

void legs_rig_restart(struct legs_rig *site)
{
	legs_free(site->legs);
	begin(site);
}

void legs_rig_at(struct legs_rig *site, int64_t seconds)
{
	site->teller.now.mono_ns = seconds * S;
	site->teller.now.utc_ns = UTC + seconds * S;
}

void legs_rig_tick_at(struct legs_rig *site, int64_t seconds)
{
	legs_rig_at(site, seconds);
	legs_tick(site->legs, &site->teller);
}

void legs_rig_expect(struct legs_rig *site, const char *told)
{
	assert_string_equal(site->told, told);
	site->told[0] = '\0';
}

struct legs_custody legs_rig_custody(const struct legs_rig *site, const char *ucr, int64_t openings)
{
	struct legs_custody custody = {
		.place = {.lane = "lane", .passage = "p1", .at_mono_ns = site->teller.now.mono_ns},
		.ucr = ucr,
		.part = "",
		.id = ucr,
		.rule = "seal",
		.seals = {{.number = "S1", .openings = openings, .tamperings = LEG_NO_COUNTER}},
		.seal_count = 1,
		.complete = true,
	};

	return custody;
}

void legs_rig_leave(struct legs_rig *site, const char *ucr, int64_t until_utc_ns)
{
	const struct itinerary_stop next = {"there", INT64_MIN, until_utc_ns, INT64_MAX};
	struct legs_custody leaving = legs_rig_custody(site, ucr, 3);

	legs_depart(site->legs, &site->teller, &leaving, &next);
}

void legs_rig_arrive(struct legs_rig *site, const char *ucr, int64_t openings, bool final)
{
	struct legs_custody arriving = legs_rig_custody(site, ucr, openings);

	legs_check(site->legs, &site->teller, &arriving, final);
}

enum legs_heard legs_rig_announce_signed(struct legs_rig *site, const char *ucr, int64_t departed_s,
					 char evicted_ucr[IDENTIFIER_BYTES],
					 enum handover_signature signature)
{
	struct handover handover = {
		.signature = signature,
		.from = "there",
		.to = "here",
		.gateway = "gw7",
		.departed_utc_ns = UTC + departed_s * S,
		.departed_clock = CLOCK_SYNCED,
		.expected_from_utc_ns = INT64_MIN,
		.expected_until_utc_ns = UTC + 600 * S,
		.expires_utc_ns = UTC + 4000 * S,
		.seals = {{.number = "S1", .openings = 3, .tamperings = -1}},
		.seal_count = 1,
	};

	snprintf(handover.ucr, sizeof(handover.ucr), "%s", ucr);
	return legs_announce(site->legs, &site->teller, &handover, evicted_ucr);
}

enum legs_heard legs_rig_announce(struct legs_rig *site, const char *ucr, int64_t departed_s,
				  char evicted_ucr[IDENTIFIER_BYTES])
{
	return legs_rig_announce_signed(site, ucr, departed_s, evicted_ucr, HANDOVER_NOT_JUDGED);
}

enum legs_heard legs_rig_hear_signed(struct legs_rig *site, const char *ucr, int64_t departed_s,
				     enum handover_signature signature)
{
	char evicted_ucr[IDENTIFIER_BYTES];

	return legs_rig_announce_signed(site, ucr, departed_s, evicted_ucr, signature);
}

enum legs_heard legs_rig_hear(struct legs_rig *site, const char *ucr, int64_t departed_s)
{
	char evicted_ucr[IDENTIFIER_BYTES];

	return legs_rig_announce(site, ucr, departed_s, evicted_ucr);
}
