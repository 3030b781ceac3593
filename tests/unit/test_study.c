#include "transit/checkpoint/study.h"

#include "rig/sensor_rig.h"
#include "transit/checkpoint/study_figures.h"

#define HOUR	 (3600 * S)
#define HALF_TEN (INT64_C(1772445000) * S) /* 2026-03-02T09:50:00Z */
#define KEPT_MAX 64

struct kept {
	char key[MEMO_KEY_BYTES];
	char text[MEMO_BYTES];
};

struct site {
	struct sensor_rig rig;
	struct study *study;
	struct kept kept[KEPT_MAX];
	size_t kept_count;
};

static void keep(void *data, const char *key, const char *text)
{
	struct site *site = data;
	size_t i;

	for (i = 0; i < site->kept_count && strcmp(site->kept[i].key, key) != 0;)
		i++;
	assert_true(i < KEPT_MAX);
	if (!text) {
		assert_true(i < site->kept_count);
		site->kept[i] = site->kept[--site->kept_count];
		return;
	}
	if (i == site->kept_count)
		site->kept_count++;
	snprintf(site->kept[i].key, sizeof(site->kept[i].key), "%s", key);
	snprintf(site->kept[i].text, sizeof(site->kept[i].text), "%s", text);
}

static void at(struct site *site, int64_t mono_ns, int64_t utc_ns)
{
	site->rig.teller.now.mono_ns = mono_ns;
	site->rig.teller.now.utc_ns = utc_ns;
}

static void open_site(struct site *site)
{
	static const struct study_place lanes[] = {{"entry-1", "entry"}, {"exit-1", "exit"}};

	sensor_rig_init(&site->rig);
	assert_int_equal(study_new(&site->study), 0);
	assert_int_equal(study_set_lanes(site->study, lanes, 2), 0);
}

static void begin(struct site *site, int64_t mono_ns, int64_t utc_ns)
{

	open_site(site);
	at(site, mono_ns, utc_ns);
	for (size_t i = 0; i < site->kept_count; i++)
		study_recall(site->study, site->kept[i].key, site->kept[i].text);
	study_start(site->study, &site->rig.teller.now);
}

static void tick(struct site *site)
{
	struct keeper keeper = {site, keep};

	study_tick(site->study, &site->rig.teller, &keeper);
}

static void keep_all(struct site *site)
{
	struct keeper keeper = {site, keep};

	study_keep(site->study, &site->rig.teller.now, &keeper);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void percentiles_are_within_two_percent_of_the_sorted_truth(void **state)
{
	enum { COUNT = 2000 };
	static const int percents[] = {1, 50, 90, 95, 100};
	static int64_t truth[COUNT];
	struct study_bounds bounds;
	struct study_figures figures;
	uint64_t random = 88172645463325252U;
	size_t round;

	(void)state;
	study_bounds_init(&bounds);
	for (round = 0; round < 20; round++) {
		figures = (struct study_figures){0};
		for (size_t i = 0; i < COUNT; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			truth[i] = 100 + (int64_t)(random % (1U << (round + 8)));
			study_figures_add(&figures, &bounds, truth[i] * MS);
		}
		qsort(truth, COUNT, sizeof(truth[0]), by_size);
		for (size_t i = 0; i < COUNT(percents); i++) {
			int64_t real = truth[(COUNT * percents[i] + 99) / 100 - 1];
			int64_t told = study_figures_percentile(&figures, &bounds, percents[i]);

			assert_true(llabs(told - real) * 50 <= real + 50);
		}
	}
}

static void each_figure_is_told_under_its_own_name(void **state)
{
	struct study_figures figures = {0};
	struct study_bounds bounds;
	char text[512], expected[512];
	struct jw json;

	(void)state;
	study_bounds_init(&bounds);
	for (int i = 1; i <= 1000; i++)
		study_figures_add(&figures, &bounds, i * NS_PER_S);
	jw_start(&json, text, sizeof(text));
	study_figures_tell(&figures, &bounds, &json, "dwell");
	assert_true(jw_ok(&json));
	snprintf(expected, sizeof(expected),
		 "\"n\":1000,\"marked\":0,\"mean_ms\":500500,\"p50_ms\":%lld,\"p90_ms\":%lld,"
		 "\"p95_ms\":%lld,\"max_ms\":1000000}",
		 (long long)study_figures_percentile(&figures, &bounds, 50),
		 (long long)study_figures_percentile(&figures, &bounds, 90),
		 (long long)study_figures_percentile(&figures, &bounds, 95));
	assert_non_null(strstr(text, expected));
	assert_true(study_figures_percentile(&figures, &bounds, 95) >
		    study_figures_percentile(&figures, &bounds, 90));
}

static void figures_survive_being_written_whatever_they_are(void **state)
{
	struct study_figures figures = {0}, again;
	struct study_bounds bounds;
	char text[MEMO_BYTES];
	size_t round;

	(void)state;
	study_bounds_init(&bounds);
	assert_int_equal(study_figures_write(&figures, text, sizeof(text)), 0);
	assert_int_equal(study_figures_read(&again, text), 0);
	assert_memory_equal(&again, &figures, sizeof(figures));
	figures.marked = 3;
	for (round = 0; round < 90; round++) /* every bucket, 39600 vehicles */
		for (size_t i = 0; i < STUDY_BUCKETS; i++)
			study_figures_add(&figures, &bounds, bounds.from_ms[i] * MS);
	assert_int_equal(study_figures_write(&figures, text, sizeof(text)), 0);
	assert_int_equal(study_figures_read(&again, text), 0);
	assert_memory_equal(&again, &figures, sizeof(figures));
	assert_int_equal(again.n, 90 * STUDY_BUCKETS);
}

static void a_damaged_memory_is_no_figures(void **state)
{
	static const char *const texts[] = {"",
					    "1",
					    "2 0 0 0 0",
					    "1 0 0 5 4 1",
					    "1 -1 0 0 0",
					    "1 0 0 0 0 0",
					    "1 0 0 0 0 -440 1",
					    "1 0 0 0 0 x",
					    "1 0 0 0 0 4294967295 1"};
	struct study_figures figures, none = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_true(study_figures_read(&figures, texts[i]) < 0);
		assert_memory_equal(&figures, &none, sizeof(none));
	}
}

static void an_hour_is_told_on_the_full_hour_by_lane_and_recognition(void **state)
{
	struct site site = {0};

	(void)state;
	begin(&site, 5 * S, HALF_TEN);
	assert_int_equal(study_deadline(site.study), 5 * S + 600 * S);
	study_add(site.study, 0, STUDY_RECOGNISED, STUDY_DWELL, 40 * S, false);
	study_add(site.study, 0, STUDY_OTHERS, STUDY_DWELL, 400 * S, false);
	study_add(site.study, 0, STUDY_OTHERS, STUDY_DWELL, 900 * S, true);
	study_set_open(site.study, 0, STUDY_OTHERS, 2);
	at(&site, 606 * S, HALF_TEN + 601 * S);
	tick(&site);
	assert_told(&site.rig, "study.hour@605 ");
	assert_contains(site.rig.body, "\"lane\":\"entry-1\"");
	assert_contains(site.rig.body, "\"from\":\"2026-03-02T09:50:00.000000Z\"");
	assert_contains(site.rig.body, "\"until\":\"2026-03-02T10:00:00.000000Z\"");
	assert_contains(site.rig.body, "\"dwell\":{\"n\":1,\"marked\":0,\"mean_ms\":40000,");
	assert_contains(site.rig.body, "\"others\":{\"open\":2,");
	assert_contains(site.rig.body, "\"dwell\":{\"n\":1,\"marked\":1,\"mean_ms\":400000,");
	assert_int_equal(study_deadline(site.study), 605 * S + HOUR);
	study_free(site.study);
}

static void an_idle_hour_is_not_told_but_an_idle_day_is(void **state)
{
	struct site site = {0};
	int hour;

	(void)state;
	begin(&site, 0, HALF_TEN);
	for (hour = 0; hour <= 14; hour++) {
		at(&site, 600 * S + hour * HOUR, HALF_TEN + 600 * S + hour * HOUR);
		tick(&site);
	}
	assert_told(&site.rig, "study.day@51000 study.day@51000 ");
	study_free(site.study);
}

static void a_restart_within_the_hour_loses_nothing(void **state)
{
	struct site site = {0};

	(void)state;
	begin(&site, 1000 * S, HALF_TEN);
	for (size_t i = 0; i < 3; i++)
		study_add(site.study, 1, STUDY_OTHERS, STUDY_RELEASED, 60 * S, false);
	keep_all(&site);
	study_free(site.study);
	begin(&site, 3 * S, HALF_TEN + 300 * S); /* another boot */
	assert_int_equal(study_deadline(site.study), 303 * S);
	study_add(site.study, 1, STUDY_OTHERS, STUDY_RELEASED, 120 * S, false);
	at(&site, 303 * S, HALF_TEN + 600 * S);
	tick(&site);
	assert_told(&site.rig, "study.hour@303 ");
	assert_contains(site.rig.body, "\"from\":\"2026-03-02T09:50:00.000000Z\"");
	assert_contains(site.rig.body, "\"resumed\":true");
	assert_contains(site.rig.body, "\"released\":{\"n\":4,\"marked\":0,\"mean_ms\":75000,");
	study_free(site.study);
}

static void an_hour_that_ended_while_it_was_down_is_told_when_it_is_up(void **state)
{
	struct site site = {0};

	(void)state;
	begin(&site, 1000 * S, HALF_TEN);
	study_add(site.study, 0, STUDY_OTHERS, STUDY_DWELL, 60 * S, false);
	keep_all(&site);
	study_free(site.study);
	begin(&site, 3 * S, HALF_TEN + 5 * HOUR);
	assert_int_equal(study_deadline(site.study), 3 * S);
	tick(&site);
	assert_told(&site.rig, "study.hour@3 ");
	assert_contains(site.rig.body, "\"until\":\"2026-03-02T10:00:00.000000Z\"");
	assert_contains(site.rig.body, "\"n\":1");
	study_free(site.study);
	/* Told once: the next run knows only the day. */
	begin(&site, 3 * S, HALF_TEN + 5 * HOUR + 60 * S);
	at(&site, 4 * S, HALF_TEN + 5 * HOUR + 61 * S);
	tick(&site);
	assert_told(&site.rig, "");
	study_free(site.study);
}

static void a_clock_that_went_back_while_it_was_down_closes_no_window(void **state)
{
	struct site site = {0};

	(void)state;
	begin(&site, 1000 * S, HALF_TEN);
	study_add(site.study, 0, STUDY_OTHERS, STUDY_DWELL, 60 * S, false);
	keep_all(&site);
	study_free(site.study);
	begin(&site, 1100 * S, HALF_TEN - 30 * 24 * HOUR);
	tick(&site);
	assert_told(&site.rig, "");
	assert_int_equal(study_deadline(site.study), 1700 * S); /* ten minutes were left */
	study_free(site.study);
}

static void a_step_of_the_wall_clock_moves_no_window_that_has_begun(void **state)
{
	struct site site = {0};

	(void)state;
	begin(&site, 0, HALF_TEN);
	at(&site, 60 * S, HALF_TEN + 9 * HOUR);
	tick(&site);
	assert_told(&site.rig, "");
	assert_int_equal(study_deadline(site.study), 600 * S);
	study_free(site.study);
}

static void memories_of_others_and_nonsense_are_left_alone(void **state)
{
	struct site site = {0};

	(void)state;
	open_site(&site);
	study_recall(site.study, "alarm/1", "x");
	study_recall(site.study, "study/hour", "x");
	study_recall(site.study, "study/hour/others/dwell/gone-1", "1 0 0 0 0");
	study_recall(site.study, "study/hour/others/dwell/entry-1", "1 0 x");
	at(&site, 0, HALF_TEN);
	study_start(site.study, &site.rig.teller.now);
	assert_int_equal(study_deadline(site.study), 600 * S);
	study_free(site.study);
	study_free(NULL);
}

static void metrics_have_the_dwell_of_the_hour_and_the_day_so_far(void **state)
{
	struct site site = {0};
	struct jw json;
	char text[2048];

	(void)state;
	begin(&site, 0, HALF_TEN);
	study_add(site.study, 1, STUDY_RECOGNISED, STUDY_DWELL, 30 * S, false);
	at(&site, 600 * S, HALF_TEN + 600 * S);
	tick(&site);
	jw_start(&json, text, sizeof(text));
	study_set_open(site.study, 1, STUDY_OTHERS, 2);
	study_metrics(site.study, 1, &json);
	assert_true(jw_ok(&json));
	assert_contains(
		text, "\"study\":{\"open\":{\"recognised\":0,\"others\":2},\"hour\":{\"from\":\"");
	assert_contains(text, "\"recognised\":{\"n\":0,\"marked\":0},\"others\"");
	assert_contains(text, "\"day\":{\"from\":\"");
	assert_contains(text, "\"recognised\":{\"n\":1,\"marked\":0,\"mean_ms\":30000,");
	study_free(site.study);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_within_two_percent_of_the_sorted_truth),
		cmocka_unit_test(each_figure_is_told_under_its_own_name),
		cmocka_unit_test(figures_survive_being_written_whatever_they_are),
		cmocka_unit_test(a_damaged_memory_is_no_figures),
		cmocka_unit_test(an_hour_is_told_on_the_full_hour_by_lane_and_recognition),
		cmocka_unit_test(an_idle_hour_is_not_told_but_an_idle_day_is),
		cmocka_unit_test(a_restart_within_the_hour_loses_nothing),
		cmocka_unit_test(an_hour_that_ended_while_it_was_down_is_told_when_it_is_up),
		cmocka_unit_test(a_clock_that_went_back_while_it_was_down_closes_no_window),
		cmocka_unit_test(a_step_of_the_wall_clock_moves_no_window_that_has_begun),
		cmocka_unit_test(memories_of_others_and_nonsense_are_left_alone),
		cmocka_unit_test(metrics_have_the_dwell_of_the_hour_and_the_day_so_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
