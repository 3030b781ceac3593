/* print_tree SIZES: of trees of 0 to before SIZES leaves the root, and all proofs, for whoever holds
 * them against another implementation. The entry of leaf i is the SHA-256 of "event i". */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "evidence/tree.h"
#include "transit/event/event.h"

struct leaves {
	size_t count;
	struct tree_hash *hash;
};

/* From the leaves up each time: slow, and nothing to go wrong. */
static int node(void *data, unsigned level, uint64_t index, struct tree_hash *ret_node)
{
	const struct leaves *leaves = data;
	size_t count = (size_t)1 << level;
	struct tree tree = {0};

	if ((index + 1) << level > leaves->count)
		return -ENOENT;
	for (size_t i = 0; i < count; i++)
		tree_add(&tree, &leaves->hash[(index << level) + i]);
	*ret_node = tree_root(&tree);
	return 0;
}

static void print_hash(const struct tree_hash *hash)
{
	char hex[EVENT_HEX_BYTES];

	event_hex(hash->bytes, hex);
	printf(" %s", hex);
}

static void print_path(const char *name, uint64_t from, uint64_t size, const struct tree_path *path)
{
	printf("%s %llu %llu", name, (unsigned long long)from, (unsigned long long)size);
	for (size_t i = 0; i < path->count; i++)
		print_hash(&path->hash[i]);
	printf("\n");
}

/* A changed proof is one no more. */
static void check_spoilt(struct tree_path path, uint64_t index, const struct tree_hash *leaf,
			 uint64_t size, const struct tree_hash *root)
{
	for (size_t i = 0; i < path.count; i++) {
		path.hash[i].bytes[i] ^= 1;
		assert(!tree_check(&path, index, leaf, size, root));
		path.hash[i].bytes[i] ^= 1;
	}
	assert(!tree_check(&path, index + 1, leaf, size, root));
	path.count++;
	assert(!tree_check(&path, index, leaf, size, root));
	path.count -= 2;
	assert(size == 1 || !tree_check(&path, index, leaf, size, root));
}

static void print_proofs(const struct leaves *leaves, const struct tree_hash *roots, uint64_t size)
{
	const struct tree_source source = {.data = (void *)(uintptr_t)leaves, .node = node};
	struct tree_path path;

	for (uint64_t i = 0; i < size; i++) {
		assert(tree_prove(&source, i, size, &path) == 0);
		assert(tree_check(&path, i, &leaves->hash[i], size, &roots[size]));
		check_spoilt(path, i, &leaves->hash[i], size, &roots[size]);
		print_path("leaf", i, size, &path);
	}
	for (uint64_t old = 1; old <= size; old++) {
		assert(tree_prove_growth(&source, old, size, &path) == 0);
		assert(tree_check_growth(&path, old, &roots[old], size, &roots[size]));
		assert(old == size ||
		       !tree_check_growth(&path, old, &roots[old - 1], size, &roots[size]));
		assert(!tree_check_growth(&path, old, &roots[old], size, &roots[size - 1]));
		print_path("growth", old, size, &path);
	}
	assert(tree_prove(&source, size, size, &path) == -EINVAL);
	assert(tree_prove_growth(&source, 0, size, &path) == -EINVAL);
	assert(tree_prove_growth(&source, size + 1, size, &path) == -EINVAL);
}

int main(int argc, char **argv)
{
	size_t sizes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	struct leaves leaves = {.hash = calloc(sizes, sizeof(struct tree_hash))};
	struct tree_hash *roots = calloc(sizes, sizeof(*roots));
	struct tree tree = {0};

	assert(leaves.hash && roots);
	for (; leaves.count < sizes; leaves.count++) {
		unsigned char entry[EVENT_HASH_BYTES];
		char text[32];

		roots[leaves.count] = tree_root(&tree);
		printf("root %zu", leaves.count);
		print_hash(&roots[leaves.count]);
		printf("\n");
		print_proofs(&leaves, roots, leaves.count);
		event_hash(text, (size_t)snprintf(text, sizeof(text), "event %zu", leaves.count),
			   entry);
		leaves.hash[leaves.count] = tree_leaf(entry);
		tree_add(&tree, &leaves.hash[leaves.count]);
	}
	free(leaves.hash);
	free(roots);
	return 0;
}
