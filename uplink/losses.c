#include "uplink/losses.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define SHORT_NS       (10 * NS_PER_S) /* a connection that had just begun */
#define AGAIN_NS       (60 * NS_PER_S)
#define LEFT_OUT_NS    (3600 * NS_PER_S)
#define TIMES_LEFT_OUT 3

/* Of a topic the window has kept the end. */
static const char *end_of(const char *topic)
{
	size_t bytes = strlen(topic);

	return bytes < WINDOW_TOPIC_BYTES ? topic : topic + bytes - WINDOW_TOPIC_BYTES + 1;
}

static void suspect(struct losses *losses, const struct window_entry *unanswered)
{
	if (!unanswered) {
		losses->topic[0] = '\0';
		losses->times = 0;
		return;
	}
	if (strcmp(losses->topic, unanswered->topic) != 0) {
		memcpy(losses->topic, unanswered->topic, sizeof(losses->topic));
		losses->times = 0;
	}
	losses->bytes = unanswered->bytes;
	losses->times++;
}

static void leave_out(struct losses *losses, int64_t now_ns)
{
	struct left_out *left_out = &losses->left_out[losses->next];

	memcpy(left_out->topic, losses->topic, sizeof(left_out->topic));
	left_out->until_ns = now_ns + LEFT_OUT_NS;
	losses->next = (losses->next + 1) % LOSSES_LEFT_OUT;
	losses->topic[0] = '\0';
}

static void note_short(struct losses *losses, int64_t lasted_ns, int64_t now_ns)
{
	bool is_short = lasted_ns < SHORT_NS;

	losses->taken_over =
		is_short && losses->short_ns > 0 && now_ns - losses->short_ns < AGAIN_NS;
	losses->short_ns = is_short ? now_ns : 0;
}

void losses_note(struct losses *losses, const struct window_entry *unanswered, bool may_leave_out,
		 int64_t lasted_ns, int64_t now_ns, char words[LOSSES_WORDS_BYTES])
{
	const char *retain = unanswered && unanswered->retain ? ", retain" : "";
	bool go_around;

	words[0] = '\0';
	note_short(losses, lasted_ns, now_ns);
	suspect(losses, unanswered);
	if (!unanswered)
		return;
	go_around = may_leave_out && losses->times >= TIMES_LEFT_OUT;
	snprintf(words, LOSSES_WORDS_BYTES, "the first without an answer%s is %s, %zu bytes%s%s",
		 losses->times > 1 ? " again" : "", losses->topic, losses->bytes, retain,
		 go_around ? ": it is left out for an hour" : "");
	if (go_around)
		leave_out(losses, now_ns);
}

bool losses_leaves_out(const struct losses *losses, const char *topic, int64_t now_ns)
{
	for (size_t i = 0; i < LOSSES_LEFT_OUT; i++)
		if (now_ns < losses->left_out[i].until_ns &&
		    strcmp(losses->left_out[i].topic, end_of(topic)) == 0)
			return true;
	return false;
}
