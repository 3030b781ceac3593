/* The registry: records in, questions and answers, lists, damage, what it tells. */
#include "journal_rig.h"

#include <poll.h>
#include <sys/eventfd.h>

#include "registry_desk.h"
#include "registry_tell.h"

#define UCR_1 "6GEEXP-2026-0001"
#define UCR_2 "6GEEXP-2026-0002"

#define TOLD_MAX 64
#define STOP_NS	 (2 * NS_PER_S)

struct told {
	const char *type;
	char body[EVENT_BODY_BYTES];
};

struct desk_rig {
	struct rig rig; /* its folder; the journal is not opened */
	struct registry_conf conf;
	struct desk *desk;
	struct inlet inlet;
	struct registry_desk questions;
	char *files[2];
	char file[RIG_PATH + 32];
	uint64_t tag;
	struct told told[TOLD_MAX];
	size_t told_count;
};

static void desk_open(struct desk_rig *all)
{
	assert_int_equal(desk_new(&all->conf, all->rig.path, &all->desk), 0);
	all->inlet = desk_inlet(all->desk);
	all->questions = desk_questions(all->desk);
	assert_int_equal(desk_start(all->desk), 0);
}

static void put_told(void *data, const struct event_draft *draft)
{
	struct desk_rig *all = data;
	struct told *told = &all->told[all->told_count++];

	assert_true(all->told_count <= TOLD_MAX);
	told->type = draft->type->name;
	snprintf(told->body, sizeof(told->body), "%s", draft->body);
}

static size_t told_of(struct desk_rig *all, const char *type)
{
	const struct event_sink sink = {.data = all, .put = put_told};
	size_t n = 0;

	if (all->desk)
		desk_tell(all->desk, &sink);
	for (size_t i = 0; i < all->told_count; i++)
		n += strcmp(all->told[i].type, type) == 0;
	return n;
}

/* Of the last one told. */
static bool told_has(const struct desk_rig *all, const char *text)
{
	return all->told_count > 0 && strstr(all->told[all->told_count - 1].body, text);
}

static void desk_close(struct desk_rig *all)
{
	assert_true(desk_stop(all->desk, clock_mono_ns() + 10 * STOP_NS));
	(void)told_of(all, "");
	desk_free(all->desk);
	all->desk = NULL;
}

static void desk_make(struct desk_rig *all)
{
	*all = (struct desk_rig){.conf = {.enabled = true,
					  .mqtt = true,
					  .check_every_ns = 20 * NS_PER_MS,
					  .max_age_ns = 7 * 24 * 3600 * NS_PER_S,
					  .quota_bytes = INT64_C(64) << 20}};
	rig_make(&all->rig);
	snprintf(all->file, sizeof(all->file), "%s/list.jsonl", all->rig.folder);
	all->files[0] = all->file;
	all->conf.files.item = all->files;
}

static void desk_remove(struct desk_rig *all)
{
	desk_close(all);
	rig_remove(&all->rig);
}

/* ---- bringing and asking ------------------------------------------------------------- */

static void bring(struct desk_rig *all, const char *subject, const char *payload)
{
	struct heard heard = {.subject = subject, .payload = payload, .bytes = strlen(payload)};

	RIG_POLL(all->inlet.take(all->inlet.data, &heard));
}

__attribute__((format(printf, 5, 6))) static void bring_consignment(struct desk_rig *all,
								    const char *ucr,
								    const char *seal,
								    const char *plate,
								    const char *more, ...)
{
	char subject[128], payload[2048], rest[1024];
	va_list arguments;

	va_start(arguments, more);
	vsnprintf(rest, sizeof(rest), more, arguments);
	va_end(arguments);
	snprintf(subject, sizeof(subject), "consignment/%s", ucr);
	snprintf(payload, sizeof(payload),
		 "{\"ucr\":\"%s\",\"flow\":\"transit\",\"vehicles\":[\"%s\"],"
		 "\"seals\":[{\"number\":\"%s\"}]%s}",
		 ucr, plate, seal, rest);
	bring(all, subject, payload);
}

static struct registry_answer *ask(struct desk_rig *all, enum registry_key key, const char *text)
{
	struct registry_question question = {.tag = ++all->tag, .key = key};
	struct pollfd ready = {.fd = desk_fd(all->desk), .events = POLLIN};
	struct registry_answer *answer;
	uint64_t count;

	snprintf(question.text, sizeof(question.text), "%s", text);
	assert_int_equal(all->questions.ask(all->questions.data, &question), 0);
	while (!(answer = desk_take(all->desk))) {
		assert_int_equal(poll(&ready, 1, PATIENCE_S * 1000), 1);
		(void)!read(ready.fd, &count, sizeof(count)); /* perhaps for what it tells */
	}
	assert_int_equal(answer->tag, all->tag);
	assert_string_equal(answer->text, text);
	return answer;
}

static uint64_t found(struct desk_rig *all, enum registry_key key, const char *text)
{
	struct registry_answer *answer = ask(all, key, text);
	uint64_t count = answer->found;

	assert_int_equal(answer->outcome, REGISTRY_ANSWERED);
	assert_int_equal(answer->dossier_count,
			 count < REGISTRY_ANSWERS_MAX ? count : REGISTRY_ANSWERS_MAX);
	registry_answer_free(answer);
	return count;
}

/* ---- the stream ---------------------------------------------------------------------- */

static void a_consignment_is_found_by_all_its_numbers(void **state)
{
	struct desk_rig all;
	struct registry_answer *answer;

	(void)state;
	desk_make(&all);
	desk_open(&all);
	answer = ask(&all, KEY_SEAL, "GE4711");
	assert_int_equal(answer->found, 0);
	assert_null(answer->consignments); /* nothing was ever heard */
	registry_answer_free(answer);
	bring_consignment(&all, UCR_1, "GE 4711", "AB-123-CD",
			  ",\"containers\":[\"CSQU3054383\"],\"documents\":[{\"kind\":\"tir\","
			  "\"number\":\"XY12345678\"}]");
	RIG_POLL(found(&all, KEY_UCR, UCR_1) == 1);
	assert_int_equal(found(&all, KEY_CONTAINER, "CSQU3054383"), 1);
	assert_int_equal(found(&all, KEY_SEAL, "GE4711"), 1);
	assert_int_equal(found(&all, KEY_PLATE, "AB123CD"), 1);
	assert_int_equal(found(&all, KEY_SEAL, "GE4712"), 0);
	answer = ask(&all, KEY_UCR, UCR_1);
	assert_string_equal(answer->dossiers[0].consignment->ucr, UCR_1);
	assert_string_equal(answer->dossiers[0].consignment->seals[0].number, "GE4711");
	assert_non_null(answer->consignments);
	assert_true(answer->consignments->max_age_ns == all.conf.max_age_ns);
	registry_answer_free(answer);
	desk_remove(&all);
}

static void a_record_is_replaced_removed_and_survives_a_restart(void **state)
{
	struct desk_rig all;

	(void)state;
	desk_make(&all);
	desk_open(&all);
	bring_consignment(&all, UCR_1, "GE1", "P1", "%s", "");
	bring_consignment(&all, UCR_2, "GE2", "P2", "%s", "");
	bring_consignment(&all, UCR_1, "GE3", "P1", "%s", "");
	RIG_POLL(found(&all, KEY_SEAL, "GE3") == 1);
	assert_int_equal(found(&all, KEY_SEAL, "GE1"), 0);
	desk_close(&all);
	desk_open(&all);
	assert_int_equal(found(&all, KEY_SEAL, "GE3"), 1);
	assert_int_equal(found(&all, KEY_SEAL, "GE2"), 1);
	bring(&all, "consignment/" UCR_2, "");
	RIG_POLL(found(&all, KEY_SEAL, "GE2") == 0);
	bring(&all, "consignment/" UCR_1, "null");
	RIG_POLL(found(&all, KEY_UCR, UCR_1) == 0);
	assert_int_equal(found(&all, KEY_PLATE, "P1"), 0);
	desk_remove(&all);
}

static void what_is_held_already_is_not_written_again(void **state)
{
	struct desk_rig all;

	(void)state;
	desk_make(&all);
	desk_open(&all);
	for (int i = 0; i < 10; i++)
		bring_consignment(&all, UCR_1, "GE1", "P1", "%s", "");
	RIG_POLL(desk_counters(all.desk).records == 10);
	assert_int_equal(desk_counters(all.desk).unchanged, 9);
	desk_remove(&all);
}

static void what_is_bad_is_refused_by_name_and_harms_nothing(void **state)
{
	struct desk_rig all;

	(void)state;
	desk_make(&all);
	desk_open(&all);
	bring_consignment(&all, UCR_1, "GE1", "P1", "%s", "");
	bring(&all, "consignment/" UCR_1, "{\"ucr\":\"" UCR_2 "\",\"flow\":\"transit\"}");
	RIG_POLL(told_of(&all, "registry.refused") == 1);
	assert_true(told_has(&all, "\"subject\":\"consignment/" UCR_1 "\""));
	assert_true(told_has(&all, "expected the key of its topic"));
	bring(&all, "consignment/" UCR_1, "{\"ucr\":");
	bring(&all, "consignments/x", "{}");
	bring(&all, "aeo", "{}");
	for (int i = 0; i < 100; i++)
		bring(&all, "consignment/" UCR_1, "no JSON at all");
	RIG_POLL(desk_counters(all.desk).refused == 104);
	assert_int_equal(told_of(&all, "registry.refused"), 5);
	assert_int_equal(found(&all, KEY_SEAL, "GE1"), 1);
	desk_close(&all); /* those that were too many for a minute are told with their number */
	assert_int_equal(told_of(&all, "registry.refused"), 6);
	assert_true(told_has(&all, "\"more\":98"));
	rig_remove(&all.rig);
}

static void operators_and_arrangements_come_with_the_answer(void **state)
{
	struct desk_rig all;
	struct registry_answer *answer, *after;
	const struct operator_record *held;

	(void)state;
	desk_make(&all);
	desk_open(&all);
	bring_consignment(&all, UCR_1, "GE1", "P1", "%s",
			  ",\"parties\":[{\"role\":\"carrier\",\"tin\":\"GE123456789\"},"
			  "{\"role\":\"declarant\",\"aeo\":{\"country\":\"TR\",\"scheme\":\"AEO\","
			  "\"number\":\"TR77\"}}]");
	bring(&all, "aeo/GE:AEO:GE1",
	      "{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"GE1\",\"tin\":\"GE123456789\","
	      "\"type\":\"AEOS\",\"roles\":[\"any\"],\"status\":\"active\"}");
	bring(&all, "mra/ge-tr",
	      "{\"id\":\"ge-tr\",\"party_a\":\"GE\",\"party_b\":\"TR\",\"direction\":\"both\","
	      "\"flows\":[\"any\"],\"types_a\":[\"*\"],\"types_b\":[\"*\"],\"roles\":[\"any\"],"
	      "\"status\":\"in_force\"}");
	RIG_POLL(desk_counters(all.desk).records + desk_counters(all.desk).refused == 3);
	assert_int_equal(desk_counters(all.desk).refused, 0);
	answer = ask(&all, KEY_SEAL, "GE1");
	assert_int_equal(answer->dossier_count, 1);
	held = &answer->dossiers[0].operators[0];
	assert_int_equal(held->authorisation_count, 1);
	assert_string_equal(held->authorisations[0].number, "GE1");
	assert_ptr_equal(held->authorisations[0].list, held->searched);
	assert_int_equal(answer->dossiers[0].operators[1].authorisation_count, 0);
	assert_non_null(answer->dossiers[0].operators[1].searched);
	assert_int_equal(answer->arrangements.arrangement_count, 1);
	assert_non_null(answer->arrangements.arrangements[0].list);
	bring(&all, "mra/ge-tr", "");
	RIG_POLL(desk_counters(all.desk).removed == 1);
	after = ask(&all, KEY_SEAL, "GE1");
	assert_int_equal(after->arrangements.arrangement_count, 0);
	registry_answer_free(after);
	desk_close(&all); /* an answer outlives the registry */
	assert_string_equal(answer->arrangements.arrangements[0].id, "ge-tr");
	registry_answer_free(answer);
	rig_remove(&all.rig);
}

static void too_many_questions_are_told_and_none_is_lost(void **state)
{
	struct registry_question question = {.key = KEY_SEAL, .text = "GE1"};
	struct registry_answer *answer;
	struct desk_rig all;
	unsigned taken = 0, answered = 0;

	(void)state;
	desk_make(&all);
	desk_open(&all);
	while (all.questions.ask(all.questions.data, &question) == 0)
		assert_true(++taken < 1000);
	while (answered < taken)
		if ((answer = desk_take(all.desk))) {
			answered++;
			registry_answer_free(answer);
		}
	assert_int_equal(all.questions.ask(all.questions.data, &question), 0);
	desk_remove(&all);
}

/* ---- lists --------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static bool system_is_true(const char *format, ...)
{
	char command[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command) == 0;
}

static void write_list(struct desk_rig *all, const char *version, int first, int count,
		       const char *bad)
{
	char other[RIG_PATH + 40];
	FILE *file;

	snprintf(other, sizeof(other), "%s.tmp", all->file);
	file = fopen(other, "w");
	assert_non_null(file);
	fprintf(file,
		"{\"list\":{\"kind\":\"consignment\",\"version\":\"%s\","
		"\"as_of\":\"2026-11-01T00:00:00Z\"}}\n",
		version);
	for (int i = first; i < first + count; i++)
		fprintf(file,
			"{\"ucr\":\"6GEL%06d\",\"flow\":\"transit\","
			"\"seals\":[{\"number\":\"S%06d\"}]}\n",
			i, i);
	fputs(bad, file);
	fclose(file);
	assert_int_equal(rename(other, all->file), 0);
}

static void a_list_is_taken_whole_replaced_whole_and_kept(void **state)
{
	struct desk_rig all;
	struct registry_answer *answer;

	(void)state;
	desk_make(&all);
	all.conf.files.count = 1;
	write_list(&all, "v1", 1, 3000, "");
	desk_open(&all);
	RIG_POLL(told_of(&all, "registry.list") == 1);
	assert_true(told_has(&all, "\"version\":\"v1\""));
	assert_true(told_has(&all, "\"records\":3000"));
	assert_int_equal(found(&all, KEY_SEAL, "S003000"), 1);
	answer = ask(&all, KEY_SEAL, "S000001");
	assert_string_equal(answer->consignments->version, "v1");
	assert_string_equal(answer->dossiers[0].consignment->version, "v1");
	write_list(&all, "v2", 3000, 100, "");
	RIG_POLL(told_of(&all, "registry.list") == 2);
	assert_int_equal(found(&all, KEY_SEAL, "S000001"), 0);
	assert_int_equal(found(&all, KEY_SEAL, "S003000"), 1);
	assert_string_equal(answer->consignments->version, "v1"); /* as it was then */
	registry_answer_free(answer);
	write_list(&all, "v3", 1, 10, "{\"ucr\":\"\"}\n");
	RIG_POLL(told_of(&all, "registry.refused") == 1);
	assert_true(told_has(&all, "\"subject\":\"list.jsonl\",\"line\":12"));
	assert_int_equal(found(&all, KEY_SEAL, "S003000"), 1);
	desk_close(&all);
	desk_open(&all); /* the bad one is refused again, the good one is still there */
	RIG_POLL(told_of(&all, "registry.refused") == 2);
	assert_int_equal(found(&all, KEY_SEAL, "S003000"), 1);
	assert_int_equal(told_of(&all, "registry.list"), 2);
	desk_remove(&all);
}

static void the_newer_of_two_records_is_right(void **state)
{
	struct desk_rig all;
	struct registry_answer *answer;

	(void)state;
	desk_make(&all);
	all.conf.files.count = 1;
	write_list(&all, "v1", 1, 10, "");
	desk_open(&all);
	RIG_POLL(told_of(&all, "registry.list") == 1);
	bring_consignment(&all, "6GEL000001", "S000001", "FROM STREAM", "%s", "");
	RIG_POLL(desk_counters(all.desk).records == 1);
	answer = ask(&all, KEY_SEAL, "S000001");
	assert_int_equal(answer->found, 1);
	assert_int_equal(answer->dossiers[0].consignment->vehicle_count, 1);
	registry_answer_free(answer);
	desk_remove(&all);
}

/* Of the one authorisation that the carrier of seal GE1's consignment has. */
static const char *type_held(struct desk_rig *all)
{
	struct registry_answer *answer = ask(all, KEY_SEAL, "GE1");
	const struct operator_record *held = &answer->dossiers[0].operators[0];
	bool revoked = held->authorisations[0].history[0].status == AEO_REVOKED;
	bool customs = strcmp(held->authorisations[0].type, "AEOC") == 0;

	assert_int_equal(held->authorisation_count, 1);
	assert_true(revoked == customs);
	registry_answer_free(answer);
	return customs ? "AEOC" : "AEOS";
}

static void an_operator_of_a_list_comes_with_a_consignment_of_the_stream(void **state)
{
	static const char list[] =
		"{\"list\":{\"kind\":\"aeo\",\"version\":\"v7\",\"as_of\":\"2026-11-01T00:00:00Z\"}}\n"
		"{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"GE1\",\"type\":\"AEOS\","
		"\"roles\":[\"any\"],\"status\":\"active\"}\n";
	const struct operator_record *held;
	struct registry_answer *answer;
	struct desk_rig all;
	FILE *file;

	(void)state;
	desk_make(&all);
	all.conf.files.count = 1;
	file = fopen(all.file, "w");
	assert_non_null(file);
	fputs(list, file);
	fclose(file);
	desk_open(&all);
	RIG_POLL(told_of(&all, "registry.list") == 1);
	bring_consignment(&all, UCR_1, "GE1", "P1", "%s",
			  ",\"parties\":[{\"role\":\"carrier\",\"aeo\":{\"country\":\"GE\","
			  "\"scheme\":\"AEO\",\"number\":\"GE1\"}}]");
	RIG_POLL(desk_counters(all.desk).records == 1);
	answer = ask(&all, KEY_SEAL, "GE1");
	assert_int_equal(answer->dossier_count, 1);
	held = &answer->dossiers[0].operators[0];
	assert_int_equal(held->authorisation_count, 1);
	assert_string_equal(held->authorisations[0].number, "GE1");
	assert_string_equal(held->authorisations[0].list->version, "v7");
	registry_answer_free(answer);
	bring(&all, "aeo/GE:AEO:GE1", /* older than the list, then newer */
	      "{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"GE1\",\"type\":\"AEOC\","
	      "\"roles\":[\"any\"],\"status\":\"revoked\",\"as_of\":\"2026-10-01T00:00:00Z\"}");
	RIG_POLL(desk_counters(all.desk).records == 2);
	assert_string_equal(type_held(&all), "AEOS");
	bring(&all, "aeo/GE:AEO:GE1",
	      "{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"GE1\",\"type\":\"AEOC\","
	      "\"roles\":[\"any\"],\"status\":\"revoked\",\"as_of\":\"2026-11-02T00:00:00Z\"}");
	RIG_POLL(desk_counters(all.desk).records == 3);
	assert_string_equal(type_held(&all), "AEOC");
	desk_remove(&all);
}

static void a_stop_in_the_middle_of_a_long_list_is_quick_and_the_list_is_read_again(void **state)
{
	struct desk_rig all;
	int64_t begin_ns;

	(void)state;
	desk_make(&all);
	all.conf.files.count = 1;
	all.conf.quota_bytes = INT64_C(1) << 30;
	write_list(&all, "v1", 1, 100000, "");
	desk_open(&all);
	RIG_POLL(system_is_true("ls %s/*.new >/dev/null 2>&1", all.rig.folder));
	begin_ns = clock_mono_ns();
	assert_true(desk_stop(all.desk, begin_ns + STOP_NS));
	assert_int_equal(told_of(&all, "registry.list"), 0);
	desk_free(all.desk);
	desk_open(&all);
	RIG_POLL(told_of(&all, "registry.list") == 1);
	assert_true(told_has(&all, "\"records\":100000"));
	assert_int_equal(found(&all, KEY_SEAL, "S100000"), 1);
	desk_remove(&all);
}

/* ---- questions beside records ---------------------------------------------------------- */

static void *bring_many(void *data)
{
	struct desk_rig *all = data;

	for (int i = 0; i < 3000; i++) {
		char ucr[32], seal[32];

		snprintf(ucr, sizeof(ucr), "6GEM%06d", i);
		snprintf(seal, sizeof(seal), "M%06d", i);
		bring_consignment(all, ucr, seal, "P1", "%s", "");
	}
	return NULL;
}

static void questions_and_records_do_not_keep_each_other_waiting(void **state)
{
	struct desk_rig all;
	pthread_t author;
	unsigned during = 0;

	(void)state;
	desk_make(&all);
	desk_open(&all);
	bring_consignment(&all, UCR_1, "GE1", "P9", "%s", "");
	RIG_POLL(found(&all, KEY_SEAL, "GE1") == 1);
	assert_int_equal(pthread_create(&author, NULL, bring_many, &all), 0);
	while (desk_counters(all.desk).records < 3001) {
		assert_int_equal(found(&all, KEY_SEAL, "GE1"), 1);
		during++;
	}
	pthread_join(author, NULL);
	assert_true(during > 0);
	assert_int_equal(found(&all, KEY_SEAL, "M002999"), 1);
	assert_true(desk_counters(all.desk).stream_bytes > 100 * 1000);
	desk_remove(&all);
}

static void what_was_taken_and_asked_before_the_stop_is_written_and_answered(void **state)
{
	struct registry_question question = {.key = KEY_SEAL, .text = "GE1"};
	struct registry_answer *answer;
	struct desk_rig all;

	(void)state;
	desk_make(&all);
	desk_open(&all);
	for (int i = 0; i < 20; i++)
		assert_int_equal(all.questions.ask(all.questions.data, &question), 0);
	bring_consignment(&all, UCR_1, "GE1", "P1", "%s", "");
	assert_true(desk_stop(all.desk, clock_mono_ns() + STOP_NS));
	for (int i = 0; i < 20; i++) {
		assert_non_null(answer = desk_take(all.desk));
		registry_answer_free(answer);
	}
	assert_int_equal(all.questions.ask(all.questions.data, &question), -EAGAIN);
	assert_false(all.inlet.take(all.inlet.data, &(struct heard){.subject = "aeo/x"}));
	desk_free(all.desk);
	desk_open(&all);
	assert_int_equal(found(&all, KEY_SEAL, "GE1"), 1);
	desk_remove(&all);
}

/* ---- telling --------------------------------------------------------------------------- */

static void what_finds_no_room_to_be_told_is_counted_and_told_later(void **state)
{
	const struct registry_complaint complaint = {.text = "is bad"};
	const struct taken_list list = {.file = "a.jsonl", .version = "v1", .records = 1};
	struct desk_rig all = {0};
	const struct event_sink sink = {.data = &all, .put = put_told};
	struct tell tell;
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	(void)state;
	assert_int_equal(tell_init(&tell, fd), 0);
	for (int i = 0; i < TIDINGS_MAX; i++) {
		assert_true(tell_has_room(&tell));
		tell_list(&tell, &list);
	}
	assert_false(tell_has_room(&tell));
	tell_refused(&tell, "consignment/1", &complaint, 0);
	tell_refused(&tell, "consignment/2", &complaint, 4);
	tell_held(&tell, true); /* still none */
	tell_pass_on(&tell, &sink);
	assert_int_equal(told_of(&all, "registry.list"), TIDINGS_MAX);
	assert_int_equal(told_of(&all, "registry.refused"), 0);
	assert_true(tell_due_ns(&tell) < clock_mono_ns() + 61 * NS_PER_S);
	tell_held(&tell, true);
	tell_pass_on(&tell, &sink);
	assert_int_equal(told_of(&all, "registry.refused"), 1);
	assert_true(told_has(&all, "\"subject\":\"consignment/2\",\"why\":\"is bad\",\"more\":5"));
	assert_true(tell_due_ns(&tell) == INT64_MAX);
	tell_fini(&tell);
	close(fd);
}

/* ---- damage -------------------------------------------------------------------------- */

static void a_damaged_registry_begins_anew_and_asks_for_all(void **state)
{
	struct desk_rig all;

	(void)state;
	desk_make(&all);
	desk_open(&all);
	bring_consignment(&all, UCR_1, "GE1", "P1", "%s", "");
	RIG_POLL(found(&all, KEY_SEAL, "GE1") == 1);
	desk_close(&all);
	rig_run("dd if=/dev/urandom of=%s.registry bs=4096 count=3 conv=notrunc status=none",
		all.rig.path);
	desk_open(&all);
	assert_true(all.inlet.wants_all(all.inlet.data));
	assert_false(all.inlet.wants_all(all.inlet.data));
	assert_int_equal(found(&all, KEY_SEAL, "GE1"), 0);
	bring_consignment(&all, UCR_1, "GE1", "P1", "%s", "");
	RIG_POLL(found(&all, KEY_SEAL, "GE1") == 1);
	desk_remove(&all);
}

static void a_full_registry_refuses_and_answers_all_the_same(void **state)
{
	struct desk_rig all;
	char ucr[32], seal[32];

	(void)state;
	desk_make(&all);
	all.conf.quota_bytes = 128 * 1024;
	desk_open(&all);
	for (int i = 0; i < 2000; i++) {
		snprintf(ucr, sizeof(ucr), "6GEF%06d", i);
		snprintf(seal, sizeof(seal), "S%06d", i);
		bring_consignment(&all, ucr, seal, "P1", "%s", "");
	}
	RIG_POLL(told_of(&all, "registry.refused") > 0);
	assert_non_null(strstr(all.told[0].body, "there is no room for more"));
	assert_int_equal(found(&all, KEY_SEAL, "S000000"), 1);
	desk_remove(&all);
}

static void without_its_file_nothing_is_known_and_that_is_said(void **state)
{
	struct desk_rig all;
	struct registry_answer *answer;

	(void)state;
	desk_make(&all);
	rig_run("mkdir %s.registry", all.rig.path);
	desk_open(&all);
	answer = ask(&all, KEY_SEAL, "GE1");
	assert_int_equal(answer->outcome, REGISTRY_FAILED);
	assert_int_equal(answer->dossier_count, 0);
	registry_answer_free(answer);
	desk_remove(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_consignment_is_found_by_all_its_numbers),
		cmocka_unit_test(a_record_is_replaced_removed_and_survives_a_restart),
		cmocka_unit_test(what_is_held_already_is_not_written_again),
		cmocka_unit_test(what_is_bad_is_refused_by_name_and_harms_nothing),
		cmocka_unit_test(operators_and_arrangements_come_with_the_answer),
		cmocka_unit_test(too_many_questions_are_told_and_none_is_lost),
		cmocka_unit_test(a_list_is_taken_whole_replaced_whole_and_kept),
		cmocka_unit_test(the_newer_of_two_records_is_right),
		cmocka_unit_test(an_operator_of_a_list_comes_with_a_consignment_of_the_stream),
		cmocka_unit_test(
			a_stop_in_the_middle_of_a_long_list_is_quick_and_the_list_is_read_again),
		cmocka_unit_test(questions_and_records_do_not_keep_each_other_waiting),
		cmocka_unit_test(what_was_taken_and_asked_before_the_stop_is_written_and_answered),
		cmocka_unit_test(what_finds_no_room_to_be_told_is_counted_and_told_later),
		cmocka_unit_test(a_damaged_registry_begins_anew_and_asks_for_all),
		cmocka_unit_test(a_full_registry_refuses_and_answers_all_the_same),
		cmocka_unit_test(without_its_file_nothing_is_known_and_that_is_said),
	};

	return cmocka_run_group_tests_name("registry desk", tests, NULL, NULL);
}
