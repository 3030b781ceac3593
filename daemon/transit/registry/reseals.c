#include "transit/registry/reseals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/memo.h"
#include "transit/event/teller.h"

#define TEXT_VERSION 1
#define KEY	     "reseal/"
#define CHAIN_MAX    32 /* replaced so often, one after the other */

struct reseal {
	char affixed[IDENTIFIER_BYTES];
	char declared[IDENTIFIER_BYTES]; /* that both stand for */
	int64_t utc_ns;
};

int reseals_init(struct reseals *reseals)
{
	return drawer_init(&reseals->drawer, RESEALS_MAX);
}

void reseals_fini(struct reseals *reseals)
{
	drawer_fini(&reseals->drawer);
}

static bool read_reseal(const char *text, struct reseal *ret_reseal)
{
	struct memo_reader reader;

	memo_read(&reader, text);
	(void)memo_take(&reader, TEXT_VERSION, TEXT_VERSION);
	memo_take_text(&reader, ret_reseal->affixed, sizeof(ret_reseal->affixed));
	memo_take_text(&reader, ret_reseal->declared, sizeof(ret_reseal->declared));
	ret_reseal->utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	return memo_end(&reader) && ret_reseal->affixed[0] && ret_reseal->declared[0];
}

static struct drawer_note note_of(const struct reseal *reseal)
{
	return (struct drawer_note){.due_ns = INT64_MAX, .rank = reseal->utc_ns / DRAWER_RANK_NS};
}

bool reseals_recall(struct reseals *reseals, const char *key, const char *text)
{
	struct drawer_note note;
	struct reseal reseal;

	if (strncmp(key, KEY, strlen(KEY)) != 0)
		return false;
	if (!read_reseal(text, &reseal))
		return true;
	note = note_of(&reseal);
	(void)drawer_put(&reseals->drawer, key + strlen(KEY), text, &note);
	return true;
}

/* ---- which one ------------------------------------------------------------------------- */

bool reseals_is_removed(const struct reseals *reseals, const char *number)
{
	return reseals && drawer_find(&reseals->drawer, number) != DRAWER_NONE;
}

/* What was affixed instead of it. false: it was not removed. */
static bool find_affixed(const struct reseals *reseals, const char *number,
			 char ret_affixed[IDENTIFIER_BYTES])
{
	size_t at = drawer_find(&reseals->drawer, number);
	struct reseal reseal;

	if (at == DRAWER_NONE || !read_reseal(drawer_value(&reseals->drawer, at), &reseal))
		return false;
	memcpy(ret_affixed, reseal.affixed, IDENTIFIER_BYTES);
	return true;
}

bool reseals_current(const struct reseals *reseals, const char *number,
		     char ret_current[IDENTIFIER_BYTES])
{
	bool replaced = reseals && find_affixed(reseals, number, ret_current);

	for (int i = 1; replaced && i < CHAIN_MAX; i++)
		if (!find_affixed(reseals, ret_current, ret_current))
			break;
	return replaced;
}

const char *reseals_declared(const struct reseals *reseals, const char *number)
{
	struct reseal reseal;

	for (size_t i = 0; reseals && i < reseals->drawer.count; i++) {
		size_t at;

		if (!read_reseal(drawer_value(&reseals->drawer, i), &reseal) ||
		    strcmp(reseal.affixed, number) != 0)
			continue;
		at = drawer_find(&reseals->drawer, reseal.declared);
		return at == DRAWER_NONE ? number : drawer_key(&reseals->drawer, at);
	}
	return number;
}

/* ---- adding ---------------------------------------------------------------------------- */

static void drop(struct reseals *reseals, struct teller *teller, size_t at)
{
	char key[MEMORY_KEY_BYTES];

	snprintf(key, sizeof(key), KEY "%s", drawer_key(&reseals->drawer, at));
	teller_put_memory(teller, key, NULL);
	drawer_drop(&reseals->drawer, at);
}

static void make_room(struct reseals *reseals, struct teller *teller)
{
	size_t oldest = drawer_lowest(&reseals->drawer);
	char number[IDENTIFIER_BYTES];

	snprintf(number, sizeof(number), "%s", drawer_key(&reseals->drawer, oldest));
	drop(reseals, teller, oldest);
	tell_gave_way(teller, "reseal", number, RESEALS_MAX);
}

bool reseals_add(struct reseals *reseals, struct teller *teller, const char *removed,
		 const char *affixed)
{
	struct reseal reseal = {.utc_ns = teller->now.utc_ns};
	struct drawer_note note;
	struct memo memo;
	size_t again;

	if (find_affixed(reseals, removed, reseal.affixed) && strcmp(reseal.affixed, affixed) == 0)
		return false;
	snprintf(reseal.declared, sizeof(reseal.declared), "%s",
		 reseals_declared(reseals, removed));
	again = drawer_find(&reseals->drawer, affixed);
	if (again != DRAWER_NONE) /* what was removed is back */
		drop(reseals, teller, again);
	if (!reseals_is_removed(reseals, removed) && drawer_is_full(&reseals->drawer))
		make_room(reseals, teller);
	memo_start(&memo, reseals->text, sizeof(reseals->text));
	memo_int(&memo, TEXT_VERSION);
	memo_text(&memo, affixed);
	memo_text(&memo, reseal.declared);
	memo_int(&memo, reseal.utc_ns);
	note = note_of(&reseal);
	(void)drawer_put(&reseals->drawer, removed, reseals->text, &note);
	snprintf(reseals->key, sizeof(reseals->key), KEY "%s", removed);
	teller_remember(teller, reseals->key, reseals->text);
	return true;
}
