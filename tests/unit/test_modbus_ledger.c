/* Which question an answer is put down to, and that a value is never put down wrongly:
 * shown with units that are as slow, forgetful and moody as can be, but answer in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../drivers/modbus_ledger.h"

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

	question.sacrificial = true;
	return question;
}

static void ask(struct modbus_ledger *ledger, struct modbus_question question)
{
	assert_true(modbus_ledger_enter(ledger, &question));
}

static enum modbus_belongs hear(struct modbus_ledger *ledger, uint16_t count)
{
	const struct modbus_reply reply = {
		.unit = UNIT, .function = MODBUS_READ_HOLDING, .data_bytes = 2u * count};

	return modbus_ledger_settle(ledger, &reply);
}

static enum modbus_belongs hear_refusal(struct modbus_ledger *ledger, uint8_t function)
{
	const struct modbus_reply reply = {
		.unit = UNIT, .function = function, .refused = true, .exception = 2};

	return modbus_ledger_settle(ledger, &reply);
}

static void answer_belongs_to_the_oldest_that_it_fits(void **state)
{
	(void)state;
	struct modbus_ledger ledger = {0};

	ask(&ledger, read_of(100, 1));
	assert_int_equal(hear(&ledger, 1), MODBUS_TO_LAST);
	assert_int_equal(ledger.count, 0);

	ask(&ledger, read_of(100, 1));
	ask(&ledger, read_of(200, 1));
	assert_int_equal(hear(&ledger, 1), MODBUS_TO_OLDER);
	assert_int_equal(hear(&ledger, 1), MODBUS_TO_LAST);
	assert_int_equal(hear(&ledger, 1), MODBUS_TO_NONE);
}

static void answer_settles_all_older_ones_of_its_unit(void **state)
{
	(void)state;
	struct modbus_ledger ledger = {0};
	struct modbus_question other = read_of(5, 1);

	other.request.unit = UNIT + 1;
	ask(&ledger, read_of(100, 1));
	ask(&ledger, other);
	ask(&ledger, sacrifice(2));
	assert_true(modbus_ledger_owes(&ledger, UNIT));
	assert_int_equal(hear(&ledger, 2), MODBUS_TO_LAST);
	assert_false(modbus_ledger_owes(&ledger, UNIT));
	assert_true(modbus_ledger_owes(&ledger, UNIT + 1));
	assert_int_equal(ledger.count, 1);
}

static void refusal_fits_every_length_of_its_function(void **state)
{
	(void)state;
	struct modbus_ledger ledger = {0};

	ask(&ledger, read_of(100, 1));
	ask(&ledger, sacrifice(2));
	assert_int_equal(hear_refusal(&ledger, MODBUS_READ_INPUT), MODBUS_TO_NONE);
	assert_int_equal(hear_refusal(&ledger, MODBUS_READ_HOLDING), MODBUS_TO_OLDER);
	assert_false(modbus_ledger_owes(&ledger, UNIT));
	assert_int_equal(hear_refusal(&ledger, MODBUS_READ_HOLDING), MODBUS_TO_LAST);
}

static void question_is_forgotten_when_it_is_too_old(void **state)
{
	(void)state;
	struct modbus_ledger ledger = {0};

	ask(&ledger, read_of(100, 1));
	modbus_ledger_date(&ledger, 1000);
	ask(&ledger, sacrifice(2));
	modbus_ledger_date(&ledger, 2000);
	modbus_ledger_expire(&ledger, 999);
	assert_true(modbus_ledger_owes(&ledger, UNIT));
	modbus_ledger_expire(&ledger, 1000);
	assert_false(modbus_ledger_owes(&ledger, UNIT));
	assert_int_equal(ledger.count, 1);
	modbus_ledger_expire(&ledger, 2000);
	assert_int_equal(ledger.count, 0);
}

static void full_ledger_lets_nothing_more_be_asked(void **state)
{
	(void)state;
	struct modbus_ledger ledger = {0};
	const struct modbus_question question = read_of(100, 1);

	for (uint16_t i = 0; i < MODBUS_OPEN_QUESTIONS; i++)
		assert_true(modbus_ledger_enter(&ledger, &question));
	assert_false(modbus_ledger_enter(&ledger, &question));
	modbus_ledger_date(&ledger, 1000);
	modbus_ledger_expire(&ledger, 1000);
	assert_true(modbus_ledger_enter(&ledger, &question));
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
static bool attempt(struct modbus_ledger *ledger, struct moody_unit *unit,
		    const struct modbus_question *question)
{
	if (!modbus_ledger_enter(ledger, question))
		return false;
	unit->held[unit->count++] = question->request;
	while (unit->count > 0 && (unit->count == HELD || draw(unit, 3) > 0)) {
		struct modbus_request asked;
		struct modbus_reply reply;
		if (!answer_oldest(unit, &asked, &reply))
			continue;
		const enum modbus_belongs belongs = modbus_ledger_settle(ledger, &reply);
		if (question->sacrificial && !modbus_ledger_owes(ledger, UNIT))
			return true;
		if (question->sacrificial || belongs != MODBUS_TO_LAST)
			continue;
		/* This is what it is all about: the answer to this question, and no other. */
		assert_int_equal(asked.address, question->request.address);
		return true;
	}
	return false;
}

static unsigned int live(struct moody_unit *unit, unsigned int rounds)
{
	struct modbus_ledger ledger = {0};
	unsigned int answered = 0;

	for (unsigned int i = 1; i <= rounds; i++) {
		/* Every read has an address of its own, and one of two lengths. */
		const struct modbus_question read =
			read_of((uint16_t)i, (uint16_t)(1 + draw(unit, 2)));
		const struct modbus_question probe = sacrifice(3);
		if (modbus_ledger_owes(&ledger, UNIT) && !attempt(&ledger, unit, &probe))
			continue;
		answered += attempt(&ledger, unit, &read);
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
		cmocka_unit_test(full_ledger_lets_nothing_more_be_asked),
		cmocka_unit_test(value_is_never_put_down_to_another_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
