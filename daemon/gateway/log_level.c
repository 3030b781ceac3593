#include <string.h>

#include "gateway/gateway.h"

enum log_level gateway_log_level(const struct config *config)
{
	if (strcmp(config->gateway.log_level, "debug") == 0)
		return LOG_LEVEL_DEBUG;
	return strcmp(config->gateway.log_level, "warning") == 0 ? LOG_LEVEL_WARNING
								 : LOG_LEVEL_INFO;
}
