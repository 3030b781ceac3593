/* A bus of a blocking driver that answers as the test says, while it runs. */
#ifndef CORRIDORD_TESTS_SCRIPTED_BUS_H
#define CORRIDORD_TESTS_SCRIPTED_BUS_H

#include "bus_rig.h"

#include <pthread.h>
#include <semaphore.h>

/* What one device answers to each poll. */
struct scripted_unit {
	int err; /* 0: it answers */
	enum reason reason; /* of the err */
	bool half; /* with an err it gives readings before it */
	int64_t value; /* of all its points */
	bool counting; /* the value goes up with each poll */
	enum reason last_point_reason; /* its last point is at fault */
	int64_t cost_ns; /* how long it takes */
	int polls; /* it was asked */
	int peeks; /* for a person */
};

/* Read and changed by functions while the bus runs. */
struct script {
	pthread_mutex_t lock;
	bool refuse_plan;
	int open_err;
	enum reason open_reason;
	struct scripted_unit unit[BUS_RIG_DEVICES];
	int opens, closes;
	bool hangs; /* an answer waits for let_go */
	sem_t let_go;
};

struct scripted_bus {
	struct bus_rig rig;
	struct script script;
};

int scripted_bus_new(void **state); /* of cmocka */
int scripted_bus_free(void **state);

#define scripted_bus_test(test) \
	cmocka_unit_test_setup_teardown(test, scripted_bus_new, scripted_bus_free)

/* Devices and points as in bus_rig_init(); not yet started. Returns &bus->rig. */
struct bus_rig *scripted_bus_plan(struct scripted_bus *bus, size_t devices, size_t points_each);

/* ---- while it runs --------------------------------------------------------------------- */

void device_fails(struct scripted_bus *bus, size_t device, int err, enum reason reason);
void device_answers(struct scripted_bus *bus, size_t device);
void last_point_fails(struct scripted_bus *bus, size_t device, enum reason reason);
void last_point_answers(struct scripted_bus *bus, size_t device);
void link_fails_to_open(struct scripted_bus *bus, int err);
void link_opens(struct scripted_bus *bus);

int polls_of(struct scripted_bus *bus, size_t device);
int opens_of(struct scripted_bus *bus); /* tries */

#endif
