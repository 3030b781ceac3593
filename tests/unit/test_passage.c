/* Passages beyond what traces say: the fullest ones, answers nobody waits for, refusals. */
#include "rig/unit.h"

#include "../traces/replayer.h"

#define LONG                                                                                     \
	"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"" \
	"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""

struct site {
	struct transit *transit;
	struct instant now;
	struct registry_question question; /* the last one asked */
	char told[8192], longest[EVENT_BODY_BYTES];
	bool by_mqtt; /* an event said so */
	unsigned freed;
	uint64_t word_told; /* the number of the last officer's word that was told */
	unsigned intact, missing, unknown; /* seal-check.… */
};

static void note(void *data, const struct event_draft *draft)
{
	struct site *site = data;
	size_t used = strlen(site->told);

	assert_true(draft->memory_count <= MEMORIES_MAX);
	if (!draft->type)
		return;
	snprintf(site->told + used, sizeof(site->told) - used, "%s ", draft->type->name);
	site->by_mqtt |= strstr(draft->body, "\"by\":\"mqtt\"") != NULL;
	site->intact += strcmp(draft->type->name, "seal-check.intact") == 0;
	site->missing += strcmp(draft->type->name, "seal-check.missing") == 0;
	site->unknown += strcmp(draft->type->name, "seal-check.unknown") == 0;
	if (draft->body_bytes > strlen(site->longest))
		snprintf(site->longest, sizeof(site->longest), "%s", draft->body);
}

static int ask(void *data, const struct registry_question *question)
{
	struct site *site = data;

	site->question = *question;
	return 0;
}

static void word_told(void *data, uint64_t number)
{
	struct site *site = data;

	assert_non_null(strstr(site->told, "passage.corrected"));
	site->word_told = number;
}

static void feed(struct site *site, const char *point, double at_s, struct value value)
{
	const struct setup *setup = setups;
	struct reading reading = {.value = value};

	while (strcmp(setup->name, "gate") != 0)
		setup++;
	while (strcmp(setup->conf.points[reading.point].name, point) != 0)
		reading.point++;
	site->now.mono_ns = reading.at_mono_ns = (int64_t)(at_s * 1e9);
	transit_reading(site->transit, &reading, &site->now);
	transit_judge_pending(site->transit, &site->now);
}

struct kept_passage {
	char text[MEMORY_TEXT_BYTES];
	unsigned identified, with_signature;
};

/* passage: its memory, or empty. */
static void open_site_to(struct site *site, struct event_sink sink, const char *passage)
{
	const struct setup *setup = setups;
	struct transit_conf conf;

	while (strcmp(setup->name, "gate") != 0)
		setup++;
	conf = setup->conf;
	conf.boot = "5b0f3a4e";
	conf.country = "GE";
	conf.questions = (struct registry_questions){.data = site, .ask = ask};
	conf.data = site;
	conf.word_told = word_told;
	*site = (struct site){.now.clock = CLOCK_SYNCED};
	assert_int_equal(transit_new(&conf, &sink, &site->transit), 0);
	if (passage[0])
		transit_recall(site->transit, "passage/entry-1/0", passage);
	transit_start(site->transit, &site->now);
	feed(site, "io.closed", 1, value_bool(true));
	feed(site, "io.open", 1, value_bool(false));
	feed(site, "io.beam", 1, value_bool(false));
}

static void open_site(struct site *site)
{
	open_site_to(site, (struct event_sink){.data = site, .put = note}, "");
}

static int present(struct site *site, const char *lane, const char *ucr, const char *officer,
		   const char *reason)
{
	struct officer_signature signature; /* as long as any */
	const struct officer_word word = {.ucr = ucr,
					  .officer = officer,
					  .reason = reason,
					  .by = "mqtt",
					  .signature = &signature,
					  .number = 7};

	memset(&signature, 'S', sizeof(signature));
	signature.by[sizeof(signature.by) - 1] = signature.as[sizeof(signature.as) - 1] = '\0';

	return transit_name_consignment(site->transit, lane, &word, &site->now);
}

static struct site *freed_by;

static void count_free(struct registry_answer *answer)
{
	(void)answer;
	freed_by->freed++;
}

/* As much of everything as a record may have, each text as long as it gets. */
static void the_fullest_consignments_fit_into_their_events(void **state)
{
	static char ucrs[REGISTRY_ANSWERS_MAX][IDENTIFIER_BYTES];
	static struct declared_number numbers[CONSIGNMENT_CONTAINERS];
	static struct declared_seal seals[CONSIGNMENT_SEALS];
	static char seal_numbers[CONSIGNMENT_SEALS][IDENTIFIER_BYTES];
	static struct party parties[CONSIGNMENT_PARTIES];
	static struct consignment consignments[REGISTRY_ANSWERS_MAX];
	static struct operator_record operators[CONSIGNMENT_PARTIES];
	static struct dossier dossiers[REGISTRY_ANSWERS_MAX];
	static const struct registry_list list = {.version = LONG LONG LONG,
						  .max_age_ns = INT64_MAX};
	struct registry_answer answer = {.dossiers = dossiers,
					 .dossier_count = REGISTRY_ANSWERS_MAX,
					 .found = REGISTRY_ANSWERS_MAX,
					 .consignments = &list,
					 .free = count_free};
	static const struct consignment another = {.ucr = "6GE9-Z", .flow = FLOW_TRANSIT};
	static const struct dossier of_another = {.consignment = &another};
	struct registry_answer more = {
		.dossiers = &of_another, .dossier_count = 1, .found = 1, .free = count_free};
	struct site site;

	(void)state;
	for (size_t i = 0; i < CONSIGNMENT_CONTAINERS; i++)
		numbers[i] = (struct declared_number){IDENTIFIER_NATIONAL, IDENTIFIER_GOOD, LONG};
	for (size_t i = 0; i < CONSIGNMENT_SEALS; i++) {
		snprintf(seal_numbers[i], IDENTIFIER_BYTES, "S%zu", i);
		seals[i] = (struct declared_seal){seal_numbers[i], LONG, "GE", INT64_MIN};
	}
	for (size_t i = 0; i < CONSIGNMENT_PARTIES; i++) {
		parties[i] = (struct party){AEO_CARRIER, LONG, LONG, LONG, LONG, "GE"};
		operators[i].searched = &list;
	}
	for (size_t i = 0; i < REGISTRY_ANSWERS_MAX; i++) {
		snprintf(ucrs[i], IDENTIFIER_BYTES, "%s%02zu", LONG, i);
		consignments[i] = (struct consignment){
			.ucr = ucrs[i],
			.ucr_verdict = IDENTIFIER_WRONG_CHARACTER,
			.flow = FLOW_TRANSIT,
			.documents = numbers,
			.document_count = CONSIGNMENT_DOCUMENTS,
			.containers = numbers,
			.container_count = CONSIGNMENT_CONTAINERS,
			.seals = seals,
			.seal_count = CONSIGNMENT_SEALS,
			.parties = parties,
			.party_count = CONSIGNMENT_PARTIES,
			.version = LONG LONG,
		};
		dossiers[i] =
			(struct dossier){.consignment = &consignments[i], .operators = operators};
	}
	open_site(&site);
	freed_by = &site;
	feed(&site, "io.beam", 2, value_bool(true));
	feed(&site, "camera.plate", 3, value_text("AA123BB"));
	answer.tag = site.question.tag;
	site.now.mono_ns += S;
	transit_answer(site.transit, &answer, &site.now);
	assert_non_null(strstr(site.told, "passage.identified"));
	assert_int_equal(site.freed, 0);
	assert_null(strstr(site.told, "passage.unidentified"));
	feed(&site, "camera.plate", 4,
	     value_text("BB456CC")); /* of one more than there is room for */
	more.tag = site.question.tag;
	transit_answer(site.transit, &more, &site.now);
	assert_non_null(strstr(site.told, "passage.unidentified"));
	assert_int_equal(site.freed, 1);
	assert_int_equal(present(&site, "entry-1", LONG "9", LONG LONG LONG, LONG LONG LONG),
			 -EINVAL);
	assert_int_equal(present(&site, "entry-1", "6GE1-1", LONG LONG LONG, LONG LONG LONG),
			 -EINPROGRESS);
	assert_int_equal(site.word_told, 0);
	answer = (struct registry_answer){.tag = site.question.tag, .free = count_free};
	transit_answer(site.transit, &answer, &site.now);
	assert_non_null(strstr(site.told, "passage.corrected"));
	assert_true(site.by_mqtt);
	assert_int_equal(site.word_told, 7);
	assert_int_equal(site.freed, 3);
	feed(&site, "io.closed", 6, value_bool(false));
	feed(&site, "io.open", 9, value_bool(true));
	feed(&site, "io.beam", 12, value_bool(false));
	feed(&site, "io.beam", 13, value_bool(false));
	assert_non_null(strstr(site.told, "passage.closed"));
	assert_true(strlen(site.longest) > 2000);
	transit_free(site.transit);
}

/* A lorry that declares as many seals as one may, and others before them. */
static void pass_with_seals(struct site *site, size_t others)
{
	static struct declared_seal seals[CONSIGNMENT_SEALS];
	static char numbers[CONSIGNMENT_SEALS][IDENTIFIER_BYTES];
	static const struct consignment consignment = {.ucr = "6GE1-1",
						       .flow = FLOW_TRANSIT,
						       .seals = seals,
						       .seal_count = CONSIGNMENT_SEALS};
	static const struct dossier dossier = {.consignment = &consignment};
	struct registry_answer answer = {
		.dossiers = &dossier, .dossier_count = 1, .found = 1, .free = count_free};
	char number[32];
	double at_s = 4;

	for (size_t i = 0; i < CONSIGNMENT_SEALS; i++) {
		snprintf(numbers[i], IDENTIFIER_BYTES, "S%zu", i);
		seals[i] =
			(struct declared_seal){.number = numbers[i], .affixed_utc_ns = INT64_MIN};
	}
	open_site(site);
	freed_by = site;
	feed(site, "io.beam", 2, value_bool(true));
	feed(site, "camera.plate", 3, value_text("AA123BB"));
	answer.tag = site->question.tag;
	transit_answer(site->transit, &answer, &site->now);
	for (size_t i = 0; i < others + CONSIGNMENT_SEALS; i++, at_s += 0.1) {
		snprintf(number, sizeof(number), "%c%zu", i < others ? 'X' : 'S',
			 i < others ? i : i - others);
		feed(site, "reader.seal-id", at_s, value_text(number));
		feed(site, "reader.status", at_s, value_int(1));
		feed(site, "reader.opened", at_s, value_int(1));
		feed(site, "reader.sealed-at", at_s, value_text(""));
	}
	feed(site, "io.closed", at_s + 1, value_bool(false));
	feed(site, "io.open", at_s + 4, value_bool(true));
	feed(site, "io.beam", at_s + 7, value_bool(false));
	feed(site, "io.beam", at_s + 8, value_bool(false));
	assert_non_null(strstr(site->told, "passage.opened"));
	transit_free(site->transit);
}

static void ninety_nine_seals_are_checked_each(void **state)
{
	static struct site site;

	(void)state;
	pass_with_seals(&site, 0);
	assert_int_equal(site.intact, CONSIGNMENT_SEALS);
	assert_int_equal(site.missing, 0);
	assert_int_equal(site.unknown, 0);
}

static void a_seal_for_which_there_was_no_room_is_unknown_and_not_missing(void **state)
{
	static struct site site;

	(void)state;
	pass_with_seals(&site, PASSAGE_READS);
	assert_int_equal(site.intact, 0);
	assert_int_equal(site.missing, 0);
	assert_int_equal(site.unknown, CONSIGNMENT_SEALS);
}

static void an_answer_nobody_waits_for_is_freed(void **state)
{
	struct registry_answer answer = {.tag = 77, .free = count_free};
	struct site site;

	(void)state;
	open_site(&site);
	freed_by = &site;
	transit_answer(site.transit, &answer, &site.now);
	assert_int_equal(site.freed, 1);
	transit_free(site.transit);
}

static void an_officers_word_is_refused_with_the_reason(void **state)
{
	struct site site;

	(void)state;
	open_site(&site);
	assert_int_equal(present(&site, "entry-9", "6GE1-1", "me", NULL), -ENOENT);
	assert_int_equal(present(&site, "entry-1", "6GE1-1", "me", NULL), -ENXIO);
	feed(&site, "io.beam", 2, value_bool(true));
	feed(&site, "io.beam", 2.1, value_bool(true));
	assert_int_equal(present(&site, "entry-1", " ", "me", NULL), -EINVAL);
	assert_int_equal(present(&site, "entry-1", "6GE1-1", "me", NULL), -EINPROGRESS);
	assert_int_equal(present(&site, "entry-1", "6GE1-2", "me", NULL), -EAGAIN);
	assert_int_equal(site.word_told, 0);
	transit_free(site.transit);
}

static void the_worst_of_its_consignments_is_the_vehicles(void **state)
{
	static const enum recognition_decision best_first[] = {
		RECOGNISED,	RECOGNITION_LIST_STALE, RECOGNITION_UNKNOWN,
		NOT_RECOGNISED, RECOGNITION_EXPIRED,	RECOGNITION_SUSPENDED};
	static struct passage passage;
	size_t better, worse, first;

	(void)state;
	for (better = 0; better < 6; better++)
		for (worse = better; worse < 6; worse++)
			for (first = 0; first < 2; first++) {
				passage_start(&passage, "lane-1", 0);
				passage_bind(&passage, "A", RULE_SEAL)->decision =
					best_first[first ? better : worse];
				passage_bind(&passage, "B", RULE_SEAL)->decision =
					best_first[first ? worse : better];
				assert_int_equal(passage_decision(&passage), best_first[worse]);
				passage_drop(&passage);
			}
	assert_int_equal(passage_decision(&passage), RECOGNITION_UNKNOWN);
}

static void a_memory_from_a_damaged_journal_is_no_passage(void **state)
{
	static const char *const texts[] = {
		"",
		"1",
		"2 x y 1 0",
		"2 5b0f3a4e id 9 0 1 2 3 4 5 6 7 8 0 0 0",
		"2 5b0f3a4e id 1 0 1 2 3 4 5 6 7 8 17 0 0",
		"2 5b0f3a4e id 1 0 1 2 3 4 5 6 7 8 1 6GE1-1 me",
		"2 5b0f3a4e id 1 0 1 2 3 4 5 6 7 8 0 1 6GE1-1 99 0 0 0 0",
		"2 5b0f3a4e id 1 0 1 2 3 4 5 6 7 8 0 3 0",
		"2 5b0f3a4e id 1 0 1 2 3 4 5 6 7 8 0 0 1 4 3 2",
		"2 5b0f3a4e id 1 0 1 2 3 4 5 6 7 8 0 0 0 0",
	};
	struct site site;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		open_site(&site);
		transit_recall(site.transit, "passage/entry-1/0", texts[i]);
		transit_recall(site.transit, "passage/entry-1/99", texts[i]);
		transit_recall(site.transit, "seal/GE1", texts[i]);
		transit_start(site.transit, &site.now);
		feed(&site, "io.beam", 3, value_bool(false));
		feed(&site, "io.beam", 4, value_bool(false));
		assert_null(strstr(site.told, "passage."));
		transit_free(site.transit);
	}
}

/* The text of a passage's memory that was put last. */
static void keep_passage(void *data, const struct event_draft *draft)
{
	struct kept_passage *kept = data;

	for (size_t i = 0; i < draft->memory_count; i++)
		if (draft->memories[i].text && strncmp(draft->memories[i].key, "passage/", 8) == 0)
			snprintf(kept->text, sizeof(kept->text), "%s", draft->memories[i].text);
	if (!draft->type || strcmp(draft->type->name, "passage.identified") != 0)
		return;
	kept->identified++;
	kept->with_signature +=
		memmem(draft->body, draft->body_bytes, "\"signed_as\":\"SSSS", 17) != NULL;
}

static void what_shows_an_officers_signature_survives_a_restart(void **state)
{
	static const struct consignment consignment = {.ucr = "6GE1-A", .flow = FLOW_TRANSIT};
	static const struct dossier dossier = {.consignment = &consignment};
	static struct kept_passage kept;
	struct registry_answer answer = {
		.dossiers = &dossier, .dossier_count = 1, .found = 1, .free = count_free};
	struct event_sink sink = {.data = &kept, .put = keep_passage};
	struct site site;

	(void)state;
	freed_by = &site;
	open_site_to(&site, sink, "");
	feed(&site, "io.beam", 2, value_bool(true));
	feed(&site, "io.beam", 2.1, value_bool(true));
	assert_int_equal(present(&site, "entry-1", "6GE1-A", "officer", "why"), -EINPROGRESS);
	transit_free(site.transit); /* before the registry has answered */
	open_site_to(&site, sink, kept.text);
	answer.tag = site.question.tag;
	transit_answer(site.transit, &answer, &site.now);
	transit_free(site.transit);
	assert_int_equal(kept.identified, 1);
	assert_int_equal(kept.with_signature, 1);
}

static void a_train_keeps_all_its_consignments_over_a_restart(void **state)
{
	static char ucrs[REGISTRY_ANSWERS_MAX][IDENTIFIER_BYTES];
	static struct consignment consignments[REGISTRY_ANSWERS_MAX];
	static struct dossier dossiers[REGISTRY_ANSWERS_MAX];
	static struct kept_passage kept;
	struct registry_answer answer = {.dossiers = dossiers,
					 .dossier_count = REGISTRY_ANSWERS_MAX,
					 .found = REGISTRY_ANSWERS_MAX,
					 .free = count_free};
	struct site site;

	(void)state;
	for (size_t i = 0; i < REGISTRY_ANSWERS_MAX; i++) {
		snprintf(ucrs[i], IDENTIFIER_BYTES, "6GE204567891-A-RATHER-LONG-REFERENCE-%02zu",
			 i);
		consignments[i] = (struct consignment){.ucr = ucrs[i], .flow = FLOW_TRANSIT};
		dossiers[i].consignment = &consignments[i];
	}
	freed_by = &site;
	kept = (struct kept_passage){0};
	for (int run = 0; run < 2; run++) {
		open_site_to(&site, (struct event_sink){.data = &kept, .put = keep_passage},
			     kept.text);
		if (run == 0) {
			feed(&site, "io.beam", 2, value_bool(true));
			feed(&site, "camera.plate", 3, value_text("AA123BB"));
		}
		answer.tag = site.question.tag;
		transit_answer(site.transit, &answer, &site.now);
		transit_free(site.transit);
	}
	assert_true(kept.identified > REGISTRY_ANSWERS_MAX); /* some could not be remembered */
	assert_true(kept.identified < 2 * REGISTRY_ANSWERS_MAX);
}

static void note_severity(void *data, const struct event_draft *draft)
{
	enum severity *severity = data;

	if (draft->type && strcmp(draft->type->name, "passage.unread") == 0)
		*severity = draft->type->severity;
}

static void a_vehicle_that_showed_nothing_is_as_severe_as_its_lane_says(void **state)
{
	enum severity told = SEVERITY_INFO;
	struct event_sink sink = {.data = &told, .put = note_severity};
	const struct setup *setup = setups;
	struct passage_conf passages;
	struct lane_conf lane;
	struct transit_conf conf;
	struct site site = {.now.clock = CLOCK_SYNCED};

	(void)state;
	while (strcmp(setup->name, "gate") != 0)
		setup++;
	conf = setup->conf;
	lane = conf.lanes[0];
	passages = *lane.passages;
	passages.unread_severity = SEVERITY_MAJOR;
	lane.passages = &passages;
	conf.lanes = &lane;
	conf.lane_count = 1;
	assert_int_equal(transit_new(&conf, &sink, &site.transit), 0);
	transit_start(site.transit, &site.now);
	feed(&site, "io.closed", 1, value_bool(true));
	feed(&site, "io.open", 1, value_bool(false));
	feed(&site, "io.beam", 1, value_bool(false));
	feed(&site, "io.beam", 5, value_bool(true));
	feed(&site, "io.closed", 6, value_bool(false));
	feed(&site, "io.open", 8, value_bool(true));
	feed(&site, "io.beam", 10, value_bool(false));
	site.now.mono_ns = 100 * S;
	transit_tick(site.transit, &site.now);
	transit_free(site.transit);
	assert_int_equal(told, SEVERITY_MAJOR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fullest_consignments_fit_into_their_events),
		cmocka_unit_test(ninety_nine_seals_are_checked_each),
		cmocka_unit_test(a_seal_for_which_there_was_no_room_is_unknown_and_not_missing),
		cmocka_unit_test(an_answer_nobody_waits_for_is_freed),
		cmocka_unit_test(an_officers_word_is_refused_with_the_reason),
		cmocka_unit_test(the_worst_of_its_consignments_is_the_vehicles),
		cmocka_unit_test(a_memory_from_a_damaged_journal_is_no_passage),
		cmocka_unit_test(a_train_keeps_all_its_consignments_over_a_restart),
		cmocka_unit_test(what_shows_an_officers_signature_survives_a_restart),
		cmocka_unit_test(a_vehicle_that_showed_nothing_is_as_severe_as_its_lane_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
