#include "bus/trial.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX (4 * 1024 * 1024)

struct trial {
	const struct driver_device *device;
	FILE *out;
};

static const char *name_of(const struct trial *trial, size_t point)
{
	return point == DRIVER_ALL ? trial->device->name : trial->device->points[point].name;
}

static void print_reading(void *data, size_t device, size_t point, const struct value *value,
			  int64_t at_mono_ns, uint32_t lost_edges)
{
	const struct trial *trial = data;
	char text[2 * VALUE_TEXT_BYTES] = "";
	struct jw json;

	(void)device;
	(void)at_mono_ns;
	(void)lost_edges;
	jw_start(&json, text, sizeof(text));
	jw_value(&json, NULL, value);
	fprintf(trial->out, "reading: %s = %s\n", name_of(trial, point), text);
}

/* What came with it: what an event of it will say of its origin. */
static void print_said(void *data, size_t device, size_t point, const struct value *value,
		       int64_t at_mono_ns, const struct origin *origin)
{
	const struct trial *trial = data;
	const char *other = NULL;

	print_reading(data, device, point, value, at_mono_ns, 0);
	if (origin->has_confidence)
		fprintf(trial->out, "  confidence %g\n", origin->confidence);
	if (origin->has_time)
		fprintf(trial->out, "  read by its own clock %.1f s %s\n",
			fabs(in_seconds(origin->ahead_ns)),
			origin->ahead_ns > 0 ? "ahead of ours" : "ago");
	while ((other = others_next(origin->others, other)))
		fprintf(trial->out, "  or else \"%s\"\n", other);
}

static void print_fault(void *data, size_t device, size_t point, enum reason reason,
			const char *what)
{
	const struct trial *trial = data;

	(void)device;
	fprintf(trial->out, "fault: %s (%s): %s\n", name_of(trial, point), reason_name(reason),
		what);
}

static void print_refusal(void *data, size_t device, size_t point, const struct value *raw,
			  const char *what)
{
	(void)raw;
	print_fault(data, device, point, REASON_OUT_OF_RANGE, what);
}

static void no_moment(void *data, size_t device, bool begins)
{
	(void)data;
	(void)device;
	(void)begins;
}

static void print_words(void *data, const char *what)
{
	const struct trial *trial = data;

	fprintf(trial->out, "  %s\n", what);
}

static int refuse(FILE *errors, int err, const char *subject, const char *what)
{
	fprintf(errors, "corridord: %s: %s\n", subject, what);
	return err;
}

static int read_message(const char *path, FILE *errors, char **ret_bytes, size_t *ret_count)
{
	FILE *file = fopen(path, "re");
	char *bytes = file ? malloc(MESSAGE_MAX) : NULL;
	const int err = errno;

	if (file && bytes)
		*ret_count = fread(bytes, 1, MESSAGE_MAX, file);
	if (file && bytes && (ferror(file) || !feof(file))) {
		free(bytes);
		fclose(file);
		return refuse(errors, -EFBIG, path, "cannot be read, or has more than 4 MiB");
	}
	if (file)
		fclose(file);
	if (!bytes)
		return refuse(errors, -err, path, strerror(err));
	*ret_bytes = bytes;
	return 0;
}

/* The device alone on its bus. */
static int hear(const struct config *config, const struct device_conf *conf, const char *bytes,
		size_t count, FILE *out, FILE *errors)
{
	const struct bus_conf *bus = &config->buses[conf->bus];
	const struct driver_device device = {
		.name = conf->name,
		.conf = conf->driver_conf,
		.points = config->point_drivers + conf->first_point,
		.point_count = conf->point_count,
	};
	struct trial trial = {.device = &device, .out = out};
	const struct driver_setup setup = {
		.name = bus->name,
		.conf = bus->driver_conf,
		.devices = &device,
		.device_count = 1,
		.host = {.data = &trial,
			 .reading = print_reading,
			 .said = print_said,
			 .fault = print_fault,
			 .refuse = print_refusal,
			 .moment = no_moment,
			 .debug = print_words,
			 .tell = print_words},
	};
	struct driver_complaint complaint = {.point = DRIVER_ALL};
	void *instance = NULL;
	const int err = bus->driver->create(&setup, &instance, &complaint);

	if (err < 0)
		return refuse(errors, err, conf->name,
			      err == -EINVAL ? complaint.message : strerror(-err));
	bus->driver->hear(instance, 0, bytes, count);
	bus->driver->destroy(instance);
	return 0;
}

int bus_try(const struct config *config, const char *device, const char *path, FILE *out,
	    FILE *errors)
{
	const struct device_conf *conf = NULL;
	char *bytes = NULL;
	size_t count = 0;
	int err;

	for (size_t i = 0; i < config->device_count; i++)
		if (strcmp(config->devices[i].name, device) == 0)
			conf = &config->devices[i];
	if (!conf)
		return refuse(errors, -ENOENT, device, "there is no such device");
	if (!config->buses[conf->bus].driver->hear)
		return refuse(errors, -EOPNOTSUPP, device,
			      "is asked for its values, and sends no messages");
	err = read_message(path, errors, &bytes, &count);
	if (err < 0)
		return err;
	err = hear(config, conf, bytes, count, out, errors);
	free(bytes);
	return err;
}
