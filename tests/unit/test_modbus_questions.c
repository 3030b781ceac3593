/* Which question an answer is put down to, and that a value is never put down wrongly:
 * shown with units that are as slow, forgetful and moody as can be, but answer in order.
 */
#include "rig/unit.h"

#include "modbus/questions.h"

#define UNIT 7

static struct modbus_question read_of(uint16_t address, uint16_t count)
{
	return (struct modbus_question){.request = {.unit = UNIT,
						    .function = MODBUS_READ_HOLDING,
						    .address = address,
						    .count = count}};
}

static struct modbus_question sacrifice(uint16_t count)
{
	struct modbus_question question = read_of(0, count);

	question.is_probe = true;
	return question;
}

static void ask(struct modbus_questions *questions, struct modbus_question question)
{
	assert_true(modbus_questions_add(questions, &question));
}

static enum modbus_belongs hear(struct modbus_questions *questions, uint16_t count)
{
	const struct modbus_reply reply = {
		.unit = UNIT, .function = MODBUS_READ_HOLDING, .data_bytes = 2u * count};

	return modbus_questions_match(questions, &reply);
}

static enum modbus_belongs hear_refusal(struct modbus_questions *questions, uint8_t function)
{
	const struct modbus_reply reply = {
		.unit = UNIT, .function = function, .refused = true, .exception = 2};

	return modbus_questions_match(questions, &reply);
}

static void answer_belongs_to_the_oldest_that_it_fits(void **state)
{
	(void)state;
	struct modbus_questions questions = {0};

	ask(&questions, read_of(100, 1));
	assert_int_equal(hear(&questions, 1), MODBUS_TO_LAST);
	assert_int_equal(questions.count, 0);

	ask(&questions, read_of(100, 1));
	ask(&questions, read_of(200, 1));
	assert_int_equal(hear(&questions, 1), MODBUS_TO_OLDER);
	assert_int_equal(hear(&questions, 1), MODBUS_TO_LAST);
	assert_int_equal(hear(&questions, 1), MODBUS_TO_NONE);
}

static void answer_settles_all_older_ones_of_its_unit(void **state)
{
	(void)state;
	struct modbus_questions questions = {0};
	struct modbus_question other = read_of(5, 1);

	other.request.unit = UNIT + 1;
	ask(&questions, read_of(100, 1));
	ask(&questions, other);
	ask(&questions, sacrifice(2));
	assert_true(modbus_questions_has_read(&questions, UNIT));
	assert_int_equal(hear(&questions, 2), MODBUS_TO_LAST);
	assert_false(modbus_questions_has_read(&questions, UNIT));
	assert_true(modbus_questions_has_read(&questions, UNIT + 1));
	assert_int_equal(questions.count, 1);
}

static void refusal_fits_every_length_of_its_function(void **state)
{
	(void)state;
	struct modbus_questions questions = {0};

	ask(&questions, read_of(100, 1));
	ask(&questions, sacrifice(2));
	assert_int_equal(hear_refusal(&questions, MODBUS_READ_INPUT), MODBUS_TO_NONE);
	assert_int_equal(hear_refusal(&questions, MODBUS_READ_HOLDING), MODBUS_TO_OLDER);
	assert_false(modbus_questions_has_read(&questions, UNIT));
	assert_int_equal(hear_refusal(&questions, MODBUS_READ_HOLDING), MODBUS_TO_LAST);
}

static void question_is_forgotten_when_it_is_too_old(void **state)
{
	(void)state;
	struct modbus_questions questions = {0};

	ask(&questions, read_of(100, 1));
	modbus_questions_set_expiry(&questions, 1000);
	ask(&questions, sacrifice(2));
	modbus_questions_set_expiry(&questions, 2000);
	modbus_questions_expire(&questions, 999);
	assert_true(modbus_questions_has_read(&questions, UNIT));
	modbus_questions_expire(&questions, 1000);
	assert_false(modbus_questions_has_read(&questions, UNIT));
	assert_int_equal(questions.count, 1);
	modbus_questions_expire(&questions, 2000);
	assert_int_equal(questions.count, 0);
}

static void unit_that_answers_nothing_leaves_room_for_the_others(void **state)
{
	(void)state;
	struct modbus_questions questions = {0};
	struct modbus_question other = read_of(100, 1);

	other.request.unit = UNIT + 1;
	for (uint16_t i = 0; i < MODBUS_OPEN_PER_UNIT; i++)
		ask(&questions, read_of(100, (uint16_t)(1 + i)));
	const struct modbus_question one_more = read_of(100, 1);
	assert_false(modbus_questions_add(&questions, &one_more));
	ask(&questions, other);
	modbus_questions_set_expiry(&questions, 1000);
	modbus_questions_expire(&questions, 1000);
	ask(&questions, one_more);
}

static void probes_in_a_row_are_one_entry_with_as_many_answers(void **state)
{
	(void)state;
	struct modbus_questions questions = {0};

	ask(&questions, read_of(100, 1));
	for (int i = 0; i < 100; i++)
		ask(&questions, sacrifice(2));
	assert_int_equal(questions.count, 2);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(hear(&questions, 2), MODBUS_TO_LAST);
		assert_false(modbus_questions_has_read(&questions, UNIT));
	}
	assert_int_equal(hear(&questions, 2), MODBUS_TO_NONE);

	/* What is answered behind them leaves none of them to be answered. */
	ask(&questions, sacrifice(2));
	ask(&questions, sacrifice(2));
	ask(&questions, read_of(100, 1));
	assert_int_equal(hear(&questions, 1), MODBUS_TO_LAST);
	assert_int_equal(questions.count, 0);
}

static void twin_is_a_read_whose_answer_looks_the_same(void **state)
{
	(void)state;
	struct modbus_questions questions = {0};
	struct modbus_question twin = read_of(200, 3), other = read_of(200, 3);

	ask(&questions, read_of(100, 3));
	ask(&questions, sacrifice(2));
	assert_true(modbus_questions_has_twin(&questions, &twin.request));
	other.request.function = MODBUS_READ_INPUT;
	assert_false(modbus_questions_has_twin(&questions, &other.request));
	other = twin;
	other.request.unit = UNIT + 1;
	assert_false(modbus_questions_has_twin(&questions, &other.request));
	other = twin;
	other.request.count = 2; /* as the probe's: that is no read */
	assert_false(modbus_questions_has_twin(&questions, &other.request));
}

/* --- a unit that answers in order, whenever it likes ------------------------------------ */

#define HELD 24 /* questions that the unit keeps unanswered at most */

struct moody_unit {
	struct modbus_request held[HELD];
	size_t count;
	unsigned int seed;
	bool refuses_sacrifice, loses;
};

static unsigned int draw(struct moody_unit *unit, unsigned int sides)
{
	unit->seed = unit->seed * 1664525u + 1013904223u;
	return (unit->seed >> 16) % sides;
}

/* The oldest question's answer; false: it never will answer that one. */
static bool answer_oldest(struct moody_unit *unit, struct modbus_request *ret_asked,
			  struct modbus_reply *ret_reply)
{
	*ret_asked = unit->held[0];
	unit->count--;
	memmove(unit->held, unit->held + 1, unit->count * sizeof(unit->held[0]));
	*ret_reply = (struct modbus_reply){
		.unit = UNIT,
		.function = ret_asked->function,
		.data_bytes = modbus_data_bytes(ret_asked->function, ret_asked->count),
		.refused =
			(unit->refuses_sacrifice && ret_asked->address == 0) || draw(unit, 9) == 0,
	};
	return !(unit->loses && draw(unit, 4) == 0);
}

/* One attempt as the exchange makes it. true: the read was answered. */
static bool attempt(struct modbus_questions *questions, struct moody_unit *unit,
		    const struct modbus_question *question)
{
	if (!modbus_questions_add(questions, question))
		return false;
	unit->held[unit->count++] = question->request;
	while (unit->count > 0 && (unit->count == HELD || draw(unit, 3) > 0)) {
		struct modbus_request asked;
		struct modbus_reply reply;
		if (!answer_oldest(unit, &asked, &reply))
			continue;
		const enum modbus_belongs belongs = modbus_questions_match(questions, &reply);
		if (question->is_probe && !modbus_questions_has_read(questions, UNIT))
			return true;
		if (question->is_probe || belongs != MODBUS_TO_LAST)
			continue;
		/* This is what it is all about: the answer to this question, and no other. */
		assert_int_equal(asked.address, question->request.address);
		return true;
	}
	return false;
}

static unsigned int live(struct moody_unit *unit, unsigned int rounds)
{
	struct modbus_questions questions = {0};
	unsigned int answered = 0;

	for (unsigned int i = 1; i <= rounds; i++) {
		/* Every read has an address of its own, one of two lengths, and one of two functions. */
		struct modbus_question read = read_of((uint16_t)i, (uint16_t)(1 + draw(unit, 2)));
		const struct modbus_question probe = sacrifice(3);
		if (draw(unit, 3) == 0)
			read.request.function = MODBUS_READ_INPUT;
		if (modbus_questions_has_twin(&questions, &read.request) &&
		    !attempt(&questions, unit, &probe))
			continue;
		answered += attempt(&questions, unit, &read);
	}
	return answered;
}

static void value_is_never_put_down_to_another_question(void **state)
{
	(void)state;
	unsigned int answered = 0;

	for (unsigned int seed = 0; seed < 4000; seed++) {
		struct moody_unit unit = {
			.seed = seed,
			.refuses_sacrifice = seed & 1,
			.loses = seed & 2,
		};
		answered += live(&unit, 60);
	}
	assert_true(answered > 4000 * 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_belongs_to_the_oldest_that_it_fits),
		cmocka_unit_test(answer_settles_all_older_ones_of_its_unit),
		cmocka_unit_test(refusal_fits_every_length_of_its_function),
		cmocka_unit_test(question_is_forgotten_when_it_is_too_old),
		cmocka_unit_test(unit_that_answers_nothing_leaves_room_for_the_others),
		cmocka_unit_test(probes_in_a_row_are_one_entry_with_as_many_answers),
		cmocka_unit_test(twin_is_a_read_whose_answer_looks_the_same),
		cmocka_unit_test(value_is_never_put_down_to_another_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
