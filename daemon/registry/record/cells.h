/* Records out of the rows of a table, in which every value is text (registry/file.h: CSV).
 *
 * A column is a member of the record. Several values stand in one cell with ";" between; of
 * an element that has members of its own these stand in their order with "|" between. An
 * empty cell, or an empty place between "|", is a member that is left out.
 */
#ifndef CORRIDORD_REGISTRY_RECORD_CELLS_H
#define CORRIDORD_REGISTRY_RECORD_CELLS_H

#include "registry/record/record.h"

struct shape_member;

/* NULL: the author's own ("x_", "x-"), passed over. -EINVAL: there is no such column. */
int registry_column(enum registry_kind kind, const char *name,
		    const struct shape_member **ret_column);

/* Of one cell for each column. Spare cells are overwritten. As registry_record_read(). */
int registry_record_read_cells(enum registry_kind kind, const struct shape_member *const *columns,
			       char **cells, size_t count, struct registry_record **ret_record,
			       struct registry_complaint *ret_complaint);

#endif
