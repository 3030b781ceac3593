/* Memory of a configuration: many small pieces, freed in one call.
 *
 * Pieces are zeroed. A text copied into the store lives as long as the store.
 */
#ifndef CORRIDORD_CONFIG_STORE_H
#define CORRIDORD_CONFIG_STORE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct conf_store;

struct conf_store *conf_store_new(void); /* NULL: no memory */
void conf_store_free(struct conf_store *store); /* takes NULL */

/* There was no memory, once: what is in the store may lack something. */
bool conf_store_failed(const struct conf_store *store);

/* NULL: no memory. */
void *conf_alloc(struct conf_store *store, size_t bytes);
char *conf_copy(struct conf_store *store, const char *text);
char *conf_join(struct conf_store *store, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *conf_vjoin(struct conf_store *store, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

#endif
