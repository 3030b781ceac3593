/* Characters that pass for others: what word processors, web pages, PDF files and keyboards of
 * other alphabets put where a plain one was meant.
 */
#ifndef CORRIDORD_CONFIG_LETTER_H
#define CORRIDORD_CONFIG_LETTER_H

#include <stddef.h>
#include <stdint.h>

#define CONF_TELL_BYTES 96
#define CONF_HINT_BYTES (CONF_TELL_BYTES + 2)

enum conf_alike {
	CONF_ITSELF, /* means nothing else */
	CONF_QUOTE,
	CONF_BLANK,
	CONF_HIDDEN, /* cannot be seen */
	CONF_DASH,
	CONF_LIGATURE,
	CONF_WIDE,
	CONF_GREEK,
	CONF_CYRILLIC,
	CONF_STRANGE,
	CONF_ALIKES
};

struct conf_letter {
	uint32_t code;
	size_t bytes; /* of its UTF-8 */
	enum conf_alike alike;
	char meant[4]; /* in ASCII; "" for one that cannot be seen, or means itself */
};

/* The first character of a valid UTF-8 text; of an empty one its NUL. */
struct conf_letter conf_letter_at(const char *text);

/* What is wrong with it where a plain one was meant, and the cure. */
void conf_letter_tell(const struct conf_letter *letter, char out[CONF_TELL_BYTES]);

/* The same, behind "; ", of the first in a text that passes for another; or "": of none, or when
 * all of the text is in another alphabet. */
const char *conf_letter_hint(const char *text, char out[CONF_HINT_BYTES]);

#endif
