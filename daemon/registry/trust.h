/* Whose signature lists and records need, and whether they have it.
 *
 * A list file has it beside it, in a file of its name with ".sig" behind it; a record of the stream
 * within it, as its last member (evidence/vouch.h). Rules say which records need one. A list is
 * signed as a whole, and judged record by record: a keeper's signature carries no records of others.
 *
 * Reads files of signatures; knows no thread, keeps nothing but the rules.
 */
#ifndef CORRIDORD_REGISTRY_TRUST_H
#define CORRIDORD_REGISTRY_TRUST_H

#include "registry/file.h"

#define TRUST_RULES_MAX 16
#define TRUST_ENDING	".sig"

struct trust;

/* Its texts are copied. */
struct trust_rule {
	const char *name;
	char *const *keys, *const *kinds, *const *states; /* no states: any */
	size_t key_count, kind_count, state_count;
	bool mqtt; /* of records of the stream, too */
};

/* What a signature is good for. */
struct trust_word {
	uint32_t rules; /* that it satisfies, a bit each; 0: see lack */
	char signer[SIGNER_BYTES]; /* the key's name */
	int64_t signed_s; /* by the signer's clock, since 1970 */
	unsigned char hash[EVENT_HASH_BYTES]; /* of what was signed */
	char lack[88];
};

int trust_new(struct trust **ret_trust); /* with no rule; -ENOMEM */
/* -EINVAL: a key or kind that is none; -ENOSPC: too many; -ENOMEM. */
int trust_add(struct trust *trust, const struct trust_rule *rule);
void trust_free(struct trust *trust); /* takes NULL */

/* Changes with every rule; 0: there is none. Of all that follow, trust may be NULL: no rules. */
int64_t trust_sum(const struct trust *trust);

/* Of a list file. latest: of registry_latest(), no later signature is taken; 0: there is no clock. */
void trust_of_list(const struct trust *trust, const char *path, int64_t latest_utc_ns,
		   struct trust_word *ret_word);

/* false: the complaint names whose signature is needed, and what is there instead. */
bool trust_allows(const struct trust *trust, const struct registry_record *record, bool stream,
		  const struct trust_word *word, struct registry_complaint *ret_complaint);

/* Of a list that was read, with this SHA-256; held_s: when the one in its place was signed. */
bool trust_fits(const struct trust_word *word, const unsigned char hash[EVENT_HASH_BYTES],
		int64_t held_s, struct registry_complaint *ret_complaint);

/* Of a record of the stream: the record alone, without its note, into plain. topic: below the root. What
 * has no note is taken as it is. Bytes, or -EINVAL: something that is no note stands in its place. */
int trust_of_record(const struct trust *trust, const char *topic, const char *payload, size_t bytes,
		    int64_t latest_utc_ns, char plain[CONSIGNMENT_BYTES],
		    struct trust_word *ret_word);

/* Whether a record of the stream may be removed by this word. false: as trust_allows(). */
bool trust_allows_removal(const struct trust *trust, enum registry_kind kind, const char *key,
			  const struct trust_word *word, struct registry_complaint *ret_complaint);

/* Whether records of the stream of this kind may need a signature. */
bool trust_names(const struct trust *trust, enum registry_kind kind);

#endif
