/* Signatures of lists and records: what they are good for. Signed by another implementation of Ed25519, with
 * keys of 32 bytes 1, 2 and 3. */
#include "rig/unit.h"

#include <unistd.h>

#include "evidence/note.h"
#include "registry/trust.h"

#define KEY	  "revenue.ge/lists+01423b34+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define NEW_KEY	  "revenue.ge/lists+6988d41c+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define OTHER_KEY "customs.tr/lists+37f259d0+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR"
#define SIGNED_S  1795996800
#define TOPIC	  "ge-red-bridge/registry/aeo/GE:P:1"
#define RECORD	  "{\"country\":\"GE\"}"
#define SIGNED_RECORD \
	"{\"country\":\"GE\",\"note\":\"corridor-record/v1\\nrevenue.ge/lists\\nge-red-bridge/registry/aeo/GE:P:1\\n1795996800\\nRbVGUimz0vA0ikz81p5S3xC2BZEi1Bz/b5hUowvxEc8=\\n\\n\xe2\x80\x94 revenue.ge/lists AUI7NFhliPhG/xeMSDe63+bjL7NRvC5IozPUCZ76jeEBNPmc9D2lQTdYxVByjhxM2xJVyk2UtLBzIfUHMvqzddOHOQM=\\n\"}"

static const char text[] = "corridor-list/v1\n"
			   "revenue.ge/lists\n"
			   "list.csv\n"
			   "1795996800\n"
			   "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n";
static const char line[] =
	"\xe2\x80\x94 revenue.ge/lists AUI7NMytPlqOZ5gAwZiBnMfgwAAycHK/QuCg+gPhOlhgwFVuifk+nTRdjrBT2Ekyw7C0/7JpxWY7wrclQIuqHnMLXgI=\n";
static const char new_line[] =
	"\xe2\x80\x94 revenue.ge/lists aYjUHJ8EgVzSihmn9ECAd6l+sDnKz7uMmspoO9RrL8LM3NXQDCWn3uUgwYey9sGD9NT/vxMw4jvv1ksKVADK46edYQ4=\n";
static const char other_line[] =
	"\xe2\x80\x94 customs.tr/lists N/JZ0Nz6s1waEu9lgH3w/doEZses79FrvFHUGY1IlTuXzbpR2kM6KT0CKAravhAwr7G5I+vSV2eLNU2kFm4EQN0Y4w0=\n";

struct folder {
	char path[64], list[80], signature[96];
};

static struct trust *trust_in(const char *key, bool mqtt)
{
	static char aeo[] = "aeo", ge[] = "GE";
	static char *kinds[] = {aeo}, *states[] = {ge};
	char text_of_key[VERIFIER_BYTES], *keys[] = {text_of_key};
	const struct trust_rule rule = {.name = "revenue",
					.keys = keys,
					.key_count = 1,
					.kinds = kinds,
					.kind_count = 1,
					.states = states,
					.state_count = 1,
					.mqtt = mqtt};
	struct trust *trust;

	snprintf(text_of_key, sizeof(text_of_key), "%s", key);
	assert_int_equal(trust_new(&trust), 0);
	assert_int_equal(trust_add(trust, &rule), 0);
	return trust;
}

static struct trust_word word_of(const char *key, const char *name, const char *note, size_t bytes,
				 int64_t latest_s)
{
	struct trust *trust = trust_in(key, true);
	struct trust_word word;
	struct folder folder = {.path = "/tmp/trust.XXXXXX"};
	FILE *out;

	assert_non_null(mkdtemp(folder.path));
	snprintf(folder.list, sizeof(folder.list), "%s/%s", folder.path, name);
	snprintf(folder.signature, sizeof(folder.signature), "%s.sig", folder.list);
	out = fopen(folder.signature, "we");
	assert_non_null(out);
	assert_int_equal(fwrite(note, 1, bytes, out), bytes);
	fclose(out);
	trust_of_list(trust, folder.list, latest_s * NS_PER_S, &word);
	assert_int_equal(unlink(folder.signature), 0);
	assert_int_equal(rmdir(folder.path), 0);
	trust_free(trust);
	return word;
}

static struct trust_word word_with(const char *key, const char *lines)
{
	char note[4096];
	int bytes = snprintf(note, sizeof(note), "%s\n%s", text, lines);

	return word_of(key, "list.csv", note, (size_t)bytes, 0);
}

static void lacks(struct trust_word word, const char *why)
{
	assert_int_equal(word.rules, 0);
	assert_string_equal(word.signer, "");
	assert_non_null(strstr(word.lack, why));
}

static void what_the_keeper_signed_is_good(void **state)
{
	struct trust_word word = word_with(KEY, line);
	struct registry_complaint complaint;
	unsigned char hash[EVENT_HASH_BYTES];

	(void)state;
	assert_int_equal(word.rules, 1);
	assert_string_equal(word.signer, "revenue.ge/lists");
	assert_true(word.signed_s == SIGNED_S);
	event_hash("abc", 3, hash);
	assert_true(trust_fits(&word, hash, SIGNED_S, &complaint));
	assert_false(trust_fits(&word, hash, SIGNED_S + 1, &complaint));
	event_hash("abd", 3, hash);
	assert_false(trust_fits(&word, hash, 0, &complaint));
}

static void lines_of_keys_that_are_not_known_are_passed_over(void **state)
{
	char lines[2048];

	(void)state;
	snprintf(lines, sizeof(lines), "%snothing at all\n%s", other_line, line);
	assert_int_equal(word_with(KEY, lines).rules, 1);
	snprintf(lines, sizeof(lines), "%s%s", line, new_line);
	assert_int_equal(word_with(NEW_KEY, lines).rules, 1);
	lacks(word_with(NEW_KEY, line), "other keys");
}

static void a_key_signs_in_its_own_name(void **state)
{
	(void)state;
	lacks(word_with(OTHER_KEY, other_line), "forged");
}

static void what_is_cut_altered_renamed_or_of_tomorrow_is_none(void **state)
{
	char note[4096];
	size_t bytes = (size_t)snprintf(note, sizeof(note), "%s\n%s", text, line);

	(void)state;
	for (size_t cut = 0; cut < bytes; cut++)
		assert_int_equal(word_of(KEY, "list.csv", note, cut, 0).rules, 0);
	for (size_t i = 0; i < bytes; i += 3) {
		note[i] ^= 1;
		assert_int_equal(word_of(KEY, "list.csv", note, bytes, 0).rules, 0);
		note[i] ^= 1;
	}
	lacks(word_of(KEY, "other.csv", note, bytes, 0), "is that of \"list.csv\"");
	lacks(word_of(KEY, "list.csv", note, bytes, SIGNED_S - 1), "ahead of the clock");
	assert_int_equal(word_of(KEY, "list.csv", note, bytes, SIGNED_S).rules, 1);
	memset(note + bytes, '\n', sizeof(note) - bytes);
	lacks(word_of(KEY, "list.csv", note, sizeof(note), 0), "longer than a signature");
}

static void a_record_has_its_note_within_it(void **state)
{
	struct trust *trust = trust_in(KEY, true);
	char plain[CONSIGNMENT_BYTES], message[] = SIGNED_RECORD;
	struct trust_word word;
	int bytes = trust_of_record(trust, TOPIC, message, strlen(message), 0, plain, &word);

	(void)state;
	assert_int_equal(bytes, (int)strlen(RECORD));
	assert_memory_equal(plain, RECORD, strlen(RECORD));
	assert_int_equal(word.rules, 1);
	assert_int_equal(
		trust_of_record(trust, TOPIC "2", message, strlen(message), 0, plain, &word),
		bytes);
	lacks(word, "is that of \"" TOPIC "\"");
	assert_int_equal(trust_of_record(NULL, TOPIC, message, strlen(message), 0, plain, &word),
			 bytes);
	assert_int_equal(word.rules, 0);
	message[3]++;
	(void)trust_of_record(trust, TOPIC, message, strlen(message), 0, plain, &word);
	lacks(word, "not what its note is of");
	message[strlen(message) - 1] = ' ';
	assert_int_equal(trust_of_record(trust, TOPIC, message, strlen(message), 0, plain, &word),
			 -EINVAL);
	trust_free(trust);
}

static void who_needs_which_signature_is_a_matter_of_kind_and_state(void **state)
{
	struct trust *trust = trust_in(KEY, false);
	struct registry_record record = {.kind = REGISTRY_AEO, .aeo.state = "GE"};
	const struct trust_word none = {.lack = "nothing"}, good = {.rules = 1};
	struct registry_complaint complaint;

	(void)state;
	assert_false(trust_allows(trust, &record, false, &none, &complaint));
	assert_string_equal(complaint.text, "needs the signature of \"revenue\": nothing");
	assert_true(trust_allows(trust, &record, false, &good, &complaint));
	assert_true(trust_allows(trust, &record, true, &none, &complaint)); /* not over MQTT */
	record.aeo.state = "TR";
	assert_true(trust_allows(trust, &record, false, &none, &complaint));
	assert_true(trust_allows(NULL, &record, false, &none, &complaint));
	trust_free(trust);
	trust = trust_in(KEY, true);
	assert_false(trust_allows_removal(trust, REGISTRY_AEO, "GE:P:1", &none, &complaint));
	assert_true(trust_allows_removal(trust, REGISTRY_AEO, "TR:P:1", &none, &complaint));
	assert_true(trust_allows_removal(trust, REGISTRY_GROUP, "EU:GE", &none, &complaint));
	trust_free(trust);
}

static void other_rules_have_another_sum(void **state)
{
	struct trust *one = trust_in(KEY, true), *other = trust_in(NEW_KEY, true);
	struct trust *lists = trust_in(KEY, false);

	(void)state;
	assert_true(trust_sum(NULL) == 0);
	assert_true(trust_sum(one) != trust_sum(other));
	assert_true(trust_sum(one) != trust_sum(lists));
	trust_free(one);
	trust_free(other);
	trust_free(lists);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_keeper_signed_is_good),
		cmocka_unit_test(lines_of_keys_that_are_not_known_are_passed_over),
		cmocka_unit_test(a_key_signs_in_its_own_name),
		cmocka_unit_test(what_is_cut_altered_renamed_or_of_tomorrow_is_none),
		cmocka_unit_test(a_record_has_its_note_within_it),
		cmocka_unit_test(who_needs_which_signature_is_a_matter_of_kind_and_state),
		cmocka_unit_test(other_rules_have_another_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
