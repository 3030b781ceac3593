#include "config/build.h"

#include <string.h>

#include "config/letter.h"
#include "config/value.h"

void config_check_title(struct config_build *build, const struct conf_node *node)
{
	const struct conf_node *first =
		conf_node_find(&build->reader, node->parent, node->kind->name, node->title);
	char letter[CONF_HINT_BYTES];

	if (!conf_is_name(node->title))
		conf_complain_node(&build->reader, node, node->place.line,
				   "not a name, expected 1 to 63 of a-z, 0-9 and \"-\"%s",
				   conf_letter_hint(node->title, letter));
	if (first && first != node)
		conf_complain_node(&build->reader, node, node->place.line,
				   "is there twice, first in %s:%d", first->place.file->path,
				   first->place.line);
}

void config_check_order(struct config_build *build, const struct conf_node *node, const char *less,
			int64_t less_ns, const char *more, int64_t more_ns)
{
	char longer[CONF_NUMBER_BYTES], shorter[CONF_NUMBER_BYTES];

	if (less_ns <= more_ns)
		return;
	conf_write_duration(less_ns, longer);
	conf_write_duration(more_ns, shorter);
	conf_complain_node(&build->reader, node, node->place.line,
			   "\"%s\" (%s) is longer than \"%s\" (%s)", less, longer, more, shorter);
}

void *config_grow(struct config_build *build, void *array, size_t count, size_t item_bytes)
{
	void *grown = array;

	if ((count & (count - 1)) == 0) /* 0 or a power of two: full */
		grown = conf_alloc(build->parser.store, (count == 0 ? 1 : 2 * count) * item_bytes);
	if (grown && grown != array && count > 0)
		memcpy(grown, array, count * item_bytes);
	return grown;
}
