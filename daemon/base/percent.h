/* One level of an MQTT topic out of any text: what a level cannot have, or some brokers do not take,
 * stands as %XX, as in a URL: blank, "/", "+", "#", "%", "." and control characters. Pure. */
#ifndef CORRIDORD_BASE_PERCENT_H
#define CORRIDORD_BASE_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

/* false: the text is empty or too long; what is in out is cut. */
bool percent_write(char *out, size_t size, const char *text);

/* Bytes; 0: the level is empty, too long, or has a "%" without two digits that make a character. */
size_t percent_read(const char *level, char *out, size_t size);

#endif
