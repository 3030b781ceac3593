/* A note in a message: put in, taken out, and whose word it is. Signed by another implementation of
 * Ed25519, with keys of 32 bytes 1, 2 and 3. */
#include "rig/unit.h"

#include "evidence/ecdsa.h"
#include "evidence/trusted.h"
#include "transit/legs/handover.h"

#define KEY	      "corridor/az-ganja/gw1+a96566c1+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define NEW_KEY	      "corridor/az-ganja/gw1+c5563841+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define GW2_KEY	      "corridor/az-ganja/gw2+f4c5039a+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR"
#define TOPIC	      "ge-red-bridge/handover/INV1"
#define PLAIN	      "{\"schema\":\"corridord.handover/1\",\"ucr\":\"INV1\"}"
#define MESSAGE_BYTES 4096
#define DASH	      "\xe2\x80\x94"
#define TEXT                                                                   \
	"corridor-handover/v1\ncorridor/az-ganja/gw1/00000000000000e1\n" TOPIC \
	"\n1795996800\nl0+12f/rXpaXq7fopJKg/tSw0Msso5IBNiu3HdHADbY=\n"
#define LINE                                                                                       \
	DASH " corridor/az-ganja/gw1 "                                                             \
	     "qWVmwYXzlMVY1JxL8oyKymZ3Hoqls8ylPHH4p8yoqQe+2flVrk+TQEALlKOIS/VEiGOUPbSC9B+LhWl0l6q" \
	     "5Bmx4Bg4=\n"
#define NOTE TEXT "\n" LINE
/* The same text by a key on P-256, the number 7. */
#define P256_KEY                                                                           \
	"corridor/az-ganja/gw1+11086649+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI5TO2+gv3tGJ" \
	"bswZnwB+2B++fi4qA/vWzAGKHAxh7Kjc+sdveAzGDZtBp+DpvWQAFPHNjPLBBshxV4ahsH0ALQ="
#define P256_LINE                                                                              \
	DASH " corridor/az-ganja/gw1 "                                                         \
	     "EQhmSTBGAiEApEuTKkpd0PUpxbbklf88dMbAbLoLH+udPBGFNkVw8bICIQDsmrzXNuzykjxh8KOZUa2" \
	     "4krTC2iYbb/QpbfTXjLpfXA==\n"
/* the same key's, of a head of its log */
#define HEAD                                                                                        \
	"corridor/az-ganja/gw1/00000000000000e1\n7\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n" \
	"\n" DASH " corridor/az-ganja/gw1 "                                                         \
	"qWVmwYECXMV/OQVcxlUY8NW5kecDNRorrWSpKhnKzZOemsjVoBDb725BTVOuCR/cOJPHPlzK9AGEafkx9ot9oUMV"  \
	"aQk=\n"

static size_t with_note(const char *note, char out[MESSAGE_BYTES])
{
	int bytes;

	memcpy(out, PLAIN, strlen(PLAIN));
	bytes = vouch_put(out, strlen(PLAIN), MESSAGE_BYTES, note);
	assert_true(bytes > 0);
	return (size_t)bytes;
}

static enum trusted_worth check_with(const char *key, const char *kind, const char *topic,
				     const char *payload, size_t bytes)
{
	static struct trusted trusted;
	struct trusted_word word;
	char *copy = malloc(bytes); /* so that a sanitizer sees its end */
	enum trusted_worth worth;

	memset(&trusted, 0, sizeof(trusted));
	memcpy(copy, payload, bytes);
	assert_int_equal(trusted_add(&trusted, key), 0);
	worth = trusted_check(&trusted, kind, topic, copy, bytes, &word);
	if (worth == TRUSTED_GOOD) {
		assert_ptr_equal(word.by, &trusted.verifier[0]);
		assert_string_equal(word.vouch.by, "corridor/az-ganja/gw1/00000000000000e1");
		assert_int_equal(word.vouch.time_s, 1795996800);
	}
	free(copy);
	return worth;
}

static enum trusted_worth check(const char *payload, size_t bytes)
{
	return check_with(KEY, VOUCH_HANDOVER, TOPIC, payload, bytes);
}

static void what_another_signed_is_good(void **state)
{
	char message[MESSAGE_BYTES];
	size_t bytes = with_note(NOTE, message);

	(void)state;
	assert_int_equal(check(message, bytes), TRUSTED_GOOD);
	assert_int_equal(check(PLAIN, strlen(PLAIN)), TRUSTED_NONE);
}

static void its_text_is_that_of_the_document(void **state)
{
	struct vouch vouch = {.kind = VOUCH_HANDOVER,
			      .by = "corridor/az-ganja/gw1/00000000000000e1",
			      .topic = TOPIC,
			      .time_s = 1795996800,
			      .hash = vouch_hash(PLAIN, strlen(PLAIN))};
	char text[VOUCH_TEXT_BYTES];

	(void)state;
	assert_int_equal(vouch_text(&vouch, text), strlen(TEXT));
	assert_string_equal(text, TEXT);
	vouch.topic[3] = ' ';
	assert_int_equal(vouch_text(&vouch, text), -EINVAL);
}

static void any_changed_byte_is_found(void **state)
{
	char message[MESSAGE_BYTES];
	size_t bytes = with_note(NOTE, message);

	(void)state;
	for (size_t at = 0; at < bytes; at++) {
		message[at] ^= 1;
		assert_int_not_equal(check(message, bytes), TRUSTED_GOOD);
		message[at] ^= 1;
	}
}

static void any_cut_is_found(void **state)
{
	char message[MESSAGE_BYTES];
	size_t bytes = with_note(NOTE, message);

	(void)state;
	for (size_t cut = 1; cut < bytes; cut++)
		assert_int_not_equal(check(message, cut), TRUSTED_GOOD);
}

static void another_key_topic_or_purpose_is_none(void **state)
{
	char message[MESSAGE_BYTES];
	size_t bytes = with_note(NOTE, message);

	(void)state;
	assert_int_equal(check_with(NEW_KEY, VOUCH_HANDOVER, TOPIC, message, bytes),
			 TRUSTED_UNKNOWN);
	assert_int_equal(check_with(GW2_KEY, VOUCH_HANDOVER, TOPIC, message, bytes),
			 TRUSTED_UNKNOWN);
	assert_int_equal(check_with(KEY, VOUCH_REQUEST, TOPIC, message, bytes), TRUSTED_WRONG);
	assert_int_equal(check_with(KEY, VOUCH_HANDOVER, "ge-sarpi/handover/INV1", message, bytes),
			 TRUSTED_WRONG);
}

static void a_head_is_no_word_for_a_handover_nor_the_other_way_round(void **state)
{
	char message[MESSAGE_BYTES];
	size_t bytes = with_note(HEAD, message);
	struct note note;

	(void)state;
	assert_int_equal(check(message, bytes), TRUSTED_WRONG);
	assert_int_equal(note_read(HEAD, strlen(HEAD), &note), 0);
	assert_int_equal(note_read(NOTE, strlen(NOTE), &note), -EINVAL);
	bytes = with_note(TEXT "\n" DASH " corridor/az-ganja/gw1 "
			       "qWVmwYECXMV/"
			       "OQVcxlUY8NW5kecDNRorrWSpKhnKzZOemsjVoBDb725BTVOuCR/"
			       "cOJPHPlzK9AGEafkx9ot9oUMVaQk=\n",
			  message);
	assert_int_equal(check(message, bytes), TRUSTED_WRONG);
}

static void a_wrong_line_of_a_known_key_is_not_mended_by_a_good_one(void **state)
{
	char message[MESSAGE_BYTES];
	size_t bytes;

	(void)state;
	bytes = with_note(TEXT "\n" LINE DASH " corridor/az-ganja/gw1 "
			       "qWVmwYECXMV/"
			       "OQVcxlUY8NW5kecDNRorrWSpKhnKzZOemsjVoBDb725BTVOuCR/"
			       "cOJPHPlzK9AGEafkx9ot9oUMVaQk=\n",
			  message);
	assert_int_equal(check(message, bytes), TRUSTED_WRONG);
	bytes = with_note(TEXT "\n" DASH " somebody/else AAAAAQID\n" LINE, message);
	assert_int_equal(check(message, bytes), TRUSTED_GOOD);
}

static void a_note_elsewhere_than_at_the_end_vouches_for_nothing(void **state)
{
	static const char *const messages[] = {
		"{\"a\":1,\"note\":\"x\",\"b\":2}",
		"{\"a\":{\"b\":1,\"note\":\"x\"}}",
		"{\"a\":[{\"b\":1,\"note\":\"x\"}],\"c\":\"\"}",
		"{\"a\":1,\"note\":\"x\\\"\"}",
		"{\"a\":1,\"note\":\"x\\t\"}",
		"{\"a\":1,\"note\":\"x",
		"{\"a\":1,\"note\":\"",
	};
	static const char quoted[] = "{\"a\":\",\\\"note\\\":\\\"\"}";
	char note[NOTE_BYTES];
	struct tree_hash hash;

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		assert_int_equal(vouch_take(messages[i], strlen(messages[i]), note, &hash),
				 VOUCH_BAD);
	assert_int_equal(vouch_take(quoted, strlen(quoted), note, &hash), VOUCH_NONE);
	assert_int_equal(vouch_take("", 0, note, &hash), VOUCH_NONE);
}

static void a_dash_may_be_escaped(void **state)
{
	static const char message[] = "{\"a\":1,\"note\":\"\\u2014 x\\n\"}";
	char note[NOTE_BYTES];
	struct tree_hash hash, plain = vouch_hash("{\"a\":1}", 7);

	(void)state;
	assert_int_equal(vouch_take(message, strlen(message), note, &hash), VOUCH_FOUND);
	assert_string_equal(note, DASH " x\n");
	assert_true(tree_equal(&hash, &plain));
}

static void one_without_room_stays_as_it_was(void **state)
{
	char message[MESSAGE_BYTES];
	size_t bytes = with_note(NOTE, message);

	(void)state;
	memcpy(message, PLAIN, strlen(PLAIN));
	assert_int_equal(vouch_put(message, strlen(PLAIN), bytes - 1, NOTE), -E2BIG);
	assert_memory_equal(message, PLAIN, strlen(PLAIN));
	assert_int_equal(vouch_put(message, strlen(PLAIN), bytes, NOTE), bytes);
	assert_int_equal(vouch_put(message, bytes, sizeof(message), "a\"b"), -EINVAL);
	memcpy(message, "{}", 2);
	assert_int_equal(vouch_put(message, 2, sizeof(message), NOTE), -EINVAL);
}

static void a_key_on_p256_vouches_too(void **state)
{
	char message[MESSAGE_BYTES], note[] = TEXT "\n" P256_LINE;
	size_t bytes = with_note(note, message);

	(void)state;
	assert_int_equal(check_with(P256_KEY, VOUCH_HANDOVER, TOPIC, message, bytes), TRUSTED_GOOD);
	assert_int_equal(check(message, bytes), TRUSTED_UNKNOWN);
	message[10] ^= 1;
	assert_int_equal(check_with(P256_KEY, VOUCH_HANDOVER, TOPIC, message, bytes),
			 TRUSTED_WRONG);
}

/* Any bit of a signature, whether it is a number's or a length's. */
static void any_other_signature_on_p256_is_wrong(void **state)
{
	struct note_verifier verifier;
	struct note note;
	char text[] = TEXT "\n" P256_LINE;
	struct vouch vouch;

	(void)state;
	assert_int_equal(note_verifier_read(P256_KEY, &verifier), 0);
	assert_int_equal(vouch_read(text, strlen(text), VOUCH_HANDOVER, &vouch, &note), 0);
	struct note_signature *signature = &note.signature[0];

	for (size_t bit = 0; bit < 8 * signature->count; bit++) {
		signature->bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(ecdsa_is_good(verifier.key, text, note.text_bytes, signature->bytes,
					   signature->count));
		signature->bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	for (size_t count = 0; count < signature->count; count++)
		assert_false(ecdsa_is_good(verifier.key, text, note.text_bytes, signature->bytes,
					   count));
	assert_true(ecdsa_is_good(verifier.key, text, note.text_bytes, signature->bytes,
				  signature->count));
}

static void keys_are_of_logs_and_bounded(void **state)
{
	struct trusted *trusted = calloc(1, sizeof(*trusted));

	(void)state;
	assert_int_equal(trusted_add(trusted, KEY), 0);
	assert_int_equal(trusted_add(trusted, KEY), 0);
	assert_int_equal(trusted->count, 1);
	assert_int_equal(trusted_add(trusted, "x"), -EINVAL);
	assert_int_equal(
		trusted_add(
			trusted,
			"corridor/tr-sarp/gw1+aea23d20+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		-EINVAL);
	trusted->count = TRUSTED_MAX;
	assert_int_equal(trusted_add(trusted, GW2_KEY), -ENOSPC);
	free(trusted);
}

static void fill(char *text, size_t size)
{
	memset(text, 'x', size - 1);
	text[size - 1] = '\0';
}

/* Names of checkpoints and gateways have 63 bytes at most, a key of a state 135. */
static void the_note_of_two_keys_has_room_in_the_longest_state(void **state)
{
	char payload[STATE_BYTES], note[VOUCH_NOTE_BYTES], name[sizeof("corridor//") + 2 * 63];
	unsigned char signature[NOTE_SIGNED_MOST] = {0};
	struct vouch vouch = {.kind = VOUCH_HANDOVER, .time_s = INT64_C(99999999999)};
	int bytes, line;

	(void)state;
	fill(name, sizeof(name));
	snprintf(vouch.by, sizeof(vouch.by), "%s/0123456789abcdef", name);
	fill(vouch.topic, HANDOVER_KEY_BYTES);
	bytes = vouch_text(&vouch, note);
	assert_true(bytes > 0);
	note[bytes++] = '\n';
	for (int i = 0; i < VOUCH_LINES; i++) {
		line = note_sign_line(name, 1, signature, sizeof(signature), note + bytes,
				      sizeof(note) - (size_t)bytes);
		assert_true(line > 0);
		bytes += line;
	}
	memset(payload, ' ', sizeof(payload));
	payload[EVENT_BYTES - 1] = '}';
	assert_int_equal(vouch_put(payload, EVENT_BYTES, EVENT_BYTES, note), -E2BIG);
	assert_true(vouch_put(payload, EVENT_BYTES, STATE_BYTES, note) > EVENT_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_note_of_two_keys_has_room_in_the_longest_state),
		cmocka_unit_test(what_another_signed_is_good),
		cmocka_unit_test(its_text_is_that_of_the_document),
		cmocka_unit_test(any_changed_byte_is_found),
		cmocka_unit_test(any_cut_is_found),
		cmocka_unit_test(another_key_topic_or_purpose_is_none),
		cmocka_unit_test(a_head_is_no_word_for_a_handover_nor_the_other_way_round),
		cmocka_unit_test(a_wrong_line_of_a_known_key_is_not_mended_by_a_good_one),
		cmocka_unit_test(a_note_elsewhere_than_at_the_end_vouches_for_nothing),
		cmocka_unit_test(a_dash_may_be_escaped),
		cmocka_unit_test(one_without_room_stays_as_it_was),
		cmocka_unit_test(a_key_on_p256_vouches_too),
		cmocka_unit_test(any_other_signature_on_p256_is_wrong),
		cmocka_unit_test(keys_are_of_logs_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
