#include "gateway/loaded.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t *new_list(size_t count)
{
	uint32_t *list = malloc((count + 1) * sizeof(*list));

	for (size_t i = 0; list && i < count; i++)
		list[i] = (uint32_t)i;
	return list;
}

static void name_devices(struct loaded *loaded)
{
	const struct config *config = loaded->config;

	for (size_t i = 0; i < config->device_count; i++) {
		const struct device_conf *device = &config->devices[i];

		loaded->devices[i].name = device->name;
		if (!device->own_bus)
			loaded->devices[i].bus = config->buses[device->bus].name;
	}
}

int loaded_new(const struct config *config, struct config *owned, struct loaded **ret_loaded)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));

	if (!loaded)
		return -ENOMEM;
	loaded->config = config;
	loaded->points_now = new_list(config->point_count);
	loaded->devices_now = new_list(config->device_count);
	loaded->devices = calloc(config->device_count + 1, sizeof(loaded->devices[0]));
	if (!loaded->points_now || !loaded->devices_now || !loaded->devices) {
		loaded_free(loaded);
		return -ENOMEM;
	}
	name_devices(loaded);
	loaded->owned = owned;
	*ret_loaded = loaded;
	return 0;
}

void loaded_free(struct loaded *loaded)
{
	if (!loaded)
		return;
	config_free(loaded->owned);
	free(loaded->points_now);
	free(loaded->devices_now);
	free(loaded->devices);
	free(loaded);
}

void loaded_fill(const struct loaded *loaded, struct transit_conf *conf)
{
	const struct config *config = loaded->config;

	conf->devices = loaded->devices;
	conf->device_count = config->device_count;
	conf->points = config->points;
	conf->point_count = config->point_count;
	conf->lanes = config->lanes;
	conf->lane_count = config->lane_count;
	conf->contacts = config->contacts;
	conf->contact_count = config->contact_count;
	conf->meters = config->meters;
	conf->meter_count = config->meter_count;
}

/* From what is the same in the old one, by the number in the new: the other way round. NULL: no
 * memory. */
static uint32_t *turned(const uint32_t *same, size_t count, size_t old_count)
{
	uint32_t *list = malloc((old_count + 1) * sizeof(*list));

	for (size_t i = 0; list && i < old_count; i++)
		list[i] = LOADED_GONE;
	for (size_t i = 0; list && i < count; i++)
		if (same[i] != CONFIG_NEW)
			list[same[i]] = (uint32_t)i;
	return list;
}

int loaded_move_new(const struct config *old, const struct config *next,
		    const struct config_same *same, struct loaded_move *ret_move)
{
	ret_move->points = turned(same->points, next->point_count, old->point_count);
	ret_move->devices = turned(same->devices, next->device_count, old->device_count);
	return ret_move->points && ret_move->devices ? 0 : -ENOMEM;
}

void loaded_move_free(struct loaded_move *move)
{
	free(move->points);
	free(move->devices);
	*move = (struct loaded_move){.points = NULL};
}

static void renumber(uint32_t *now, size_t count, const uint32_t *moved)
{
	for (size_t i = 0; i < count; i++)
		if (now[i] != LOADED_GONE)
			now[i] = moved[now[i]];
}

void loaded_move(struct loaded *loaded, const struct loaded_move *move)
{
	renumber(loaded->points_now, loaded->config->point_count, move->points);
	renumber(loaded->devices_now, loaded->config->device_count, move->devices);
}
