#include "registry/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/trusted.h"

struct trust {
	struct trusted keys;
	uint32_t of_key[TRUSTED_MAX]; /* the rules that name it */
	char *name[TRUST_RULES_MAX];
	uint32_t kinds[TRUST_RULES_MAX]; /* a bit each */
	char **states[TRUST_RULES_MAX];
	size_t state_count[TRUST_RULES_MAX];
	bool mqtt[TRUST_RULES_MAX];
	size_t count;
	int64_t sum;
};

/* ---- rules --------------------------------------------------------------------------- */

int trust_new(struct trust **ret_trust)
{
	*ret_trust = calloc(1, sizeof(**ret_trust));
	return *ret_trust ? 0 : -ENOMEM;
}

static void free_states(struct trust *trust, size_t at)
{
	for (size_t i = 0; i < trust->state_count[at]; i++)
		free(trust->states[at][i]);
	free(trust->states[at]);
}

void trust_free(struct trust *trust)
{
	for (size_t at = 0; trust && at < TRUST_RULES_MAX; at++) {
		free(trust->name[at]);
		free_states(trust, at);
	}
	free(trust);
}

int64_t trust_sum(const struct trust *trust)
{
	return trust ? trust->sum : 0;
}

static void add_to_sum(struct trust *trust, const char *word)
{
	char text[sizeof(trust->sum) + VERIFIER_BYTES];
	unsigned char hash[EVENT_HASH_BYTES];

	memcpy(text, &trust->sum, sizeof(trust->sum));
	snprintf(text + sizeof(trust->sum), VERIFIER_BYTES, "%s", word);
	event_hash(text, sizeof(trust->sum) + strlen(text + sizeof(trust->sum)) + 1, hash);
	memcpy(&trust->sum, hash, sizeof(trust->sum));
}

static void add_all_to_sum(struct trust *trust, char *const *words, size_t count)
{
	add_to_sum(trust, "");
	for (size_t i = 0; i < count; i++)
		add_to_sum(trust, words[i]);
}

static int add_key(struct trust *trust, const char *text)
{
	struct note_verifier verifier;
	int err = trusted_add(&trust->keys, text);

	if (err < 0 || note_verifier_read(text, &verifier) < 0 ||
	    strlen(verifier.name) >= SIGNER_BYTES)
		return err < 0 ? err : -EINVAL;
	for (size_t i = 0; i < trust->keys.count; i++)
		if (trust->keys.verifier[i].id == verifier.id &&
		    strcmp(trust->keys.verifier[i].name, verifier.name) == 0)
			trust->of_key[i] |= UINT32_C(1) << trust->count;
	return 0;
}

static int copy_words(struct trust *trust, size_t at, const struct trust_rule *rule)
{
	trust->name[at] = strdup(rule->name);
	trust->states[at] = calloc(rule->state_count + 1, sizeof(trust->states[at][0]));
	if (!trust->name[at] || !trust->states[at])
		return -ENOMEM;
	for (size_t i = 0; i < rule->state_count; i++, trust->state_count[at]++)
		if (!(trust->states[at][i] = strdup(rule->states[i])))
			return -ENOMEM;
	return 0;
}

int trust_add(struct trust *trust, const struct trust_rule *rule)
{
	size_t at = trust->count;
	enum registry_kind kind;
	int err;

	if (at == TRUST_RULES_MAX)
		return -ENOSPC;
	for (size_t i = 0; i < rule->key_count; i++)
		if ((err = add_key(trust, rule->keys[i])) < 0)
			return err;
	for (size_t i = 0; i < rule->kind_count; i++) {
		if (!registry_kind_by_name(rule->kinds[i], &kind))
			return -EINVAL;
		trust->kinds[at] |= UINT32_C(1) << kind;
	}
	if ((err = copy_words(trust, at, rule)) < 0)
		return err;
	trust->mqtt[at] = rule->mqtt;
	trust->count++;
	add_all_to_sum(trust, rule->keys, rule->key_count);
	add_all_to_sum(trust, rule->kinds, rule->kind_count);
	add_all_to_sum(trust, rule->states, rule->state_count);
	add_to_sum(trust, rule->mqtt ? "mqtt" : "");
	return 0;
}

/* ---- which a record needs ------------------------------------------------------------ */

static const char *state_of(const struct registry_record *record)
{
	if (record->kind == REGISTRY_AEO)
		return record->aeo.state;
	return record->kind == REGISTRY_GROUP ? record->member.state : NULL;
}

static bool names_state(const struct trust *trust, size_t rule, const char *state)
{
	for (size_t i = 0; i < trust->state_count[rule]; i++)
		if (state && strcmp(trust->states[rule][i], state) == 0)
			return true;
	return trust->state_count[rule] == 0;
}

static uint32_t rules_for(const struct trust *trust, const struct registry_record *record,
			  bool stream)
{
	const char *state = state_of(record);
	uint32_t rules = 0;

	for (size_t i = 0; i < trust->count; i++)
		if ((trust->kinds[i] >> record->kind & 1) && names_state(trust, i, state) &&
		    (!stream || trust->mqtt[i]))
			rules |= UINT32_C(1) << i;
	return rules;
}

bool trust_allows(const struct trust *trust, const struct registry_record *record, bool stream,
		  const struct trust_word *word, struct registry_complaint *ret_complaint)
{
	uint32_t rules = trust ? rules_for(trust, record, stream) : 0;
	size_t first = 0;

	if (rules == 0 || (rules & word->rules))
		return true;
	while (!(rules >> first & 1))
		first++;
	if (word->rules)
		snprintf(ret_complaint->text, sizeof(ret_complaint->text),
			 "needs the signature of \"%s\", is signed by \"%s\"", trust->name[first],
			 word->signer);
	else
		snprintf(ret_complaint->text, sizeof(ret_complaint->text),
			 "needs the signature of \"%.40s\": %s", trust->name[first], word->lack);
	return false;
}

/* ---- signatures ---------------------------------------------------------------------- */

static void lack(struct trust_word *word, const char *why)
{
	snprintf(word->lack, sizeof(word->lack), "%s", why);
}

static void take_word(const struct trust *trust, const struct vouch *vouch,
		      const struct note_verifier *by, struct trust_word *word)
{
	word->rules = trust->of_key[by - trust->keys.verifier];
	word->signed_s = (int64_t)vouch->time_s;
	memcpy(word->hash, vouch->hash.bytes, sizeof(word->hash));
	snprintf(word->signer, sizeof(word->signer), "%.63s", by->name);
}

static bool is_ahead(const struct vouch *vouch, int64_t latest_utc_ns)
{
	return latest_utc_ns > 0 && vouch->time_s > (uint64_t)(latest_utc_ns / NS_PER_S);
}

/* text: with a NUL. topic: what it has to be of. */
static void judge(const struct trust *trust, const char *kind, const char *topic, const char *text,
		  size_t bytes, int64_t latest_utc_ns, struct trust_word *word)
{
	struct trusted_word found = {0};
	const struct vouch *vouch = &found.vouch;
	struct note note;
	enum trusted_worth worth;

	if (vouch_read(text, bytes, kind, &found.vouch, &note) < 0) {
		lack(word, "its signature is no whole note of this kind");
		return;
	}
	worth = trusted_judge(&trust->keys, &note, text, &found);
	if (worth == TRUSTED_GOOD && strcmp(vouch->by, found.by->name) != 0)
		worth = TRUSTED_WRONG;
	if (worth == TRUSTED_WRONG)
		lack(word, "its signature is forged, or was altered");
	else if (worth != TRUSTED_GOOD)
		lack(word, "it is signed by other keys");
	else if (strcmp(vouch->topic, topic) != 0)
		snprintf(word->lack, sizeof(word->lack), "its signature is that of \"%.48s\"",
			 vouch->topic);
	else if (is_ahead(vouch, latest_utc_ns))
		lack(word, "it was signed more than a day ahead of the clock here");
	else
		take_word(trust, vouch, found.by, word);
}

/* ---- of lists ------------------------------------------------------------------------ */

/* Bytes; -ENOENT, -EFBIG: it is longer than any. */
static int read_file(const char *path, char text[NOTE_BYTES])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	size_t used = 0;
	ssize_t n = 1;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode))
		err = -ENODEV;
	while (err == 0 && used < NOTE_BYTES && n != 0) {
		n = read(fd, text + used, NOTE_BYTES - used);
		if (n < 0 && errno != EINTR)
			err = -errno;
		used += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (err < 0)
		return err;
	if (used == NOTE_BYTES)
		return -EFBIG;
	text[used] = '\0';
	return (int)used;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void trust_of_list(const struct trust *trust, const char *path, int64_t latest_utc_ns,
		   struct trust_word *ret_word)
{
	char beside[PATH_MAX], text[NOTE_BYTES];
	int bytes;

	*ret_word = (struct trust_word){0};
	if (!trust)
		return;
	snprintf(beside, sizeof(beside), "%s" TRUST_ENDING, path);
	bytes = read_file(beside, text);
	if (bytes == -ENOENT)
		snprintf(ret_word->lack, sizeof(ret_word->lack),
			 "there is no %.52s" TRUST_ENDING " beside it", name_of(path));
	else if (bytes == -EFBIG)
		lack(ret_word, "what lies beside it is longer than a signature");
	else if (bytes < 0)
		snprintf(ret_word->lack, sizeof(ret_word->lack),
			 "its signature cannot be read: %.56s", strerror(-bytes));
	else
		judge(trust, VOUCH_LIST, name_of(path), text, (size_t)bytes, latest_utc_ns,
		      ret_word);
}

bool trust_fits(const struct trust_word *word, const unsigned char hash[EVENT_HASH_BYTES],
		int64_t held_s, struct registry_complaint *ret_complaint)
{
	bool same = memcmp(word->hash, hash, EVENT_HASH_BYTES) == 0;

	if (!same)
		snprintf(ret_complaint->text, sizeof(ret_complaint->text),
			 "is not what \"%s\" signed: fetch it and its " TRUST_ENDING " again",
			 word->signer);
	else if (word->signed_s < held_s)
		snprintf(
			ret_complaint->text, sizeof(ret_complaint->text),
			"was signed by \"%s\" before the one in use: an older one cannot follow it",
			word->signer);
	return same && word->signed_s >= held_s;
}

/* ---- of records ---------------------------------------------------------------------- */

int trust_of_record(const struct trust *trust, const char *topic, const char *payload, size_t bytes,
		    int64_t latest_utc_ns, char plain[CONSIGNMENT_BYTES],
		    struct trust_word *ret_word)
{
	char text[NOTE_BYTES];
	struct tree_hash hash;
	enum vouch_found found = vouch_take(payload, bytes, text, &hash);
	size_t before = vouch_before(payload, bytes);

	*ret_word = (struct trust_word){0};
	if (found == VOUCH_BAD || before + 1 >= CONSIGNMENT_BYTES)
		return -EINVAL;
	if (before > 0)
		memcpy(plain, payload, before);
	if (found == VOUCH_FOUND)
		plain[before++] = '}';
	else
		lack(ret_word, "it has no note");
	if (!trust || found != VOUCH_FOUND)
		return (int)before;
	judge(trust, VOUCH_RECORD, topic, text, strlen(text), latest_utc_ns, ret_word);
	if (ret_word->rules && memcmp(ret_word->hash, hash.bytes, sizeof(hash.bytes)) != 0) {
		*ret_word = (struct trust_word){0};
		lack(ret_word, "it is not what its note is of");
	}
	return (int)before;
}

bool trust_allows_removal(const struct trust *trust, enum registry_kind kind, const char *key,
			  const struct trust_word *word, struct registry_complaint *ret_complaint)
{
	const char *behind = strchr(key, ':');
	char state[3];
	struct registry_record record = {.kind = kind};

	snprintf(state, sizeof(state), "%.2s", kind == REGISTRY_GROUP && behind ? behind + 1 : key);
	if (kind == REGISTRY_AEO)
		record.aeo.state = state;
	else if (kind == REGISTRY_GROUP)
		record.member.state = state;
	return trust_allows(trust, &record, true, word, ret_complaint);
}

bool trust_names(const struct trust *trust, enum registry_kind kind)
{
	for (size_t i = 0; trust && i < trust->count; i++)
		if (trust->mqtt[i] && (trust->kinds[i] >> kind & 1))
			return true;
	return false;
}
