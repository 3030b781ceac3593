/* What is shown of the tree, for who asks: that it only grew, and that an event is in it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "evidence/proof.h"
#include "journal/private.h"

static int refuse(struct journal_answer *answer, const char *code, const char *error)
{
	answer->code = code;
	snprintf(answer->error, sizeof(answer->error), "%s", error);
	return 0;
}

/* false: of this epoch, or so far, there is no tree. */
static bool find_tree(struct journal *journal, const struct event_range *range,
		      struct tiles_source *ret_of)
{
	const struct chain *chain = &journal->chain;
	const struct db_epoch *epoch = db_epoch_by_id(&journal->db, range->epoch);

	if (!epoch || !chain->tiles.kept || (epoch->last > 0 && range->last > epoch->last))
		return false;
	*ret_of = (struct tiles_source){.db = &journal->db, .epoch_no = epoch->no};
	if (epoch->no != chain->epoch_no)
		return true;
	ret_of->tiles = &chain->tiles;
	return chain->tiles.known && range->last <= chain->tiles.tree.size;
}

static void put_path(struct jw *json, const struct tree_path *path)
{
	char hash[NOTE_HASH_TEXT];

	jw_open_array(json, "path");
	for (size_t i = 0; i < path->count; i++) {
		base64_encode(path->hash[i].bytes, TREE_HASH_BYTES, hash);
		jw_text(json, NULL, hash);
	}
	jw_close_array(json);
}

static int finish(struct journal_answer *answer, const struct jw *json)
{
	answer->bytes = json->bytes;
	return jw_ok(json) ? 0 : refuse(answer, "not_there", "it is too long for an answer");
}

int journal_show_growth(struct journal *journal, const struct journal_question *question,
			struct journal_answer *answer)
{
	const struct event_range *range = &question->ranges[0];
	struct tiles_source of;
	struct tree_source source = tiles_source(&of);
	struct tree_path path;
	struct jw json;
	int err = find_tree(journal, range, &of)
			  ? tree_prove_growth(&source, range->first, range->last, &path)
			  : -ENOENT;

	if (err == -ENOENT || err == -EINVAL)
		return refuse(answer, "not_there", "there is no tree of this epoch, or not so far");
	if (err < 0)
		return err;
	jw_start(&json, answer->members, sizeof(answer->members));
	jw_text(&json, "epoch", range->epoch);
	jw_uint(&json, "old", range->first);
	jw_uint(&json, "new", range->last);
	put_path(&json, &path);
	return finish(answer, &json);
}

struct find {
	uint64_t position;
	char payload[EVENT_BYTES + 1];
	bool found;
};

static bool take_row(void *data, const struct db_row *row)
{
	struct find *find = data;

	if (row->position != find->position || row->payload_bytes > EVENT_BYTES ||
	    !db_row_is_whole(row))
		return false;
	memcpy(find->payload, row->payload, row->payload_bytes);
	find->payload[row->payload_bytes] = '\0';
	find->found = true;
	return false;
}

static int put_event(struct journal *journal, struct jw *json, uint64_t position)
{
	struct find find = {.position = position};
	int err = db_each(&journal->db, ALL_CLASSES, position - 1, take_row, &find);

	jw_text(json, "event", find.found ? find.payload : NULL);
	return err;
}

int journal_show_event(struct journal *journal, const struct journal_question *question,
		       struct journal_answer *answer)
{
	const struct event_range *range = &question->ranges[0];
	struct tiles_source of;
	struct tree_source source = tiles_source(&of);
	struct tree_path path;
	char text[PROOF_BYTES];
	struct jw json;
	int err = find_tree(journal, range, &of)
			  ? tree_prove(&source, range->first - 1, range->last, &path)
			  : -ENOENT;

	if (err == -ENOENT || err == -EINVAL)
		return refuse(answer, "not_there", "there is no tree of this epoch, or not so far");
	if (err == 0)
		err = proof_write(range->first - 1, &path, question->note, text, sizeof(text));
	if (err < 0)
		return err;
	jw_start(&json, answer->members, sizeof(answer->members));
	jw_text(&json, "epoch", range->epoch);
	jw_uint(&json, "seq", range->first);
	jw_text(&json, "proof", text);
	err = put_event(journal, &json, position_of(of.epoch_no, range->first));
	return err < 0 ? err : finish(answer, &json);
}
