/* The tree over the epoch's events, kept with them.
 *
 * Only whole tiles of leaves are written, each in the transaction of its last event and with the
 * frontier before it: 32 bytes an event, and no page more in most commits. What is in no tile yet is
 * taken from the events themselves when the file is opened; before any of these is dropped, the part
 * of the tile is written that there is.
 */
#include <errno.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define REBUILD_MOST (16 * TILE_LEAVES) /* events, of a file from before there were trees */

static uint64_t tile_begin(const struct tiles *tiles)
{
	return tiles->tree.size - tiles->tree.size % TILE_LEAVES;
}

void tiles_begin(struct tiles *tiles)
{
	tiles->tree = (struct tree){0};
	tiles->known = tiles->kept;
}

void tiles_give_up(struct tiles *tiles)
{
	if (tiles->known)
		log_warnx("the disk is full: heads of this epoch are signed no more");
	tiles->known = false;
}

static void add(struct tiles *tiles, const unsigned char entry[EVENT_HASH_BYTES])
{
	struct tree_hash leaf = tree_leaf(entry);

	if (tiles->tree.size % TILE_LEAVES == 0)
		tiles->before = tiles->tree;
	tiles->leaves[tiles->tree.size % TILE_LEAVES] = leaf;
	tree_add(&tiles->tree, &leaf);
}

/* count: of the leaves behind tiles->before. */
static int put(struct db *db, uint64_t epoch_no, const struct tiles *tiles, size_t count)
{
	const struct db_tile tile = {
		.position = position_of(epoch_no, tiles->before.size + 1),
		.frontier = tiles->before.frontier,
		.frontier_count = tree_frontier_count(tiles->before.size),
		.leaves = tiles->leaves,
		.leaf_count = count,
		.root = tree_root(&tiles->tree),
	};

	return db_put_tile(db, &tile);
}

int tiles_add(struct tiles *tiles, struct db *db, uint64_t epoch_no, const struct event_head *head)
{
	if (!tiles->known || head->seq != tiles->tree.size + 1) {
		tiles->known = false;
		return 0;
	}
	add(tiles, head->hash);
	return head->seq % TILE_LEAVES == 0 ? put(db, epoch_no, tiles, TILE_LEAVES) : 0;
}

int tiles_keep(const struct tiles *tiles, struct db *db, uint64_t epoch_no, uint64_t high)
{
	uint64_t begin = tile_begin(tiles);

	if (!tiles->known || begin == tiles->tree.size || high <= position_of(epoch_no, begin))
		return 0;
	return put(db, epoch_no, tiles, (size_t)(tiles->tree.size - begin));
}

/* ---- opening ------------------------------------------------------------------------ */

struct rebuilding {
	struct tiles *tiles;
	uint64_t epoch_no;
	unsigned events;
};

static bool take_event(void *data, const struct db_row *row)
{
	struct rebuilding *of = data;
	struct tiles *tiles = of->tiles;
	unsigned char entry[EVENT_HASH_BYTES];

	if (row->position != position_of(of->epoch_no, tiles->tree.size + 1) ||
	    of->events++ == REBUILD_MOST || !db_row_is_whole(row)) {
		tiles->known = false;
		return false;
	}
	event_hash(row->payload, row->payload_bytes, entry);
	add(tiles, entry);
	return true;
}

static void take_tile(void *data, const struct db_tile *tile)
{
	struct rebuilding *of = data;
	struct tiles *tiles = of->tiles;
	struct tree_hash root;
	uint64_t before = position_seq(tile->position) - 1;

	if (position_epoch(tile->position) != of->epoch_no)
		return;
	if (before % TILE_LEAVES != 0 || tile->leaf_count > TILE_LEAVES ||
	    tile->frontier_count != tree_frontier_count(before)) {
		tiles->known = false;
		return;
	}
	tiles->tree.size = before;
	for (size_t i = 0; i < tile->frontier_count; i++)
		tiles->tree.frontier[i] = tile->frontier[i];
	tiles->before = tiles->tree;
	for (size_t i = 0; i < tile->leaf_count; i++) {
		tiles->leaves[i] = tile->leaves[i];
		tree_add(&tiles->tree, &tile->leaves[i]);
	}
	root = tree_root(&tiles->tree);
	tiles->known = tree_equal(&root, &tile->root);
}

void tiles_begin_file(struct tiles *tiles, struct db *db, uint64_t epoch_no,
		      const struct event_head *head)
{
	struct rebuilding of = {.tiles = tiles, .epoch_no = epoch_no};
	int err = 0;

	tiles_begin(tiles);
	if (head->seq == 0 || !tiles->kept)
		return;
	err = db_last_tile(db, position_of(epoch_no + 1, 0), take_tile, &of);
	if (err == 0 && tiles->known && tiles->tree.size < head->seq)
		err = db_each(db, ALL_CLASSES, position_of(epoch_no, tiles->tree.size), take_event,
			      &of);
	tiles->known = tiles->known && err == 0 && tiles->tree.size == head->seq;
	if (!tiles->known)
		log_debug("the tree of epoch %s is not known: it has no signed heads", head->epoch);
}

/* ---- proofs ------------------------------------------------------------------------- */

struct tile_read {
	unsigned level;
	uint64_t index;
	uint64_t first; /* leaf of the tile */
	struct tree_hash node;
	bool found;
};

static void fold_leaves(struct tile_read *read, const struct tree_hash *leaves, size_t count)
{
	uint64_t width = UINT64_C(1) << read->level;
	uint64_t from = (read->index << read->level) - read->first;
	struct tree tree = {0};

	if (from + width > count)
		return;
	for (uint64_t i = from; i < from + width; i++)
		tree_add(&tree, &leaves[i]);
	read->node = tree_root(&tree);
	read->found = true;
}

static void read_tile(void *data, const struct db_tile *tile)
{
	struct tile_read *read = data;

	if (position_seq(tile->position) == read->first + 1)
		fold_leaves(read, tile->leaves, tile->leaf_count);
}

/* Of a whole subtree within one tile. */
static int node_in_tile(const struct tiles_source *of, unsigned level, uint64_t index,
			struct tree_hash *ret_node)
{
	struct tile_read read = {.level = level, .index = index};
	int err = 0;

	read.first = (index << level) / TILE_LEAVES * TILE_LEAVES;
	if (of->tiles && read.first == tile_begin(of->tiles))
		fold_leaves(&read, of->tiles->leaves, (size_t)(of->tiles->tree.size - read.first));
	else
		err = db_tile_at(of->db, position_of(of->epoch_no, read.first + 1), read_tile,
				 &read);
	if (err < 0 || !read.found)
		return err < 0 ? err : -ENOENT;
	*ret_node = read.node;
	return 0;
}

static int node(void *data, unsigned level, uint64_t index, struct tree_hash *ret_node)
{
	uint64_t tiles_in_it = level > TILE_BITS ? UINT64_C(1) << (level - TILE_BITS) : 0;
	struct tree tree = {0};
	struct tree_hash root;
	int err;

	if (tiles_in_it == 0)
		return node_in_tile(data, level, index, ret_node);
	for (uint64_t i = 0; i < tiles_in_it; i++) {
		err = node_in_tile(data, TILE_BITS, index * tiles_in_it + i, &root);
		if (err < 0)
			return err;
		tree_add(&tree, &root);
	}
	*ret_node = tree_root(&tree);
	return 0;
}

struct tree_source tiles_source(struct tiles_source *of)
{
	return (struct tree_source){.data = of, .node = node};
}
