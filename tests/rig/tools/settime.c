/* What a time service does to the clock: settime SECONDS sets it and says that it is
 * synchronised; settime lost says that it no longer is, as after hours without a server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timex.h>

int main(int argc, char **argv)
{
	struct timex timex = {.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR};
	struct timeval now = {0};

	if (argc != 2) {
		fprintf(stderr, "usage: settime SECONDS|lost\n");
		return 2;
	}
	if (strcmp(argv[1], "lost") == 0) {
		timex.status = STA_UNSYNC;
	} else {
		now.tv_sec = atoll(argv[1]);
		if (settimeofday(&now, NULL) < 0) {
			perror("settimeofday");
			return 1;
		}
		timex.status = STA_PLL;
	}
	if (adjtimex(&timex) < 0) {
		perror("adjtimex");
		return 1;
	}
	return 0;
}
