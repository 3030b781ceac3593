/* XML, piece by piece as it comes, into a document of fixed size.
 *
 * The root element is the message. An element is its children and attributes ("@name"), and has the
 * text that stands before its first child; names are without namespaces. A document type is
 * refused, and with it all that entities can do.
 */
#ifndef CORRIDORD_MAPPER_XML_H
#define CORRIDORD_MAPPER_XML_H

#include "mapper/doc.h"

struct xml;

/* doc is borrowed. -ENOMEM. The caller frees; NULL is taken. */
int xml_new(struct doc *doc, struct xml **ret_xml);
void xml_free(struct xml *xml);

/* The document is emptied. */
void xml_begin(struct xml *xml);

/* false: refused, xml_error() says why, xml_at() where. */
bool xml_take(struct xml *xml, const char *bytes, size_t count);
bool xml_end(struct xml *xml);

const char *xml_error(const struct xml *xml); /* for people */
size_t xml_at(const struct xml *xml);

#endif
