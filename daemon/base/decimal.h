/* Numbers as people write them: with as few decimals as are exact. Pure.
 *
 * 3 times 0.1 is 0.3 and not 0.30000000000000004; a 32-bit 23.4 is 23.4 and not
 * 23.399999618530273.
 */
#ifndef CORRIDORD_BASE_DECIMAL_H
#define CORRIDORD_BASE_DECIMAL_H

#define DECIMAL_NONE (-1)

/* How many decimals a number has when written out: 2 for 0.25; DECIMAL_NONE: more than a
 * double is sure of. */
int decimal_places(double number);

/* The double nearest to the number rounded to so many decimals; the number itself where that
 * is finer than doubles are, or with DECIMAL_NONE. */
double decimal_round(double number, int places);

/* The double nearest to the shortest decimal number that is this float and no other. */
double decimal_of_float(float number);

#endif
