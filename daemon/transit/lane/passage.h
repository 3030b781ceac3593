/* One vehicle's way through a lane: what it showed, which consignments it carries, how long
 * it took. Data and rules of a single passage; when one opens and closes is lane.h.
 *
 * Every number that was read is a struct passage_read, once, however often it is read. Each
 * is asked of the registry. What the answers name is bound by, in this order: a seal that a
 * consignment declares, an identification read in the lane, an officer's word. A consignment
 * that declares seals of which none was read, while another's seal was, is outranked. What an
 * officer corrects stays as corrected.
 *
 * Recognition is decided at the binding, with what the registry answered, and kept.
 */
#ifndef CORRIDORD_TRANSIT_LANE_PASSAGE_H
#define CORRIDORD_TRANSIT_LANE_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "transit/lane/seal_check.h"
#include "transit/registry/question.h"

#define PASSAGE_READS	     128 /* different numbers; more are counted only */
#define PASSAGE_CONSIGNMENTS 64 /* as on a train */
#define PASSAGE_CHECKS	     99 /* declared seals that are compared */
#define PASSAGE_NOTE_BYTES   1024
#define PASSAGE_NOTE_UCRS    600 /* bytes of a note up to which consignments are listed */
#define PASSAGE_BY_BYTES     16

enum passage_moment {
	PASSAGE_OPENED,
	PASSAGE_PRESENT, /* the vehicle stands at the boom */
	PASSAGE_IDENTIFIED, /* first consignment bound */
	PASSAGE_CHECKED, /* seals compared with the declaration */
	PASSAGE_RELEASED, /* boom up */
	PASSAGE_CLEARED, /* the vehicle is gone */
	PASSAGE_MOMENTS
};

#define PASSAGE_ENDS 4

enum passage_end {
	END_PASSED, /* through the boom */
	END_LEFT, /* gone, through the boom or back: not known */
	END_BACKED_OUT, /* gone without having passed */
	END_NO_VEHICLE, /* a number was read, and no vehicle came */
};

/* What is known of a passage when it closes, for statistics. */
struct passage_intervals {
	enum passage_end end;
	int64_t at_mono_ns[PASSAGE_MOMENTS]; /* INT64_MIN: did not happen, or in another boot */
	bool over_restart; /* the daemon was restarted in between */
	bool over_clock_jump; /* the wall clock jumped in between */
	bool recognised; /* all of its consignments have a recognised operator */
	int64_t queued_ns; /* before it stood at the boom; -1: not known */
};

enum passage_rule {
	RULE_OFFICER,
	RULE_DOCUMENT,
	RULE_PLATE,
	RULE_CONTAINER,
	RULE_SEAL,
	PASSAGE_RULES
};

enum read_status { READ_TO_ASK, READ_ASKED, READ_FAILED, READ_ANSWERED, READ_NOT_ASKED };

struct passage_read {
	enum passage_rule rule; /* by which what it finds is bound; RULE_SEAL: it is a seal */
	enum identifier_kind kind;
	enum identifier_verdict verdict;
	enum registry_key key;
	char text[IDENTIFIER_BYTES]; /* normalised */
	int64_t at_mono_ns;
	uint64_t tag; /* of the question that is open */
	enum read_status status;
	bool loading_told; /* lists are being read */
	unsigned failures; /* to get an answer, so far */
	uint8_t other; /* asked about as another that it may be, in others of its rule, from there on
			* less one; 0: as itself */
	int64_t ask_mono_ns; /* READ_FAILED: when it is asked again */
	bool found; /* the registry knows it */
	uint8_t moved; /* consignments that were moved to it and have been asked about */
	bool of_the_next; /* the vehicle behind: it is to be read for that */
	bool asked_before; /* a restart: what came of it was an event then */
	bool recalled; /* after a restart: it stays with this vehicle */
	/* Of a seal: */
	struct seal_sighting seal; /* as last seen */
	bool removed; /* by an officer: what is seen of it since is his doing */
	const char *reader; /* sensor that saw it; NULL: none since a restart */
	struct seal_finding reported; /* by the last event of it */
};

struct passage_binding {
	char ucr[IDENTIFIER_BYTES];
	enum passage_rule rule;
	enum recognition_decision decision; /* best of its parties */
	uint32_t benefits; /* of all recognised parties */
	const struct dossier *dossier; /* NULL: not in the registry, or not asked since a restart */
	struct registry_answer *answer; /* owned: the dossier is part of it */
	struct consignment
		*amended; /* owned: instead of the dossier's, as officers changed it since
				      * (amended.h); NULL: it is as declared */
};

/* An officer's word: the vehicle carries this consignment. */
struct officer_word {
	const char *ucr, *officer;
	const char *reason; /* or NULL */
	const char *by; /* how it came: "mqtt"; or NULL */
	const struct officer_signature *signature; /* NULL: that is not asked */
	uint64_t number; /* of the asker, for lane_site.word_told(); 0: nobody waits */
};

/* What an officer said, until the registry has been asked about it. */
struct passage_word {
	bool open;
	uint64_t tag;
	uint64_t number; /* of the asker; 0: nobody waits (any more, after a restart) */
	char ucr[IDENTIFIER_BYTES];
	char officer[OFFICER_NAME_BYTES], reason[OFFICER_REASON_BYTES];
	char by[PASSAGE_BY_BYTES];
	bool judged; /* whether it is signed */
	struct officer_signature signature;
};

enum passage_stage {
	STAGE_FREE, /* the slot holds none */
	STAGE_AT_BOOM, /* at the boom, or on the way to it */
	STAGE_BEYOND, /* has left the boom and is not yet seen to be through */
	STAGE_CLOSED, /* kept while an answer is still to come */
	STAGE_COMING, /* behind the vehicle at the boom, and read already */
};

struct passage {
	enum passage_stage stage;
	char id[PASSAGE_ID_BYTES];
	int64_t at_mono_ns[PASSAGE_MOMENTS];
	int64_t sign_mono_ns; /* last sign of the vehicle */
	int64_t queued_ns; /* before it stood at the boom; -1: not known, or before a restart */
	bool weighed; /* since it was opened, and not before a restart */
	double gross_kg; /* the most that was read while its vehicle was there */
	int64_t clock_ns; /* UTC less monotonic time when it opened */
	bool over_restart, over_clock_jump;
	bool initial; /* it stood there when the daemon started */
	enum passage_end end; /* of one that is closed */
	bool vehicle; /* was seen, not only a number */
	bool beyond; /* was seen beyond the boom */
	bool final_check_done; /* declared seals that were not read are missing */
	bool final_check_before; /* that was so before a restart, with consignments bound */
	bool in_memory; /* the journal has a memory of it */
	bool officer_decided;
	bool doubt_told, overload_told, mass_told;
	bool carries_more; /* than there is room for */

	struct passage_read reads[PASSAGE_READS];
	size_t read_count;
	uint32_t reads_more;
	/* What the last one of each rule may be instead, as in struct origin; not over a restart. */
	struct passage_others {
		char of[IDENTIFIER_BYTES];
		char texts[VALUE_TEXT_BYTES]; /* in normal form */
	} others[PASSAGE_RULES];
	struct passage_binding bindings[PASSAGE_CONSIGNMENTS];
	size_t binding_count;
	struct passage_word word;
	struct {
		char number[IDENTIFIER_BYTES];
		enum seal_result result;
	} absences[PASSAGE_CHECKS]; /* declared seals that were reported as missing or the like */
	size_t absence_count;
	char note[PASSAGE_NOTE_BYTES]; /* members of the events of the lane's sensors */
};

/* Begins one in a slot: opened at that moment, nothing else has happened. */
void passage_start(struct passage *passage, const char *id, int64_t at_mono_ns);
void passage_drop(struct passage *passage); /* frees what it holds, and the slot */

struct passage_read *passage_find_read(struct passage *passage, enum passage_rule rule,
				       const char *text);
/* NULL: there is no room, it is only counted. */
struct passage_read *passage_add_read(struct passage *passage, const struct passage_read *read);
/* As what the registry is asked about it next, in normal form, when it is not known as it was; NULL: it
 * is nothing else. */
const char *passage_next_other(const struct passage *passage, struct passage_read *read);
/* As what it is asked about. */
const char *passage_asked_as(const struct passage *passage, const struct passage_read *read);
bool passage_is_open(const struct passage *passage); /* its vehicle is not gone */
bool passage_was_read(const struct passage *passage, enum passage_rule rule, const char *text);
/* The number was read, or one of that rule was, before its vehicle stood at the boom. */
bool passage_reads_ahead(const struct passage *passage, enum passage_rule rule);
/* One of its consignments says that the vehicle carries this number. */
bool passage_declares(const struct passage *passage, enum passage_rule rule, const char *text);
/* Numbers are read ahead of the boom, the vehicle at it has shown its own, and none of its
 * consignments declares this one: it is of the vehicle behind. */
bool passage_is_not_of(const struct passage *passage, enum passage_rule rule, const char *text);
/* Of a consignment with several containers this vehicle carries some, and shows which: by their
 * numbers or their seals. */
bool passage_shows(const struct passage *passage, const struct consignment *consignment,
		   const char *container);
bool passage_is_split(const struct passage *passage, const struct consignment *consignment);
/* The seal is on this vehicle, as far as that can be told. Unknown: it is the only one declared, and
 * the containers that it showed are others than that of the seal. */
enum answer passage_carries(const struct passage *passage, const struct consignment *consignment,
			    const struct declared_seal *seal);
/* What its vehicle weighs by the declarations of all that it carries; false: they do not say. */
struct declared_weight {
	double goods_kg, tare_kg;
};
bool passage_declared_weight(const struct passage *passage, struct declared_weight *ret_weight);
/* A number that says that the vehicle is another one than its consignments say; NULL: none does. */
const struct passage_read *passage_contradiction(const struct passage *passage);
/* An answer of the registry is to come. */
bool read_awaits_answer(const struct passage_read *read);
bool passage_awaits_answer(const struct passage *passage); /* to any of its questions */

struct move_list;
struct reseals;
/* As officers changed it; only one that has a dossier. moved: or NULL. */
void passage_amend(struct passage_binding *binding, const struct reseals *reseals,
		   const struct move_list *moved);
/* NULL: the registry has told nothing of it. */
const struct consignment *binding_consignment(const struct passage_binding *binding);
struct passage_binding *passage_find_binding(struct passage *passage, const char *ucr);
/* NULL: no room. */
struct passage_binding *passage_bind(struct passage *passage, const char *ucr,
				     enum passage_rule rule);
void passage_unbind(struct passage *passage, size_t which);
/* One of its declared seals was read. */
bool passage_seal_read(const struct passage *passage, const struct consignment *consignment);

/* Of the vehicle: the worst decision on its consignments, in the order recognised, list_stale,
 * unknown, not_recognised, expired, suspended; and the benefits that all of them give: none while a
 * number contradicts. */
enum recognition_decision passage_decision(const struct passage *passage);
uint32_t passage_benefits(const struct passage *passage);

void passage_write_note(struct passage *passage);

const char *passage_rule_name(enum passage_rule rule); /* "seal" */
const char *passage_end_name(enum passage_end end); /* "backed_out" */
const char *passage_moment_name(enum passage_moment moment); /* "released" */

#endif
