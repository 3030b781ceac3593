/* EPCs of 96 bits and the GS1 keys that they hold (EPC Tag Data Standard 2.1, chapter 14). Pure.
 *
 *   30 SGTIN  the GTIN of 14 digits, then the serial number
 *   31 SSCC   18 digits
 *   33 GRAI   13 digits, then the serial number
 *   34 GIAI   company and asset
 * with their check digits and without application identifiers.
 */
#ifndef CORRIDORD_MAPPER_EPC_H
#define CORRIDORD_MAPPER_EPC_H

#include <stdbool.h>

#define EPC_HEX_BYTES 25 /* with the NUL */
#define EPC_KEY_BYTES 64

/* false: it is none of these. hex: 24 digits, of either case. */
bool epc_key(const char *hex, char ret_key[EPC_KEY_BYTES]);

enum epc_scheme { EPC_SGTIN = 0x30, EPC_SSCC = 0x31, EPC_GRAI = 0x33, EPC_GIAI = 0x34 };

/* The way back, for who writes tags; company_digits: how many of the key are the company's.
 * false: the key has another form, or is too long. */
bool epc_of_key(enum epc_scheme scheme, unsigned filter, unsigned company_digits, const char *key,
		char ret_hex[EPC_HEX_BYTES]);

#endif
