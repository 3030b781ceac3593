#include "conf_store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piece {
	struct piece *next;
	max_align_t bytes[];
};

struct conf_store {
	struct piece *pieces;
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
		free(piece);
	}
	free(store);
}

void *conf_alloc(struct conf_store *store, size_t bytes)
{
	struct piece *piece = calloc(1, sizeof(*piece) + bytes);

	if (piece == NULL)
		return NULL;
	piece->next = store->pieces;
	store->pieces = piece;
	return piece->bytes;
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
