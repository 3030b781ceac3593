#include "base/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fold_table.h"
#include "base/utf8.h"

enum fold_class fold_class_of(uint32_t character)
{
	static const struct {
		uint32_t first, last;
		enum fold_class class;
	} classes[] = {
		{0x0009, 0x000A, FOLD_BLANK}, {0x000D, 0x000D, FOLD_BLANK},
		{0x0020, 0x0020, FOLD_BLANK}, {0x002D, 0x002D, FOLD_DASH},
		{0x002E, 0x002E, FOLD_DOT},   {0x00A0, 0x00A0, FOLD_BLANK},
		{0x00AD, 0x00AD, FOLD_BLANK}, {0x00B7, 0x00B7, FOLD_DOT},
		{0x058A, 0x058A, FOLD_DASH},  {0x061C, 0x061C, FOLD_BLANK},
		{0x1680, 0x1680, FOLD_BLANK}, {0x2000, 0x200F, FOLD_BLANK},
		{0x2010, 0x2015, FOLD_DASH},  {0x2022, 0x2022, FOLD_DOT},
		{0x2027, 0x2027, FOLD_DOT},   {0x202A, 0x202C, FOLD_BLANK},
		{0x202F, 0x202F, FOLD_BLANK}, {0x2043, 0x2043, FOLD_DASH},
		{0x205F, 0x2060, FOLD_BLANK}, {0x2066, 0x2069, FOLD_BLANK},
		{0x2212, 0x2212, FOLD_DASH},  {0x2219, 0x2219, FOLD_DOT},
		{0x22C5, 0x22C5, FOLD_DOT},   {0x3000, 0x3000, FOLD_BLANK},
		{0x30FB, 0x30FB, FOLD_DOT},   {0xFE31, 0xFE32, FOLD_DASH},
		{0xFE58, 0xFE58, FOLD_DASH},  {0xFE63, 0xFE63, FOLD_DASH},
		{0xFEFF, 0xFEFF, FOLD_BLANK}, {0xFF0D, 0xFF0D, FOLD_DASH},
		{0xFF65, 0xFF65, FOLD_DOT},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (character <= classes[i].last)
			return character >= classes[i].first ? classes[i].class : FOLD_LETTER;
	return FOLD_LETTER;
}

static int compare_run(const void *key, const void *element)
{
	uint32_t character = *(const uint32_t *)key;
	const struct fold_run *run = element;

	return character < run->first ? -1 : character > run->last;
}

static int compare_several(const void *key, const void *element)
{
	return (int)*(const uint32_t *)key - (int)((const struct fold_several *)element)->from;
}

static int compare_pair(const void *key, const void *element)
{
	const struct fold_pair *a = key, *b = element;

	return a->base != b->base ? a->base - b->base : a->mark - b->mark;
}

/* Letters and digits of formulas, bold, with serifs, …: the only ones beyond the basic plane. */
static uint32_t fold_formula(uint32_t character)
{
	if (character >= 0x1D400 && character <= 0x1D6A3)
		return 'A' + (character - 0x1D400) % 26;
	if (character >= 0x1D7CE && character <= 0x1D7FF)
		return '0' + (character - 0x1D7CE) % 10;
	return character;
}

static uint32_t fold_one(uint32_t character)
{
	const struct fold_run *run;

	if (character > UINT16_MAX)
		return fold_formula(character);
	if (character < 0x80)
		return character >= 'a' && character <= 'z' ? character - 'a' + 'A' : character;
	run = bsearch(&character, fold_runs, FOLD_RUNS, sizeof(fold_runs[0]), compare_run);
	return run && (character - run->first) % run->step == 0 ? run->to + (character - run->first)
								: character;
}

void fold_character(uint32_t character, char ret_text[FOLD_BYTES], uint32_t *ret_last)
{
	const struct fold_several *several = bsearch(&character, fold_several, FOLD_SEVERAL,
						     sizeof(fold_several[0]), compare_several);
	uint32_t folded;

	if (several) {
		snprintf(ret_text, FOLD_BYTES, "%s", several->to);
		*ret_last = (unsigned char)several->to[strlen(several->to) - 1];
		return;
	}
	folded = fold_one(character);
	utf8_write(folded, ret_text);
	*ret_last = folded;
}

uint32_t fold_compose(uint32_t letter, uint32_t mark)
{
	struct fold_pair key = {.base = (uint16_t)letter, .mark = (uint16_t)mark};
	const struct fold_pair *pair;

	if (letter > UINT16_MAX || mark > UINT16_MAX)
		return 0;
	pair = bsearch(&key, fold_pairs, FOLD_PAIRS, sizeof(fold_pairs[0]), compare_pair);
	return pair ? pair->to : 0;
}
