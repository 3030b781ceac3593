#include "transit/legs/orders.h"

#include <stdio.h>
#include <string.h>

#include "transit/event/memo.h"
#include "transit/event/teller.h"

#define TEXT_VERSION 1
#define KEY	     "order/"

int orders_init(struct orders *orders)
{
	return drawer_init(&orders->drawer, ORDERS_MAX);
}

void orders_fini(struct orders *orders)
{
	drawer_fini(&orders->drawer);
}

static bool read_order(const char *text, char ret_to[HANDOVER_NAME_BYTES], int64_t *ret_utc_ns)
{
	struct memo_reader reader;

	memo_read(&reader, text);
	(void)memo_take(&reader, TEXT_VERSION, TEXT_VERSION);
	memo_take_text(&reader, ret_to, HANDOVER_NAME_BYTES);
	*ret_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	return memo_end(&reader) && ret_to[0];
}

void orders_recall(struct orders *orders, const char *key, const char *text)
{
	struct drawer_note note = {.due_ns = INT64_MAX};
	int64_t utc_ns;

	if (strncmp(key, KEY, strlen(KEY)) != 0 || !read_order(text, orders->to, &utc_ns))
		return;
	note.rank = utc_ns / DRAWER_RANK_NS;
	(void)drawer_put(&orders->drawer, key + strlen(KEY), text, &note);
}

static void drop(struct orders *orders, struct teller *teller, size_t at)
{
	char key[MEMORY_KEY_BYTES];

	snprintf(key, sizeof(key), KEY "%s", drawer_key(&orders->drawer, at));
	teller_put_memory(teller, key, NULL);
	drawer_drop(&orders->drawer, at);
}

static void make_room(struct orders *orders, struct teller *teller)
{
	size_t oldest = drawer_lowest(&orders->drawer);
	char ucr[IDENTIFIER_BYTES];

	snprintf(ucr, sizeof(ucr), "%s", drawer_key(&orders->drawer, oldest));
	drop(orders, teller, oldest);
	tell_gave_way(teller, "order", ucr, ORDERS_MAX);
}

void orders_add(struct orders *orders, struct teller *teller, const char *ucr, const char *to)
{
	const struct drawer_note note = {.due_ns = INT64_MAX,
					 .rank = teller->now.utc_ns / DRAWER_RANK_NS};
	struct memo memo;

	if (drawer_is_full(&orders->drawer) && drawer_find(&orders->drawer, ucr) == DRAWER_NONE)
		make_room(orders, teller);
	memo_start(&memo, orders->text, sizeof(orders->text));
	memo_int(&memo, TEXT_VERSION);
	memo_text(&memo, to);
	memo_int(&memo, teller->now.utc_ns);
	(void)drawer_put(&orders->drawer, ucr, orders->text, &note);
	snprintf(orders->key, sizeof(orders->key), KEY "%s", ucr);
	teller_remember(teller, orders->key, orders->text);
}

const char *orders_find(struct orders *orders, const char *ucr)
{
	size_t at = drawer_find(&orders->drawer, ucr);
	int64_t utc_ns;

	if (at == DRAWER_NONE ||
	    !read_order(drawer_value(&orders->drawer, at), orders->to, &utc_ns))
		return NULL;
	return orders->to;
}

void orders_end(struct orders *orders, struct teller *teller, const char *ucr)
{
	size_t at = drawer_find(&orders->drawer, ucr);

	if (at != DRAWER_NONE)
		drop(orders, teller, at);
}
