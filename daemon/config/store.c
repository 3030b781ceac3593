#include "config/store.h"

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
	bool failed;
};

struct conf_store *conf_store_new(void)
{
	return calloc(1, sizeof(struct conf_store));
}

void conf_store_free(struct conf_store *store)
{
	if (!store)
		return;
	while (store->pieces) {
		struct piece *piece = store->pieces;

		store->pieces = piece->next;
		munmap(piece, sizeof(*piece) + piece->size);
	}
	free(store);
}

bool conf_store_failed(const struct conf_store *store)
{
	return store->failed;
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
		piece = NULL;
	else if (!piece || piece->size - piece->used < rounded)
		piece = add_piece(store, rounded);
	store->failed |= !piece;
	if (!piece)
		return NULL;
	at = (char *)piece->bytes + piece->used;
	piece->used += rounded;
	return at;
}

char *conf_copy(struct conf_store *store, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = conf_alloc(store, bytes);

	return copy ? memcpy(copy, text, bytes) : NULL;
}

char *conf_vjoin(struct conf_store *store, const char *format, va_list args)
{
	va_list again;
	char *joined;
	int bytes;

	va_copy(again, args);
	bytes = vsnprintf(NULL, 0, format, again);
	va_end(again);
	joined = bytes >= 0 ? conf_alloc(store, (size_t)bytes + 1) : NULL;
	if (joined)
		vsnprintf(joined, (size_t)bytes + 1, format, args);
	return joined;
}

char *conf_join(struct conf_store *store, const char *format, ...)
{
	va_list args;
	char *joined;

	va_start(args, format);
	joined = conf_vjoin(store, format, args);
	va_end(args);
	return joined;
}
