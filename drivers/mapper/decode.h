/* Bytes written as text. Pure. */
#ifndef CORRIDORD_MAPPER_DECODE_H
#define CORRIDORD_MAPPER_DECODE_H

#include "mapper/conf.h"
#include "transit/event/reading.h"

/* NULL, or what is wrong with the text, for people. */
const char *map_decode(enum map_decode decode, const char *text, char ret_text[VALUE_TEXT_BYTES]);

#endif
