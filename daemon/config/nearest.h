/* The word that was probably meant: by its letters, as an abbreviation, or in other words. */
#ifndef CORRIDORD_CONFIG_NEAREST_H
#define CORRIDORD_CONFIG_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* Set word and patience, offer each of the right words, take the hint. */
struct conf_nearest {
	const char *word;
	size_t *patience; /* steps that may still be spent; shared, so that many wrong words
			   * among many right ones end in time */
	bool few; /* the right words are few: an initial will do */
	const char *meant[2]; /* by the word, in other words */
	const char *best;
	size_t distance;
	const char *initial; /* the one that begins so */
	size_t initials; /* how many do */
	char hint[160];
};

/* false: the patience is at an end, and no more need be offered. */
bool conf_nearest_offer(struct conf_nearest *nearest, const char *candidate);

/* NULL: nothing is near. */
const char *conf_nearest_word(const struct conf_nearest *nearest);

/* Whether it is that in other words, and not by its letters. */
bool conf_nearest_is_meant(const struct conf_nearest *nearest);

/* `, did you mean "x"?`, or "". */
const char *conf_nearest_hint(struct conf_nearest *nearest);

#endif
