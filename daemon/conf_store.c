#include "conf_store.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Mapped, beside the heap: when the parser has freed its own, nothing that lives on is left among
 * it, and the whole heap can be given back. A piece takes the pages that were needed of it. */
#define PIECE_BYTES ((size_t)65536)

struct piece {
	struct piece *next;
	size_t size, used; /* of bytes */
	max_align_t bytes[];
};

struct conf_store {
	struct piece *pieces; /* the one being filled first */
};

struct conf_store *conf_store_new(void)
{
	return calloc(1, sizeof(struct conf_store));
}

void conf_store_free(struct conf_store *store)
{
	if (store == NULL)
		return;
	while (store->pieces != NULL) {
		struct piece *piece = store->pieces;

		store->pieces = piece->next;
		munmap(piece, sizeof(*piece) + piece->size);
	}
	free(store);
}

static struct piece *add_piece(struct conf_store *store, size_t least)
{
	size_t whole = (least < PIECE_BYTES / 2 ? PIECE_BYTES : least + sizeof(struct piece));
	struct piece *piece =
		mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (piece == MAP_FAILED)
		return NULL;
	piece->size = whole - sizeof(*piece);
	piece->next = store->pieces;
	store->pieces = piece;
	return piece;
}

void *conf_alloc(struct conf_store *store, size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	size_t rounded = bytes > PTRDIFF_MAX ? 0 : (bytes + align - 1) / align * align;
	struct piece *piece = store->pieces;
	void *at;

	if (rounded < bytes)
		return NULL;
	if (piece == NULL || piece->size - piece->used < rounded)
		piece = add_piece(store, rounded);
	if (piece == NULL)
		return NULL;
	at = (char *)piece->bytes + piece->used;
	piece->used += rounded;
	return at;
}

char *conf_copy(struct conf_store *store, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = conf_alloc(store, bytes);

	return copy != NULL ? memcpy(copy, text, bytes) : NULL;
}

char *conf_join(struct conf_store *store, const char *format, ...)
{
	char *joined = NULL, *copy = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&joined, format, args) >= 0) {
		copy = conf_copy(store, joined);
		free(joined);
	}
	va_end(args);
	return copy;
}
