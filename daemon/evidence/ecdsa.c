#include "evidence/ecdsa.h"

#include <nettle/asn1.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>

#include "base/sha256.h"

#define COORDINATE_BYTES 32
#define ORDER_BITS	 256

static bool read_point(const unsigned char key[P256_BYTES], struct ecc_point *point)
{
	const unsigned char *x = key + P256_BYTES - 2 * (size_t)COORDINATE_BYTES;
	mpz_t at_x, at_y;
	bool is_on_curve;

	mpz_init(at_x);
	mpz_init(at_y);
	mpz_import(at_x, COORDINATE_BYTES, 1, 1, 1, 0, x);
	mpz_import(at_y, COORDINATE_BYTES, 1, 1, 1, 0, x + COORDINATE_BYTES);
	is_on_curve = ecc_point_set(point, at_x, at_y) == 1;
	mpz_clear(at_x);
	mpz_clear(at_y);
	return is_on_curve;
}

static bool read_number(struct asn1_der_iterator *der, mpz_t number)
{
	return der->type == ASN1_INTEGER && asn1_der_get_bignum(der, number, ORDER_BITS) == 1;
}

/* SEQUENCE { r INTEGER, s INTEGER }, and nothing behind it. */
static bool read_signature(const unsigned char *bytes, size_t count,
			   struct dsa_signature *signature)
{
	struct asn1_der_iterator whole, part;

	return asn1_der_iterator_first(&whole, count, bytes) == ASN1_ITERATOR_CONSTRUCTED &&
	       whole.type == ASN1_SEQUENCE &&
	       asn1_der_decode_constructed(&whole, &part) == ASN1_ITERATOR_PRIMITIVE &&
	       read_number(&part, signature->r) &&
	       asn1_der_iterator_next(&part) == ASN1_ITERATOR_PRIMITIVE &&
	       read_number(&part, signature->s) &&
	       asn1_der_iterator_next(&part) == ASN1_ITERATOR_END &&
	       asn1_der_iterator_next(&whole) == ASN1_ITERATOR_END;
}

bool ecdsa_is_good(const unsigned char key[P256_BYTES], const char *text, size_t bytes,
		   const unsigned char *signature, size_t count)
{
	struct ecc_point point;
	struct dsa_signature read;
	struct sha256_ctx sha;
	uint8_t digest[SHA256_DIGEST_SIZE];
	bool is_good;

	sha256_init(&sha);
	sha256_update(&sha, bytes, (const uint8_t *)text);
	sha256_end(&sha, digest);
	ecc_point_init(&point, nettle_get_secp_256r1());
	dsa_signature_init(&read);
	is_good = read_point(key, &point) && read_signature(signature, count, &read) &&
		  ecdsa_verify(&point, sizeof(digest), digest, &read) == 1;
	dsa_signature_clear(&read);
	ecc_point_clear(&point);
	return is_good;
}
