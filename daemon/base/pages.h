/* Memory of buffers that are large for what rarely comes. Such a buffer is mapped whole and takes
 * the pages that it has needed; after a burst it gives them back. */
#ifndef CORRIDORD_BASE_PAGES_H
#define CORRIDORD_BASE_PAGES_H

#include <stddef.h>

/* So many bytes from its beginning were used, and are worth nothing any more. The first few pages
 * stay, for the next few. */
void pages_give_back(void *buffer, size_t used);

#endif
