#include "ctl/trusts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/program.h"

#define HEAD	    "    trust \""
#define WORDS_MAX   300 /* states are some 250 */
#define WORD_BYTES  512
#define BLOCK_LISTS 3

struct trusts {
	struct trust *rules;
	char *name[TRUST_RULES_MAX];
	char **words[TRUST_RULES_MAX][BLOCK_LISTS]; /* keys, kinds, states; each ended by NULL */
	size_t count[TRUST_RULES_MAX][BLOCK_LISTS];
	size_t blocks;
};

void trusts_free(struct trusts *trusts)
{
	if (!trusts)
		return;
	for (size_t i = 0; i < TRUST_RULES_MAX; i++) {
		for (size_t list = 0; list < BLOCK_LISTS; list++) {
			for (size_t w = 0; w < trusts->count[i][list]; w++)
				free(trusts->words[i][list][w]);
			free(trusts->words[i][list]);
		}
		free(trusts->name[i]);
	}
	trust_free(trusts->rules);
	free(trusts);
}

const struct trust *trusts_rules(const struct trusts *trusts)
{
	return trusts ? trusts->rules : NULL;
}

/* The option of this block, up to its end. NULL: it has none. */
static const char *find_option(const char *block, const char *option)
{
	const char *end = strstr(block, "\n    }"), *at = strstr(block, option);

	return at && end && at < end ? at + strlen(option) : NULL;
}

static void read_words(struct trusts *trusts, const char *block, size_t list, const char *option)
{
	const char *value = find_option(block, option);
	char line[65536], word[WORD_BYTES];
	const char *rest = line;
	size_t *count = &trusts->count[trusts->blocks][list];
	char **words = calloc(WORDS_MAX, sizeof(char *));

	trusts->words[trusts->blocks][list] = words;
	if (!value || !words)
		return;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(value, "\n"), value);
	while (*count < WORDS_MAX && program_next_text(&rest, word, sizeof(word)) &&
	       (words[*count] = strdup(word)))
		++*count;
}

static bool add_block(struct trusts *trusts, const char *block)
{
	static const char *const options[BLOCK_LISTS] = {
		"\n        keys = ", "\n        kinds = ", "\n        states = "};
	const size_t at = trusts->blocks;
	struct trust_rule rule;
	int err;

	for (size_t list = 0; list < BLOCK_LISTS; list++)
		read_words(trusts, block, list, options[list]);
	trusts->name[at] = strndup(block, strcspn(block, "\""));
	rule = (struct trust_rule){.name = trusts->name[at],
				   .keys = trusts->words[at][0],
				   .key_count = trusts->count[at][0],
				   .kinds = trusts->words[at][1],
				   .kind_count = trusts->count[at][1],
				   .states = trusts->words[at][2],
				   .state_count = trusts->count[at][2]};
	err = rule.name ? trust_add(trusts->rules, &rule) : -1;
	trusts->blocks++;
	return err == 0;
}

struct trusts *trusts_read(const char *printed)
{
	const char *block = strstr(printed, "\nregistry {");
	const char *end = block ? strstr(block, "\n}") : NULL;
	struct trusts *trusts = block ? calloc(1, sizeof(*trusts)) : NULL;
	bool good = trusts && trust_new(&trusts->rules) == 0;

	while (good && (block = strstr(block, "\n" HEAD)) && (!end || block < end) &&
	       trusts->blocks < TRUST_RULES_MAX) {
		block += strlen("\n" HEAD);
		good = add_block(trusts, block);
	}
	if (good && trusts->blocks > 0)
		return trusts;
	trusts_free(trusts);
	return NULL;
}
