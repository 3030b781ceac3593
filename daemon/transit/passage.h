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
#ifndef CORRIDORD_PASSAGE_H
#define CORRIDORD_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "registry.h"
#include "seal_check.h"

#define PASSAGE_ID_BYTES     96
#define PASSAGE_READS	     128 /* different numbers; more are counted only */
#define PASSAGE_CONSIGNMENTS 16
#define PASSAGE_CHECKS	     99 /* declared seals that are compared */
#define PASSAGE_NOTE_BYTES   1024
#define PASSAGE_NOTE_UCRS    600 /* bytes of a note up to which consignments are listed */
#define PASSAGE_WORD_BYTES   128 /* of an officer's name or reason, with the NUL */
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
	END_LEFT, /* gone; through the boom or back, it cannot be told */
	END_BACKED_OUT, /* gone without having passed */
	END_NO_VEHICLE, /* a number was read, and no vehicle came */
};

/* What is known of a passage when it closes, for who keeps statistics. */
struct passage_intervals {
	const char *lane;
	const char *id;
	enum passage_end end;
	int64_t at_mono_ns[PASSAGE_MOMENTS]; /* INT64_MIN: did not happen, or before a boot */
	bool over_restart; /* the daemon was restarted in between */
	bool over_clock_jump; /* the wall clock jumped in between */
	bool identified;
	bool recognised; /* all of its consignments have a recognised operator */
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
	enum passage_rule rule; /* that what it finds is bound by; of RULE_SEAL: a seal */
	enum identifier_kind kind;
	enum identifier_verdict verdict;
	enum registry_key key;
	char text[IDENTIFIER_BYTES]; /* normalised */
	int64_t at_mono_ns;
	uint64_t tag; /* of the question that is open */
	enum read_status status;
	unsigned failures; /* of the registry to answer, so far */
	int64_t ask_mono_ns; /* READ_FAILED: when it is asked again */
	bool found; /* the registry knows it */
	struct seal_sighting seal; /* of a seal: as last seen */
	const char *reader; /* sensor that saw it, NULL: none since a restart */
	struct seal_finding told; /* of a seal: as last compared with the declaration */
	bool again; /* asked before a restart: what follows was told then */
};

struct passage_binding {
	char ucr[IDENTIFIER_BYTES];
	enum passage_rule rule;
	enum recognition_decision decision; /* best of its parties */
	uint32_t benefits; /* of all recognised parties */
	const struct dossier *dossier; /* NULL: not in the registry, or not asked since a restart */
	struct registry_answer *answer; /* owned: that dossier is part of */
};

/* An officer's word: the vehicle carries this consignment. */
struct officer_word {
	const char *ucr, *officer;
	const char *reason; /* or NULL */
	const char *by; /* how it came: "mqtt"; or NULL */
};

/* What an officer said, until the registry has been asked about it. */
struct passage_word {
	bool open;
	uint64_t tag;
	char ucr[IDENTIFIER_BYTES], officer[PASSAGE_WORD_BYTES], reason[PASSAGE_WORD_BYTES];
	char by[PASSAGE_BY_BYTES];
};

enum passage_stage {
	STAGE_FREE, /* the slot holds none */
	STAGE_AT, /* at the boom, or on the way to it */
	STAGE_BEYOND, /* has left the boom and is not yet seen to be through */
	STAGE_GONE, /* closed; an answer is still to come */
};

struct passage {
	enum passage_stage stage;
	char id[PASSAGE_ID_BYTES];
	int64_t at_mono_ns[PASSAGE_MOMENTS];
	int64_t sign_mono_ns; /* last sign of the vehicle */
	int64_t clock_ns; /* UTC less monotonic time when it opened */
	bool over_restart, over_clock_jump;
	bool initial; /* it stood there when the daemon started */
	enum passage_end end; /* of one that is gone */
	bool vehicle; /* was seen, not only a number */
	bool beyond; /* was seen beyond the boom */
	bool settled; /* seals that were not read are told */
	bool settled_before; /* a restart, with something declared */
	bool kept; /* there is a memory of it */
	bool officer_decided;

	struct passage_read reads[PASSAGE_READS];
	size_t read_count;
	uint32_t reads_more;
	struct passage_binding bindings[PASSAGE_CONSIGNMENTS];
	size_t binding_count;
	struct passage_word word;
	struct {
		char number[IDENTIFIER_BYTES];
		enum seal_result result;
	} absences[PASSAGE_CHECKS]; /* declared seals told to be missing or the like */
	size_t absence_count;
	char note[PASSAGE_NOTE_BYTES]; /* members of the events of the lane's sensors */
};

/* A slot for use; the moment OPENED is at_mono_ns, the others have not happened. */
void passage_start(struct passage *passage, const char *id, int64_t at_mono_ns);
void passage_drop(struct passage *passage); /* frees what it holds, the slot is free */

struct passage_read *passage_find_read(struct passage *passage, enum passage_rule rule,
				       const char *text);
/* NULL: no room, it is counted. */
struct passage_read *passage_add_read(struct passage *passage, const struct passage_read *read);
bool passage_awaits(const struct passage_read *read); /* an answer is to come */
bool passage_waits(const struct passage *passage); /* for one of any */

struct passage_binding *passage_find_binding(struct passage *passage, const char *ucr);
/* NULL: no room. */
struct passage_binding *passage_bind(struct passage *passage, const char *ucr,
				     enum passage_rule rule);
void passage_unbind(struct passage *passage, size_t which);
/* One of its declared seals was read. */
bool passage_seal_read(const struct passage *passage, const struct consignment *consignment);

/* Of the vehicle: the worst of its consignments, from recognised over list_stale, unknown,
 * not_recognised and expired to suspended; of benefits what all of them give. */
enum recognition_decision passage_decision(const struct passage *passage);
uint32_t passage_benefits(const struct passage *passage);

void passage_write_note(struct passage *passage);

const char *passage_rule_name(enum passage_rule rule); /* "seal" */
const char *passage_end_name(enum passage_end end); /* "backed_out" */
const char *passage_moment_name(enum passage_moment moment); /* "released" */

#endif
