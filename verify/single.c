#include "verify/single.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "evidence/proof.h"

#define FILE_BYTES (64 * 1024)

static int read_file(const char *path, char out[FILE_BYTES], size_t *ret_bytes)
{
	FILE *file = fopen(path, "re");
	int err = 0;

	if (!file)
		return -errno;
	*ret_bytes = fread(out, 1, FILE_BYTES, file);
	if (ferror(file))
		err = -EIO;
	else if (*ret_bytes == FILE_BYTES)
		err = -EFBIG;
	fclose(file);
	return err;
}

/* The payload: from the first brace to the end of its line. */
static int read_event(const char *path, char bytes[FILE_BYTES], struct message *message,
		      unsigned char entry[EVENT_HASH_BYTES])
{
	size_t count = 0;
	int err = read_file(path, bytes, &count);
	const char *begin = err == 0 ? memchr(bytes, '{', count) : NULL;
	const char *end;

	if (!begin)
		return err < 0 ? err : -EBADMSG;
	count -= (size_t)(begin - bytes);
	end = memchr(begin, '\n', count);
	if (end)
		count = (size_t)(end - begin);
	if (message_read(begin, count, message) != MESSAGE_EVENT)
		return -EBADMSG;
	event_hash(begin, count, entry);
	return 0;
}

/* Its place in the log is its number, and the log is that of its gateway and epoch. */
static bool is_of(const struct message *event, const struct note *note, uint64_t index)
{
	char origin[NOTE_NAME_BYTES];

	snprintf(origin, sizeof(origin), "corridor/%s/%s/%s", event->checkpoint, event->gateway,
		 event->head.epoch);
	return strcmp(origin, note->head.origin) == 0 && index + 1 == event->head.seq;
}

static void judge_note(const struct keys *keys, size_t witnesses, const struct note *note,
		       const char *text, struct single *single)
{
	struct cosignature found[NOTE_SIGNATURES];
	size_t forged;
	const struct note_verifier *by = NULL;
	enum note_worth worth = keys_check(keys, note, text, &by);

	if (worth == NOTE_FORGED) {
		single->worth = SINGLE_WRONG;
	} else if (worth == NOTE_GOOD && keys_signs_for(by, note->head.origin)) {
		single->witnesses = keys_cosignatures(keys, note, text, found, &forged);
		single->worth = forged > 0			? SINGLE_WRONG
				: single->witnesses < witnesses ? SINGLE_UNWITNESSED
								: SINGLE_GOOD;
		if (single->worth != SINGLE_WRONG)
			snprintf(single->by, sizeof(single->by), "%s", by->name);
	}
}

int single_judge(const struct keys *keys, size_t witnesses, const char *proof_path,
		 const char *event_path, struct single *ret_single)
{
	static char text[FILE_BYTES], payload[FILE_BYTES];
	struct single *single = ret_single;
	unsigned char entry[EVENT_HASH_BYTES];
	struct tree_hash leaf;
	struct proof proof;
	struct note note;
	size_t bytes = 0;
	int err = read_file(proof_path, text, &bytes);

	memset(single, 0, sizeof(*single));
	if (err < 0)
		return err;
	if (proof_read(text, bytes, &proof) < 0 ||
	    note_read(proof.note, proof.note_bytes, &note) < 0)
		return -EBADMSG;
	err = read_event(event_path, payload, &single->event, entry);
	if (err < 0)
		return err;
	leaf = tree_leaf(entry);
	single->size = note.head.size;
	single->worth = SINGLE_STRANGE;
	if (!is_of(&single->event, &note, proof.index) ||
	    !tree_check(&proof.path, proof.index, &leaf, note.head.size, &note.head.root))
		single->worth = SINGLE_WRONG;
	else
		judge_note(keys, witnesses, &note, proof.note, single);
	return 0;
}
