#include "signer/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signer/file.h"

#define LINE_BYTES (NOTE_NAME_BYTES + 80)
#define ROOT_TEXT  45

static int read_line(const char *line, struct note_head *head)
{
	const char *blank = strchr(line, ' ');
	size_t length = blank ? (size_t)(blank - line) : NOTE_NAME_BYTES;
	char *end;

	if (length >= NOTE_NAME_BYTES || blank[1] < '1' || blank[1] > '9')
		return -EINVAL;
	memcpy(head->origin, line, length);
	head->origin[length] = '\0';
	head->size = strtoull(blank + 1, &end, 10);
	if (*end != ' ' || strlen(end) != 1 + ROOT_TEXT || end[ROOT_TEXT] != '\n' ||
	    base64_decode(end + 1, ROOT_TEXT - 1, head->root.bytes, sizeof(head->root.bytes)) !=
		    TREE_HASH_BYTES)
		return -EINVAL;
	return note_name_is_good(head->origin) ? 0 : -EINVAL;
}

int ledger_open(struct ledger *ledger, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[LINE_BYTES];
	int err = 0;

	*ledger = (struct ledger){.path = path};
	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (err == 0 && fgets(line, sizeof(line), file)) {
		if (ledger->count == LEDGER_ORIGINS)
			err = -EINVAL;
		else
			err = read_line(line, &ledger->heads[ledger->count++]);
	}
	if (ferror(file))
		err = -EIO;
	fclose(file);
	return err;
}

const struct note_head *ledger_last(const struct ledger *ledger, const char *origin)
{
	for (size_t i = 0; i < ledger->count; i++)
		if (strcmp(ledger->heads[i].origin, origin) == 0)
			return &ledger->heads[i];
	return NULL;
}

const char *ledger_objects(const struct ledger *ledger, const struct note_head *head,
			   const struct tree_path *path)
{
	const struct note_head *last = ledger_last(ledger, head->origin);

	if (head->size == 0)
		return "it is empty";
	if (!last)
		return NULL;
	if (head->size < last->size)
		return "it is shorter than what was signed before";
	if (!tree_check_growth(path, last->size, &last->root, head->size, &head->root))
		return "it does not continue what was signed before";
	return NULL;
}

/* ---- writing ------------------------------------------------------------------------ */

static void write_all(const void *data, FILE *file)
{
	const struct ledger *ledger = data;
	char root[ROOT_TEXT];

	for (size_t i = 0; i < ledger->count; i++) {
		const struct note_head *head = &ledger->heads[i];

		base64_encode(head->root.bytes, sizeof(head->root.bytes), root);
		fprintf(file, "%s %" PRIu64 " %s\n", head->origin, head->size, root);
	}
}

int ledger_note(struct ledger *ledger, const struct note_head *head)
{
	const struct note_head *last = ledger_last(ledger, head->origin);
	size_t at = last ? (size_t)(last - ledger->heads) : 0;
	bool replaces = last || ledger->count == LEDGER_ORIGINS;
	struct ledger before = *ledger;
	int err;

	if (last && last->size == head->size)
		return 0;
	if (replaces)
		memmove(&ledger->heads[at], &ledger->heads[at + 1],
			(--ledger->count - at) * sizeof(ledger->heads[0]));
	ledger->heads[ledger->count++] = *head;
	err = file_replace(ledger->path, write_all, ledger);
	if (err < 0)
		*ledger = before;
	return err;
}
