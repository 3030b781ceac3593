/* The Merkle tree over the events of an epoch (RFC 6962, SHA-256).
 *
 * Leaf i, counted from 0, is of the event with number i + 1. Its entry is the SHA-256 of that event's
 * payload, which the next event has as its prev; so the size of the tree is the number of the newest
 * event, and chain and tree cannot disagree. A tree that grows is known by its frontier alone, the
 * roots of its whole subtrees; proofs need more, which they ask a source for.
 *
 * Nothing here allocates, reads a clock or does I/O.
 */
#ifndef CORRIDORD_EVIDENCE_TREE_H
#define CORRIDORD_EVIDENCE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_HASH_BYTES 32
#define TREE_LEVELS	40 /* more than a number of an event has bits */
#define TREE_PATH_MAX	(TREE_LEVELS + 1)

struct tree_hash {
	unsigned char bytes[TREE_HASH_BYTES];
};

struct tree {
	uint64_t size;
	struct tree_hash
		frontier[TREE_LEVELS]; /* the largest subtree first: one for each bit of size */
};

struct tree_path {
	size_t count;
	struct tree_hash hash[TREE_PATH_MAX];
};

/* Where a proof finds the root of a whole subtree: that of the leaves index << level up to the next
 * one's first, all of which lie within the size that is asked about. Negative errno: it is not there. */
struct tree_source {
	void *data;
	int (*node)(void *data, unsigned level, uint64_t index, struct tree_hash *ret_node);
};

struct tree_hash tree_leaf(const unsigned char entry[TREE_HASH_BYTES]);
struct tree_hash tree_inner(const struct tree_hash *left, const struct tree_hash *right);
bool tree_equal(const struct tree_hash *a, const struct tree_hash *b);

/* {0} is the empty tree. */
void tree_add(struct tree *tree, const struct tree_hash *leaf);
struct tree_hash tree_root(const struct tree *tree);
/* How many hashes the frontier of so many leaves has. */
size_t tree_frontier_count(uint64_t size);

/* The root as it was when there were so many leaves. 0, or what the source says. */
int tree_root_at(const struct tree_source *source, uint64_t size, struct tree_hash *ret_root);
/* That leaf index is in the tree of that size. -EINVAL: it is not. */
int tree_prove(const struct tree_source *source, uint64_t index, uint64_t size,
	       struct tree_path *ret_path);
/* That the tree of the new size begins with that of the old one, which is not empty. */
int tree_prove_growth(const struct tree_source *source, uint64_t old_size, uint64_t new_size,
		      struct tree_path *ret_path);

bool tree_check(const struct tree_path *path, uint64_t index, const struct tree_hash *leaf,
		uint64_t size, const struct tree_hash *root);
bool tree_check_growth(const struct tree_path *path, uint64_t old_size,
		       const struct tree_hash *old_root, uint64_t new_size,
		       const struct tree_hash *new_root);
/* The path leads to the new root, from another old one: two trees of the old size are shown by it. Of
 * an old size that is a power of two no path shows that. */
bool tree_path_contradicts(const struct tree_path *path, uint64_t old_size,
			   const struct tree_hash *old_root, uint64_t new_size,
			   const struct tree_hash *new_root);

#endif
