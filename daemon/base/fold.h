/* Characters as numbers are compared: people, cameras and office programs write the same number with
 * different ones.
 *
 * Compatibility forms (full width, ligatures) are resolved, digits of all scripts are 0 to 9, letters
 * capital, marks composed with their letters: NFKC of Unicode for what occurs in numbers. Capitals of
 * Cyrillic, Greek and Armenian that cannot be told from Latin ones are these, also with their marks. Pure, nothing is allocated.
 */
#ifndef CORRIDORD_BASE_FOLD_H
#define CORRIDORD_BASE_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLD_BYTES 8 /* of what one character becomes, with the NUL */

enum fold_class {
	FOLD_LETTER, /* or a digit, or another sign */
	FOLD_BLANK, /* has no ink: a blank of any width, a mark of byte order or direction,
		     * not one that turns letters round */
	FOLD_DASH,
	FOLD_DOT, /* on the line, or in the middle of it */
};

enum fold_class fold_class_of(uint32_t character);

/* What it is compared as, in UTF-8. ret_last: the last character of that. */
void fold_character(uint32_t character, char ret_text[FOLD_BYTES], uint32_t *ret_last);

/* A folded letter with a mark behind it; 0: they are no one character. */
uint32_t fold_compose(uint32_t letter, uint32_t mark);

#endif
