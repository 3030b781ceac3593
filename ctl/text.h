/* Values, spans and columns for people. Columns count characters, not bytes. */
#ifndef CORRIDORCTL_TEXT_H
#define CORRIDORCTL_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TEXT_SPAN_BYTES	 32
#define TEXT_VALUE_BYTES 160
#define TEXT_WIDTH	 80

/* "12 s", "3 min", "2 h 05 min", "6 d 04 h" */
const char *text_span(int64_t seconds, char out[TEXT_SPAN_BYTES]);
/* "0.08 s" below a minute, else as text_span(). */
const char *text_age(int64_t ms, char out[TEXT_SPAN_BYTES]);
/* A value of a point: "closed", "17", "true", "-" */
const char *text_value(const json_t *value, char out[TEXT_VALUE_BYTES]);

/* Cut or filled with blanks to that width. */
void text_column(FILE *out, const char *text, size_t width);

/* As much of it as has room in a line of that width, whole words; returns the rest, NULL: none. */
const char *text_line(FILE *out, const char *text, size_t width);

/* A line from that column on; what has no room goes on below, indented. */
void text_wrap(FILE *out, const char *text, size_t column, size_t indent);
/* The same on a terminal; elsewhere it is one line. */
void text_put(FILE *out, const char *text, size_t column, size_t indent);

/* Members, "" or 0 when there is no such one. */
const char *text_of(const json_t *object, const char *key);
int64_t number_of(const json_t *object, const char *key);
bool is_set(const json_t *object, const char *key);

#endif
