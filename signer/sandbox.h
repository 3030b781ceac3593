/* What the signer may not do from here on: speak to anybody but its parent, start or trace a
 * process. */
#ifndef CORRIDORD_SIGNER_SANDBOX_H
#define CORRIDORD_SIGNER_SANDBOX_H

int signer_sandbox_enter(void); /* negative errno */

#endif
