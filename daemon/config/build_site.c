#include "config/build.h"

#include <stdio.h>
#include <string.h>

#include "evidence/note.h"
#include "frames/host.h"
#include "frames/topic.h"
#include "inbound/request_vouched.h"
#include "transit/registry/recognition_words.h"

#define MQTT_PORT     1883
#define MQTT_TLS_PORT 8883

/* The only block of a kind, NULL: none (told when required). */
static const struct conf_node *single_block(struct config_build *build, struct conf_node *blocks,
					    const char *kind, bool required)
{
	struct conf_node *first = conf_node_of(blocks, kind), *other = first;
	struct conf_place whole = {.file = build->file};

	while (other && (other = conf_node_of(other->next, kind)) != NULL)
		conf_complain_node(&build->reader, other, other->place.line,
				   "is there twice, first in %s:%d", first->place.file->path,
				   first->place.line);
	if (!first && required && !conf_is_lost(&build->reader, kind, NULL))
		conf_complain(&build->reader.complaints, whole, "block \"%s\" is missing", kind);
	return first;
}

static void fill(struct config_build *build, const struct conf_node *node,
		 const struct conf_option *table, void *base)
{
	struct conf_source source = {.own = node};

	if (node)
		conf_fill(&build->parser, &source, table, NULL, base);
}

static void complain(struct config_build *build, const struct conf_node *node, const char *option,
		     const char *value, const char *what)
{
	const struct conf_entry *entry = conf_node_entry(node, option);

	if (entry)
		conf_complain_entry(&build->parser, entry, value, "%s", what);
}

/* ---- checkpoint, gateway --------------------------------------------------------------- */

static bool has_form(const char *text, const char *form)
{
	for (; *form != '\0'; form++, text++) {
		bool letter = *text >= 'A' && *text <= 'Z';
		bool digit = *text >= '0' && *text <= '9';

		if (!letter && (*form == 'A' || !digit))
			return false;
	}
	return *text == '\0';
}

/* NULL: there is no room. */
static struct own_benefits *own_of(struct recognition_policy *policy, const char *type,
				   size_t type_bytes)
{
	struct own_benefits *own = policy->own;

	for (; own < policy->own + policy->own_count; own++)
		if (strlen(own->type) == type_bytes && memcmp(own->type, type, type_bytes) == 0)
			return own;
	if (policy->own_count == OWN_BENEFITS_MAX)
		return NULL;
	policy->own_count++;
	memcpy(own->type, type, type_bytes);
	return own;
}

/* "priority_lane", "AEOS:priority_lane" */
static void build_benefit(struct config_build *build, const struct conf_node *node,
			  const char *item)
{
	const char *colon = strchr(item, ':');
	size_t type_bytes = colon ? (size_t)(colon - item) : 0;
	uint32_t benefit = aeo_benefit_by_name(colon ? colon + 1 : item);
	struct own_benefits *own = NULL;

	if (benefit == 0) {
		complain(build, node, "aeo_benefits", item,
			 "not a benefit, expected words such as priority_lane or "
			 "AEOS:priority_lane");
		return;
	}
	if (type_bytes < AEO_TYPE_BYTES && (!colon || type_bytes > 0))
		own = own_of(&build->config->checkpoint.recognition, item, type_bytes);
	if (own)
		own->benefits |= benefit;
	else
		complain(build, node, "aeo_benefits", item,
			 "no type of an authorisation before the colon, or more than 15 of them");
}

static void build_recognition(struct config_build *build, const struct conf_node *node)
{
	struct checkpoint_conf *checkpoint = &build->config->checkpoint;
	struct recognition_policy *policy = &checkpoint->recognition;

	for (size_t i = 0; i < checkpoint->aeo_benefits.count; i++)
		build_benefit(build, node, checkpoint->aeo_benefits.item[i]);
	for (size_t i = 0; i < checkpoint->aeo_parties.count; i++) {
		uint32_t role = aeo_role_by_name(checkpoint->aeo_parties.item[i]);

		if (role == 0)
			complain(build, node, "aeo_parties", checkpoint->aeo_parties.item[i],
				 "not a role of a party, expected words such as carrier");
		policy->roles |= role;
	}
	policy->all = checkpoint->aeo_decided_by && strcmp(checkpoint->aeo_decided_by, "all") == 0;
}

static void build_place(struct config_build *build)
{
	struct checkpoint_conf *checkpoint = &build->config->checkpoint;
	struct gateway_conf *gateway = &build->config->gateway;
	const struct conf_node *node;

	node = single_block(build, build->blocks, "checkpoint", true);
	fill(build, node, checkpoint_options, checkpoint);
	if (checkpoint->country && !has_form(checkpoint->country, "AA"))
		complain(build, node, "country", checkpoint->country,
			 "not a country, expected two capital letters");
	if (checkpoint->office && !has_form(checkpoint->office, "AANNNNNN"))
		complain(build, node, "office", checkpoint->office,
			 "not a customs office, expected two capital letters and six more or "
			 "digits");
	if (node)
		build_recognition(build, node);
	node = single_block(build, build->blocks, "gateway", true);
	fill(build, node, gateway_options, gateway);
	if (gateway->id &&
	    (strcmp(gateway->id, "registry") == 0 || strcmp(gateway->id, "handover") == 0))
		complain(build, node, "id", gateway->id, "is a topic of its own, take another");
}

static void build_journal(struct config_build *build)
{
	static const struct conf_kind kind = {.name = "journal"};
	static const struct conf_file nowhere = {.path = ""};
	static const struct conf_node none = {
		.kind = &kind, .label = "journal", .place.file = &nowhere};
	const struct conf_node *node = single_block(build, build->blocks, "journal", false);

	fill(build, node ? node : &none, journal_options, &build->config->journal);
}

/* ---- registry -------------------------------------------------------------------------- */

static bool is_list_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return path[0] == '/' && dot && (strcmp(dot, ".jsonl") == 0 || strcmp(dot, ".csv") == 0);
}

static void build_registry(struct config_build *build)
{
	const struct conf_node *node = single_block(build, build->blocks, "registry", false);
	struct registry_conf *registry = &build->config->registry;
	struct conf_index seen = {0};
	struct conf_slot *slot;

	fill(build, node, registry_options, registry);
	registry->enabled = node != NULL;
	for (size_t i = 0; i < registry->files.count; i++) {
		const char *path = registry->files.item[i];

		if (!is_list_name(path))
			complain(build, node, "files", path,
				 "not a list, expected the full path of a .jsonl or .csv file");
		slot = conf_index_slot(build->reader.store, &seen, path);
		if (slot && slot->number++ > 0)
			complain(build, node, "files", path, "is there twice");
	}
	if (registry->files.count > REGISTRY_FILES_MAX)
		complain(build, node, "files", NULL, "too many, expected 32 at most");
	registry->checkpoint = build->config->checkpoint.id;
	if (node)
		config_build_trusts(build, node);
}

/* ---- keys of others ---------------------------------------------------------------------- */

/* "corridor/<checkpoint>/<gateway>" */
static bool is_of_gateway(const char *name)
{
	char checkpoint[NOTE_NAME_BYTES], gateway[NOTE_NAME_BYTES];
	int end = 0;

	return sscanf(name, "corridor/%63[a-z0-9-]/%63[a-z0-9-]%n", checkpoint, gateway, &end) ==
		       2 &&
	       name[end] == '\0';
}

/* NULL: it is one. */
static const char *refuse_key(const char *text, bool of_log)
{
	struct note_verifier verifier;

	if (note_verifier_read(text, &verifier) < 0 ||
	    !note_key_is_known(verifier.type, verifier.key, verifier.key_bytes))
		return "is no verifier key";
	if (of_log != note_is_of_log(verifier.type))
		return of_log ? "is not the verifier key of a log"
			      : "is not the verifier key of a witness";
	if (!is_of_gateway(verifier.name))
		return "is not named corridor/CHECKPOINT/GATEWAY";
	return NULL;
}

static void check_keys(struct config_build *build, const struct conf_node *node, const char *option,
		       const struct conf_list *keys, bool of_log, size_t most)
{
	if (keys->count > most)
		complain(build, node, option, NULL,
			 most == WITNESS_KEYS_MAX ? "has more than 8 keys"
						  : "has more than 32 keys");
	for (size_t i = 0; i < keys->count; i++) {
		const char *why = refuse_key(keys->item[i], of_log);

		if (why)
			complain(build, node, option, keys->item[i], why);
	}
}

/* ---- handover -------------------------------------------------------------------------- */

static void build_handover(struct config_build *build)
{
	const struct conf_node *node = single_block(build, build->blocks, "handover", false);
	struct handover_conf *handover = &build->config->handover;
	const struct witness_conf *witness = &build->config->witness;

	fill(build, node, handover_options, handover);
	handover->enabled = node != NULL;
	handover->legs.gateway = build->config->gateway.id;
	handover->legs.signs = build->config->signer.enabled;
	handover->legs.keys[0] = (struct legs_keys){handover->keys.item, handover->keys.count};
	handover->legs.keys[1] = (struct legs_keys){witness->of.item, witness->of.count};
	check_keys(build, node, "keys", &handover->keys, true, HANDOVER_KEYS_MAX);
	if (handover->legs.require && handover->keys.count == 0 && witness->of.count == 0)
		complain(build, node, "require", NULL, "needs \"keys\" beside it");
}

/* ---- uplink ---------------------------------------------------------------------------- */

static void check_hosts(struct config_build *build, const struct conf_node *node)
{
	const struct conf_list *hosts = &build->config->uplink.hosts;
	struct uplink_host host;

	for (size_t i = 0; i < hosts->count; i++)
		if (uplink_host_parse(hosts->item[i], MQTT_PORT, &host) < 0)
			complain(build, node, "host", hosts->item[i],
				 "not a host, expected name, name:port or [IPv6]:port");
}

static void check_topics(struct config_build *build, const struct conf_node *node)
{
	const struct config *config = build->config;
	struct event_origin origin = {.checkpoint = config->checkpoint.id,
				      .gateway = config->gateway.id};
	char prefix[PREFIX_BYTES];

	if (!origin.checkpoint || !origin.gateway || !config->uplink.topic_root)
		return;
	if (uplink_topic_prefix(config->uplink.topic_root, &origin, prefix) < 0)
		complain(build, node, "topic_root", config->uplink.topic_root,
			 "not a topic, expected levels between \"/\", none empty, without \"+\", "
			 "\"#\" and \".\", not beginning with \"$\"");
}

static void check_password(struct config_build *build, const struct conf_node *node)
{
	const struct uplink_conf *uplink = &build->config->uplink;
	const char *option = uplink->password_file ? "password_file" : "password_credential";

	if (uplink->password_file && uplink->password_credential)
		complain(build, node, "password_credential", NULL,
			 "excludes \"password_file\", give one of them");
	if (!uplink->username)
		complain(build, node, option, NULL, "needs \"username\" beside it");
	if (uplink->password_credential && strchr(uplink->password_credential, '/'))
		complain(build, node, "password_credential", uplink->password_credential,
			 "not the name of a credential, expected one without \"/\"");
}

static bool leaves_the_machine(const struct uplink_conf *uplink)
{
	struct uplink_host host;

	for (size_t i = 0; i < uplink->hosts.count; i++)
		if (uplink_host_parse(uplink->hosts.item[i], MQTT_PORT, &host) == 0 &&
		    !uplink_host_is_loopback(&host))
			return true;
	return false;
}

static void check_cleartext(struct config_build *build, const struct conf_node *node)
{
	const struct uplink_conf *uplink = &build->config->uplink;
	const char *option = uplink->password_file ? "password_file" : "password_credential";

	if ((uplink->password_file || uplink->password_credential) && !uplink->tls &&
	    !uplink->cleartext && leaves_the_machine(uplink))
		complain(build, node, option, NULL,
			 "would send the password where all on the way can read it: add a block "
			 "tls, or cleartext = true");
}

static void check_compress(struct config_build *build, const struct conf_node *node)
{
	const struct uplink_conf *uplink = &build->config->uplink;

	if (uplink->compress != UPLINK_PLAIN && uplink->protocol != UPLINK_MQTT_5)
		complain(build, node, "compress", NULL,
			 "needs protocol = 5: MQTT 3.1.1 cannot say that a message is packed");
}

static void build_tls(struct config_build *build, const struct conf_node *uplink)
{
	const struct conf_node *node = single_block(build, uplink->children, "tls", false);
	struct uplink_conf *conf = &build->config->uplink;

	fill(build, node, tls_options, conf);
	conf->tls = node != NULL;
	if (conf->port == 0)
		conf->port = conf->tls ? MQTT_TLS_PORT : MQTT_PORT;
	if (conf->tls_cert && !conf->tls_key)
		complain(build, node, "cert", NULL, "needs \"key\" beside it");
	if (conf->tls_key && !conf->tls_cert)
		complain(build, node, "key", NULL, "needs \"cert\" beside it");
}

static void build_uplink(struct config_build *build)
{
	const struct conf_node *node = single_block(build, build->blocks, "uplink", true);
	struct config *config = build->config;
	struct uplink_conf *uplink = &config->uplink;

	if (!node)
		return;
	fill(build, node, uplink_options, uplink);
	build_tls(build, node);
	check_hosts(build, node);
	check_topics(build, node);
	check_password(build, node);
	check_cleartext(build, node);
	check_compress(build, node);
	config_check_order(build, node, "retry_min", uplink->retry_min_ns, "retry_max",
			   uplink->retry_max_ns);
	if (uplink->client_id || !config->checkpoint.id || !config->gateway.id)
		return;
	uplink->client_id = conf_join(build->parser.store, "corridord-%s-%s", config->checkpoint.id,
				      config->gateway.id);
}

static void build_signer(struct config_build *build)
{
	const struct conf_node *node = single_block(build, build->blocks, "signer", false);
	const struct signer_conf *signer = &build->config->signer;

	build->config->signer.enabled = node != NULL;
	if (node)
		fill(build, node, signer_options, &build->config->signer);
	if (signer->old_key && signer->key && strcmp(signer->key, signer->old_key) == 0)
		complain(build, node, "old_key", signer->old_key, "is the same as \"key\"");
}

static void build_witness(struct config_build *build)
{
	const struct conf_node *node = single_block(build, build->blocks, "witness", false);
	struct witness_conf *witness = &build->config->witness;

	witness->enabled = node != NULL;
	if (!node)
		return;
	fill(build, node, witness_options, witness);
	check_keys(build, node, "of", &witness->of, true, WITNESS_KEYS_MAX);
	check_keys(build, node, "by", &witness->by, false, WITNESS_KEYS_MAX);
	if (witness->of.count > 0 && !witness->key)
		complain(build, node, "of", NULL, "needs \"key\" beside it");
	if (witness->of.count == 0 && witness->by.count == 0)
		conf_complain_node(&build->reader, node, node->place.line,
				   "names nobody, expected \"of\" or \"by\"");
	if (!build->config->signer.enabled)
		conf_complain_node(&build->reader, node, node->place.line,
				   "needs a block \"signer\"");
}

/* NULL: it is one. */
static const char *refuse_officer(const char *text)
{
	struct note_verifier verifier;
	char officer[OFFICER_NAME_BYTES];

	if (note_verifier_read(text, &verifier) < 0 || !note_is_of_log(verifier.type) ||
	    !note_key_is_known(verifier.type, verifier.key, verifier.key_bytes))
		return "is no verifier key";
	return request_key_officer(verifier.name, officer) ? NULL : "is not named officer/NAME";
}

static void check_officers(struct config_build *build, const struct conf_node *node)
{
	const struct officers_conf *officers = &build->config->officers;
	enum request_method method;

	if (officers->keys.count > OFFICERS_MAX)
		complain(build, node, "keys", NULL, "has more than 64 keys");
	for (size_t i = 0; i < officers->keys.count; i++) {
		const char *why = refuse_officer(officers->keys.item[i]);

		if (why)
			complain(build, node, "keys", officers->keys.item[i], why);
	}
	for (size_t i = 0; i < officers->must_sign.count; i++)
		if (!request_method_by_name(officers->must_sign.item[i], &method))
			complain(build, node, "must_sign", officers->must_sign.item[i],
				 "is no kind of request");
}

static void build_officers(struct config_build *build)
{
	const struct conf_node *node = single_block(build, build->blocks, "officers", false);

	build->config->officers.enabled = node != NULL;
	if (!node)
		return;
	fill(build, node, officers_options, &build->config->officers);
	check_officers(build, node);
	if (!build->config->uplink.requests)
		conf_complain_node(&build->reader, node, node->place.line,
				   "needs \"requests = true\" in the block \"uplink\"");
}

void config_build_site(struct config_build *build)
{
	build_place(build);
	build_journal(build);
	build_signer(build);
	build_witness(build);
	build_registry(build);
	build_handover(build);
	build_uplink(build);
	build_officers(build);
}
