#include "base/decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define PLACES_MAX   15
#define EXACT_MAX    9007199254740992.0 /* whole numbers up to this are exact */
#define FLOAT_DIGITS 6 /* as many are always kept by a float */
#define FLOAT_ENOUGH 9 /* as many always tell it from the others */

static bool same(double a, double b)
{
	return !(a < b) && !(a > b);
}

/* Exact: so small a power of ten is a whole double. */
static double power_of_ten(int exponent)
{
	static const double powers[PLACES_MAX + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,	1e6,  1e7,
						      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

	return powers[exponent];
}

double decimal_round(double number, int places)
{
	if (places < 0 || places > PLACES_MAX)
		return number;
	const double power = power_of_ten(places), whole = nearbyint(number * power);

	/* A quotient of two exact numbers is the double nearest to it. */
	return fabs(whole) < EXACT_MAX ? whole / power : number;
}

int decimal_places(double number)
{
	for (int places = 0; places <= PLACES_MAX; places++)
		if (fabs(number) * power_of_ten(places) < EXACT_MAX &&
		    same(decimal_round(number, places), number))
			return places;
	return DECIMAL_NONE;
}

double decimal_of_float(float number)
{
	char text[32];

	for (int digits = FLOAT_DIGITS; digits < FLOAT_ENOUGH; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, (double)number);
		if (same((double)strtof(text, NULL), (double)number))
			return strtod(text, NULL);
	}
	snprintf(text, sizeof(text), "%.*g", FLOAT_ENOUGH, (double)number);
	return strtod(text, NULL);
}
