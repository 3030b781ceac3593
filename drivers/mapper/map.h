/* What a message says of a point: a value, nothing, or why it is not believed. Pure but for the
 * working memory of patterns: no clock, no I/O, no memory of earlier messages.
 */
#ifndef CORRIDORD_MAPPER_MAP_H
#define CORRIDORD_MAPPER_MAP_H

#include "mapper/conf.h"
#include "mapper/doc.h"
#include "mapper/pattern.h"
#include "transit/event/reading.h"

#define MAP_WHY_BYTES 160

/* A record: a plain text, or a place in a document. */
struct map_record {
	const struct doc *doc; /* NULL: a plain text */
	const struct doc_node *root, *place; /* pointers start at root, those with ./ at place */
	const char *plain; /* ended by a NUL */
};

struct map_point {
	const struct map_point_conf *conf;
	struct pattern *pattern, *accept; /* NULL: none */
	const int64_t *none; /* of a bit: numbers as a whole that mean that there is none */
	size_t none_count;
};

enum map_outcome {
	MAP_NO_NEWS, /* the message says nothing of it */
	MAP_VALUE,
	MAP_NOTHING, /* it says that nothing was read */
	MAP_UNSURE, /* read, with too little confidence or not of the accepted form */
	MAP_OUT_OF_RANGE, /* no value of the type */
};

struct map_result {
	enum map_outcome outcome;
	struct value value; /* with MAP_VALUE */
	double confidence; /* NAN: not said */
	char others[VALUE_TEXT_BYTES]; /* as in struct origin */
	char raw[VALUE_TEXT_BYTES]; /* with MAP_OUT_OF_RANGE: what it was, cut */
	char why[MAP_WHY_BYTES]; /* with the others, for people */
};

/* What is wrong with the options, for people; NULL: nothing. */
const char *map_device_fault(const struct map_device_conf *conf);
const char *map_point_fault(const struct map_device_conf *device,
			    const struct map_point_conf *conf);

/* -EINVAL with fault filled, -ENOMEM. map_point_fini() takes what is half made. */
int map_point_init(struct map_point *point, const struct map_point_conf *conf, char *fault,
		   size_t fault_bytes);
void map_point_fini(struct map_point *point);

/* NULL: nothing there, or no scalar. */
const char *map_text(const struct map_record *record, const char *pointer);

/* All conditions hold; else *ret_failed is the first that does not. */
bool map_holds(const struct map_record *record, const struct conf_list *conditions,
	       const char **ret_failed);

void map_point_read(const struct map_point *point, const struct map_record *record,
		    struct map_result *ret_result);

/* Nanoseconds since 1970; false: it is no time of this form. */
bool map_time(enum map_time_form form, const char *text, int64_t *ret_utc_ns);

#endif
