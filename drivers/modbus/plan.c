#include "modbus/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modbus/decode.h"

#define ADDRESSES 0x10000u

static uint8_t function_of(int table)
{
	static const uint8_t functions[] = {
		[MODBUS_HOLDING] = MODBUS_READ_HOLDING,
		[MODBUS_INPUT] = MODBUS_READ_INPUT,
		[MODBUS_COIL] = MODBUS_READ_COILS,
		[MODBUS_DISCRETE] = MODBUS_READ_DISCRETE,
	};
	return functions[table];
}

static bool reads_bits(uint8_t function)
{
	return function == MODBUS_READ_COILS || function == MODBUS_READ_DISCRETE;
}

static int64_t longest(const struct modbus_plan *plan, uint8_t function)
{
	return reads_bits(function) ? plan->conf->max_bits : plan->conf->max_registers;
}

static int64_t widest_hole(const struct modbus_plan *plan, uint8_t function)
{
	return reads_bits(function) ? plan->conf->max_hole_bits : plan->conf->max_hole;
}

static uint32_t end_of(const struct modbus_item *item)
{
	return (uint32_t)item->address + item->width;
}

static int compare_items(const void *left, const void *right)
{
	const struct modbus_item *a = left, *b = right;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (a->width > b->width) - (a->width < b->width);
}

int modbus_plan_init(struct modbus_plan *plan, const struct driver_device *device)
{
	const struct modbus_device_conf *conf = device->conf;

	plan->conf = conf;
	plan->item_count = device->point_count;
	plan->items = calloc(device->point_count + 1, sizeof(*plan->items));
	plan->reads = calloc(device->point_count + 1, sizeof(*plan->reads));
	if (!plan->items || !plan->reads)
		return -ENOMEM;
	for (size_t i = 0; i < device->point_count; i++) {
		const struct modbus_point_conf *point = device->points[i].conf;
		plan->items[i] = (struct modbus_item){
			.point = i,
			.function = function_of(point->table),
			.address = (uint16_t)(point->address - conf->address_base),
			.width = modbus_point_width(point),
		};
	}
	qsort(plan->items, plan->item_count, sizeof(*plan->items), compare_items);
	modbus_plan_reset(plan);
	return 0;
}

void modbus_plan_fini(struct modbus_plan *plan)
{
	free(plan->items);
	free(plan->reads);
	*plan = (struct modbus_plan){0};
}

static struct modbus_read read_of(const struct modbus_plan *plan, struct modbus_item *items,
				  size_t item_count)
{
	uint32_t end = 0;

	for (size_t i = 0; i < item_count; i++)
		end = end_of(&items[i]) > end ? end_of(&items[i]) : end;
	return (struct modbus_read){
		.request = {.unit = (uint8_t)plan->conf->unit,
			    .function = items->function,
			    .address = items->address,
			    .count = (uint16_t)(end - items->address)},
		.items = items,
		.item_count = item_count,
	};
}

/* How many of the items, from the first on, one request may read. */
static size_t merge(const struct modbus_plan *plan, const struct modbus_item *items,
		    size_t item_count)
{
	const uint8_t function = items->function;
	uint32_t end = end_of(items);
	size_t taken = 1;

	for (; taken < item_count; taken++) {
		const struct modbus_item *item = &items[taken];
		const uint32_t item_end = end_of(item) > end ? end_of(item) : end;
		if (item->function != function ||
		    item_end - items->address > longest(plan, function) ||
		    (int64_t)item->address - end > widest_hole(plan, function))
			break;
		end = item_end;
	}
	return taken;
}

static void make_reads(struct modbus_plan *plan)
{
	size_t next = 0;

	plan->read_count = 0;
	plan->mended = false;
	while (next < plan->item_count) {
		struct modbus_item *items = &plan->items[next];
		const size_t taken = merge(plan, items, plan->item_count - next);
		plan->reads[plan->read_count++] = read_of(plan, items, taken);
		next += taken;
	}
	plan->merged_count = plan->read_count;
}

void modbus_plan_reset(struct modbus_plan *plan)
{
	make_reads(plan);
	plan->merged_again = plan->split_for_good = false;
}

void modbus_plan_mend(struct modbus_plan *plan)
{
	bool whole = plan->mended && !plan->split_for_good && plan->read_count > plan->merged_count;

	for (size_t i = 0; i < plan->read_count; i++)
		whole = whole && plan->reads[i].failures == 0;
	if (!whole)
		return;
	make_reads(plan);
	plan->merged_again = true;
}

static bool same_place(const struct modbus_item *a, const struct modbus_item *b)
{
	return a->address == b->address && a->width == b->width;
}

/* Where the second half starts, as near to the middle as can be; 0: nowhere. */
static size_t middle(const struct modbus_read *read)
{
	const size_t half = read->item_count / 2;

	for (size_t step = 0; step <= half; step++) {
		const size_t low = half - step, high = half + step;
		if (low > 0 && !same_place(&read->items[low - 1], &read->items[low]))
			return low;
		if (high > 0 && high < read->item_count &&
		    !same_place(&read->items[high - 1], &read->items[high]))
			return high;
	}
	return 0;
}

bool modbus_plan_split(struct modbus_plan *plan, size_t read)
{
	struct modbus_read *first = &plan->reads[read];
	struct modbus_item *items = first->items;
	const size_t count = first->item_count, at = middle(first);
	const uint32_t failures = first->failures;

	if (at == 0)
		return false;
	plan->split_for_good = plan->merged_again;
	memmove(first + 1, first, (plan->read_count - read) * sizeof(*first));
	plan->read_count++;
	first[0] = read_of(plan, items, at);
	first[1] = read_of(plan, items + at, count - at);
	first[0].pending = first[1].pending = true;
	first[0].failures = first[1].failures = failures;
	return true;
}

bool modbus_read_is_known(const struct modbus_read *read)
{
	bool known = true;

	for (size_t i = 0; i < read->item_count; i++)
		known = known && read->items[i].known;
	return known;
}

bool modbus_read_has_hole(const struct modbus_read *read)
{
	uint32_t end = read->request.address;

	for (size_t i = 0; i < read->item_count; i++) {
		if (read->items[i].address > end)
			return true;
		end = end_of(&read->items[i]) > end ? end_of(&read->items[i]) : end;
	}
	return false;
}

struct modbus_read modbus_read_part(const struct modbus_plan *plan, const struct modbus_read *read,
				    size_t item)
{
	return read_of(plan, &read->items[item % read->item_count], 1);
}

static void add_shapes(const struct modbus_read *read, struct modbus_shapes *shapes)
{
	const uint8_t function = read->request.function;

	for (size_t first = 0; first < read->item_count; first++) {
		uint32_t end = 0;
		for (size_t last = first; last < read->item_count; last++) {
			end = end_of(&read->items[last]) > end ? end_of(&read->items[last]) : end;
			const uint16_t count = (uint16_t)(end - read->items[first].address);
			shapes->taken[function][modbus_data_bytes(function, count)] = true;
		}
	}
}

void modbus_plan_shapes(const struct modbus_plan *plan, struct modbus_shapes *shapes)
{
	for (size_t i = 0; i < plan->read_count; i++)
		add_shapes(&plan->reads[i], shapes);
}

/* The smallest count whose reply has a free shape; 0: none. */
static uint16_t free_count(const struct modbus_plan *plan, const struct modbus_shapes *shapes,
			   uint8_t function)
{
	const int64_t step = reads_bits(function) ? 8 : 1;

	for (int64_t count = 1; count <= longest(plan, function); count += step)
		if (!shapes->taken[function][modbus_data_bytes(function, (uint16_t)count)])
			return (uint16_t)count;
	return 0;
}

struct modbus_request modbus_plan_probe(const struct modbus_plan *plan,
					const struct modbus_shapes *shapes)
{
	static const uint8_t others[] = {MODBUS_READ_HOLDING, MODBUS_READ_INPUT,
					 MODBUS_READ_DISCRETE, MODBUS_READ_COILS};
	struct modbus_request probe = plan->reads[0].request;
	uint16_t count = 0;

	/* Best: the beginning of a request that the device is known to answer. */
	for (size_t i = 0; i < plan->read_count; i++) {
		const struct modbus_request *request = &plan->reads[i].request;
		count = free_count(plan, shapes, request->function);
		if (count == 0 || count > request->count)
			continue;
		probe = *request;
		probe.count = count;
		return probe;
	}
	/* Else one that it may refuse: a refusal is an answer too. */
	count = free_count(plan, shapes, probe.function);
	for (size_t i = 0; count == 0 && i < sizeof(others); i++) {
		probe.function = others[i];
		count = free_count(plan, shapes, others[i]);
	}
	probe.count = count > 0 ? count : 1;
	if ((uint32_t)probe.address + probe.count > ADDRESSES)
		probe.address = (uint16_t)(ADDRESSES - probe.count);
	return probe;
}
