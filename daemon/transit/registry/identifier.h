/* The numbers of customs and transport: brought to one writing, recognised, checked.
 *
 * Each kind is one row of identifier_table.c: its form, what separators people put into it,
 * its check digit, and the source of the rule. A number that fails is reported with the
 * reason, for a flag on the event; nothing here decides to drop one, and callers keep the
 * text as it came beside the normalised one. Numbers without a known form are opaque: any
 * printable text of 1 to 35 characters.
 *
 * Check digits and what they cannot see:
 *   ISO 6346, MRN, GRN  letters are 10 to 38 without the multiples of 11; sum of value times
 *                       2^place modulo 11, remainder 10 written as 0 (ISO 6346; DGXXI/0879/99
 *                       for MRN and GRN). Blind within the classes 1BLV 2CMW 3DNX 4EOY 5FPZ
 *                       6GQ 7HR 8IS 9JT AKU, and where the remainder goes from 0 to 10.
 *   GS1                 weights 3 1 3 1 from the right, modulo 10 (GS1 General Specifications).
 *                       Blind to neighbours swapped that differ by 5.
 *   wagons              weights 2 1 2 1, sums of digits, modulo 10 (UIC 438-2, and the railways of 1520 mm).
 *                       Blind to 0 and 9 swapped.
 *   TIR                 two letters from the number modulo 23 see every wrong or swapped digit;
 *                       numbers up to 25000000 have none.
 *
 * Characters are folded (base/fold.h): full width, Cyrillic and Latin twins, dashes and blanks of
 * all widths; lengths are those of characters.
 *
 * Pure: no allocation; input may be any bytes. Called for readings, requests and registry
 * records alike, so that both sides of a comparison are written in the same way.
 */
#ifndef CORRIDORD_TRANSIT_REGISTRY_IDENTIFIER_H
#define CORRIDORD_TRANSIT_REGISTRY_IDENTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/reading.h"

#define IDENTIFIER_CHARACTERS 35 /* the longest of any kind; fewer if not ASCII */
#define IDENTIFIER_BYTES      VALUE_TEXT_BYTES /* of a normalised one, with the NUL */

enum identifier_kind {
	IDENTIFIER_CONTAINER, /* ISO 6346 */
	IDENTIFIER_MRN, /* movement reference number, any form since 1999 */
	IDENTIFIER_MRN_TRANSIT, /* the form of NCTS phase 5: J to M before the check digit */
	IDENTIFIER_GRN, /* guarantee reference number */
	IDENTIFIER_TIR, /* TIR carnet, eTIR guarantee */
	IDENTIFIER_UCR, /* unique consignment reference of the WCO: one digit of the year */
	IDENTIFIER_UCR_LONG_YEAR, /* the profile with two digits of the year */
	IDENTIFIER_EORI,
	IDENTIFIER_AEO_CHINA,
	IDENTIFIER_AEO_EU,
	IDENTIFIER_AEO, /* of any other programme: opaque */
	IDENTIFIER_SSCC,
	IDENTIFIER_GLN,
	IDENTIFIER_GSIN,
	IDENTIFIER_GIAI,
	IDENTIFIER_UNLOCODE,
	IDENTIFIER_CUSTOMS_OFFICE,
	IDENTIFIER_SEAL, /* opaque, as the following */
	IDENTIFIER_PLATE, /* registration of a vehicle */
	IDENTIFIER_GTRD, /* transit document of the Global Digital Transit Network */
	IDENTIFIER_CIM_SMGS, /* rail consignment note */
	IDENTIFIER_NATIONAL, /* national transit or customs declaration */
	IDENTIFIER_ILU, /* swap body or semi-trailer, EN 13044 */
	IDENTIFIER_WAGON, /* of a railway, twelve digits */
	IDENTIFIER_WAGON_1520, /* of a railway of 1520 mm, eight digits */
	IDENTIFIER_KINDS
};

enum identifier_verdict {
	IDENTIFIER_GOOD,
	IDENTIFIER_EMPTY,
	IDENTIFIER_UNPRINTABLE, /* control characters, or no UTF-8 */
	IDENTIFIER_TOO_LONG,
	IDENTIFIER_TOO_SHORT,
	IDENTIFIER_WRONG_CHARACTER, /* a digit for a letter, a sign that does not occur */
	IDENTIFIER_WRONG_LETTER, /* a letter that has a meaning, and not one of those defined */
	IDENTIFIER_WRONG_YEAR, /* the form did not exist in that year */
	IDENTIFIER_CHECK_MISSING, /* TIR above 25000000: letters needed */
	IDENTIFIER_CHECK_UNCALLED, /* TIR up to 25000000: no letters */
	IDENTIFIER_WRONG_CHECK, /* the form is right, the check digit or letters are not */
	IDENTIFIER_VERDICTS
};

struct identifier_rule {
	const char *name; /* as written in messages and events: "container" */
	const char *summary;
	const char *source;
	const char *form; /* a class for each place (identifier.c); NULL: opaque */
	char tail; /* the class of what follows the form, 0: nothing does */
	bool drops_hyphens; /* as blanks, which always are */
	bool keeps_case;
	bool drops_dots;
	const char *prefixes; /* application identifiers that a scanner leaves before it, or NULL */
	size_t max_characters; /* 0: as long as the form */
	enum identifier_verdict (*check)(const char *text, size_t bytes); /* or NULL */
};

const struct identifier_rule *identifier_rule(enum identifier_kind kind);
bool identifier_kind_by_name(const char *name, enum identifier_kind *ret_kind);

const char *identifier_verdict_name(enum identifier_verdict verdict); /* "wrong_check" */
const char *identifier_verdict_words(enum identifier_verdict verdict); /* for people */

/* Drops separators, raises letters. GOOD, EMPTY, UNPRINTABLE or TOO_LONG; except with GOOD
 * the result is empty, so that two long numbers cut short never compare equal. */
enum identifier_verdict identifier_normalise(enum identifier_kind kind, const void *raw,
					     size_t bytes, char ret_text[IDENTIFIER_BYTES]);

/* Without hyphens, dots, slashes and the like: the writing by which a number is found that is written
 * differently. */
void identifier_bare(const char *text, char ret_bare[IDENTIFIER_BYTES]);

/* What stands on a container, a swap body or a wagon: the kind that its form has. */
enum identifier_kind identifier_equipment(const void *raw, size_t bytes);

/* Of a text that is normalised already: blanks and small letters are wrong characters. */
enum identifier_verdict identifier_check(enum identifier_kind kind, const char *text);

/* Both. ret_text is the normalised number also where its form or check digit is wrong. */
enum identifier_verdict identifier_read(enum identifier_kind kind, const void *raw, size_t bytes,
					char ret_text[IDENTIFIER_BYTES]);

/* Which kinds a text can be: bit 1 << kind. Opaque kinds are in good unless it is unprintable,
 * empty or too long. */
struct identifier_candidates {
	uint32_t good;
	uint32_t miswritten; /* of the right form, with a wrong check digit */
};

struct identifier_candidates identifier_classify(const void *raw, size_t bytes);

#endif
