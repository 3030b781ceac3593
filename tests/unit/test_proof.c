/* Texts of proofs: what is written is read, and nothing else. */
#include "rig/unit.h"

#include "evidence/proof.h"

#define NOTE                                                                                  \
	"corridor/cp/gw1/00000000000000e1\n7\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n" \
	"\n\xe2\x80\x94 corridor/cp/gw1 AAAAAQID\n"

static size_t write_one(char text[PROOF_BYTES], size_t hashes)
{
	struct tree_path path = {.count = hashes};
	int length;

	for (size_t i = 0; i < hashes; i++)
		memset(path.hash[i].bytes, (int)i + 1, TREE_HASH_BYTES);
	length = proof_write(4710, &path, NOTE, text, PROOF_BYTES);
	assert_true(length > 0);
	assert_int_equal(strlen(text), length);
	return (size_t)length;
}

static void what_is_written_is_read(void **state)
{
	char text[PROOF_BYTES];
	struct proof proof;

	(void)state;
	for (size_t hashes = 0; hashes <= TREE_PATH_MAX; hashes++) {
		size_t bytes = write_one(text, hashes);

		assert_int_equal(proof_read(text, bytes, &proof), 0);
		assert_int_equal(proof.index, 4710);
		assert_int_equal(proof.path.count, hashes);
		assert_int_equal(proof.note_bytes, strlen(NOTE));
		assert_memory_equal(proof.note, NOTE, proof.note_bytes);
		for (size_t i = 0; i < hashes; i++)
			assert_int_equal(proof.path.hash[i].bytes[31], i + 1);
	}
}

static void what_is_cut_off_before_the_head_is_none(void **state)
{
	char text[PROOF_BYTES];
	size_t bytes = write_one(text, 5) - strlen(NOTE);
	struct proof proof;

	(void)state;
	assert_int_equal(proof_read(text, bytes, &proof), 0);
	for (size_t cut = 0; cut < bytes; cut++) {
		char *copy = malloc(cut + 1); /* so that a sanitizer sees its end */

		memcpy(copy, text, cut);
		assert_int_equal(proof_read(copy, cut, &proof), -EINVAL);
		free(copy);
	}
}

static void a_line_of_extra_data_is_passed_over(void **state)
{
	static const char text[] = "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\n" NOTE;
	struct proof proof;

	(void)state;
	assert_int_equal(proof_read(text, strlen(text), &proof), 0);
	assert_int_equal(proof.index, 0);
	assert_int_equal(proof.path.count, 0);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const texts[] = {
		"c2sp.org/tlog-proof@v2\nindex 0\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 00\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex -1\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 12345678901234567890\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\n" NOTE,
	};
	struct proof proof;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(proof_read(texts[i], strlen(texts[i]), &proof), -EINVAL);
}

static void a_path_that_is_too_long_is_none(void **state)
{
	char text[PROOF_BYTES * 2] = "c2sp.org/tlog-proof@v1\nindex 0\n";
	struct proof proof;

	(void)state;
	for (int i = 0; i <= TREE_PATH_MAX; i++)
		strcat(text, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	strcat(text, "\n" NOTE);
	assert_int_equal(proof_read(text, strlen(text), &proof), -EINVAL);
}

static void what_does_not_fit_is_not_written(void **state)
{
	struct tree_path path = {.count = 2};
	char text[PROOF_BYTES];

	(void)state;
	for (size_t size = 1; size < 200; size++)
		assert_int_equal(proof_write(1, &path, NOTE, text, size), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_cut_off_before_the_head_is_none),
		cmocka_unit_test(a_line_of_extra_data_is_passed_over),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_path_that_is_too_long_is_none),
		cmocka_unit_test(what_does_not_fit_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
