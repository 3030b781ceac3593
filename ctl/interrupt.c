#include "ctl/interrupt.h"

#include <signal.h>

/* A handler has no other place. */
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	(void)number;
	caught = 1;
}

/* A shell without job control lets what it starts in the background ignore SIGINT: who sends it means us. */
void interrupt_catch(void)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL); /* else: nohup */
}

bool interrupted(void)
{
	return caught;
}
