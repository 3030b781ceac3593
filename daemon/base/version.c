#include "base/version.h"

#ifndef COMMIT
#define COMMIT ""
#endif

const char version_text[] = VERSION COMMIT;
