#include "ctl/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/utf8.h"

#define ROWS	   64
#define LINE_BYTES 512

#define OWN_SCREEN   "\033[?1049h\033[?25l\033[2J"
#define OTHER_SCREEN "\033[?25h\033[?1049l"

struct screen {
	struct termios before;
	int signals;
	struct winsize size;
	char shown[ROWS][LINE_BYTES];
};

/* They come as things to read: what wants the end, and another size. */
static int take_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGWINCH);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void send_text(const char *text, size_t bytes)
{
	(void)!write(STDOUT_FILENO, text, bytes);
}

int screen_open(struct screen **ret_screen)
{
	struct screen *screen;
	struct termios raw;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return -ENOTTY;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	tcgetattr(STDIN_FILENO, &screen->before);
	raw = screen->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	screen->signals = take_signals();
	send_text(OWN_SCREEN, sizeof(OWN_SCREEN) - 1);
	*ret_screen = screen;
	return 0;
}

void screen_close(struct screen *screen)
{
	if (!screen)
		return;
	send_text(OTHER_SCREEN, sizeof(OTHER_SCREEN) - 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
	close(screen->signals);
	free(screen);
}

/* Another size: nothing of what is shown holds. */
static void look_at_size(struct screen *screen)
{
	struct winsize now = {.ws_row = 24, .ws_col = 80};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) < 0 || now.ws_row == 0 || now.ws_col == 0)
		now = (struct winsize){.ws_row = 24, .ws_col = 80};
	if (now.ws_row == screen->size.ws_row && now.ws_col == screen->size.ws_col)
		return;
	screen->size = now;
	memset(screen->shown, 0, sizeof(screen->shown));
	send_text("\033[2J", 4);
}

size_t screen_rows(const struct screen *screen)
{
	return screen->size.ws_row < ROWS ? screen->size.ws_row : ROWS;
}

/* So many bytes of the line as the width has room for. */
static size_t fitting(const char *text, size_t bytes, size_t width)
{
	size_t at = 0;

	for (; width > 0 && at < bytes; width--) {
		size_t one = utf8_character(text + at);

		at += one ? one : 1;
	}
	return at < LINE_BYTES - 1 ? at : utf8_cut(text, LINE_BYTES - 1);
}

static void show_line(struct screen *screen, size_t row, const char *text, size_t bytes)
{
	char *shown = screen->shown[row], place[32];

	if (strlen(shown) == bytes && memcmp(shown, text, bytes) == 0)
		return;
	memcpy(shown, text, bytes);
	shown[bytes] = '\0';
	send_text(place, (size_t)snprintf(place, sizeof(place), "\033[%zu;1H", row + 1));
	send_text(text, bytes);
	send_text("\033[K", 3);
}

void screen_show(struct screen *screen, const char *text)
{
	look_at_size(screen);
	for (size_t row = 0; row < screen_rows(screen); row++) {
		size_t bytes = strcspn(text, "\n");

		show_line(screen, row, text, fitting(text, bytes, screen->size.ws_col));
		text += bytes + (text[bytes] == '\n');
	}
}

int screen_key(struct screen *screen, int ms)
{
	struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				 {.fd = screen->signals, .events = POLLIN}};
	struct signalfd_siginfo signal;
	char key = 0;

	if (poll(ready, 2, ms) <= 0)
		return 0;
	if (ready[1].revents && read(screen->signals, &signal, sizeof(signal)) > 0)
		return signal.ssi_signo == SIGWINCH ? 0 : 'q';
	if (ready[0].revents && read(STDIN_FILENO, &key, 1) != 1)
		return 'q'; /* the terminal has gone */
	return key;
}
