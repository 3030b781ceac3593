/* Any line as a question at the control socket: what is taken has texts that are ended and printable,
 * and numbers within their bounds; what is refused says why. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "control/question.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check_text(const char *text, size_t size)
{
	if (!memchr(text, '\0', size) || !utf8_is_printable(text))
		abort();
}

static void check_question(const struct control_question *question)
{
	if (question->method >= CONTROL_METHODS || question->count < 1 ||
	    question->count > QUESTION_REGISTERS)
		abort();
	check_text(question->of, sizeof(question->of));
	check_text(question->table, sizeof(question->table));
	if (!memchr(question->word, '\0',
		    sizeof(question->word))) /* JSON, judged by who reads it */
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct control_question question;
	char line[QUESTION_BYTES], error[QUESTION_ERROR_BYTES] = "";
	int err;

	if (size >= sizeof(line))
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	err = question_read(line, &question, error);
	check_text(question.id, sizeof(question.id));
	if (err == 0)
		check_question(&question);
	else if (err != -EINVAL || !error[0] || !memchr(error, '\0', sizeof(error)))
		abort();
	return 0;
}
