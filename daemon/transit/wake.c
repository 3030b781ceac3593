#include "transit/wake.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int wake_init(struct wake *wake, uint32_t slots)
{
	*wake = (struct wake){.count = slots};
	wake->at = calloc(slots ? slots : 1, sizeof(*wake->at));
	wake->heap = calloc(slots ? slots : 1, sizeof(*wake->heap));
	wake->place = calloc(slots ? slots : 1, sizeof(*wake->place));
	if (!wake->at || !wake->heap || !wake->place) {
		wake_fini(wake);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < slots; i++) {
		wake->at[i] = INT64_MAX;
		wake->heap[i] = i;
		wake->place[i] = i;
	}
	return 0;
}

void wake_fini(struct wake *wake)
{
	free(wake->at);
	free(wake->heap);
	free(wake->place);
	*wake = (struct wake){0};
}

static bool before(const struct wake *wake, uint32_t a, uint32_t b)
{
	uint32_t slot_a = wake->heap[a], slot_b = wake->heap[b];

	if (wake->at[slot_a] != wake->at[slot_b])
		return wake->at[slot_a] < wake->at[slot_b];
	return slot_a < slot_b;
}

static void swap(struct wake *wake, uint32_t a, uint32_t b)
{
	uint32_t slot = wake->heap[a];

	wake->heap[a] = wake->heap[b];
	wake->heap[b] = slot;
	wake->place[wake->heap[a]] = a;
	wake->place[wake->heap[b]] = b;
}

static void sift_up(struct wake *wake, uint32_t i)
{
	while (i > 0 && before(wake, i, (i - 1) / 2)) {
		swap(wake, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct wake *wake, uint32_t i)
{
	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= wake->count)
			return;
		if (child + 1 < wake->count && before(wake, child + 1, child))
			child++;
		if (!before(wake, child, i))
			return;
		swap(wake, i, child);
		i = child;
	}
}

void wake_set(struct wake *wake, uint32_t slot, int64_t at_mono_ns)
{
	int64_t old_mono_ns = wake->at[slot];

	wake->at[slot] = at_mono_ns;
	if (at_mono_ns < old_mono_ns)
		sift_up(wake, wake->place[slot]);
	else if (at_mono_ns > old_mono_ns)
		sift_down(wake, wake->place[slot]);
}

int64_t wake_next(const struct wake *wake)
{
	return wake->count ? wake->at[wake->heap[0]] : INT64_MAX;
}

uint32_t wake_first(const struct wake *wake)
{
	return wake->heap[0];
}
