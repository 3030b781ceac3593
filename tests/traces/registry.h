/* The registry of a trace: a table in memory that the trace's own lines fill.
 *
 *     #! consignment 6GE204567891-1 transit document=mrn:26GE7A01B2C3D4E5J1
 *             mass=20500.5 tare=14500 container=CSQU3054383 plate=AA123BB seal=GE4711/GE/1772400000 party=carrier:MD:AEOF:1
 *             stop=az-lagodekhi stop=ge-red-bridge@05:30-06:10/20
 *     #! aeo MD AEOF 1 AEOF carrier active   or suspended, revoked, expired, withholds its consent
 *     #! arrangement ge-md GE MD in_force
 * on one line each. A seal has the state that affixed it and when, in seconds since 1970; a stop
 * of the itinerary its window by the clock of the traces' day and the minutes it may take there.
 */
#ifndef TESTS_TRACES_REGISTRY_H
#define TESTS_TRACES_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "transit/registry/question.h"

#define TABLE_CONSIGNMENTS 72
#define TABLE_NUMBERS	   8
#define TABLE_AEOS	   4
#define TABLE_QUESTIONS	   32
#define TABLE_DAY_NS	   INT64_C(1772409600000000000) /* 2026-03-02 00:00:00 */
#define TABLE_MINUTE_NS	   INT64_C(60000000000)

struct table_consignment {
	struct consignment consignment;
	char texts[64][IDENTIFIER_BYTES];
	size_t text_count;
	struct declared_number documents[TABLE_NUMBERS], containers[TABLE_NUMBERS];
	const char *vehicles[TABLE_NUMBERS];
	struct declared_seal seals[TABLE_NUMBERS];
	struct party parties[TABLE_NUMBERS];
	struct itinerary_stop stops[TABLE_NUMBERS];
};

struct table_aeo {
	struct aeo_authorisation authorisation;
	struct aeo_status_change history[1];
	char texts[5][32];
};

struct table {
	struct table_consignment consignments[TABLE_CONSIGNMENTS];
	size_t consignment_count;
	struct table_aeo aeos[TABLE_AEOS];
	size_t aeo_count;
	struct arrangement arrangements[TABLE_AEOS];
	char arrangement_texts[TABLE_AEOS][3][32];
	size_t arrangement_count;
	struct registry_question questions[TABLE_QUESTIONS];
	size_t question_count;
	size_t most; /* dossiers in an answer */
	unsigned busy; /* questions that are turned away */
	struct registry_list list; /* that all of it came with */
};

void table_init(struct table *table);
int table_ask(void *data, const struct registry_question *question);
/* line: after "#! consignment ". */
void table_consignment(struct table *table, char *line);
void table_aeo(struct table *table, const char *line);
void table_arrangement(struct table *table, const char *line);
struct registry_answer *table_answer(const struct table *table,
				     const struct registry_question *question, bool failed);
const char *table_keep(struct table_consignment *row, const char *text);

#endif
