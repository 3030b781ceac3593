#include "config/complaint.h"

#include <stdlib.h>

struct conf_complaint {
	struct conf_complaint *before;
	struct conf_place place;
	size_t number; /* keeps the order within a line */
	const char *line;
};

static const char *line_of(struct conf_store *store, struct conf_place place, const char *text)
{
	if (place.line == 0)
		return conf_join(store, "%s: %s", place.file->path, text);
	return conf_join(store, "%s:%d: %s", place.file->path, place.line, text);
}

/* A profile is looked at once for each of its devices: the same line then comes twice. */
void conf_complain(struct conf_complaints *complaints, struct conf_place place, const char *format,
		   ...)
{
	struct conf_store *store = complaints->store;
	struct conf_complaint *complaint;
	const char *text, *line;
	struct conf_slot *slot;
	va_list args;

	va_start(args, format);
	text = conf_vjoin(store, format, args);
	va_end(args);
	line = text ? line_of(store, place, text) : NULL;
	slot = conf_index_slot(store, &complaints->lines, line);
	complaint = slot && slot->number++ == 0 ? conf_alloc(store, sizeof(*complaint)) : NULL;
	if (!complaint)
		return;
	*complaint = (struct conf_complaint){.before = complaints->last,
					     .place = place,
					     .number = complaints->count++,
					     .line = line};
	complaints->last = complaint;
}

static int by_place(const void *left, const void *right)
{
	const struct conf_complaint *a = *(struct conf_complaint *const *)left;
	const struct conf_complaint *b = *(struct conf_complaint *const *)right;

	if (a->place.file != b->place.file)
		return a->place.file->order < b->place.file->order ? -1 : 1;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

void conf_complaints_print(struct conf_complaints *complaints, FILE *out)
{
	struct conf_complaint *complaint = complaints->last, **sorted;
	size_t count = complaints->count;

	sorted = conf_alloc(complaints->store, count * sizeof(*sorted));
	if (!sorted)
		return;
	for (size_t i = 0; i < count; i++, complaint = complaint->before)
		sorted[i] = complaint;
	qsort(sorted, count, sizeof(*sorted), by_place);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\n", sorted[i]->line);
}
