/* EPCs of 96 bits and their keys: examples of the Tag Data Standard, and any key there and back. */
#include "rig/unit.h"

#include "dice.h"
#include "mapper/epc.h"

struct vector {
	enum epc_scheme scheme;
	unsigned filter, company_digits;
	const char *hex, *key;
};

/* The first four: EPC Tag Data Standard 1.6, appendix E. */
static const struct vector vectors[] = {
	{EPC_SGTIN, 3, 7, "3074257BF7194E4000001A85", "806141411234586789"},
	{EPC_SSCC, 3, 7, "3174257BF4499602D2000000", "106141412345678908"},
	{EPC_GRAI, 3, 7, "3374257BF40C0E4000000190", "0614141123452400"},
	{EPC_GIAI, 3, 7, "3474257BF40000000000162E", "06141415678"},
	{EPC_GIAI, 0, 7, "3416451FD400000000003039", "952114112345"},
	{EPC_GRAI, 0, 7, "3316451FD40C0E40000002A6", "9521141123454678"},
};

static void a_tag_of_the_standard_is_its_key(void **state)
{
	char key[EPC_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		assert_true(epc_key(vectors[i].hex, key));
		assert_string_equal(key, vectors[i].key);
	}
}

static void a_key_is_the_tag_of_the_standard(void **state)
{
	char hex[EPC_HEX_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		assert_true(epc_of_key(vectors[i].scheme, vectors[i].filter,
				       vectors[i].company_digits, vectors[i].key, hex));
		assert_string_equal(hex, vectors[i].hex);
	}
}

static void a_key_with_a_wrong_check_digit_is_no_tag(void **state)
{
	char hex[EPC_HEX_BYTES];

	(void)state;
	assert_false(epc_of_key(EPC_SSCC, 0, 7, "106141412345678909", hex));
	assert_false(epc_of_key(EPC_GRAI, 0, 7, "0614141123453400", hex));
	assert_false(epc_of_key(EPC_GIAI, 0, 7, "0614141", hex));
	assert_false(epc_of_key(EPC_GIAI, 0, 7, "061414105678", hex));
	assert_false(epc_of_key(EPC_GIAI, 0, 13, "06141415678", hex));
	assert_false(epc_of_key(EPC_SSCC, 0, 7, "10614141234567890", hex));
}

/* Any 96 bits are a key that leads back to them, or none. */
static void any_tag_with_a_key_is_the_tag_of_its_key(void **state)
{
	static const uint8_t headers[] = {0x30, 0x31, 0x33, 0x34};
	struct dice *dice = *state;
	char hex[EPC_HEX_BYTES], again[EPC_HEX_BYTES], key[EPC_KEY_BYTES];
	int found = 0;

	for (int i = 0; i < 200000; i++) {
		const uint8_t header = headers[roll(dice, COUNT(headers))];
		const unsigned partition = roll(dice, 7);
		const unsigned filter = roll(dice, 8);
		const unsigned head = filter << 13 | partition << 10 | roll(dice, 1024);

		snprintf(hex, sizeof(hex), "%02X%04X%04X%04X%04X%06X", header, head,
			 roll(dice, 0x10000), roll(dice, 0x10000),
			 header == 0x31 ? roll(dice, 0x100) << 8 : roll(dice, 0x10000),
			 header == 0x31 ? 0 : roll(dice, 0x1000000));
		if (!epc_key(hex, key))
			continue;
		found++;
		if (!epc_of_key((enum epc_scheme)header, filter, 12 - partition, key, again))
			continue; /* an asset beyond 64 bits' digits, or a reserved bit set */
		if (header != 0x31)
			assert_string_equal(hex, again);
	}
	assert_true(found > 1000);
}

static void what_is_no_tag_has_no_key(void **state)
{
	static const char *const strange[] = {
		"",
		"34",
		"3416451FD40000000000303",
		"3416451FD4000000000030399",
		"3416451FD40000000000303G",
		"E2801160600002054CC8A1B2", /* a chip's own number */
		"341E451FD400000000003039", /* partition 7 */
	};
	char key[EPC_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(strange); i++)
		assert_false(epc_key(strange[i], key));
}

int main(void)
{
	struct dice dice;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_of_the_standard_is_its_key),
		cmocka_unit_test(a_key_is_the_tag_of_the_standard),
		cmocka_unit_test(a_key_with_a_wrong_check_digit_is_no_tag),
		cmocka_unit_test_prestate(any_tag_with_a_key_is_the_tag_of_its_key, &dice),
		cmocka_unit_test(what_is_no_tag_has_no_key),
	};

	dice_init(&dice);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
