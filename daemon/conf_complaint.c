#include "conf_complaint.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST_BYTES 64 /* of words that are compared */

struct conf_complaint {
	struct conf_place place;
	size_t number; /* keeps the order within a line */
	char *text;
};

void conf_complain(struct conf_complaints *complaints, struct conf_place place, const char *format,
		   ...)
{
	struct conf_complaint *list =
		reallocarray(complaints->list, complaints->count + 1, sizeof(*list));
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (list != NULL)
		complaints->list = list;
	if (list == NULL || vasprintf(&text, format, args) < 0)
		complaints->no_memory = true;
	else
		list[complaints->count] = (struct conf_complaint){
			.place = place, .number = complaints->count, .text = text};
	if (!complaints->no_memory)
		complaints->count++;
	va_end(args);
}

void conf_complaints_cut(struct conf_complaints *complaints, size_t count)
{
	while (complaints->count > count)
		free(complaints->list[--complaints->count].text);
}

static int by_place(const void *left, const void *right)
{
	const struct conf_complaint *a = left, *b = right;

	if (a->place.file != b->place.file)
		return a->place.file->order < b->place.file->order ? -1 : 1;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* A profile is looked at once for each of its devices: the same line then comes twice. */
static bool said_before(const struct conf_complaint *list, size_t index)
{
	size_t i = index;

	while (i-- > 0 && list[i].place.file == list[index].place.file &&
	       list[i].place.line == list[index].place.line)
		if (strcmp(list[i].text, list[index].text) == 0)
			return true;
	return false;
}

void conf_complaints_print(struct conf_complaints *complaints, FILE *out)
{
	const struct conf_complaint *list = complaints->list;
	size_t i;

	if (complaints->count > 0)
		qsort(complaints->list, complaints->count, sizeof(*list), by_place);
	for (i = 0; i < complaints->count; i++) {
		if (said_before(list, i))
			continue;
		fprintf(out, "%s:", list[i].place.file->path);
		if (list[i].place.line > 0)
			fprintf(out, "%d:", list[i].place.line);
		fprintf(out, " %s\n", list[i].text);
	}
}

void conf_complaints_free(struct conf_complaints *complaints)
{
	conf_complaints_cut(complaints, 0);
	free(complaints->list);
	complaints->list = NULL;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours that turn a into b. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[3][NEAREST_BYTES + 1];
	size_t *before = row[0], *above = row[1], *here = row[2];
	size_t a_bytes = strlen(a), b_bytes = strlen(b), i, j;

	for (j = 0; j <= b_bytes; j++)
		here[j] = j;
	for (i = 1; i <= a_bytes; i++) {
		size_t *oldest = before;

		before = above;
		above = here;
		here = oldest;
		here[0] = i;
		for (j = 1; j <= b_bytes; j++) {
			here[j] = least(above[j] + 1, here[j - 1] + 1,
					above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < here[j])
				here[j] = before[j - 2] + 1;
		}
	}
	return here[b_bytes];
}

void conf_nearest_offer(struct conf_nearest *nearest, const char *candidate)
{
	size_t bytes = strlen(nearest->word), distance;

	if (bytes > NEAREST_BYTES || strlen(candidate) > NEAREST_BYTES)
		return;
	distance = edit_distance(nearest->word, candidate);
	if (distance > (bytes < 6 ? 1 : bytes / 3) &&
	    (bytes < 3 || strncmp(candidate, nearest->word, bytes) != 0))
		return;
	if (nearest->best == NULL || distance < nearest->distance) {
		nearest->best = candidate;
		nearest->distance = distance;
	}
}

const char *conf_nearest_hint(struct conf_nearest *nearest)
{
	nearest->hint[0] = '\0';
	if (nearest->best != NULL)
		snprintf(nearest->hint, sizeof(nearest->hint), ", did you mean \"%s\"?",
			 nearest->best);
	return nearest->hint;
}
