/* A GPIO device on lines of the test's own, and a host that writes down what the driver says.
 *
 * Included once by a test, after tests/fake/gpio_lines.h: that stands in for libraries. */
#ifndef CORRIDORD_TESTS_GPIO_RIG_H
#define CORRIDORD_TESTS_GPIO_RIG_H

#include "unit.h"

#include "../../fake/gpio_lines.h"

#define GPIO_RIG_POINTS 4
#define GPIO_RIG_NOTES	200

struct gpio_reading {
	size_t point;
	bool level;
	int64_t at_ns;
	uint32_t lost;
};

struct gpio_fault {
	size_t point;
	enum reason reason;
	char message[160];
};

struct gpio_rig {
	struct gpio_device_conf conf;
	struct gpio_point_conf point[GPIO_RIG_POINTS];
	struct driver_point points[GPIO_RIG_POINTS];
	struct driver_device device;
	struct driver_setup setup;
	struct driver_complaint complaint;
	void *instance;
	struct fake_line *up, *down; /* "lane1-up", "lane1-down": lines 3 and 4 of gpiochip1 */
	struct fake_line *power; /* "power-ok": line 0 of gpiochip0 */

	struct gpio_reading reading[GPIO_RIG_NOTES];
	size_t readings;
	struct gpio_fault fault[GPIO_RIG_NOTES];
	size_t faults;
	size_t debugs;
};

extern const struct driver gpio_driver;

/* ---- the host ------------------------------------------------------------------------ */

static void note_reading(void *data, size_t device, size_t point, const struct value *value,
			 int64_t at_mono_ns, uint32_t lost_edges)
{
	struct gpio_rig *rig = data;

	(void)device;
	if (rig->readings < GPIO_RIG_NOTES && value->type == VALUE_BOOL)
		rig->reading[rig->readings++] =
			(struct gpio_reading){point, value->boolean, at_mono_ns, lost_edges};
}

static void note_fault(void *data, size_t device, size_t point, enum reason reason,
		       const char *message)
{
	struct gpio_rig *rig = data;
	struct gpio_fault *fault = &rig->fault[rig->faults];

	(void)device;
	if (rig->faults == GPIO_RIG_NOTES)
		return;
	fault->point = point;
	fault->reason = reason;
	snprintf(fault->message, sizeof(fault->message), "%s", message);
	rig->faults++;
}

static void note_debug(void *data, const char *message)
{
	struct gpio_rig *rig = data;

	(void)message;
	rig->debugs++;
}

/* ---- set-up -------------------------------------------------------------------------- */

static inline char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static void plug_chips(struct gpio_rig *rig)
{
	memset(&fake_gpio, 0, sizeof(fake_gpio));
	fake_gpio.now_ns = 1000 * NS_PER_S;
	fake_gpio.chip[0] =
		(struct gpio_chip){.path = "/dev/gpiochip0", .name = "gpiochip0", .label = "soc"};
	fake_gpio.chip[1] = (struct gpio_chip){
		.path = "/dev/gpiochip1", .name = "gpiochip1", .label = "lane1-rig"};
	fake_gpio.path[0] = "/dev/gpiochip0";
	fake_gpio.path[1] = "/dev/gpiochip1";
	rig->up = &fake_gpio.chip[1].line[3];
	rig->up->name = "lane1-up";
	rig->down = &fake_gpio.chip[1].line[4];
	rig->down->name = "lane1-down";
	rig->power = &fake_gpio.chip[0].line[0];
	rig->power->name = "power-ok";
}

static void gpio_rig_init(struct gpio_rig *rig)
{
	*rig = (struct gpio_rig){.conf = {.consumer = text("corridord")}};
	plug_chips(rig);
}

static int gpio_rig_new(void **state)
{
	static struct gpio_rig rig;

	gpio_rig_init(&rig);
	*state = &rig;
	return 0;
}

static int gpio_rig_free(void **state)
{
	struct gpio_rig *rig = *state;

	if (rig->instance)
		gpio_driver.close(rig->instance);
	gpio_driver.destroy(rig->instance);
	for (size_t i = 0; i < FAKE_CHIPS; i++)
		assert_int_equal(fake_gpio.chip[i].opened, 0);
	return 0;
}

/* line: its name, or NULL for one that is known by its offset. */
static struct gpio_point_conf *add_point(struct gpio_rig *rig, const char *line)
{
	struct gpio_point_conf *point = &rig->point[rig->device.point_count];

	*point = (struct gpio_point_conf){
		.line = text(line), .offset = -1, .bias = GPIO_BIAS_DISABLED};
	rig->points[rig->device.point_count] = (struct driver_point){.name = line, .conf = point};
	rig->device.point_count++;
	return point;
}

/* ---- the driver ---------------------------------------------------------------------- */

static int create_driver(struct gpio_rig *rig)
{
	rig->device.name = "io";
	rig->device.conf = &rig->conf;
	rig->device.points = rig->points;
	rig->setup = (struct driver_setup){
		.name = "io",
		.devices = &rig->device,
		.device_count = 1,
		.host = {.data = rig,
			 .reading = note_reading,
			 .fault = note_fault,
			 .debug = note_debug,
			 .tell = note_debug},
	};
	return gpio_driver.create(&rig->setup, &rig->instance, &rig->complaint);
}

static int open_lines(struct gpio_rig *rig)
{
	int err = rig->instance ? 0 : create_driver(rig);

	return err ? err : gpio_driver.open(rig->instance);
}

static int read_lines(struct gpio_rig *rig)
{
	return gpio_driver.read(rig->instance);
}

/* What was said so far. */
static void forget_notes(struct gpio_rig *rig)
{
	rig->readings = 0;
	rig->faults = 0;
}

#endif
