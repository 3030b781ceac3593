#include "modbus/poll.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "modbus/decode.h"
#include "modbus/tell.h"

#define BUSY_PAUSE_NS  (50 * NS_PER_MS)
#define TELL_AFTER     2 /* polls in a row that a request failed, where it was answered before */
#define FULL_POLLS     2 /* with retries, until a device that fails counts as silent */
#define RETRY_MIN_NS   NS_PER_S
#define RETRY_MAX_NS   (30 * NS_PER_S)
#define RETRY_TIMEOUTS 20 /* a request that is silent takes no more than this part of the time */
#define NEVER_THERE_NS (60 * NS_PER_S) /* what the device never had is asked for so seldom */
#define WHAT_BYTES     160
#define RAW_WORDS      4
#define RAW_BYTES      (RAW_WORDS * 8)
#define NO_READ	       SIZE_MAX

/* One poll of one device. */
struct round {
	struct modbus_bus *bus;
	struct modbus_device *device;
	size_t index; /* of the device */
	bool alive; /* it has answered */
	int64_t attempts; /* left, until it has */
	int64_t timeout_ns;
	bool looks; /* with less patience than the device may take: silence says little */
};

static int64_t max_ns(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- values ------------------------------------------------------------------------- */

/* The registers of a value that is none, the first ones of a long text. */
static void write_raw(const struct modbus_item *item, const uint8_t *data, size_t offset,
		      char out[RAW_BYTES])
{
	const size_t shown = item->width < RAW_WORDS ? item->width : RAW_WORDS;
	size_t bytes = 0;

	for (size_t i = offset; i < offset + shown; i++)
		bytes += (size_t)snprintf(out + bytes, RAW_BYTES - bytes, " 0x%02X%02X",
					  data[2 * i], data[2 * i + 1]);
}

static void deliver(const struct round *round, const struct modbus_read *read,
		    const struct modbus_reply *reply)
{
	const struct driver_host *host = &round->bus->setup->host;

	for (size_t i = 0; i < read->item_count; i++) {
		struct modbus_item *item = &read->items[i];
		const struct modbus_point_conf *conf =
			round->device->setup->points[item->point].conf;
		const size_t offset = (size_t)(item->address - read->request.address);
		struct value value;
		char what[WHAT_BYTES], raw[RAW_BYTES] = "";

		item->known = true;
		const char *wrong = modbus_decode(&round->device->setup->points[item->point],
						  reply->data, offset, &value);
		if (!wrong) {
			host->reading(host->data, round->index, item->point, &value,
				      reply->at_mono_ns, 0);
			continue;
		}
		write_raw(item, reply->data, offset, raw);
		snprintf(what, sizeof(what), "%s %d:%s: %s",
			 modbus_table_name((enum modbus_table)conf->table), (int)conf->address, raw,
			 wrong);
		host->refuse(host->data, round->index, item->point, &value, what);
	}
}

/* ---- which request is next ----------------------------------------------------------- */

/* What waits for its turn again is not asked, unless nothing else is left to show whether the
 * device lives. */
static void begin(struct round *round)
{
	struct modbus_plan *plan = &round->device->plan;
	const int64_t now_mono_ns = clock_mono_ns();
	const bool silent = round->device->vain_polls > 0;
	bool any = false;

	for (size_t i = 0; i < plan->read_count; i++) {
		struct modbus_read *read = &plan->reads[i];
		read->vain = 0;
		read->pending = silent || now_mono_ns >= read->retry_at_mono_ns;
		any |= read->pending || read->trouble.reason == REASON_REFUSED;
	}
	for (size_t i = 0; i < plan->read_count && !any; i++)
		plan->reads[i].pending = true;
}

static bool is_before(const struct modbus_read *a, const struct modbus_read *b)
{
	if (a->vain != b->vain)
		return a->vain < b->vain;
	if (a->failing != b->failing)
		return b->failing;
	return a->asked_mono_ns < b->asked_mono_ns;
}

/* Of a silent device every second question is one that it once answered. */
static size_t next_read(const struct round *round)
{
	const struct modbus_plan *plan = &round->device->plan;
	const bool odd = round->device->vain_polls % 2 == 1;
	size_t next = NO_READ, known = NO_READ;

	for (size_t i = 0; i < plan->read_count; i++) {
		const struct modbus_read *read = &plan->reads[i];
		if (!read->pending)
			continue;
		if (next == NO_READ || is_before(read, &plan->reads[next]))
			next = i;
		if (read->answered && (known == NO_READ || is_before(read, &plan->reads[known])))
			known = i;
	}
	return odd && known != NO_READ ? known : next;
}

/* ---- how it went ---------------------------------------------------------------------- */

static bool is_busy(const struct modbus_reply *reply)
{
	return reply->exception == MODBUS_ACKNOWLEDGED || reply->exception == MODBUS_BUSY;
}

/* Neither values nor a word that another attempt would not change. */
static bool is_vain(enum modbus_outcome outcome, const struct modbus_reply *reply)
{
	return outcome != MODBUS_ANSWERED ||
	       (reply->refused && (is_busy(reply) || modbus_is_of_gateway(reply->exception)));
}

static int64_t next_delay_ns(const struct round *round, const struct modbus_read *read)
{
	const int64_t doubled_ns =
		read->delay_ns < RETRY_MAX_NS / 2 ? 2 * read->delay_ns : RETRY_MAX_NS;

	if (read->trouble.reason == REASON_DEVICE_ERROR)
		return 0; /* costs no more than an answer */
	if (read->trouble.reason == REASON_REFUSED)
		return modbus_read_is_known(read) ? max_ns(doubled_ns, RETRY_MIN_NS)
						  : NEVER_THERE_NS;
	return max_ns(doubled_ns,
		      max_ns(RETRY_MIN_NS, RETRY_TIMEOUTS * round->device->conf->timeout_ns));
}

/* Its turn in this poll is over, without values. */
static void read_failed(const struct round *round, struct modbus_read *read)
{
	read->pending = false;
	read->failures++;
	if (modbus_read_is_known(read) && read->failures < TELL_AFTER)
		return;
	read->failing = true;
	read->delay_ns = next_delay_ns(round, read);
	read->retry_at_mono_ns = clock_mono_ns() + read->delay_ns;
}

static void read_answered(struct round *round, struct modbus_read *read)
{
	round->device->plan.mended |= read->failing;
	read->pending = read->failing = false;
	read->answered = true;
	read->trouble.reason = REASON_NONE;
	read->failures = 0;
	read->delay_ns = read->retry_at_mono_ns = 0;
}

/* The device answers. One that was silent is asked for all that it has, at once. */
static void come_alive(struct round *round)
{
	struct modbus_plan *plan = &round->device->plan;

	round->timeout_ns = round->device->conf->timeout_ns;
	for (size_t i = 0; i < plan->read_count && round->device->vain_polls > 0; i++)
		plan->reads[i].retry_at_mono_ns = 0;
	round->device->vain_polls = 0;
	round->device->odd.reason = REASON_NONE;
	round->alive = true;
}

/* Whether a failing request should be asked in two halves: a device may lack what one
 * of its points wants, or what lies between them, or give fewer at once. */
static bool split(struct round *round, size_t index)
{
	struct modbus_plan *plan = &round->device->plan;
	const struct modbus_read *read = &plan->reads[index];
	const bool refused = read->trouble.reason == REASON_REFUSED;

	if (refused ? read->trouble.exception == MODBUS_ILLEGAL_FUNCTION : read->answered)
		return false;
	if ((modbus_read_is_known(read) || !refused) && read->failures + 1 < TELL_AFTER)
		return false;
	if (!modbus_plan_split(plan, index))
		return false;
	for (size_t i = index; i <= index + 1 && !refused; i++)
		plan->reads[i].vain = (uint32_t)round->device->conf->retries;
	return true;
}

static void pause_ns(int64_t ns)
{
	const struct timespec pause = clock_timespec(ns);

	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

/* The device as a whole has failed: says so, and returns what poll() returns. */
static int fail(struct round *round, size_t index)
{
	struct modbus_plan *plan = &round->device->plan;
	const struct modbus_read *read = &plan->reads[index];

	modbus_tell_device(round->bus, round->index, read);
	if (round->looks && read->trouble.outcome == MODBUS_SILENT)
		return -ETIMEDOUT;
	for (size_t i = 0; i < plan->read_count; i++)
		if (plan->reads[i].vain > 0)
			read_failed(round, &plan->reads[i]);
	round->device->vain_polls++;
	if (read->trouble.outcome == MODBUS_LOST)
		return -ENOTCONN;
	return read->trouble.reason == REASON_NO_ANSWER ? -ETIMEDOUT : -EIO;
}

/* Whether there is the time to wait for an answer once more. */
static bool may_repeat(const struct round *round, const struct modbus_read *read)
{
	const struct driver_host *host = &round->bus->setup->host;

	const int64_t took_ns = clock_mono_ns() - read->asked_mono_ns;

	if (round->looks && !round->alive)
		return false;
	return took_ns < BUSY_PAUSE_NS || host->spare_ns(host->data) >= took_ns;
}

/* A request brought nothing. The retries of one that fails already are spent on others. */
static int vain(struct round *round, size_t index)
{
	struct modbus_read *read = &round->device->plan.reads[index];
	const int64_t timeout_ns = round->device->conf->timeout_ns;

	read->vain++;
	modbus_tell_frames(round->bus, round->index, "no values");
	if (!round->alive && (--round->attempts <= 0 || !may_repeat(round, read)))
		return fail(round, index);
	if (round->alive && (read->failing || read->vain > round->device->conf->retries ||
			     !may_repeat(round, read))) {
		if (!split(round, index))
			read_failed(round, read);
	} else if (read->trouble.exception) {
		pause_ns(timeout_ns < BUSY_PAUSE_NS ? timeout_ns : BUSY_PAUSE_NS);
	}
	return 0;
}

static enum modbus_outcome exchange(const struct round *round, const struct modbus_request *request,
				    struct modbus_reply *ret_reply)
{
	struct modbus_link *link = &round->bus->link;
	const struct modbus_wait wait = {.patience_ns = round->timeout_ns,
					 .timeout_ns = round->device->conf->timeout_ns};
	const enum modbus_outcome outcome = modbus_exchange(link, request, &wait, ret_reply);
	char words[80];

	if (outcome == MODBUS_ANSWERED && link->seen.stray > 0) {
		snprintf(words, sizeof(words), "%zu bytes before its answer, %" PRIu64 " in all",
			 link->seen.stray, link->stray);
		modbus_tell_frames(round->bus, round->index, words);
	}
	return outcome;
}

/* ---- asking --------------------------------------------------------------------------- */

/* A request that a silent device never answered may be one that it never will: every second
 * time one of its points alone is asked for. */
static bool wants_part(const struct round *round, const struct modbus_read *read)
{
	return round->device->vain_polls >= FULL_POLLS && round->device->vain_polls % 2 == 0 &&
	       !round->alive && !read->answered && read->item_count > 1;
}

/* What a device that answers wrongly says may pass for a late answer to an earlier question: then
 * it is not silent, and the trouble with it is the same. */
static struct modbus_trouble trouble_of(const struct round *round, enum modbus_outcome outcome,
					const struct modbus_reply *reply)
{
	const struct modbus_link *link = &round->bus->link;
	struct modbus_device *device = round->device;

	if (outcome == MODBUS_SILENT && link->seen.count > 0 && device->odd.reason != REASON_NONE)
		return device->odd;
	const struct modbus_trouble trouble = modbus_trouble_of(link, outcome, reply);
	if (outcome == MODBUS_GARBLED)
		device->odd = trouble;
	return trouble;
}

static int ask(struct round *round, size_t index)
{
	struct modbus_plan *plan = &round->device->plan;
	struct modbus_read *read = &plan->reads[index];
	const bool part = wants_part(round, read);
	const struct modbus_read asked =
		part ? modbus_read_part(plan, read, round->device->vain_polls / 2) : *read;
	struct modbus_reply reply = {0};

	read->asked_mono_ns = clock_mono_ns();
	const enum modbus_outcome outcome = exchange(round, &asked.request, &reply);
	read->trouble = trouble_of(round, outcome, &reply);
	if (outcome == MODBUS_LOST) {
		read->vain++;
		return fail(round, index);
	}
	if (is_vain(outcome, &reply))
		return vain(round, index);
	come_alive(round);
	if (part) {
		(void)modbus_plan_split(plan, index);
	} else if (!reply.refused) {
		read_answered(round, read);
		deliver(round, read, &reply);
	} else if (!split(round, index)) {
		read_failed(round, read);
	}
	return 0;
}

static void finish(struct round *round)
{
	struct modbus_plan *plan = &round->device->plan;

	for (size_t i = 0; i < plan->read_count; i++)
		if (plan->reads[i].failing)
			modbus_tell_read(round->bus, round->index, &plan->reads[i]);
	modbus_plan_mend(plan);
}

int modbus_poll(void *instance, size_t index)
{
	struct modbus_bus *bus = instance;
	struct modbus_device *device = &bus->devices[index];
	const struct driver_host *host = &bus->setup->host;
	const int64_t patience_ns = host->patience_ns(host->data);
	struct round round = {
		.bus = bus,
		.device = device,
		.index = index,
		.attempts = 1,
		.timeout_ns = device->conf->timeout_ns,
		.looks = patience_ns < device->conf->timeout_ns,
	};
	int err = 0;

	if (round.looks)
		round.timeout_ns = patience_ns;

	if (device->vain_polls < FULL_POLLS)
		round.attempts += device->conf->retries;
	begin(&round);
	for (size_t next = next_read(&round); err == 0 && next != NO_READ; next = next_read(&round))
		err = ask(&round, next);
	if (err == 0)
		finish(&round);
	return err;
}

/* A question may go with a probe, wait for silence before and behind, and find its connection closed
 * some times. */
int64_t modbus_longest_ns(const void *instance)
{
	const struct modbus_bus *bus = instance;
	int64_t timeout_ns = MODBUS_GATEWAY_MAX_NS;

	for (size_t i = 0; i < bus->setup->device_count; i++)
		timeout_ns = max_ns(timeout_ns, bus->devices[i].conf->timeout_ns);
	return 4 * timeout_ns + 4 * bus->link.conf->connect_timeout_ns;
}
