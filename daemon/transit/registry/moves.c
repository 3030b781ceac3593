#include "transit/registry/moves.h"

#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "transit/event/memo.h"
#include "transit/event/teller.h"

#define TEXT_VERSION 1
#define KEY	     "move/"

static const char *const kind_names[MOVE_KINDS] = {
	[MOVE_VEHICLE] = "vehicle",
	[MOVE_CONTAINER] = "container",
};

int moves_init(struct moves *moves)
{
	return drawer_init(&moves->drawer, MOVES_MAX);
}

void moves_fini(struct moves *moves)
{
	drawer_fini(&moves->drawer);
}

/* ---- texts ----------------------------------------------------------------------------- */

bool move_kind_by_name(const char *name, enum move_kind *ret_kind)
{
	for (size_t i = 0; i < MOVE_KINDS; i++)
		if (strcmp(kind_names[i], name) == 0) {
			*ret_kind = (enum move_kind)i;
			return true;
		}
	return false;
}

void move_list_tell(const struct move_list *list, struct jw *json)
{
	if (!list || list->count == 0)
		return;
	jw_open_array(json, "moved");
	for (size_t i = 0; i < list->count; i++) {
		jw_open(json, NULL);
		jw_text(json, "kind", kind_names[list->moves[i].kind]);
		if (list->moves[i].from[0])
			jw_text(json, "from", list->moves[i].from);
		jw_text(json, "to", list->moves[i].to);
		jw_close(json);
	}
	jw_close_array(json);
}

void move_list_remember(const struct move_list *list, struct memo *memo)
{
	memo_int(memo, (int64_t)list->count);
	for (size_t i = 0; i < list->count; i++) {
		memo_int(memo, (int64_t)list->moves[i].kind);
		memo_text(memo, list->moves[i].from);
		memo_text(memo, list->moves[i].to);
	}
}

void move_list_recall(struct move_list *list, struct memo_reader *reader)
{
	*list = (struct move_list){.count = (size_t)memo_take(reader, 0, MOVES_EACH)};
	for (size_t i = 0; i < list->count; i++) {
		struct move *move = &list->moves[i];

		move->kind = (enum move_kind)memo_take(reader, 0, MOVE_KINDS - 1);
		memo_take_text(reader, move->from, sizeof(move->from));
		memo_take_text(reader, move->to, sizeof(move->to));
		reader->bad |= !move->to[0];
	}
}

static bool read_moves(const char *text, struct move_list *ret_list, int64_t *ret_utc_ns)
{
	struct memo_reader reader;

	memo_read(&reader, text);
	(void)memo_take(&reader, TEXT_VERSION, TEXT_VERSION);
	*ret_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	move_list_recall(ret_list, &reader);
	return memo_end(&reader);
}

bool moves_recall(struct moves *moves, const char *key, const char *text)
{
	struct drawer_note note = {.due_ns = INT64_MAX};
	int64_t utc_ns;

	if (strncmp(key, KEY, strlen(KEY)) != 0)
		return false;
	if (read_moves(text, &moves->found, &utc_ns)) {
		note.rank = utc_ns / DRAWER_RANK_NS;
		(void)drawer_put(&moves->drawer, key + strlen(KEY), text, &note);
	}
	return true;
}

/* ---- looking --------------------------------------------------------------------------- */

static const struct move_list *list_at(struct moves *moves, size_t at, int64_t *ret_utc_ns)
{
	if (at == DRAWER_NONE ||
	    !read_moves(drawer_value(&moves->drawer, at), &moves->found, ret_utc_ns))
		return NULL;
	return &moves->found;
}

const struct move_list *moves_of(struct moves *moves, const char *ucr)
{
	int64_t utc_ns;

	return moves ? list_at(moves, drawer_find(&moves->drawer, ucr), &utc_ns) : NULL;
}

static bool goes_on(const struct move_list *list, enum move_kind kind, const char *number)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->moves[i].kind == kind && strcmp(list->moves[i].to, number) == 0)
			return true;
	return false;
}

bool moves_to(struct moves *moves, enum move_kind kind, const char *number, size_t nth,
	      char ret_ucr[IDENTIFIER_BYTES])
{
	for (size_t i = 0; moves && i < moves->drawer.count; i++) {
		const struct move_list *list = NULL;
		int64_t utc_ns;

		if (strchr(number, '%') || drawer_may_have(&moves->drawer, i, number))
			list = list_at(moves, i, &utc_ns);
		if (!list || !goes_on(list, kind, number) || nth-- > 0)
			continue;
		snprintf(ret_ucr, IDENTIFIER_BYTES, "%s", drawer_key(&moves->drawer, i));
		return true;
	}
	return false;
}

bool move_list_left(const struct move_list *list, enum move_kind kind, const char *number)
{
	bool left = false;

	for (size_t i = 0; list && i < list->count; i++) {
		const struct move *move = &list->moves[i];

		if (move->kind == kind)
			left |= !move->from[0] || strcmp(move->from, number) == 0;
	}
	return left && !goes_on(list, kind, number);
}

bool move_list_is_same(const struct move_list *one, const struct move_list *other)
{
	bool same = one->count == other->count;

	for (size_t i = 0; same && i < one->count; i++)
		same = one->moves[i].kind == other->moves[i].kind &&
		       strcmp(one->moves[i].from, other->moves[i].from) == 0 &&
		       strcmp(one->moves[i].to, other->moves[i].to) == 0;
	return same;
}

/* ---- adding ---------------------------------------------------------------------------- */

static void make_room(struct moves *moves, struct teller *teller)
{
	size_t oldest = drawer_lowest(&moves->drawer);
	char key[MEMORY_KEY_BYTES], ucr[IDENTIFIER_BYTES];

	snprintf(ucr, sizeof(ucr), "%s", drawer_key(&moves->drawer, oldest));
	snprintf(key, sizeof(key), KEY "%s", ucr);
	teller_put_memory(teller, key, NULL);
	drawer_drop(&moves->drawer, oldest);
	tell_gave_way(teller, "move", ucr, MOVES_MAX);
}

/* What does not go on there any more, as far as is known here. */
static void tell_given_up(struct teller *teller, const char *ucr, const struct move_list *list)
{
	char what[IDENTIFIER_BYTES + MOVES_GIVEN_UP];

	if (!list->given_up[0])
		return;
	snprintf(what, sizeof(what), "%s %s", ucr, list->given_up);
	tell_gave_way(teller, "moved", what, MOVES_EACH);
}

static void put(struct moves *moves, struct teller *teller, const char *ucr,
		const struct move_list *list, int64_t utc_ns)
{
	const struct drawer_note note = {.due_ns = INT64_MAX, .rank = utc_ns / DRAWER_RANK_NS};
	struct memo memo;

	if (drawer_is_full(&moves->drawer) && drawer_find(&moves->drawer, ucr) == DRAWER_NONE)
		make_room(moves, teller);
	tell_given_up(teller, ucr, list);
	memo_start(&memo, moves->text, sizeof(moves->text));
	memo_int(&memo, TEXT_VERSION);
	memo_int(&memo, utc_ns);
	move_list_remember(list, &memo);
	(void)drawer_put(&moves->drawer, ucr, moves->text, &note);
	snprintf(moves->key, sizeof(moves->key), KEY "%s", ucr);
	teller_remember(teller, moves->key, moves->text);
}

static void forget(struct move_list *list, size_t which)
{
	list->count--;
	memmove(&list->moves[which], &list->moves[which + 1],
		(list->count - which) * sizeof(list->moves[0]));
}

void move_list_add(struct move_list *list, const struct move *move)
{
	size_t bytes = strlen(list->given_up);

	if (list->count == MOVES_EACH) {
		snprintf(list->given_up + bytes, sizeof(list->given_up) - bytes, "%s%s",
			 bytes > 0 ? " " : "", list->moves[0].to);
		forget(list, 0);
	}
	list->moves[list->count++] = *move;
}

/* What was moved again goes from where it was declared to where it is now. */
static void join(struct move_list *list, const struct move *move)
{
	struct move joined = *move;

	for (size_t i = list->count; i-- > 0;) {
		const struct move *before = &list->moves[i];
		bool again = strcmp(before->to, move->from) == 0;

		if (before->kind != move->kind)
			continue;
		if (again)
			memcpy(joined.from, before->from, sizeof(joined.from));
		if (again || !move->from[0] || strcmp(before->from, move->from) == 0)
			forget(list, i);
	}
	if (strcmp(joined.from, joined.to) == 0)
		return; /* it is back */
	move_list_add(list, &joined);
}

void moves_add(struct moves *moves, struct teller *teller, const char *ucr,
	       const struct move_list *list)
{
	const struct move_list *known = moves_of(moves, ucr);
	struct move_list joined = known ? *known : (struct move_list){.count = 0};

	for (size_t i = 0; i < list->count; i++)
		join(&joined, &list->moves[i]);
	put(moves, teller, ucr, &joined, teller->now.utc_ns);
}

bool moves_take(struct moves *moves, struct teller *teller, const char *ucr,
		const struct move_list *list, int64_t utc_ns)
{
	int64_t known_utc_ns;
	const struct move_list *known =
		list_at(moves, drawer_find(&moves->drawer, ucr), &known_utc_ns);

	if (list->count == 0 ||
	    (known && (known_utc_ns > utc_ns || move_list_is_same(known, list))))
		return false;
	put(moves, teller, ucr, list, utc_ns);
	return true;
}
