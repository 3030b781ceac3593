#include "mapper/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define STEPS_MAX  20000
#define DEPTH_MAX  500
#define HEAP_KIB   256
#define LENGTH_MAX 1024 /* of a pattern */
#define CODE_MAX   (64 * 1024) /* of what it is compiled to */

struct pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static int explain(char *fault, size_t fault_bytes, int error, size_t offset)
{
	unsigned char message[96] = "";

	pcre2_get_error_message(error, message, sizeof(message));
	snprintf(fault, fault_bytes, "%s, at character %zu", (const char *)message, offset + 1);
	return -EINVAL;
}

static int compile(struct pattern *pattern, const char *text, char *fault, size_t fault_bytes)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	size_t offset = 0, bytes = 0;
	int error = 0;

	if (!context)
		return -ENOMEM;
	pcre2_set_max_pattern_length(context, LENGTH_MAX);
	pattern->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				      PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
				      &error, &offset, context);
	pcre2_compile_context_free(context);
	if (!pattern->code)
		return explain(fault, fault_bytes, error, offset);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &bytes);
	if (bytes > CODE_MAX) {
		snprintf(fault, fault_bytes, "the pattern is too large");
		return -EINVAL;
	}
	return 0;
}

static int set_limits(struct pattern *pattern)
{
	pattern->match = pcre2_match_data_create(2, NULL); /* the whole and a group */
	pattern->limits = pcre2_match_context_create(NULL);
	if (!pattern->match || !pattern->limits)
		return -ENOMEM;
	pcre2_set_match_limit(pattern->limits, STEPS_MAX);
	pcre2_set_depth_limit(pattern->limits, DEPTH_MAX);
	pcre2_set_heap_limit(pattern->limits, HEAP_KIB);
	return 0;
}

int pattern_new(const char *text, char *fault, size_t fault_bytes, struct pattern **ret_pattern)
{
	struct pattern *pattern = calloc(1, sizeof(*pattern));
	int err;

	if (!pattern)
		return -ENOMEM;
	err = compile(pattern, text, fault, fault_bytes);
	if (err == 0)
		err = set_limits(pattern);
	if (err < 0) {
		pattern_free(pattern);
		return err;
	}
	*ret_pattern = pattern;
	return 0;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_match_context_free(pattern->limits);
	pcre2_match_data_free(pattern->match);
	pcre2_code_free(pattern->code);
	free(pattern);
}

enum pattern_verdict pattern_match(struct pattern *pattern, const char *text, size_t bytes,
				   size_t *ret_from, size_t *ret_bytes)
{
	const int count = pcre2_match(pattern->code, (PCRE2_SPTR)text, bytes, 0, 0, pattern->match,
				      pattern->limits);
	const size_t *ends = pcre2_get_ovector_pointer(pattern->match);
	size_t group;

	if (count < 0)
		return count == PCRE2_ERROR_NOMATCH ? PATTERN_DIFFERS : PATTERN_GAVE_UP;
	/* 0: it has more groups than there was room for. */
	group = count != 1 && ends[2] != PCRE2_UNSET ? 1 : 0;
	if (ends[2 * group] > ends[2 * group + 1])
		return PATTERN_DIFFERS;
	*ret_from = ends[2 * group];
	*ret_bytes = ends[2 * group + 1] - ends[2 * group];
	return PATTERN_MATCHES;
}
