#include "mapper/parcel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int parcel_new(enum map_format format, struct parcel **ret_parcel)
{
	struct parcel *parcel = calloc(1, sizeof(*parcel));
	int err = parcel ? 0 : -ENOMEM;

	assert(format != MAP_PLAIN);
	if (err == 0) {
		parcel->format = format;
		err = format == MAP_XML ? xml_new(&parcel->doc, &parcel->xml) : 0;
	}
	if (err < 0) {
		parcel_free(parcel);
		return err;
	}
	*ret_parcel = parcel;
	return 0;
}

void parcel_free(struct parcel *parcel)
{
	if (parcel)
		xml_free(parcel->xml);
	free(parcel);
}

void parcel_begin(struct parcel *parcel)
{
	parcel->bytes = 0;
	parcel->refused = false;
	if (parcel->format == MAP_XML)
		xml_begin(parcel->xml);
	else
		json_begin(&parcel->json, &parcel->doc);
}

void parcel_take(struct parcel *parcel, const char *bytes, size_t count)
{
	const size_t room = parcel->bytes < PARCEL_SAMPLE ? PARCEL_SAMPLE - parcel->bytes : 0;

	memcpy(parcel->sample + PARCEL_SAMPLE - room, bytes, count < room ? count : room);
	parcel->bytes += count;
	if (!parcel->refused)
		parcel->refused = parcel->format == MAP_XML
					  ? !xml_take(parcel->xml, bytes, count)
					  : !json_take(&parcel->json, bytes, count);
}

bool parcel_end(struct parcel *parcel, const char **ret_why, size_t *ret_at)
{
	const bool xml = parcel->format == MAP_XML;

	if (!parcel->refused)
		parcel->refused = xml ? !xml_end(parcel->xml) : !json_end(&parcel->json);
	*ret_why = xml ? xml_error(parcel->xml) : parcel->json.error;
	*ret_at = xml ? xml_at(parcel->xml) : parcel->json.at;
	return !parcel->refused;
}
