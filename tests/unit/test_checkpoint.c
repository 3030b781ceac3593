#include "transit/checkpoint/checkpoint.h"

#include <errno.h>

#include "rig/sensor_rig.h"

#define UTC (INT64_C(1772445000) * S) /* 2026-03-02T09:50:00Z */

static const struct lane_conf lane_confs[] = {
	{.name = "entry-1", .direction = "entry"},
	{.name = "exit-1", .direction = "exit"},
};
static const struct checkpoint_setup conf = {.id = "red-bridge",
					     .lanes = lane_confs,
					     .lane_count = 2,
					     .alarm_delay = {.critical_ns = 60 * S}};

static const struct itinerary_stop stops[] = {{"alat", INT64_MIN, INT64_MAX, INT64_MAX}};
static const struct consignment truck = {.ucr = "6GE1-A", .stops = stops, .stop_count = 1};
static const struct dossier dossier = {.consignment = &truck};

struct site {
	struct sensor_rig rig;
	char with[1024]; /* the last event and what is kept with it: "route.late alarm/0 -stay/1" */
	size_t most; /* memories that went with an event */
	struct checkpoint *checkpoint;
	struct lane lane;
	struct passage passage;
};

/* As transit.c does it. */
static void put(void *data, const struct event_draft *told)
{
	struct event_draft booked = *told, *draft = &booked;
	struct site *site = data;
	size_t used;

	checkpoint_book(site->checkpoint, draft);
	sensor_rig_put(&site->rig, draft);
	if (!draft->type)
		return;
	if (draft->memory_count > site->most)
		site->most = draft->memory_count;
	used = (size_t)snprintf(site->with, sizeof(site->with), "%s", draft->type->name);
	for (size_t i = 0; i < draft->memory_count; i++)
		used += (size_t)snprintf(site->with + used, sizeof(site->with) - used, " %s%s",
					 draft->memories[i].text ? "" : "-",
					 draft->memories[i].key);
}

static struct site *open_site(size_t lane)
{
	struct site *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	sensor_rig_init(&site->rig);
	site->rig.teller.sink = (struct event_sink){.data = site, .put = put};
	site->rig.teller.now.utc_ns = UTC;
	assert_int_equal(checkpoint_new(&conf, &site->rig.teller, &site->checkpoint), 0);
	checkpoint_start(site->checkpoint);
	site->lane.conf = &lane_confs[lane];
	site->passage = (struct passage){.stage = STAGE_AT_BOOM, .id = "p1", .vehicle = true};
	site->passage.at_mono_ns[PASSAGE_PRESENT] = 10 * S;
	site->passage.binding_count = 1;
	site->passage.bindings[0].dossier = &dossier;
	snprintf(site->passage.bindings[0].ucr, IDENTIFIER_BYTES, "%s", truck.ucr);
	return site;
}

static void close_site(struct site *site)
{
	checkpoint_free(site->checkpoint);
	free(site);
}

static void at(struct site *site, int64_t seconds)
{
	site->rig.teller.now.mono_ns = seconds * S;
	site->rig.teller.now.utc_ns = UTC + seconds * S;
}

static void end(struct site *site, enum passage_end how, int64_t seconds)
{
	struct passage_intervals intervals = {.end = how, .recognised = true};

	at(site, seconds);
	for (size_t i = 0; i < PASSAGE_MOMENTS; i++)
		intervals.at_mono_ns[i] = (seconds - 10 + 2 * (int64_t)i) * S;
	checkpoint_listener(site->checkpoint)
		.closed(site->checkpoint, &site->lane, &site->passage, &intervals);
}

static void a_stay_begins_with_a_binding_and_ends_at_the_exit(void **state)
{
	struct site *site = open_site(0);

	(void)state;
	at(site, 10);
	checkpoint_listener(site->checkpoint).bound(site->checkpoint, &site->lane, &site->passage);
	end(site, END_PASSED, 20);
	assert_told(&site->rig, "route.wrong-checkpoint@10 ");
	site->lane.conf = &lane_confs[1];
	at(site, 30);
	checkpoint_listener(site->checkpoint).bound(site->checkpoint, &site->lane, &site->passage);
	end(site, END_PASSED, 40);
	assert_told(&site->rig, "route.wrong-checkpoint@40 ");
	close_site(site);
}

static void who_backs_out_of_an_entry_has_left(void **state)
{
	struct site *site = open_site(0);

	(void)state;
	at(site, 10);
	checkpoint_listener(site->checkpoint).bound(site->checkpoint, &site->lane, &site->passage);
	end(site, END_BACKED_OUT, 20);
	assert_contains(site->rig.body, "\"alarm\":\"cleared\"");
	close_site(site);
}

static void a_number_without_a_vehicle_at_an_entry_is_no_stay(void **state)
{
	struct site *site = open_site(0);

	(void)state;
	at(site, 10);
	checkpoint_listener(site->checkpoint).bound(site->checkpoint, &site->lane, &site->passage);
	end(site, END_NO_VEHICLE, 20);
	assert_contains(site->rig.body, "\"alarm\":\"cleared\"");
	close_site(site);
}

static void passages_that_went_through_feed_the_study(void **state)
{
	struct site *site = open_site(1);

	(void)state;
	end(site, END_PASSED, 20);
	end(site, END_BACKED_OUT, 40);
	at(site, 600);
	assert_int_equal(checkpoint_deadline(site->checkpoint), 600 * S);
	checkpoint_count_open(site->checkpoint, &site->lane);
	checkpoint_tick(site->checkpoint, 600 * S);
	assert_told(&site->rig, "study.hour@600 ");
	assert_contains(site->rig.body, "\"recognised\":{\"open\":0,\"identified\":{\"n\":1,");
	assert_contains(site->rig.body, "\"dwell\":{\"n\":1,\"marked\":0,\"mean_ms\":8000,");
	close_site(site);
}

static void a_latched_event_of_a_sensor_waits_for_an_officer(void **state)
{
	struct site *site = open_site(0);
	struct acknowledgement by = {
		"entry-1/boom", "barrier.forced", "Officer 17", "seen", NULL, NULL};
	struct event_draft draft = {
		.type = event_type(EVENT_BARRIER_FORCED),
		.body = "\"occurred\":{\"mono_ns\":5}",
		.state_key = "entry-1/boom",
		.state_word = "closed",
		.state = "",
	};

	(void)state;
	assert_int_equal(checkpoint_acknowledge(site->checkpoint, &by), -ENOENT);
	site->rig.teller.sink.put(site->rig.teller.sink.data, &draft);
	assert_int_equal(checkpoint_acknowledge(site->checkpoint, &by), 0);
	assert_contains(site->rig.body, "\"type\":\"barrier.forced\"");
	assert_int_equal(checkpoint_acknowledge(site->checkpoint, &by), -ENOENT);
	draft.type = event_type(EVENT_BARRIER_ARM_BROKEN);
	draft.alarm = ALARM_RAISED;
	site->rig.teller.sink.put(site->rig.teller.sink.data, &draft);
	by.type = "barrier.arm-broken";
	assert_int_equal(checkpoint_acknowledge(site->checkpoint, &by), 0);
	assert_contains(site->rig.body, "\"active\":true");
	checkpoint_put_memories(site->checkpoint);
	close_site(site);
}

static void two_seals_of_one_lane_are_two_alarms(void **state)
{
	struct site *site = open_site(0);
	struct acknowledgement by = {.resource = "entry-1/passage/GE-1",
				     .type = "seal-check.clone",
				     .officer = "Officer 17",
				     .reason = "seen",
				     .by = "mqtt"};
	struct event_draft draft = {
		.type = event_type(EVENT_SEAL_CHECK_CLONE),
		.body = "\"occurred\":{\"mono_ns\":5}",
		.state_key = "entry-1/passage",
		.state_word = "occupied",
		.state = "",
	};

	(void)state;
	draft.subject = "GE-1";
	site->rig.teller.sink.put(site->rig.teller.sink.data, &draft);
	draft.subject = "GE-2";
	site->rig.teller.sink.put(site->rig.teller.sink.data, &draft);
	site->rig.teller.sink.put(site->rig.teller.sink.data, &draft);
	draft.subject = NULL;
	assert_int_equal(checkpoint_acknowledge(site->checkpoint, &by), 0);
	assert_contains(site->rig.body, "\"times\":1,");
	assert_contains(site->rig.body, "\"by\":\"mqtt\"");
	assert_int_equal(checkpoint_acknowledge(site->checkpoint, &by), -ENOENT);
	by.resource = "entry-1/passage";
	assert_int_equal(checkpoint_acknowledge(site->checkpoint, &by), -ENOENT);
	by.resource = "entry-1/passage/GE-2";
	assert_int_equal(checkpoint_acknowledge(site->checkpoint, &by), 0);
	assert_contains(site->rig.body, "\"times\":2,");
	close_site(site);
}

/* A power cut keeps both or neither: an alarm that was told can be acknowledged, a stay that
 * has ended is no longer measured, a passage that was closed is counted. */
static void what_an_event_changes_is_kept_in_its_transaction(void **state)
{
	struct site *site = open_site(1);
	struct acknowledgement by = {
		.resource = "consignment/6GE1-A",
		.type = "route.wrong-checkpoint",
		.officer = "o",
		.reason = "r",
	};
	struct event_memory of_the_lane = {"passage/exit-1/0", NULL};
	struct event_draft closed = {
		.type = event_type(EVENT_PASSAGE_CLOSED),
		.body = "\"occurred\":{\"mono_ns\":40}",
		.memories = &of_the_lane,
		.memory_count = 1,
	};

	(void)state;
	checkpoint_put_memories(site->checkpoint);
	at(site, 12);
	checkpoint_listener(site->checkpoint).bound(site->checkpoint, &site->lane, &site->passage);
	assert_string_equal(site->with, "route.wrong-checkpoint alarm/0 stay/6GE1-A");
	end(site, END_PASSED, 40);
	assert_string_equal(site->with, "route.wrong-checkpoint alarm/0");
	site->rig.teller.sink.put(site->rig.teller.sink.data, &closed);
	assert_contains(site->with, "passage.closed -stay/6GE1-A study/hour study/day ");
	assert_contains(site->with, " -passage/exit-1/0");
	at(site, 50);
	assert_int_equal(checkpoint_acknowledge(site->checkpoint, &by), 0);
	assert_string_equal(site->with, "alarm.acknowledged -alarm/0");
	close_site(site);
}

static void what_finds_no_room_with_an_event_is_kept_for_itself(void **state)
{
	struct site *site = open_site(1);
	struct event_memory of_lanes[MEMORIES_MAX];
	struct event_draft full = {
		.type = event_type(EVENT_PASSAGE_CLOSED),
		.body = "\"occurred\":{\"mono_ns\":40}",
		.memories = of_lanes,
		.memory_count = MEMORIES_MAX,
	};

	(void)state;
	for (size_t i = 0; i < MEMORIES_MAX; i++)
		of_lanes[i] = (struct event_memory){"passage/exit-1/0", NULL};
	checkpoint_put_memories(site->checkpoint);
	at(site, 12);
	checkpoint_listener(site->checkpoint).bound(site->checkpoint, &site->lane, &site->passage);
	end(site, END_PASSED, 40); /* the stay and the study have changed */
	site->rig.teller.sink.put(site->rig.teller.sink.data, &full);
	assert_int_equal(site->most, MEMORIES_MAX);
	assert_null(strstr(site->with, "study/"));
	close_site(site);
}

static void an_alarm_that_waits_too_long_is_told_in_its_time(void **state)
{
	struct site *site = open_site(0);
	struct event_draft draft = {
		.type = event_type(EVENT_BARRIER_FORCED),
		.body = "\"occurred\":{\"mono_ns\":5}",
		.state_key = "entry-1/boom",
		.state_word = "closed",
		.state = "",
	};

	(void)state;
	at(site, 20);
	(void)checkpoint_deadline_is_dirty(site->checkpoint);
	draft.occurred_mono_ns = 20 * S;
	site->rig.teller.sink.put(site->rig.teller.sink.data, &draft);
	assert_true(checkpoint_deadline_is_dirty(site->checkpoint));
	assert_int_equal(checkpoint_deadline(site->checkpoint), 80 * S);
	at(site, 90);
	site->rig.told[0] = '\0';
	checkpoint_tick(site->checkpoint, 80 * S);
	assert_told(&site->rig, "alarm.unacknowledged@80 ");
	assert_int_equal(checkpoint_deadline(site->checkpoint), 600 * S);
	close_site(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stay_begins_with_a_binding_and_ends_at_the_exit),
		cmocka_unit_test(who_backs_out_of_an_entry_has_left),
		cmocka_unit_test(a_number_without_a_vehicle_at_an_entry_is_no_stay),
		cmocka_unit_test(passages_that_went_through_feed_the_study),
		cmocka_unit_test(what_an_event_changes_is_kept_in_its_transaction),
		cmocka_unit_test(a_latched_event_of_a_sensor_waits_for_an_officer),
		cmocka_unit_test(two_seals_of_one_lane_are_two_alarms),
		cmocka_unit_test(what_finds_no_room_with_an_event_is_kept_for_itself),
		cmocka_unit_test(an_alarm_that_waits_too_long_is_told_in_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
