/* A passage over a restart: "passage/<lane>/<slot>". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "transit/event/memo.h"
#include "transit/lane/private.h"

#define MEMORY_VERSION	 2
#define READ_BYTES	 160 /* of a read, at most */
#define BINDING_BYTES	 240 /* of a binding, at most */
#define BOOT_BYTES	 64
#define MARK_ANY	 INT64_MIN
#define FLAG_VEHICLE	 1
#define FLAG_BEYOND	 2
#define FLAG_FINAL_CHECK 4
#define FLAG_OFFICER	 8
#define FLAG_END	 16 /* times the end of a closed one */
#define WORD_NONE	 0 /* an officer's */
#define WORD_OPEN	 1
#define WORD_JUDGED	 2 /* with who signed it */
#define WORD_SIGNED	 3 /* and with what shows that */
#define AWAITS		 2 /* instead of whether it was found */
#define READS_MORE	 2 /* instead of another read */

void lane_memory_key(const struct lane *lane, const struct passage *passage,
		     char ret_key[MEMORY_KEY_BYTES])
{
	snprintf(ret_key, MEMORY_KEY_BYTES, "passage/%s/%d", lane->conf->name,
		 (int)(passage - lane->passages));
}

static int64_t flags(const struct passage *passage)
{
	int64_t end = passage->stage == STAGE_CLOSED ? (int64_t)passage->end : 0;

	return (passage->vehicle ? FLAG_VEHICLE : 0) | (passage->beyond ? FLAG_BEYOND : 0) |
	       (passage->final_check_done ? FLAG_FINAL_CHECK : 0) |
	       (passage->officer_decided ? FLAG_OFFICER : 0) | (FLAG_END * end);
}

/* again: not all that it found is remembered. */
static void write_read(struct memo *memo, const struct passage_read *read, bool again)
{
	bool awaits =
		read_awaits_answer(read) || read->status == READ_FAILED || (again && read->found);

	memo_int(memo, read->rule);
	memo_int(memo, read->kind);
	memo_int(memo, read->verdict);
	memo_int(memo, read->key);
	memo_text(memo, read->text);
	memo_int(memo, awaits ? AWAITS : read->found);
	memo_int(memo, read->reported.result);
	memo_int(memo, read->reported.because);
}

static int word_form(const struct passage_word *word)
{
	if (!word->open)
		return WORD_NONE;
	if (!word->judged)
		return WORD_OPEN;
	return word->signature.as[0] ? WORD_SIGNED : WORD_JUDGED;
}

static void write_word(struct memo *memo, const struct passage_word *word)
{
	memo_text(memo, word->ucr);
	memo_text(memo, word->officer);
	memo_text(memo, word->reason);
	memo_text(memo, word->by);
	if (word->judged)
		memo_text(memo, word->signature.by);
	if (word->signature.as[0])
		memo_text(memo, word->signature.as);
}

void lane_memory_write(const struct lane *lane, const struct passage *passage, char *out,
		       size_t size)
{
	struct memo memo;
	size_t i;
	bool all;

	memo_start(&memo, out, size);
	memo_int(&memo, MEMORY_VERSION);
	memo_text(&memo, lane->site->boot);
	memo_text(&memo, passage->id);
	memo_int(&memo, passage->stage);
	memo_int(&memo, flags(passage));
	for (i = 0; i < PASSAGE_MOMENTS; i++)
		memo_int(&memo, passage->at_mono_ns[i]);
	memo_int(&memo, passage->sign_mono_ns);
	memo_int(&memo, passage->clock_ns);
	memo_int(&memo, word_form(&passage->word));
	if (passage->word.open)
		write_word(&memo, &passage->word);
	for (i = 0; i < passage->binding_count && memo.bytes + BINDING_BYTES + READ_BYTES < size;
	     i++) {
		memo_int(&memo, 1);
		memo_text(&memo, passage->bindings[i].ucr);
		memo_int(&memo, passage->bindings[i].rule);
		memo_int(&memo, passage->bindings[i].decision);
		memo_int(&memo, passage->bindings[i].benefits);
	}
	memo_int(&memo, 0);
	all = i == passage->binding_count;
	for (i = 0; i < passage->read_count && memo.bytes + READ_BYTES < size; i++) {
		memo_int(&memo, 1);
		write_read(&memo, &passage->reads[i], !all);
	}
	memo_int(&memo, i < passage->read_count || passage->reads_more ? READS_MORE : 0);
}

void lane_remember(const struct lane *lane, size_t passage, char ret_key[MEMORY_KEY_BYTES],
		   char ret_text[MEMORY_TEXT_BYTES])
{
	lane_memory_key(lane, &lane->passages[passage], ret_key);
	lane_memory_write(lane, &lane->passages[passage], ret_text, MEMORY_TEXT_BYTES);
}

/* ---- reading --------------------------------------------------------------------------- */

static void take_bindings(struct memo_reader *reader, struct passage *passage)
{
	while (memo_take(reader, 0, passage->binding_count < PASSAGE_CONSIGNMENTS) == 1) {
		struct passage_binding *binding = &passage->bindings[passage->binding_count++];

		*binding = (struct passage_binding){0};
		memo_take_text(reader, binding->ucr, sizeof(binding->ucr));
		binding->rule = (enum passage_rule)memo_take(reader, 0, PASSAGE_RULES - 1);
		binding->decision =
			(enum recognition_decision)memo_take(reader, 0, RECOGNITION_LIST_STALE);
		binding->benefits = (uint32_t)memo_take(reader, 0, UINT32_MAX);
	}
}

static void take_word(struct memo_reader *reader, struct passage_word *word)
{
	const int64_t form = memo_take(reader, WORD_NONE, WORD_SIGNED);

	word->open = form != WORD_NONE;
	word->judged = form >= WORD_JUDGED;
	if (!word->open)
		return;
	memo_take_text(reader, word->ucr, sizeof(word->ucr));
	memo_take_text(reader, word->officer, sizeof(word->officer));
	memo_take_text(reader, word->reason, sizeof(word->reason));
	memo_take_text(reader, word->by, sizeof(word->by));
	if (word->judged)
		memo_take_text(reader, word->signature.by, sizeof(word->signature.by));
	if (form == WORD_SIGNED)
		memo_take_text(reader, word->signature.as, sizeof(word->signature.as));
}

static void take_reads(struct memo_reader *reader, struct passage *passage)
{
	int64_t mark = memo_take(reader, 0, READS_MORE);

	for (; mark == 1 && !reader->bad && passage->read_count < PASSAGE_READS;
	     mark = memo_take(reader, 0, READS_MORE)) {
		struct passage_read *read = &passage->reads[passage->read_count++];
		int64_t found;

		*read = (struct passage_read){
			.asked_before = true, .recalled = true, .status = READ_NOT_ASKED};
		read->rule = (enum passage_rule)memo_take(reader, 0, PASSAGE_RULES - 1);
		read->kind = (enum identifier_kind)memo_take(reader, 0, IDENTIFIER_KINDS - 1);
		read->verdict =
			(enum identifier_verdict)memo_take(reader, 0, IDENTIFIER_VERDICTS - 1);
		read->key = (enum registry_key)memo_take(reader, 0, REGISTRY_KEYS - 1);
		memo_take_text(reader, read->text, sizeof(read->text));
		found = memo_take(reader, 0, AWAITS);
		read->found = found == 1;
		if (found == AWAITS) { /* nothing has come of it yet */
			read->status = READ_TO_ASK;
			read->asked_before = false;
		}
		read->reported.result = (enum seal_result)memo_take(reader, 0, CHECK_TAMPERED);
		read->reported.because =
			(enum seal_because)memo_take(reader, 0, SEAL_BECAUSE_NOT_DECLARED);
		read->seal.state = SEAL_UNKNOWN;
	}
	passage->reads_more = mark == READS_MORE;
}

/* Times of another boot mean nothing in this one. */
static void forget_times(struct passage *passage)
{
	for (size_t i = 0; i < PASSAGE_MOMENTS; i++)
		passage->at_mono_ns[i] = INT64_MIN;
	passage->sign_mono_ns = INT64_MIN;
	passage->over_clock_jump = false;
	passage->clock_ns = INT64_MIN;
}

/* When each number was read is not kept: not ahead of the vehicle, as far as it is known to have come. */
static void date_reads(struct passage *passage)
{
	const int64_t *at_mono_ns = passage->at_mono_ns;
	int64_t read_mono_ns = at_mono_ns[PASSAGE_PRESENT];

	if (read_mono_ns == INT64_MIN)
		read_mono_ns = at_mono_ns[PASSAGE_OPENED];
	if (read_mono_ns == INT64_MIN)
		read_mono_ns = INT64_MAX;
	for (size_t i = 0; i < passage->read_count; i++)
		passage->reads[i].at_mono_ns = read_mono_ns;
}

static bool take_passage(struct lane *lane, struct passage *passage, const char *text)
{
	struct memo_reader reader;
	char boot[BOOT_BYTES];
	int64_t set;

	memo_read(&reader, text);
	(void)memo_take(&reader, MEMORY_VERSION, MEMORY_VERSION);
	memo_take_text(&reader, boot, sizeof(boot));
	memo_take_text(&reader, passage->id, sizeof(passage->id));
	passage->stage = (enum passage_stage)memo_take(&reader, STAGE_AT_BOOM, STAGE_COMING);
	set = memo_take(&reader, 0, FLAG_END * PASSAGE_ENDS - 1);
	for (size_t i = 0; i < PASSAGE_MOMENTS; i++)
		passage->at_mono_ns[i] = memo_take(&reader, MARK_ANY, INT64_MAX);
	passage->sign_mono_ns = memo_take(&reader, MARK_ANY, INT64_MAX);
	passage->clock_ns = memo_take(&reader, MARK_ANY, INT64_MAX);
	passage->queued_ns = -1;
	passage->end = (enum passage_end)(set / FLAG_END);
	passage->vehicle = set & FLAG_VEHICLE;
	passage->beyond = set & FLAG_BEYOND;
	passage->final_check_done = set & FLAG_FINAL_CHECK;
	passage->officer_decided = set & FLAG_OFFICER;
	take_word(&reader, &passage->word);
	take_bindings(&reader, passage);
	passage->final_check_before = passage->final_check_done && passage->binding_count > 0;
	take_reads(&reader, passage);
	if (!memo_end(&reader))
		return false;
	if (!lane->site->boot || strcmp(boot, lane->site->boot) != 0)
		forget_times(passage);
	date_reads(passage);
	return true;
}

/* What found its dossiers is asked of the registry again. */
static void ask_again(struct lane *lane, struct passage *passage)
{
	if (!lane->site->questions.ask)
		return;
	for (size_t i = 0; i < passage->read_count; i++)
		if (passage->reads[i].found)
			passage->reads[i].status = READ_TO_ASK;
	for (size_t i = 0; i < passage->binding_count; i++) {
		struct passage_read read = {
			.rule = RULE_OFFICER,
			.kind = IDENTIFIER_UCR,
			.key = KEY_UCR,
			.status = READ_TO_ASK,
			.asked_before = true,
		};

		if (passage->bindings[i].rule != RULE_OFFICER)
			continue;
		memcpy(read.text, passage->bindings[i].ucr, sizeof(read.text));
		(void)passage_add_read(passage, &read);
	}
}

bool lane_recall(struct lane *lane, const char *key, const char *text)
{
	char expected[MEMORY_KEY_BYTES];

	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		struct passage *passage = &lane->passages[i];

		lane_memory_key(lane, passage, expected);
		if (strcmp(key, expected) != 0)
			continue;
		*passage = (struct passage){.over_restart = true, .in_memory = true};
		if (!take_passage(lane, passage, text)) {
			*passage = (struct passage){.in_memory = true}; /* to be forgotten */
			return true;
		}
		passage_write_note(passage);
		ask_again(lane, passage);
		return true;
	}
	return false;
}
