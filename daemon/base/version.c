#include "base/version.h"

const char version_text[] = VERSION COMMIT;
