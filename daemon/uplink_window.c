#include "uplink_window.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int window_init(struct window *window, size_t slots)
{
	*window = (struct window){.slots = slots, .limit = slots};
	window->ring = calloc(slots, sizeof(window->ring[0]));
	return window->ring ? 0 : -ENOMEM;
}

void window_fini(struct window *window)
{
	free(window->ring);
	window->ring = NULL;
}

void window_reset(struct window *window, size_t limit)
{
	window->first = 0;
	window->count = 0;
	window->limit = limit < window->slots ? limit : window->slots;
	if (window->limit == 0)
		window->limit = 1;
}

bool window_has_room(const struct window *window)
{
	return window->count < window->limit;
}

static struct window_entry *entry_at(struct window *window, size_t index)
{
	size_t slot = window->first + index;

	return &window->ring[slot < window->slots ? slot : slot - window->slots];
}

void window_push(struct window *window, int mid, int kind, uint64_t position)
{
	assert(window_has_room(window));
	*entry_at(window, window->count++) =
		(struct window_entry){.mid = mid, .kind = kind, .position = position};
}

/* A broker acknowledges in order, so what is looked for is the first or close to it. */
struct window_entry *window_find(struct window *window, int mid)
{
	size_t i;

	for (i = 0; i < window->count; i++) {
		struct window_entry *entry = entry_at(window, i);

		if (entry->mid == mid && !entry->done)
			return entry;
	}
	return NULL;
}

bool window_holds(struct window *window, int kind)
{
	size_t i;

	for (i = 0; i < window->count; i++)
		if (entry_at(window, i)->kind == kind && !entry_at(window, i)->done)
			return true;
	return false;
}

void window_forget(struct window *window, int kind)
{
	size_t i;

	for (i = 0; i < window->count; i++)
		if (entry_at(window, i)->kind == kind)
			entry_at(window, i)->kind = WINDOW_FORGOTTEN;
}

bool window_pop(struct window *window, struct window_entry *ret_entry)
{
	if (window->count == 0 || !entry_at(window, 0)->done)
		return false;
	*ret_entry = *entry_at(window, 0);
	window->first = window->first + 1 < window->slots ? window->first + 1 : 0;
	window->count--;
	return true;
}
