/* What is known of mutual recognition on the corridor and beyond it, as dated data.
 *
 * Collected from published sources in early 2026 for the tests; no statement of law. Where
 * no date was found, the earliest report of it stands. A state that is not here may still
 * have arrangements.
 */
#ifndef ARRANGEMENTS_H
#define ARRANGEMENTS_H

#include "transit/registry/recognition.h"

#define NS_PER_DAY INT64_C(86400000000000)

/* Midnight UTC of a day of the Gregorian calendar, as a constant; years count from March. */
#define YEAR_(y, m) ((y) - ((m) <= 2))
#define DAYS_(y, m, d)                                 \
	(365 * (y) + (y) / 4 - (y) / 100 + (y) / 400 + \
	 (153 * ((m) > 2 ? (m)-3 : (m) + 9) + 2) / 5 + (d)-1 - 719468)
#define UTC(y, m, d) (DAYS_(YEAR_(y, m), m, d) * NS_PER_DAY)

#define ALWAYS                       \
	{                            \
		INT64_MIN, INT64_MAX \
	}
#define SINCE(y, m, d)                  \
	{                               \
		UTC(y, m, d), INT64_MAX \
	}

#define COMMON_BENEFITS \
	(BENEFIT_FEWER_DOCUMENT_CHECKS | BENEFIT_FEWER_INSPECTIONS | BENEFIT_PRIORITY_IF_SELECTED)

/* The list of arrangements as received on 1 March 2026. */
static const struct registry_list arrangement_list = {.version = "mra-7",
						      .as_of_utc_ns = UTC(2026, 3, 1),
						      .received_utc_ns = UTC(2026, 3, 1),
						      .max_age_ns = 30 * NS_PER_DAY};

static const struct arrangement known_arrangements[] = {
	{.id = "eu",
	 .group = "EU",
	 .types_a = "AEOC,AEOS,AEOF",
	 .status = ARRANGEMENT_IN_FORCE,
	 .in_force = SINCE(2016, 5, 1),
	 .legal_ref = "Regulation (EU) 952/2013 art. 38"},
	{.id = "eu-md",
	 .party_a = "EU",
	 .party_b = "MD",
	 .types_a = "AEOS,AEOF",
	 .types_b = "AEOS,AEOF",
	 .benefits = BENEFIT_PRIORITY_LANE,
	 .status = ARRANGEMENT_IN_FORCE,
	 .in_force = SINCE(2022, 11, 1),
	 .legal_ref = "COM(2022)311"},
	{.id = "eu-tr",
	 .party_a = "EU",
	 .party_b = "TR",
	 .types_a = "AEOS,AEOF",
	 .types_b = "*",
	 .status = ARRANGEMENT_NEGOTIATED,
	 .in_force = ALWAYS,
	 .legal_ref = "Council Decision (EU) 2025/2516: a position on a draft"},
	{.id = "eu-cn",
	 .party_a = "EU",
	 .party_b = "CN",
	 .types_a = "AEOS,AEOF",
	 .types_b = "ADVANCED",
	 .flows = FLOW_IMPORT | FLOW_EXPORT,
	 .status = ARRANGEMENT_IN_FORCE,
	 .in_force = SINCE(2015, 11, 1),
	 .legal_ref = "Decision 2014/772/EU"},
	{.id = "tr-kr",
	 .party_a = "TR",
	 .party_b = "KR",
	 .types_a = "*",
	 .types_b = "*",
	 .status = ARRANGEMENT_SIGNED,
	 .in_force = ALWAYS,
	 .signed_utc_ns = UTC(2014, 6, 9)},
	{.id = "cn-by",
	 .party_a = "CN",
	 .party_b = "BY",
	 .types_a = "ADVANCED",
	 .types_b = "TYPE3",
	 .flows = FLOW_IMPORT | FLOW_EXPORT,
	 .status = ARRANGEMENT_IN_FORCE,
	 .in_force = SINCE(2019, 7, 24),
	 .legal_ref = "GACC announcement 101/2019"},
	{.id = "cn-ru",
	 .party_a = "CN",
	 .party_b = "RU",
	 .types_a = "ADVANCED",
	 .types_b = "*",
	 .status = ARRANGEMENT_SIGNED,
	 .in_force = ALWAYS,
	 .signed_utc_ns = UTC(2022, 2, 4)},
	{.id = "cn-mn",
	 .party_a = "CN",
	 .party_b = "MN",
	 .types_a = "ADVANCED",
	 .types_b = "*",
	 .flows = FLOW_IMPORT,
	 .status = ARRANGEMENT_IN_FORCE,
	 .in_force = SINCE(2025, 6, 1)},
	{.id = "cn-rs",
	 .party_a = "CN",
	 .party_b = "RS",
	 .types_a = "ADVANCED",
	 .types_b = "*",
	 .flows = FLOW_IMPORT,
	 .status = ARRANGEMENT_IN_FORCE,
	 .in_force = SINCE(2023, 10, 1)},
	{.id = "cn-kz",
	 .party_a = "CN",
	 .party_b = "KZ",
	 .types_a = "ADVANCED",
	 .types_b = "*",
	 .status = ARRANGEMENT_SIGNED,
	 .in_force = ALWAYS,
	 .signed_utc_ns = UTC(2022, 8, 1)},
	{.id = "cn-ir",
	 .party_a = "CN",
	 .party_b = "IR",
	 .types_a = "ADVANCED",
	 .types_b = "*",
	 .status = ARRANGEMENT_SIGNED,
	 .in_force = ALWAYS,
	 .signed_utc_ns = UTC(2022, 8, 1)},
	{.id = "cn-uz",
	 .party_a = "CN",
	 .party_b = "UZ",
	 .types_a = "ADVANCED",
	 .types_b = "*",
	 .status = ARRANGEMENT_SIGNED,
	 .in_force = ALWAYS,
	 .signed_utc_ns = UTC(2025, 1, 16)},
	{.id = "ru-uz",
	 .party_a = "RU",
	 .party_b = "UZ",
	 .types_a = "*",
	 .types_b = "*",
	 .status = ARRANGEMENT_SIGNED,
	 .in_force = ALWAYS,
	 .signed_utc_ns = UTC(2025, 1, 16)},
	{.id = "by-uz",
	 .party_a = "BY",
	 .party_b = "UZ",
	 .types_a = "TYPE3",
	 .types_b = "*",
	 .status = ARRANGEMENT_SIGNED,
	 .in_force = ALWAYS,
	 .signed_utc_ns = UTC(2025, 1, 16)},
	{.id = "ge-cn",
	 .party_a = "GE",
	 .party_b = "CN",
	 .types_a = "AEOS",
	 .types_b = "ADVANCED",
	 .status = ARRANGEMENT_NEGOTIATED,
	 .in_force = ALWAYS},
	{.id = "ge-tr",
	 .party_a = "GE",
	 .party_b = "TR",
	 .types_a = "AEOS",
	 .types_b = "*",
	 .status = ARRANGEMENT_NEGOTIATED,
	 .in_force = ALWAYS},
	{.id = "am-cn",
	 .party_a = "AM",
	 .party_b = "CN",
	 .types_a = "*",
	 .types_b = "ADVANCED",
	 .status = ARRANGEMENT_NEGOTIATED,
	 .in_force = ALWAYS},
	{.id = "ots",
	 .group = "OTS",
	 .types_a = "*",
	 .status = ARRANGEMENT_NEGOTIATED,
	 .in_force = ALWAYS,
	 .source_ref = "proposed January 2025"},
	/* Not known pairs, but cases that the corridor will see. */
	{.id = "xa-xb-trial",
	 .party_a = "XA",
	 .party_b = "XB",
	 .direction = ARRANGEMENT_A_IN_B,
	 .flows = FLOW_TRANSIT,
	 .types_a = "SINGLE, AEOS",
	 .types_b = "SINGLE",
	 .roles = AEO_CARRIER | AEO_FORWARDER,
	 .status = ARRANGEMENT_IN_FORCE,
	 .in_force = {UTC(2025, 1, 1), UTC(2026, 7, 1)}},
	{.id = "xa-xc",
	 .party_a = "XA",
	 .party_b = "XC",
	 .types_a = "*",
	 .types_b = "*",
	 .status = ARRANGEMENT_SUSPENDED,
	 .in_force = SINCE(2020, 1, 1)},
	{.id = "xa-xd",
	 .party_a = "XA",
	 .party_b = "XD",
	 .types_a = "*",
	 .types_b = "*",
	 .status = ARRANGEMENT_TERMINATED,
	 .in_force = SINCE(2020, 1, 1)},
	{.id = "xe-group",
	 .group = "XE-UNION",
	 .types_a = "TYPE2 TYPE3",
	 .status = ARRANGEMENT_IN_FORCE,
	 .in_force = SINCE(2025, 1, 1)},
};

/* Who of the corridor is in which group; the others of the EU are left out but two. */
static const struct group_member known_members[] = {
	{.group = "EU", .state = "BG", .valid = SINCE(2007, 1, 1), .by_law = true},
	{.group = "EU", .state = "RO", .valid = SINCE(2007, 1, 1), .by_law = true},
	{.group = "EU", .state = "DE", .valid = ALWAYS, .by_law = true},
	{.group = "EU",
	 .state = "GB",
	 .valid = {UTC(1973, 1, 1), UTC(2021, 1, 1)},
	 .by_law = true}, /* as far as customs go */
	{.group = "EU", .state = "SM", .valid = ALWAYS}, /* in its customs union, by treaty */
	{.group = "OTS", .state = "AZ", .valid = ALWAYS},
	{.group = "OTS", .state = "KZ", .valid = ALWAYS},
	{.group = "OTS", .state = "KG", .valid = ALWAYS},
	{.group = "OTS", .state = "TR", .valid = ALWAYS},
	{.group = "OTS", .state = "UZ", .valid = ALWAYS},
	{.group = "XE-UNION", .state = "XF", .valid = ALWAYS},
	{.group = "XE-UNION", .state = "XG", .valid = SINCE(2026, 1, 1)},
};

#endif
