/* A question at the control socket: one line, one JSON object.
 *
 * Reads and checks; who answers is control.h. Every text is bounded, UTF-8 and without control
 * characters, so that it may go into an event and a log line as it is.
 */
#ifndef CORRIDORD_CONTROL_QUESTION_H
#define CORRIDORD_CONTROL_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/members.h"
#include "transit/event/event.h"

#define QUESTION_BYTES	     1024 /* the longest line, with its end */
#define QUESTION_ID_BYTES    65 /* these with the NUL */
#define QUESTION_NAME_BYTES  STATE_KEY_BYTES
#define QUESTION_WORD_BYTES  64
#define QUESTION_KEY_BYTES   192
#define QUESTION_ERROR_BYTES MEMBERS_ERROR_BYTES
#define QUESTION_EVENTS	     200 /* in an answer */
#define QUESTION_REGISTERS   125 /* what one Modbus answer holds */

enum control_method {
	CONTROL_STATUS, /* the gateway, its journal, uplink and lanes, the alarms */
	CONTROL_METRICS, /* what is counted, as published */
	CONTROL_BUSES,
	CONTROL_DEVICES,
	CONTROL_POINTS, /* all, or those of a device, a lane, or one */
	CONTROL_SENSORS, /* all, or those of a lane, or one */
	CONTROL_FOLLOW, /* each event from now on, as it is captured */
	CONTROL_READINGS, /* each from now on, and the last ones before */
	CONTROL_READ, /* registers of a device, now */
	CONTROL_EVENTS, /* what was captured */
	CONTROL_REGISTRY, /* which lists there are */
	CONTROL_RECORD, /* one of the registry */
	CONTROL_ACK, /* an alarm is taken note of */
	CONTROL_PRESENT, /* this, and those below, as an officer's request of the same name */
	CONTROL_RESEAL,
	CONTROL_CONTROL,
	CONTROL_RELEASE,
	CONTROL_REDIRECT,
	CONTROL_INCIDENT,
	CONTROL_MAINTENANCE, /* begins or ends: what happens meanwhile is a test */
	CONTROL_SCAN, /* a line is lent to who looks for what hangs on it */
	CONTROL_RELOAD, /* the configuration is read again */
	CONTROL_METHODS
};

struct control_question {
	enum control_method method;
	char id[QUESTION_ID_BYTES]; /* given back with the answer; empty: none */
	char of[QUESTION_NAME_BYTES]; /* devices, points, sensors, read; empty: all */
	uint32_t from; /* of a list, also of readings: whence to go on */
	char table[QUESTION_WORD_BYTES]; /* read: "holding"; empty: what the device has */
	uint32_t address, count; /* read */
	char step[QUESTION_WORD_BYTES],
		reason[OFFICER_REASON_BYTES]; /* maintenance; step: scan, too */
	uint32_t minutes;
	char after[QUESTION_WORD_BYTES]; /* events: the "next" of the answer before; empty: none */
	char type[QUESTION_WORD_BYTES], class[QUESTION_WORD_BYTES]; /* events; empty: all */
	uint32_t last, since, most; /* events */
	char kind[QUESTION_WORD_BYTES], key[QUESTION_KEY_BYTES]; /* record */
	char word[QUESTION_BYTES]; /* an officer's: all other members, as JSON, not looked at */
};

const char *control_method_name(enum control_method method);
bool control_method_is_word(enum control_method method); /* of an officer */
bool control_method_changes(enum control_method method); /* not everybody may ask it */

/* line: NUL-terminated, changed nowhere. 0; -EINVAL: ret_error says in words why not, and the id
 * is there if it could be read. */
int question_read(const char *line, struct control_question *ret_question,
		  char ret_error[QUESTION_ERROR_BYTES]);

#endif
