#include "ctl/loan.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/text.h"

#define EVERY_NS (5 * NS_PER_S)
#define LOOK_MS	 100
#define CLOSE_NS (60 * NS_PER_S) /* the question that is under way there */

static bool is_serial(const json_t *bus)
{
	return text_of(bus, "place")[0] == '/';
}

bool loan_is_same_port(const char *a, const char *b)
{
	char real_a[PATH_MAX], real_b[PATH_MAX];

	return strcmp(a, b) == 0 ||
	       (realpath(a, real_a) && realpath(b, real_b) && strcmp(real_a, real_b) == 0);
}

char *loan_port(struct link *link, const char *name)
{
	json_t *buses = link ? link_list(link, "buses", NULL) : NULL;
	const json_t *bus;
	char *port = NULL;
	size_t i;

	json_array_foreach(buses, i, bus) if (strcmp(text_of(bus, "name"), name) == 0 &&
					      is_serial(bus) && !port) port =
		strdup(text_of(bus, "place"));
	json_decref(buses);
	return port;
}

static bool ask(const struct loan *loan, const char *step)
{
	json_t *answer = link_ask_this(loan->link, json_pack("{s:s, s:s, s:s}", "method", "scan",
							     "step", step, "of", loan->bus));
	bool done = answer != NULL;

	json_decref(answer);
	return done;
}

static bool is_open(struct link *link, const char *name)
{
	json_t *buses = link_list(link, "buses", NULL);
	const json_t *bus;
	bool open = false;
	size_t i;

	json_array_foreach(buses, i, bus) if (strcmp(text_of(bus, "name"), name) == 0) open |=
		is_set(bus, "open");
	json_decref(buses);
	return open;
}

static int wait_until_closed(struct loan *loan)
{
	int64_t until_ns = clock_mono_ns() + CLOSE_NS;

	while (is_open(loan->link, loan->bus)) {
		if (clock_mono_ns() > until_ns)
			return ctl_fail("bus \"%s\" does not let go of its line", loan->bus);
		(void)poll(NULL, 0, LOOK_MS);
		loan_go_on(loan);
	}
	return CTL_FINE;
}

int loan_begin(struct loan *loan, struct link *link, const char *port)
{
	json_t *buses = link ? link_list(link, "buses", NULL) : NULL;
	const json_t *bus;
	size_t i;

	*loan = (struct loan){.link = link};
	json_array_foreach(buses, i, bus) if (is_serial(bus) &&
					      loan_is_same_port(text_of(bus, "place"), port))
		snprintf(loan->bus, sizeof(loan->bus), "%s", text_of(bus, "name"));
	json_decref(buses);
	if (!loan->bus[0])
		return CTL_FINE;
	if (!ask(loan, "begin")) {
		(void)ctl_fail("%s is the line of bus \"%s\", and is not lent: %s", port, loan->bus,
			       link_error(link));
		loan->bus[0] = '\0';
		return CTL_FAILED;
	}
	loan->due_ns = clock_mono_ns() + EVERY_NS;
	fprintf(stderr, "bus \"%s\" reads nothing meanwhile\n", loan->bus);
	return wait_until_closed(loan);
}

void loan_go_on(struct loan *loan)
{
	if (!loan->bus[0] || clock_mono_ns() < loan->due_ns)
		return;
	loan->due_ns = clock_mono_ns() + EVERY_NS;
	(void)ask(loan, "on");
}

void loan_end(struct loan *loan)
{
	if (loan->bus[0] && !ask(loan, "end"))
		(void)ctl_fail("bus \"%s\": %s", loan->bus, link_error(loan->link));
	loan->bus[0] = '\0';
}
