/* Fuzzes identifiers with any bytes: what is normalised stays so, and the writing of a number
 * (blanks, small letters) never changes what is thought of it. */
#include <stdlib.h>
#include <string.h>

#include "transit/registry/identifier.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes);

static void expect_same(enum identifier_kind kind, const void *raw, size_t bytes,
			enum identifier_verdict verdict, const char *text)
{
	char again[IDENTIFIER_BYTES];

	if (identifier_read(kind, raw, bytes, again) != verdict || strcmp(again, text) != 0)
		abort();
}

/* Blanks between all characters, and small letters: the same number. */
static void rewrite(enum identifier_kind kind, enum identifier_verdict verdict, const char *text)
{
	const bool keeps_case = identifier_rule(kind)->keeps_case;
	char loose[3 * IDENTIFIER_BYTES];
	size_t used = 0;

	for (const char *c = text; *c; c++) {
		if (((unsigned char)*c & 0xC0) != 0x80) /* begins a character */
			loose[used++] = ' ';
		loose[used++] = (char)(*c >= 'A' && *c <= 'Z' && !keeps_case ? *c - 'A' + 'a' : *c);
	}
	expect_same(kind, loose, used, verdict, text);
}

/* What a scanner leaves before a number is taken off once: there may be more of it. */
static bool is_settled(enum identifier_kind kind, enum identifier_verdict verdict)
{
	const struct identifier_rule *rule = identifier_rule(kind);

	return !rule->prefixes || (verdict == IDENTIFIER_GOOD && !rule->tail);
}

static void try_kind(enum identifier_kind kind, const unsigned char *data, size_t bytes,
		     struct identifier_candidates candidates)
{
	char text[IDENTIFIER_BYTES];
	const enum identifier_verdict verdict = identifier_read(kind, data, bytes, text);

	if (!memchr(text, '\0', sizeof(text)) || verdict >= IDENTIFIER_VERDICTS)
		abort();
	if ((candidates.good >> kind & 1) != (verdict == IDENTIFIER_GOOD) ||
	    (candidates.miswritten >> kind & 1) != (verdict == IDENTIFIER_WRONG_CHECK))
		abort();
	if (!*text) {
		if (verdict != IDENTIFIER_EMPTY && verdict != IDENTIFIER_UNPRINTABLE &&
		    verdict != IDENTIFIER_TOO_LONG)
			abort();
		return;
	}
	if (identifier_check(kind, text) != verdict)
		abort();
	if (is_settled(kind, verdict)) {
		expect_same(kind, text, strlen(text), verdict, text);
		rewrite(kind, verdict, text);
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes)
{
	/* A copy of its own, so that reading past its end is seen. */
	unsigned char *raw = malloc(bytes ? bytes : 1);
	struct identifier_candidates candidates;
	unsigned kind;

	if (!raw)
		return 0;
	memcpy(raw, data, bytes);
	candidates = identifier_classify(raw, bytes);
	for (kind = 0; kind < IDENTIFIER_KINDS; kind++)
		try_kind(kind, raw, bytes, candidates);
	free(raw);
	return 0;
}
