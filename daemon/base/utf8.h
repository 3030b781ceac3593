/* The one rule for texts from outside: printable characters of UTF-8. */
#ifndef CORRIDORD_BASE_UTF8_H
#define CORRIDORD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at the beginning of a text that ends with a NUL. 0: it is a control
 * character (tab and line end too, DEL, U+0080 to U+009F), one that is not seen or turns the
 * direction of writing, or no UTF-8. */
size_t utf8_character(const char *text);

/* The same, but those that are not seen or turn the direction of writing are characters too: for
 * who has a word to say about each. */
size_t utf8_sequence(const char *text);

#define UTF8_BYTES 5 /* of a character, with the NUL */

/* Of the character at the beginning of that; bytes: as utf8_sequence() says. */
uint32_t utf8_code(const char *text, size_t bytes);
void utf8_write(uint32_t code, char ret_text[UTF8_BYTES]);

/* Printable characters throughout. */
bool utf8_is_printable(const char *text);

/* Copies a text, with '?' for each byte of what is no such character, cut between two when there
 * is no room; returns its bytes. text may be out. */
size_t utf8_print(char *out, size_t size, const char *text);

/* So many bytes of a text, less those of a last character that is cut. */
size_t utf8_cut(const char *text, size_t bytes);

#endif
