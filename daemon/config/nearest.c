#include "config/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_BYTES    64 /* of words that are compared */
#define LEAST_INITIAL 3 /* bytes of an abbreviation, among many words */
#define LEAST_STEM    4 /* bytes of a word that something was hung on */
#define LEAST_STEPS   32 /* of a comparison */
#define MOST_STEPS    (LEAST_STEPS + WORD_BYTES * WORD_BYTES)

/* What people write of their own accord, from other programs, manuals and languages. */
static const struct {
	const char *said, *meant;
} sayings[] = {
	{"1", "true"},
	{"0", "false"},
	{"enabled", "true"},
	{"disabled", "false"},
	{"ja", "yes"},
	{"nein", "no"},
	{"да", "yes"},
	{"нет", "no"},
	{"დიახ", "yes"},
	{"არა", "no"},
	{"8e1", "even"},
	{"8n1", "none"},
	{"8o1", "odd"},
	{"gerade", "even"},
	{"ungerade", "odd"},
	{"keine", "none"},
	{"çift", "even"},
	{"tek", "odd"},
	{"чет", "even"},
	{"нечет", "odd"},
	{"нет", "none"},
	{"ლუწი", "even"},
	{"კენტი", "odd"},
	{"in", "entry"},
	{"out", "exit"},
	{"giriş", "entry"},
	{"çıkış", "exit"},
	{"въезд", "entry"},
	{"выезд", "exit"},
	{"შესვლა", "entry"},
	{"გასვლა", "exit"},
	{"bidirectional", "both"},
	{"notice", "info"},
	{"error", "warning"},
	{"verbose", "debug"},
	{"4", "3.1.1"},
	{"v5", "5"},
	{"mqtt5", "5"},
	{"5.0", "5"},
	{"4x", "holding"},
	{"hr", "holding"},
	{"3x", "input"},
	{"ir", "input"},
	{"di", "discrete"},
	{"float", "f32"},
	{"float32", "f32"},
	{"real", "f32"},
	{"double", "f64"},
	{"float64", "f64"},
	{"word", "u16"},
	{"uint16", "u16"},
	{"int16", "s16"},
	{"i16", "s16"},
	{"dword", "u32"},
	{"uint32", "u32"},
	{"int32", "s32"},
	{"i32", "s32"},
	{"uint64", "u64"},
	{"int64", "s64"},
	{"boolean", "bool"},
	{"text", "string"},
	{"big", "abcd"},
	{"little", "dcba"},
	{"1234", "abcd"},
	{"3412", "cdab"},
	{"2143", "badc"},
	{"4321", "dcba"},
	{"up", "pull-up"},
	{"down", "pull-down"},
	{"floating", "disabled"},
	{"server", "host"},
	{"broker", "host"},
	{"speed", "baud"},
	{"slave", "unit"},
	{"slave_id", "unit"},
	{"register", "address"},
	{"interval", "poll"},
	{"period", "poll"},
	{"scan", "poll"},
	{"bps", "baud"},
	{"rate", "baud"},
	{"tty", "port"},
	{"device", "port"},
	{"serial", "port"},
	{"ip", "host"},
	{"node", "unit"},
	{"id", "unit"},
	{"reg", "address"},
	{"fc", "table"},
	{"function", "table"},
	{"factor", "scale"},
	{"multiplier", "scale"},
	{"gain", "scale"},
	{"endianness", "order"},
	{"endian", "order"},
	{"word_order", "order"},
	{"format", "type"},
	{"byte_order", "order"},
	{"mask", "bits"},
	{"data_type", "type"},
	{"datatype", "type"},
	{"verify", "ca"},
	{"insecure", "ca"},
	{"cafile", "ca"},
	{"certfile", "cert"},
	{"keyfile", "key"},
	{"clientid", "client_id"},
};

/* Looks the word up once. */
static void find_meant(struct conf_nearest *nearest)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]) && count < 2; i++)
		if (strcasecmp(sayings[i].said, nearest->word) == 0)
			nearest->meant[count++] = sayings[i].meant;
	for (; count < 2; count++)
		nearest->meant[count] = "";
}

static bool begins_with(const char *text, const char *begin, size_t bytes)
{
	return strncasecmp(text, begin, bytes) == 0;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* A bit for each letter that is in it. */
static uint32_t letters(const char *text)
{
	uint32_t set = 0;

	for (; *text != '\0'; text++)
		set |= UINT32_C(1) << (*text & 31);
	return set;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Insertions, deletions, substitutions and swaps of neighbours that turn a into b; capitals
 * count as small letters. */
static size_t edit_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	size_t row[3][WORD_BYTES + 1];
	size_t *before = row[0], *above = row[1], *here = row[2];

	for (size_t j = 0; j <= b_bytes; j++)
		here[j] = j;
	for (size_t i = 1; i <= a_bytes; i++) {
		size_t *oldest = before;

		before = above;
		above = here;
		here = oldest;
		here[0] = i;
		for (size_t j = 1; j <= b_bytes; j++) {
			here[j] = least(above[j] + 1, here[j - 1] + 1,
					above[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]) && before[j - 2] + 1 < here[j])
				here[j] = before[j - 2] + 1;
		}
	}
	return here[b_bytes];
}

/* How many typing errors are likely in a word of so many bytes. */
static size_t likely_errors(size_t bytes)
{
	return bytes >= 6 ? bytes / 3 : bytes > 1;
}

/* SIZE_MAX: too far. */
static size_t distance_of(const struct conf_nearest *nearest, size_t bytes, const char *candidate,
			  size_t other)
{
	const char *said = nearest->word;
	size_t apart = bytes > other ? bytes - other : other - bytes, distance;
	size_t most = likely_errors(bytes);

	if (strcmp(candidate, nearest->meant[0]) == 0 || strcmp(candidate, nearest->meant[1]) == 0)
		return 0;
	if ((bytes >= LEAST_INITIAL && begins_with(candidate, said, bytes)) ||
	    (other >= LEAST_STEM && begins_with(said, candidate, other)))
		return apart;
	if (apart > most ||
	    (size_t)__builtin_popcount(letters(said) ^ letters(candidate)) > 2 * most)
		return SIZE_MAX; /* an error changes two letters at most */
	*nearest->patience -= bytes * other;
	distance = edit_distance(said, bytes, candidate, other);
	return distance <= most ? distance : SIZE_MAX;
}

bool conf_nearest_offer(struct conf_nearest *nearest, const char *candidate)
{
	size_t bytes = strnlen(nearest->word, WORD_BYTES + 1), distance;
	size_t other = strnlen(candidate, WORD_BYTES + 1);

	if (*nearest->patience < MOST_STEPS)
		return false;
	if (bytes > WORD_BYTES || other > WORD_BYTES)
		return true;
	*nearest->patience -= LEAST_STEPS;
	if (!nearest->meant[0])
		find_meant(nearest);
	distance = distance_of(nearest, bytes, candidate, other);
	if (distance < SIZE_MAX && (!nearest->best || distance < nearest->distance)) {
		nearest->best = candidate;
		nearest->distance = distance;
	} else if (nearest->few && bytes > 0 && begins_with(candidate, nearest->word, bytes)) {
		nearest->initial = candidate;
		nearest->initials++;
	}
	return true;
}

const char *conf_nearest_word(const struct conf_nearest *nearest)
{
	if (nearest->best || nearest->initials != 1)
		return nearest->best;
	return nearest->initial;
}

bool conf_nearest_is_meant(const struct conf_nearest *nearest)
{
	return nearest->best && nearest->distance == 0;
}

const char *conf_nearest_hint(struct conf_nearest *nearest)
{
	const char *word = conf_nearest_word(nearest);

	nearest->hint[0] = '\0';
	if (word)
		snprintf(nearest->hint, sizeof(nearest->hint), ", did you mean \"%s\"?", word);
	return nearest->hint;
}
