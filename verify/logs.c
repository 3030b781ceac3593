/* Reading: what came, sorted by log and number. */
#include "verify/logs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define LOGS_MAX 65536

void *logs_grown(void *array, size_t count, size_t *size, size_t each)
{
	size_t more = count < 16 ? 16 : count + count / 2;
	void *larger;

	if (count < *size)
		return array;
	larger = realloc(array, more * each);
	if (larger)
		*size = more;
	return larger;
}

static struct log *find(struct logs *logs, const char *checkpoint, const char *gateway,
			const char *epoch)
{
	struct log *log, *all;

	for (size_t i = logs->count; i > 0; i--) {
		log = &logs->log[i - 1];
		if (strcmp(log->epoch, epoch) == 0 && strcmp(log->gateway, gateway) == 0 &&
		    strcmp(log->checkpoint, checkpoint) == 0)
			return log;
	}
	if (logs->count == LOGS_MAX)
		return NULL;
	all = logs_grown(logs->log, logs->count, &logs->size, sizeof(*log));
	if (!all)
		return NULL;
	logs->log = all;
	log = &logs->log[logs->count++];
	*log = (struct log){0};
	snprintf(log->checkpoint, sizeof(log->checkpoint), "%s", checkpoint);
	snprintf(log->gateway, sizeof(log->gateway), "%s", gateway);
	snprintf(log->epoch, sizeof(log->epoch), "%s", epoch);
	return log;
}

static bool take_event(struct logs *logs, const struct message *message, uint64_t place)
{
	struct log *log = find(logs, message->checkpoint, message->gateway, message->head.epoch);
	struct entry *entries =
		log ? logs_grown(log->entries, log->entry_count, &log->entry_size, sizeof(*entries))
		    : NULL;

	if (!entries)
		return false;
	log->entries = entries;
	log->unsorted |=
		log->entry_count > 0 && log->entries[log->entry_count - 1].seq > message->head.seq;
	log->came = true;
	log->entries[log->entry_count++] = entry_of(message->head.seq, place);
	return true;
}

static bool take_missed(struct logs *logs, const struct message *message, uint64_t place)
{
	const struct log *by =
		find(logs, message->checkpoint, message->gateway, message->head.epoch);
	struct missed *missed = by ? logs_grown(logs->missed, logs->missed_count,
						&logs->missed_size, sizeof(*missed))
				   : NULL;

	if (!missed)
		return false;
	logs->missed = missed;
	logs->missed[logs->missed_count++] = (struct missed){
		.by_log = (uint64_t)(by - logs->log), .seq = message->head.seq, .place = place};
	return true;
}

static void take_ranges(struct logs *logs, const struct message *message, const char *line,
			size_t bytes)
{
	char epoch[EVENT_EPOCH_BYTES];
	struct range ranges[RANGES_MAX];
	size_t count = message_ranges(line, bytes, epoch, ranges);
	struct evicted evicted = {.by_seq = message->head.seq};
	const struct log *by =
		find(logs, message->checkpoint, message->gateway, message->head.epoch);
	struct log *of;
	struct evicted *list;

	if (!by || count == 0)
		return;
	evicted.by_log = (uint64_t)(by - logs->log);
	event_hash(line, bytes, evicted.by_hash.bytes);
	of = find(logs, message->checkpoint, message->gateway, epoch);
	list = of ? realloc(of->evicted, (of->evicted_count + count) * sizeof(*list)) : NULL;
	if (!list) {
		logs->too_many++;
		return;
	}
	of->evicted = list;
	for (size_t i = 0; i < count; i++) {
		evicted.range = ranges[i];
		list[of->evicted_count++] = evicted;
	}
}

/* They come in their order, mostly, and each several times. */
static bool take_end(struct log *log, const struct event_head *head, const struct moment *moment)
{
	struct said_end *last = log->end_count > 0 ? &log->ends[log->end_count - 1] : NULL;
	struct said_end end = {
		.seq = head->seq, .boot = boot_sum(moment), .mono_ns = moment->mono_ns};
	struct said_end *ends;

	memcpy(end.hash.bytes, head->hash, sizeof(end.hash.bytes));
	if (last && last->seq == end.seq && tree_equal(&last->hash, &end.hash) &&
	    last->boot == end.boot) {
		last->mono_ns = end.mono_ns > last->mono_ns ? end.mono_ns : last->mono_ns;
		return true;
	}
	ends = logs_grown(log->ends, log->end_count, &log->end_size, sizeof(*ends));
	if (!ends)
		return false;
	log->ends = ends;
	ends[log->end_count++] = end;
	return true;
}

static void take_status(struct logs *logs, const struct message *message, const char *line,
			size_t bytes)
{
	struct moment moment;
	struct log *log;

	if (message->head.seq == 0)
		return;
	log = find(logs, message->checkpoint, message->gateway, message->head.epoch);
	if (!log)
		return;
	log->came = true;
	if (message->head.seq > log->status.seq)
		log->status = message->head;
	message_moment(line, bytes, &moment);
	if (!take_end(log, &message->head, &moment))
		logs->too_many++;
}

/* "corridor/<checkpoint>/<gateway>/<epoch>" */
static struct log *log_of_origin(struct logs *logs, const char *origin)
{
	char checkpoint[NAME_BYTES], gateway[NAME_BYTES], epoch[EVENT_EPOCH_BYTES];
	int end = 0;

	if (sscanf(origin, "corridor/%63[a-z0-9-]/%63[a-z0-9-]/%16[0-9a-f]%n", checkpoint, gateway,
		   epoch, &end) != 3 ||
	    origin[end] != '\0' || strlen(epoch) != EVENT_EPOCH_BYTES - 1)
		return NULL;
	return find(logs, checkpoint, gateway, epoch);
}

/* NULL: no memory. */
static struct seal *find_seal(struct logs *logs, struct log *log, const struct note_head *head,
			      const char *by)
{
	struct seal *seals;

	for (size_t i = 0; i < log->seal_count; i++)
		if (log->seals[i].head.size == head->size &&
		    tree_equal(&log->seals[i].head.root, &head->root))
			return &log->seals[i];
	seals = realloc(log->seals, (log->seal_count + 1) * sizeof(*seals));
	if (!seals) {
		logs->too_many++;
		return NULL;
	}
	log->seals = seals;
	seals[log->seal_count] = (struct seal){.head = *head};
	snprintf(seals[log->seal_count].by, NOTE_NAME_BYTES, "%s", by);
	return &seals[log->seal_count++];
}

static void take_cosignatures(const struct logs *logs, struct log *log, struct seal *seal,
			      const struct signed_head *of)
{
	struct cosignature found[NOTE_SIGNATURES];
	size_t forged, count = keys_cosignatures(logs->keys, &of->note, of->text, found, &forged);

	log->forged_notes += forged > 0;
	for (size_t i = 0; i < count; i++) {
		seal->witnesses |= UINT64_C(1) << (found[i].by - logs->keys->verifier);
		if (found[i].time_s > seal->witnessed_s)
			seal->witnessed_s = found[i].time_s;
	}
}

static void take_note(struct logs *logs, const struct signed_head *of)
{
	const struct note *note = &of->note;
	const struct note_verifier *by = NULL;
	struct log *log = of->there ? log_of_origin(logs, note->head.origin) : NULL;
	struct seal *seal;

	if (!log)
		return;
	log->came = true;
	switch (keys_check(logs->keys, note, of->text, &by)) {
	case NOTE_STRANGE:
		log->strange_notes++;
		break;
	case NOTE_FORGED:
		log->forged_notes++;
		break;
	case NOTE_GOOD:
		seal = keys_signs_for(by, note->head.origin)
			       ? find_seal(logs, log, &note->head, by->name)
			       : NULL;
		if (seal)
			take_cosignatures(logs, log, seal, of);
		else
			log->strange_notes++;
		break;
	}
}

static void take(void *data, uint64_t place, const char *line, size_t bytes)
{
	struct logs *logs = data;
	struct message message;

	if (logs->lines->unended && !message_is_whole(line, bytes))
		return; /* still being written */
	switch (message_read(line, bytes, &message)) {
	case MESSAGE_EVENT:
		if (!take_event(logs, &message, place))
			logs->too_many++;
		if (message.leg == LEG_UNANNOUNCED && !take_missed(logs, &message, place))
			logs->too_many++;
		if (message.tombstone)
			take_ranges(logs, &message, line, bytes);
		break;
	case MESSAGE_STATUS:
		take_status(logs, &message, line, bytes);
		break;
	case MESSAGE_HEAD:
		take_note(logs, &message.note);
		take_note(logs, &message.witnessed);
		break;
	case MESSAGE_GARBLED:
		logs->garbled++;
		break;
	case MESSAGE_OTHER:
		break;
	}
}

int logs_read(struct logs *logs)
{
	return lines_each(logs->lines, take, logs);
}

void logs_free(struct logs *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		struct log *log = &logs->log[i];

		free(log->entries);
		free(log->evicted);
		free(log->ends);
		free(log->seals);
		free(log->missing.span);
		free(log->gone.span);
		free(log->altered.span);
		free(log->warnings.span);
		free(log->ahead.span);
		free(log->clock_back.span);
		free(log->clock_ahead.span);
	}
	free(logs->log);
	free(logs->missed);
}

/* ---- what is looked for ---------------------------------------------------------------- */

int spans_add(struct spans *spans, uint64_t first, uint64_t last)
{
	struct span *more;

	if (spans->count > 0 && spans->span[spans->count - 1].first == last + 1) {
		spans->span[spans->count - 1].first = first;
		return 0;
	}
	if (spans->count > 0 && spans->span[spans->count - 1].last + 1 == first) {
		spans->span[spans->count - 1].last = last;
		return 0;
	}
	more = realloc(spans->span, (spans->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	spans->span = more;
	more[spans->count++] = (struct span){first, last};
	return 0;
}

uint64_t boot_sum(const struct moment *moment)
{
	return moment->boot[0] ? hash_text(HASH_START, moment->boot) | 1 : 0;
}

struct entry entry_of(uint64_t seq, uint64_t place)
{
	return (struct entry){.seq = seq & ((UINT64_C(1) << SEQ_BITS) - 1),
			      .place = place & ((UINT64_C(1) << PLACE_BITS) - 1)};
}

const struct entry *log_entry(const struct log *log, uint64_t seq)
{
	size_t low = 0, high = log->entry_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (log->entries[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low < log->entry_count && log->entries[low].seq == seq ? &log->entries[low] : NULL;
}

bool logs_same_gateway(const struct log *a, const struct log *b)
{
	return strcmp(a->gateway, b->gateway) == 0 && strcmp(a->checkpoint, b->checkpoint) == 0;
}

const struct log *logs_find(const struct logs *logs, const struct log *beside, const char *epoch)
{
	for (size_t i = 0; i < logs->count; i++)
		if (logs_same_gateway(&logs->log[i], beside) &&
		    strcmp(logs->log[i].epoch, epoch) == 0)
			return &logs->log[i];
	return NULL;
}
