/* Whose signature the registry asks for. */
#include <string.h>

#include "config/build.h"
#include "evidence/note.h"
#include "transit/registry/recognition.h"

static const char *const kinds[] = {"consignment", "aeo", "mra", "group", NULL};
static const char *const kinds_with_state[] = {"aeo", "group", NULL};

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static bool is_state(const char *text)
{
	return strlen(text) == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' &&
	       text[1] <= 'Z';
}

static void complain(struct config_build *build, const struct conf_node *node, const char *option,
		     const char *value, const char *what)
{
	const struct conf_entry *entry = conf_node_entry(node, option);

	if (entry)
		conf_complain_entry(&build->parser, entry, value, "%s", what);
}

static void check_keys(struct config_build *build, const struct conf_node *node,
		       const struct conf_list *keys)
{
	struct note_verifier verifier;

	if (keys->count > TRUST_KEYS_MAX)
		complain(build, node, "keys", NULL, "has more than 4 keys");
	for (size_t i = 0; i < keys->count; i++) {
		if (note_verifier_read(keys->item[i], &verifier) < 0)
			complain(build, node, "keys", keys->item[i],
				 "is no verifier key, expected NAME+ID+KEY as its keeper handed it "
				 "out");
		else if (!note_is_of_log(verifier.type) ||
			 !note_key_is_known(verifier.type, verifier.key, verifier.key_bytes))
			complain(build, node, "keys", keys->item[i],
				 "is not a key for signatures of lists (Ed25519 or P-256)");
		else if (strlen(verifier.name) >= SIGNER_BYTES)
			complain(build, node, "keys", keys->item[i],
				 "has a name of more than 63 bytes");
		else if (strncmp(verifier.name, "corridor/", 9) == 0)
			complain(
				build, node, "keys", keys->item[i],
				"is named as the keys of gateways are: a keeper of lists has one of "
				"its own");
	}
}

static void check_kinds(struct config_build *build, const struct conf_node *node,
			const struct trust_conf *trust)
{
	for (size_t i = 0; i < trust->kinds.count; i++) {
		const char *kind = trust->kinds.item[i];

		if (!is_one_of(kind, kinds))
			complain(build, node, "kinds", kind,
				 "is no kind, expected consignment, aeo, mra or group");
		else if (trust->states.count > 0 && !is_one_of(kind, kinds_with_state))
			complain(build, node, "kinds", kind,
				 "has no state: a block trust of its own, without \"states\"");
	}
}

static void build_trust(struct config_build *build, const struct conf_node *node,
			struct trust_conf *trust)
{
	config_check_title(build, node);
	conf_fill(&build->parser, &(struct conf_source){.own = node}, trust_options, NULL, trust);
	trust->name = conf_copy(build->parser.store, node->title);
	check_keys(build, node, &trust->keys);
	check_kinds(build, node, trust);
	for (size_t i = 0; i < trust->states.count; i++)
		if (!is_state(trust->states.item[i]))
			complain(build, node, "states", trust->states.item[i],
				 "is no state, expected two capital letters (ISO 3166-1)");
}

void config_build_trusts(struct config_build *build, const struct conf_node *registry)
{
	struct registry_conf *conf = &build->config->registry;
	const struct conf_node *node;

	conf->trusts = conf_alloc(build->parser.store, REGISTRY_TRUSTS_MAX * sizeof(*conf->trusts));
	for (node = conf_node_of(registry->children, "trust"); conf->trusts && node;
	     node = conf_node_of(node->next, "trust")) {
		if (conf->trust_count == REGISTRY_TRUSTS_MAX) {
			conf_complain_node(&build->reader, node, node->place.line,
					   "is one too many, expected 16 at most");
			return;
		}
		build_trust(build, node, &conf->trusts[conf->trust_count++]);
	}
}
