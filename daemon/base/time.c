#include "base/time.h"

const char *clock_state_name(enum clock_state state)
{
	static const char *const names[] = {"unsynced", "synced", "holdover"};

	return names[state];
}
