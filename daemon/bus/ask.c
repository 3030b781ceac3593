/* A question of a person to a device, put between two polls: one at a time. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/private.h"

int bus_ask(struct bus *bus, const struct bus_question *question)
{
	int err = 0;

	if (!bus->driver->peek)
		return -EOPNOTSUPP;
	pthread_mutex_lock(&bus->ask.lock);
	if (bus->ask.stage != ASK_NONE) {
		err = -EBUSY;
	} else {
		bus->ask.question = *question;
		bus->ask.stage = ASK_PUT;
	}
	pthread_mutex_unlock(&bus->ask.lock);
	if (err == 0)
		worker_wake(bus->worker);
	return err;
}

bool bus_answered(struct bus *bus, struct bus_question *ret_question)
{
	bool answered;

	pthread_mutex_lock(&bus->ask.lock);
	answered = bus->ask.stage == ASK_ANSWERED;
	if (answered) {
		*ret_question = bus->ask.question;
		bus->ask.stage = ASK_NONE;
	}
	pthread_mutex_unlock(&bus->ask.lock);
	return answered;
}

bool bus_left_question(struct bus *bus, struct bus_question *ret_question)
{
	bool left = bus->ask.stage != ASK_NONE;

	*ret_question = bus->ask.question;
	bus->ask.stage = ASK_NONE;
	return left;
}

static bool take(struct bus *bus, struct bus_question *ret_question)
{
	bool put;

	pthread_mutex_lock(&bus->ask.lock);
	put = bus->ask.stage == ASK_PUT;
	if (put)
		*ret_question = bus->ask.question;
	pthread_mutex_unlock(&bus->ask.lock);
	return put;
}

static void give(struct bus *bus, const struct bus_question *answer)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&bus->ask.lock);
	bus->ask.question = *answer;
	bus->ask.stage = ASK_ANSWERED;
	pthread_mutex_unlock(&bus->ask.lock);
	(void)!write(answer->wake_fd, &one, sizeof(one));
}

bool bus_put_question(struct bus *bus)
{
	struct bus_question question;
	struct driver_peek *peek = &question.peek;
	int64_t began_ns;

	if (!take(bus, &question))
		return true;
	began_ns = clock_mono_ns();
	if (atomic_load(&bus->open)) {
		bus->asked = question.device;
		question.err = bus->driver->peek(bus->instance, question.device, peek);
	} else {
		question.err = -ENOTCONN;
		peek->reason = REASON_LINK_DOWN;
		snprintf(peek->why, sizeof(peek->why), "\"%s\" is not there", bus->conf->name);
	}
	question.took_ns = clock_mono_ns() - began_ns;
	give(bus, &question);
	return question.err != -ENOTCONN || !atomic_load(&bus->open);
}
