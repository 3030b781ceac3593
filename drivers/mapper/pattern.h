/* A pattern over texts from outside: PCRE2 without its just-in-time compiler (the service may not
 * map code that it wrote), with limits, so that none takes long however it is built. */
#ifndef CORRIDORD_MAPPER_PATTERN_H
#define CORRIDORD_MAPPER_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct pattern;

/* -EINVAL: fault says why, for people. The caller frees; NULL is taken. */
int pattern_new(const char *text, char *fault, size_t fault_bytes, struct pattern **ret_pattern);
void pattern_free(struct pattern *pattern);

enum pattern_verdict { PATTERN_MATCHES, PATTERN_DIFFERS, PATTERN_GAVE_UP };

/* The place of its first group in the text, of the whole match if it has none. */
enum pattern_verdict pattern_match(struct pattern *pattern, const char *text, size_t bytes,
				   size_t *ret_from, size_t *ret_bytes);

#endif
