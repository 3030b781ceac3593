#include "registry_tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

#define LOG_TOKEN "registry"
#include "log.h"

#define REFUSALS_MAX 5 /* told in a minute */
#define MINUTE_NS    (60 * NS_PER_S)

int tell_init(struct tell *tell, int fd)
{
	*tell = (struct tell){.fd = fd, .minute_ns = INT64_MIN / 2};
	pthread_mutex_init(&tell->lock, NULL);
	tell->tidings = calloc(TIDINGS_MAX, sizeof(tell->tidings[0]));
	return tell->tidings ? 0 : -ENOMEM;
}

void tell_fini(struct tell *tell)
{
	free(tell->tidings);
	pthread_mutex_destroy(&tell->lock);
}

/* ---- the registry's thread ------------------------------------------------------------- */

static bool put(struct tell *tell, const struct tiding *tiding)
{
	uint64_t one = 1;
	bool taken;

	pthread_mutex_lock(&tell->lock);
	taken = tell->count < TIDINGS_MAX;
	if (taken)
		tell->tidings[(tell->first + tell->count++) % TIDINGS_MAX] = *tiding;
	pthread_mutex_unlock(&tell->lock);
	if (taken)
		(void)!write(tell->fd, &one, sizeof(one));
	return taken;
}

bool tell_has_room(struct tell *tell)
{
	bool room;

	pthread_mutex_lock(&tell->lock);
	room = tell->count < TIDINGS_MAX;
	pthread_mutex_unlock(&tell->lock);
	return room;
}

static bool may_tell(struct tell *tell, int64_t now_ns)
{
	if (now_ns - tell->minute_ns >= MINUTE_NS) {
		tell->minute_ns = now_ns;
		tell->refusals = 0;
	}
	return tell->refusals < REFUSALS_MAX;
}

static bool put_refusal(struct tell *tell, const struct refusal *refusal)
{
	struct tiding tiding = {
		.id = EVENT_REGISTRY_REFUSED, .at = clock_now(), .refusal = *refusal};

	if (!may_tell(tell, tiding.at.mono_ns) || !put(tell, &tiding))
		return false;
	log_warnx("\"%s\" is refused: %s", refusal->subject, refusal->why);
	tell->refusals++;
	return true;
}

void tell_refused(struct tell *tell, const char *subject, const struct registry_complaint *why,
		  uint64_t more)
{
	struct refusal refusal = {.line = why->line, .more = more};

	snprintf(refusal.subject, sizeof(refusal.subject), "%s", subject);
	snprintf(refusal.why, sizeof(refusal.why), "%s", why->text);
	if (tell->holds)
		refusal.more += tell->held.more + 1;
	tell->holds = !put_refusal(tell, &refusal);
	tell->held = refusal;
}

int64_t tell_due_ns(const struct tell *tell)
{
	return tell->holds ? tell->minute_ns + MINUTE_NS : INT64_MAX;
}

void tell_held(struct tell *tell, bool over)
{
	if (over)
		tell->refusals = 0;
	if (tell->holds && (over || clock_mono_ns() >= tell_due_ns(tell)))
		tell->holds = !put_refusal(tell, &tell->held);
}

void tell_list(struct tell *tell, const struct taken_list *list)
{
	struct tiding tiding = {.id = EVENT_REGISTRY_LIST, .at = clock_now(), .list = *list};

	log_info("\"%s\": %d records, version %s", list->file, list->records, list->version);
	if (!put(tell, &tiding))
		log_warnx("no room to tell of the list \"%s\"", list->file);
}

/* ---- the main loop --------------------------------------------------------------------- */

static void write_refusal(struct json *json, const struct refusal *refusal)
{
	json_text(json, "subject", refusal->subject);
	if (refusal->line > 0)
		json_int(json, "line", refusal->line);
	json_text(json, "why", refusal->why);
	json_uint(json, "more", refusal->more);
}

static void write_list(struct json *json, const struct taken_list *list)
{
	json_text(json, "kind", registry_kind_name(list->kind));
	json_text(json, "version", list->version);
	json_utc(json, "as_of", list->as_of_utc_ns);
	json_int(json, "records", list->records);
	json_text(json, "file", list->file);
}

static void pass_on(const struct tiding *tiding, const struct event_sink *sink)
{
	struct event_draft draft = {.type = event_type(tiding->id)};
	char body[EVENT_BODY_BYTES];
	struct json json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, tiding->at.mono_ns, &tiding->at);
	json_open(&json, "observed");
	if (tiding->id == EVENT_REGISTRY_REFUSED)
		write_refusal(&json, &tiding->refusal);
	else
		write_list(&json, &tiding->list);
	json_close(&json);
	draft.body = json.out;
	draft.body_bytes = json.bytes;
	sink->put(sink->data, &draft);
}

static bool take(struct tell *tell, struct tiding *ret_tiding)
{
	bool any;

	pthread_mutex_lock(&tell->lock);
	any = tell->count > 0;
	if (any) {
		*ret_tiding = tell->tidings[tell->first];
		tell->first = (tell->first + 1) % TIDINGS_MAX;
		tell->count--;
	}
	pthread_mutex_unlock(&tell->lock);
	return any;
}

void tell_pass_on(struct tell *tell, const struct event_sink *sink)
{
	struct tiding tiding;

	while (take(tell, &tiding))
		pass_on(&tiding, sink);
}
