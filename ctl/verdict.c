#include "ctl/verdict.h"

#include <stdarg.h>

#include "ctl/text.h"

#define TITLE 27 /* " FAULT  configuration      " */

static void put_verdict(FILE *out, const char *word, const char *about, const char *what)
{
	fprintf(out, " %-6s ", word);
	text_column(out, about, TITLE - 9);
	fputc(' ', out);
	text_wrap(out, what, TITLE, TITLE);
}

void doctor_say(struct doctor *doctor, enum verdict verdict, const char *about, const char *format,
		...)
{
	static const char *const words[] = {[FINE] = "ok", [WARNING] = "warn", [FAULT] = "FAULT"};
	char what[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	doctor->warnings += verdict == WARNING;
	doctor->faults += verdict == FAULT;
	json_array_append_new(doctor->verdicts,
			      json_pack("{s:s, s:s, s:s}", "verdict", words[verdict], "about",
					about, "what", what));
	if (!doctor->ctl->json)
		put_verdict(doctor->ctl->out, words[verdict], about, what);
}
