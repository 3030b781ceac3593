#include "desk_rig.h"

#include <poll.h>
#include <unistd.h>

/* ---- set-up ---------------------------------------------------------------------------- */

int desk_rig_new(void **state)
{
	struct desk_rig *rig = calloc(1, sizeof(*rig));

	rig->conf = (struct registry_conf){
		.enabled = true,
		.mqtt = true,
		.check_every_ns = 20 * MS,
		.max_age_ns = 7 * 24 * 3600 * S,
		.quota_bytes = INT64_C(64) << 20,
	};
	strcpy(rig->folder, "/tmp/corridord-desk-XXXXXX");
	assert_non_null(mkdtemp(rig->folder));
	snprintf(rig->path, sizeof(rig->path), "%s/journal.db", rig->folder);
	snprintf(rig->list, sizeof(rig->list), "%s/list.jsonl", rig->folder);
	rig->files[0] = rig->list;
	rig->conf.files.item = rig->files;
	*state = rig;
	return 0;
}

int desk_rig_free(void **state)
{
	struct desk_rig *rig = *state;

	if (rig->desk)
		close_desk(rig);
	shell("rm -rf %s", rig->folder);
	free(rig);
	return 0;
}

void open_desk(struct desk_rig *rig)
{
	assert_int_equal(registry_new(&rig->conf, rig->path, &rig->desk), 0);
	rig->inlet = registry_inlet(rig->desk);
	rig->questions = registry_questions(rig->desk);
	assert_int_equal(registry_start(rig->desk), 0);
}

void close_desk(struct desk_rig *rig)
{
	struct registry *desk = rig->desk;

	assert_true(registry_stop(desk, clock_mono_ns() + PATIENCE_NS));
	(void)times_told(rig, "");
	rig->desk = NULL;
	registry_free(desk);
}

/* ---- records and questions ------------------------------------------------------------- */

void bring(struct desk_rig *rig, const char *subject, const char *payload)
{
	struct inlet_message heard = {
		.subject = subject, .payload = payload, .bytes = strlen(payload)};

	WAIT_FOR(rig->inlet.take(rig->inlet.data, &heard));
}

void bring_consignment(struct desk_rig *rig, const char *ucr, const char *seal, const char *plate,
		       const char *more)
{
	char subject[128], payload[2048];

	snprintf(subject, sizeof(subject), "consignment/%s", ucr);
	snprintf(payload, sizeof(payload),
		 "{\"ucr\":\"%s\",\"flow\":\"transit\",\"vehicles\":[\"%s\"],"
		 "\"seals\":[{\"number\":\"%s\"}]%s}",
		 ucr, plate, seal, more);
	bring(rig, subject, payload);
}

struct registry_answer *ask(struct desk_rig *rig, enum registry_key key, const char *text)
{
	struct registry_question question = {.tag = ++rig->tag, .key = key, .state = "GE"};
	struct pollfd ready = {.fd = registry_fd(rig->desk), .events = POLLIN};
	struct registry_answer *answer;
	uint64_t count;

	snprintf(question.text, sizeof(question.text), "%s", text);
	assert_int_equal(rig->questions.ask(rig->questions.data, &question), 0);
	while (!(answer = registry_take_answer(rig->desk))) {
		assert_int_equal(poll(&ready, 1, PATIENCE_S * 1000), 1);
		(void)!read(ready.fd, &count, sizeof(count)); /* perhaps for what it tells */
	}
	assert_int_equal(answer->tag, rig->tag);
	assert_string_equal(answer->text, text);
	return answer;
}

uint64_t found(struct desk_rig *rig, enum registry_key key, const char *text)
{
	struct registry_answer *answer = ask(rig, key, text);
	uint64_t count = answer->found;

	assert_int_equal(answer->outcome, REGISTRY_ANSWERED);
	assert_int_equal(answer->dossier_count,
			 count < REGISTRY_ANSWERS_MAX ? count : REGISTRY_ANSWERS_MAX);
	registry_answer_free(answer);
	return count;
}

/* ---- what it tells --------------------------------------------------------------------- */

void note_told(void *data, const struct event_draft *draft)
{
	struct desk_rig *rig = data;
	struct told *told = &rig->told[rig->told_count++];

	assert_true(rig->told_count <= DESK_RIG_TOLD);
	told->type = draft->type->name;
	snprintf(told->body, sizeof(told->body), "%s", draft->body);
}

size_t times_told(struct desk_rig *rig, const char *type)
{
	const struct event_sink sink = {.data = rig, .put = note_told};
	size_t n = 0;

	if (rig->desk)
		registry_put_events(rig->desk, &sink);
	for (size_t i = 0; i < rig->told_count; i++)
		n += strcmp(rig->told[i].type, type) == 0;
	return n;
}

bool last_told_has(const struct desk_rig *rig, const char *text)
{
	return rig->told_count > 0 && strstr(rig->told[rig->told_count - 1].body, text);
}
