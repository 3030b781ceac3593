/* A contact that says one thing: mains is there, the cabinet's door is closed, the panic
 * button is pressed, somebody is where nobody should be.
 *
 * States: its two words, of which one is normal, and unknown: a contact that cannot be read
 * is neither. Which event tells that it is not normal follows from the severity it is given;
 * a critical one stays until an officer acknowledges it.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_CONTACT_H
#define CORRIDORD_TRANSIT_SENSOR_CONTACT_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/sensor/sensor.h"

enum contact_use {
	CONTACT_OTHER,
	CONTACT_MAINS,
	CONTACT_DOOR,
	CONTACT_PANIC,
	CONTACT_INTRUSION,
	CONTACT_USES
};

enum { CONTACT_NORMAL, CONTACT_NOT_NORMAL, CONTACT_WORDS };

struct contact_conf {
	const char *name;
	int use; /* enum contact_use */
	int32_t input; /* point */
	bool normal; /* what it is when all is well */
	int severity; /* enum severity, of the word that is not normal */
	const char *words[CONTACT_WORDS]; /* of a to z, STATE_WORD_BYTES with the NUL */
};

/* What a contact of that use has where nothing else is said. */
struct contact_manner {
	const char *use; /* "mains" */
	const char *words[CONTACT_WORDS];
	enum severity severity;
};

const struct contact_manner *contact_manner(enum contact_use use);

struct contact {
	struct sensor sensor; /* first: the one is cast to the other */
	const struct contact_conf *conf;
	const struct point *input;
};

/* lane NULL: it is of the gateway. points: borrowed, indexed by the reference of conf. */
void contact_init(struct contact *contact, const struct contact_conf *conf, const char *lane,
		  const struct point *const *points);

/* Its input has changed. */
void contact_judge(struct contact *contact, struct teller *teller);

#endif
