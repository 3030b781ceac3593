#include "evidence/tree.h"

#include <errno.h>
#include <string.h>

#include "base/sha256.h"

/* ---- hashes ------------------------------------------------------------------------- */

static struct tree_hash hash_of(unsigned char kind, const unsigned char *bytes, size_t count)
{
	struct sha256_ctx sha;
	struct tree_hash hash;

	sha256_init(&sha);
	sha256_update(&sha, 1, &kind);
	sha256_update(&sha, count, bytes);
	sha256_end(&sha, hash.bytes);
	return hash;
}

struct tree_hash tree_leaf(const unsigned char entry[TREE_HASH_BYTES])
{
	return hash_of(0, entry, TREE_HASH_BYTES);
}

struct tree_hash tree_inner(const struct tree_hash *left, const struct tree_hash *right)
{
	const struct tree_hash both[2] = {*left, *right};

	return hash_of(1, both[0].bytes, sizeof(both));
}

bool tree_equal(const struct tree_hash *a, const struct tree_hash *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static struct tree_hash empty_root(void)
{
	struct sha256_ctx sha;
	struct tree_hash hash;

	sha256_init(&sha);
	sha256_end(&sha, hash.bytes);
	return hash;
}

/* ---- growing ------------------------------------------------------------------------ */

size_t tree_frontier_count(uint64_t size)
{
	return (size_t)__builtin_popcountll(size);
}

void tree_add(struct tree *tree, const struct tree_hash *leaf)
{
	size_t count = tree_frontier_count(tree->size);
	struct tree_hash node = *leaf;

	for (uint64_t size = tree->size; size & 1; size >>= 1)
		node = tree_inner(&tree->frontier[--count], &node);
	tree->frontier[count] = node;
	tree->size++;
}

/* From the smallest to the largest. */
static struct tree_hash fold(const struct tree_hash *nodes, size_t count)
{
	struct tree_hash root = nodes[--count];

	while (count > 0)
		root = tree_inner(&nodes[--count], &root);
	return root;
}

struct tree_hash tree_root(const struct tree *tree)
{
	return tree->size == 0 ? empty_root()
			       : fold(tree->frontier, tree_frontier_count(tree->size));
}

/* ---- proving ------------------------------------------------------------------------ */

/* The largest power of two below the size, which is 2 or more: RFC 6962's k. */
static uint64_t split(uint64_t size)
{
	return UINT64_C(1) << (63 - __builtin_clzll(size - 1));
}

/* The root of the leaves from low to before high; low is a multiple of the largest whole subtree. */
static int root_of(const struct tree_source *source, uint64_t low, uint64_t high,
		   struct tree_hash *ret_root)
{
	struct tree_hash nodes[TREE_LEVELS];
	size_t count = 0;

	while (low < high) {
		unsigned level = 63 - (unsigned)__builtin_clzll(high - low);
		int err = source->node(source->data, level, low >> level, &nodes[count]);

		if (err < 0)
			return err;
		low += UINT64_C(1) << level;
		count++;
	}
	*ret_root = fold(nodes, count);
	return 0;
}

int tree_root_at(const struct tree_source *source, uint64_t size, struct tree_hash *ret_root)
{
	if (size >> TREE_LEVELS)
		return -EINVAL;
	if (size > 0)
		return root_of(source, 0, size, ret_root);
	*ret_root = empty_root();
	return 0;
}

/* A walk from the root to a leaf or subtree finds the path's last hash first. */
static void turn_round(struct tree_path *path)
{
	for (size_t i = 0; i < path->count / 2; i++) {
		struct tree_hash one = path->hash[i];

		path->hash[i] = path->hash[path->count - 1 - i];
		path->hash[path->count - 1 - i] = one;
	}
}

int tree_prove(const struct tree_source *source, uint64_t index, uint64_t size,
	       struct tree_path *ret_path)
{
	struct tree_path path = {0};
	uint64_t low = 0, high = size;
	int err = 0;

	if (index >= size || size >> TREE_LEVELS)
		return -EINVAL;
	while (err == 0 && high - low > 1) {
		uint64_t middle = low + split(high - low);
		struct tree_hash *sibling = &path.hash[path.count++];

		if (index < middle) {
			err = root_of(source, middle, high, sibling);
			high = middle;
		} else {
			err = root_of(source, low, middle, sibling);
			low = middle;
		}
	}
	if (err < 0)
		return err;
	turn_round(&path);
	*ret_path = path;
	return 0;
}

int tree_prove_growth(const struct tree_source *source, uint64_t old_size, uint64_t new_size,
		      struct tree_path *ret_path)
{
	struct tree_path path = {0};
	uint64_t low = 0, high = new_size;
	int err = 0;

	if (old_size == 0 || old_size > new_size || new_size >> TREE_LEVELS)
		return -EINVAL;
	while (err == 0 && old_size != high) {
		uint64_t middle = low + split(high - low);
		struct tree_hash *sibling = &path.hash[path.count++];

		if (old_size <= middle) {
			err = root_of(source, middle, high, sibling);
			high = middle;
		} else {
			err = root_of(source, low, middle, sibling);
			low = middle;
		}
	}
	if (err == 0 && low > 0)
		err = root_of(source, low, high, &path.hash[path.count++]);
	if (err < 0)
		return err;
	turn_round(&path);
	*ret_path = path;
	return 0;
}

/* ---- checking ----------------------------------------------------------------------- */

bool tree_check(const struct tree_path *path, uint64_t index, const struct tree_hash *leaf,
		uint64_t size, const struct tree_hash *root)
{
	struct tree_hash node = *leaf;
	uint64_t at = index, last = size - 1;

	if (index >= size || path->count > TREE_PATH_MAX)
		return false;
	for (size_t i = 0; i < path->count; i++) {
		if (last == 0)
			return false;
		if ((at & 1) || at == last) {
			node = tree_inner(&path->hash[i], &node);
			for (; !(at & 1) && at > 0; at >>= 1)
				last >>= 1;
		} else {
			node = tree_inner(&node, &path->hash[i]);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && tree_equal(&node, root);
}

/* RFC 9162, 2.1.4.2 */
static bool check_growth(const struct tree_path *path, size_t next, struct tree_hash seed,
			 uint64_t old_size, uint64_t new_size, struct tree_hash ret_roots[2])
{
	uint64_t old_at = old_size - 1, new_at = new_size - 1;

	for (; old_at & 1; old_at >>= 1)
		new_at >>= 1;
	ret_roots[0] = ret_roots[1] = seed;
	for (; next < path->count; next++) {
		const struct tree_hash *hash = &path->hash[next];

		if (new_at == 0)
			return false;
		if ((old_at & 1) || old_at == new_at) {
			ret_roots[0] = tree_inner(hash, &ret_roots[0]);
			ret_roots[1] = tree_inner(hash, &ret_roots[1]);
			for (; !(old_at & 1) && old_at > 0; old_at >>= 1)
				new_at >>= 1;
		} else {
			ret_roots[1] = tree_inner(&ret_roots[1], hash);
		}
		old_at >>= 1;
		new_at >>= 1;
	}
	return new_at == 0;
}

bool tree_check_growth(const struct tree_path *path, uint64_t old_size,
		       const struct tree_hash *old_root, uint64_t new_size,
		       const struct tree_hash *new_root)
{
	bool whole = (old_size & (old_size - 1)) == 0; /* the old root is a node of the new tree */
	struct tree_hash roots[2];

	if (old_size == 0 || old_size > new_size || path->count > TREE_PATH_MAX)
		return false;
	if (old_size == new_size)
		return path->count == 0 && tree_equal(old_root, new_root);
	if (path->count == 0)
		return false;
	return check_growth(path, whole ? 0 : 1, whole ? *old_root : path->hash[0], old_size,
			    new_size, roots) &&
	       tree_equal(&roots[0], old_root) && tree_equal(&roots[1], new_root);
}

bool tree_path_contradicts(const struct tree_path *path, uint64_t old_size,
			   const struct tree_hash *old_root, uint64_t new_size,
			   const struct tree_hash *new_root)
{
	bool whole = (old_size & (old_size - 1)) == 0;
	struct tree_hash roots[2];

	if (whole || old_size >= new_size || path->count == 0 || path->count > TREE_PATH_MAX)
		return false;
	return check_growth(path, 1, path->hash[0], old_size, new_size, roots) &&
	       !tree_equal(&roots[0], old_root) && tree_equal(&roots[1], new_root);
}
