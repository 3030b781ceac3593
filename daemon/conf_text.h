/* The text of a configuration file, made safe for libconfuse.
 *
 * libconfuse 3.3 counts a comment as three lines, replaces ${NAME} in text by
 * the environment, drops characters that it does not know, and stops without a
 * word at a text that does not end. So a file is read whole, and its comments
 * are blanked, its texts and braces checked, before libconfuse sees it. Line
 * numbers stay what they are in the file.
 */
#ifndef CORRIDORD_CONF_TEXT_H
#define CORRIDORD_CONF_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf_complaint.h"

#define CONF_FILE_BYTES	 (1024 * 1024)
#define CONF_BLOCK_DEPTH 16

/* The file's bytes, to be freed. -EISDIR (not a plain file), -EFBIG, or another errno. */
int conf_text_read(const char *path, char **ret_bytes, size_t *ret_count);

/* The cleaned text, to be freed; NULL: no memory. *ret_balanced: every block, list and text
 * that begins also ends; otherwise the complaints say where not. */
char *conf_text_clean(const char *bytes, size_t count, const struct conf_file *file,
		      struct conf_complaints *complaints, bool *ret_balanced);

enum conf_shape { CONF_SHAPE_NONE, CONF_SHAPE_OPTION, CONF_SHAPE_BLOCK };

/* Blanks the option or block of this name that stands in the line or, failing that, last
 * before it, so that a second reading gets past it. CONF_SHAPE_NONE: there is none. */
enum conf_shape conf_text_blank(char *text, int line, const char *name, int *ret_line);

#endif
