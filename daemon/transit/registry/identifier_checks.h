/* What the form of an identifier does not say: check digits, years, optional parts.
 *
 * Called by identifier_check() alone, with a text that has passed its form.
 */
#ifndef CORRIDORD_TRANSIT_REGISTRY_IDENTIFIER_CHECKS_H
#define CORRIDORD_TRANSIT_REGISTRY_IDENTIFIER_CHECKS_H

#include "transit/registry/identifier.h"

enum identifier_verdict identifier_check_iso6346(const char *text, size_t bytes); /* last digit */
enum identifier_verdict identifier_check_mrn_transit(const char *text, size_t bytes);
enum identifier_verdict identifier_check_grn(const char *text, size_t bytes);
enum identifier_verdict identifier_check_tir(const char *text, size_t bytes);
enum identifier_verdict identifier_check_wagon(const char *text, size_t bytes);
enum identifier_verdict identifier_check_gs1(const char *text, size_t bytes);

#endif
