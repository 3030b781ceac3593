/* Getting at the field of a member: shared by the files that hold the types. */
#ifndef CORRIDORD_REGISTRY_RECORD_FIELD_H
#define CORRIDORD_REGISTRY_RECORD_FIELD_H

#include "registry/record/shape.h"

static inline void *field(const struct shape_member *member, void *object)
{
	return (char *)object + member->at;
}

static inline const void *const_field(const struct shape_member *member, const void *object)
{
	return (const char *)object + member->at;
}

static inline const char *text_at(const struct shape_member *member, const void *object)
{
	return *(const char *const *)const_field(member, object);
}

static inline int64_t time_at(const struct shape_member *member, const void *object)
{
	return *(const int64_t *)const_field(member, object);
}

static inline int complain_expected(struct shape_reader *reader, const struct shape_member *member)
{
	return shape_complain(reader, "is no %s", member->type->expected);
}

static inline void write_text(const struct shape_member *member, const void *object,
			      struct jw *json)
{
	const char *text = text_at(member, object);

	if (text)
		jw_text(json, member->name, text);
}

#endif
