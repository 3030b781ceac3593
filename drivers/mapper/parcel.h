/* A message that is read piece by piece as it comes, JSON or XML, into a document of fixed size: however
 * long it is, it takes no more memory. */
#ifndef CORRIDORD_MAPPER_PARCEL_H
#define CORRIDORD_MAPPER_PARCEL_H

#include "mapper/conf.h"
#include "mapper/json.h"
#include "mapper/xml.h"

#define PARCEL_SAMPLE 60 /* bytes of its beginning that are kept, to be shown */

struct parcel {
	enum map_format format; /* MAP_JSON or MAP_XML */
	struct doc doc;
	struct json json;
	struct xml *xml; /* NULL: the format needs none */
	char sample[PARCEL_SAMPLE];
	size_t bytes; /* taken */
	bool refused;
};

/* -ENOMEM. The caller frees; NULL is taken. */
int parcel_new(enum map_format format, struct parcel **ret_parcel);
void parcel_free(struct parcel *parcel);

void parcel_begin(struct parcel *parcel);
/* What is refused stays so: parcel_end() says why. */
void parcel_take(struct parcel *parcel, const char *bytes, size_t count);
/* false: it is none, *ret_why and *ret_at say why and where. */
bool parcel_end(struct parcel *parcel, const char **ret_why, size_t *ret_at);

#endif
