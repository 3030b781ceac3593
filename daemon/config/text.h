/* The text of a configuration file as words and marks, each with its line.
 *
 * Tells what is no text, and what passes for something else: curly quotes,
 * no-break blanks, letters of other alphabets. Those are then taken for what
 * was meant, so that one mistake is told once.
 */
#ifndef CORRIDORD_CONFIG_TEXT_H
#define CORRIDORD_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/complaint.h"

enum conf_mark {
	CONF_END, /* of the file */
	CONF_WORD,
	CONF_OPEN = '{',
	CONF_CLOSE = '}',
	CONF_EQUALS = '=',
	CONF_COMMA = ',',
};

struct conf_token {
	const char *text; /* of a word, without its quotes; of a mark, the mark */
	int line;
	unsigned char mark; /* enum conf_mark */
	bool told; /* something is wrong with it, and was told */
	bool lost; /* a text without an end, which was told */
};

/* The file's bytes and a NUL. -EISDIR (not a plain file), or another errno. */
int conf_text_read(struct conf_store *store, const char *path, char **ret_bytes, size_t *ret_count);

/* Of bytes with a NUL behind them, in which the tokens' texts then are. The last token is a
 * CONF_END. NULL: no memory. file->cut: part of the text is lost. */
struct conf_token *conf_text_split(char *bytes, size_t count, struct conf_file *file,
				   struct conf_complaints *complaints);

#endif
