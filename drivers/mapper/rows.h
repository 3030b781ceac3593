/* The options of a device that sends messages, for the table of a driver that has others beside them.
 * struct map_device_conf is the first member of its struct. */
#ifndef CORRIDORD_MAPPER_ROWS_H
#define CORRIDORD_MAPPER_ROWS_H

#include "mapper/conf.h"

extern const struct conf_choice map_formats[], map_time_forms[];

#define MAP_DEVICE(member) offsetof(struct map_device_conf, member)

#define MAP_DEVICE_OPTIONS(default_format)                                                                      \
	{.name = "format",                                                                                      \
	 .type = CONF_CHOICE,                                                                                   \
	 .offset = MAP_DEVICE(format),                                                                          \
	 .def = (default_format),                                                                               \
	 .choices = map_formats,                                                                                \
	 .help = "What a message is: a text; a JSON value, which pointers look into; XML, of which they name "  \
		 "elements below the root, without namespaces, and attributes as @name."},                      \
		{.name = "each",                                                                                \
		 .type = CONF_TEXT,                                                                             \
		 .offset = MAP_DEVICE(each),                                                                    \
		 .help = "Pointer to an array: each of its elements is a record, in which pointers that "       \
			 "begin with ./ start. A message that is an array needs none. Of XML: to the first of " \
			 "several elements of one name."},                                                      \
		{.name = "when",                                                                                \
		 .type = CONF_LIST,                                                                             \
		 .offset = MAP_DEVICE(when),                                                                    \
		 .help = "Conditions such as \"/type=lpr\" that all must hold, else the message is none of "    \
			 "this device's; without = the value must be there."},                                  \
		{.name = "only",                                                                                \
		 .type = CONF_LIST,                                                                             \
		 .offset = MAP_DEVICE(only),                                                                    \
		 .help = "The same, beside those of the profile: which camera, which antenna."},                \
		{.name = "gone",                                                                                \
		 .type = CONF_LIST,                                                                             \
		 .offset = MAP_DEVICE(gone),                                                                    \
		 .help = "Conditions of a message that says the vehicle has left: what is held is then "        \
			 "empty at once. Looked at before \"when\"."},                                          \
		{.name = "id",                                                                                  \
		 .type = CONF_TEXT,                                                                             \
		 .offset = MAP_DEVICE(id),                                                                      \
		 .help = "Pointer to the source's own number of the event: seen lately, it is a repetition."},  \
		{.name = "time",                                                                                \
		 .type = CONF_TEXT,                                                                             \
		 .offset = MAP_DEVICE(time),                                                                    \
		 .help = "Pointer to the source's own time, which max_age judges by."},                         \
	{                                                                                                       \
		.name = "time_form", .type = CONF_CHOICE, .offset = MAP_DEVICE(time_form),                      \
		.def = "rfc3339", .choices = map_time_forms, .help = "How that time is written."                \
	}

#endif
