#include "ctl/sweep.h"

#include <stdlib.h>
#include <string.h>

#define UNIT_MOST  247
#define BAUD_LEAST 300
#define BAUD_MOST  1000000

static const struct {
	const char *name;
	char parity;
} parities_known[SWEEP_PARITIES] = {{"even", 'E'}, {"none", 'N'}, {"odd", 'O'}};

const char *sweep_parity_name(char parity)
{
	for (size_t i = 0; i < SWEEP_PARITIES; i++)
		if (parities_known[i].parity == parity)
			return parities_known[i].name;
	return "";
}

/* Up to end's character, or the end of the text. */
static bool take_number(const char **text, char end, int most, int *ret_number)
{
	char *rest;
	long number = strtol(*text, &rest, 10);

	if (rest == *text || (*rest && *rest != end) || number < 1 || number > most)
		return false;
	*ret_number = (int)number;
	*text = *rest ? rest + 1 : rest;
	return true;
}

static bool parse_units(const char *text, struct sweep *sweep)
{
	if (!take_number(&text, '-', UNIT_MOST, &sweep->first_unit))
		return false;
	sweep->last_unit = sweep->first_unit;
	if (*text && !take_number(&text, '\0', UNIT_MOST, &sweep->last_unit))
		return false;
	return sweep->last_unit >= sweep->first_unit;
}

static bool parse_speeds(const char *text, struct sweep *sweep)
{
	sweep->speed_count = 0;
	do {
		int *speed = &sweep->speeds[sweep->speed_count++];

		if (!take_number(&text, ',', BAUD_MOST, speed) || *speed < BAUD_LEAST)
			return false;
	} while (*text && sweep->speed_count < SWEEP_SPEEDS);
	return !*text;
}

static bool take_parity(const char **text, char *ret_parity)
{
	size_t length = strcspn(*text, ",");

	for (size_t i = 0; i < SWEEP_PARITIES; i++) {
		const char *name = parities_known[i].name;

		if (strlen(name) != length || strncmp(name, *text, length) != 0)
			continue;
		*ret_parity = parities_known[i].parity;
		*text += length + ((*text)[length] == ',');
		return true;
	}
	return false;
}

char sweep_parity_by_name(const char *name)
{
	for (size_t i = 0; i < SWEEP_PARITIES; i++)
		if (strcmp(parities_known[i].name, name) == 0)
			return parities_known[i].parity;
	return '\0';
}

static bool parse_parities(const char *text, struct sweep *sweep)
{
	sweep->parity_count = 0;
	do {
		if (!take_parity(&text, &sweep->parities[sweep->parity_count++]))
			return false;
	} while (*text && sweep->parity_count < SWEEP_PARITIES);
	return !*text;
}

bool sweep_parse(const char *units, const char *speeds, const char *parities,
		 struct sweep *ret_sweep, const char **ret_wrong)
{
	/* The commonest first; "even" is what the standard prescribes. */
	*ret_sweep = (struct sweep){
		.first_unit = 1,
		.last_unit = UNIT_MOST,
		.speeds = {9600, 19200, 38400, 115200},
		.speed_count = 4,
		.parities = {'E', 'N'},
		.parity_count = 2,
	};
	if (units && !parse_units(units, ret_sweep))
		*ret_wrong = units;
	else if (speeds && !parse_speeds(speeds, ret_sweep))
		*ret_wrong = speeds;
	else if (parities && !parse_parities(parities, ret_sweep))
		*ret_wrong = parities;
	else
		return true;
	return false;
}
