#include "signer/cosigned.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signer/file.h"

#define TEXT_BYTES (COSIGNED_NOTE_MAX / 3 * 4 + 8)

static int read_line(const char *line, struct cosigned_head *to)
{
	int length = base64_decode(line, strcspn(line, "\n"), to->note, sizeof(to->note) - 1);
	struct note note;

	if (length <= 0 || note_read(to->note, (size_t)length, &note) < 0)
		return -EINVAL;
	to->note[length] = '\0';
	to->head = note.head;
	return 0;
}

int cosigned_open(struct cosigned *cosigned, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[TEXT_BYTES];
	int err = 0;

	cosigned->path = path;
	cosigned->count = 0;
	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (err == 0 && fgets(line, sizeof(line), file)) {
		if (cosigned->count == COSIGNED_HEADS)
			err = -EINVAL;
		else
			err = read_line(line, &cosigned->heads[cosigned->count++]);
	}
	if (ferror(file))
		err = -EIO;
	fclose(file);
	return err;
}

static struct cosigned_head *find(struct cosigned *cosigned, const char *origin)
{
	for (size_t i = 0; i < cosigned->count; i++)
		if (strcmp(cosigned->heads[i].head.origin, origin) == 0)
			return &cosigned->heads[i];
	return NULL;
}

const struct cosigned_head *cosigned_last(const struct cosigned *cosigned, const char *origin)
{
	for (size_t i = 0; i < cosigned->count; i++)
		if (strcmp(cosigned->heads[i].head.origin, origin) == 0)
			return &cosigned->heads[i];
	return NULL;
}

static size_t count_of(const struct cosigned *cosigned, const char *log)
{
	const size_t length = strlen(log);
	size_t count = 0;

	for (size_t i = 0; i < cosigned->count; i++) {
		const char *origin = cosigned->heads[i].head.origin;

		count += strncmp(origin, log, length) == 0 && origin[length] == '/';
	}
	return count;
}

static void write_all(const void *data, FILE *file)
{
	const struct cosigned *cosigned = data;
	char text[TEXT_BYTES];

	for (size_t i = 0; i < cosigned->count; i++) {
		const char *note = cosigned->heads[i].note;

		base64_encode(note, strlen(note), text);
		fprintf(file, "%s\n", text);
	}
}

int cosigned_note(struct cosigned *cosigned, const char *log, const struct note_head *head,
		  const char *note)
{
	struct cosigned_head *place = find(cosigned, head->origin);
	const struct cosigned_head fresh = {.head = *head}, before = place ? *place : fresh;
	const size_t count = cosigned->count;
	int err;

	if (strlen(note) >= sizeof(place->note))
		return -E2BIG;
	if (!place && (count == COSIGNED_HEADS || count_of(cosigned, log) == COSIGNED_OF_ONE))
		return -ENOSPC;
	if (!place)
		place = &cosigned->heads[cosigned->count++];
	*place = fresh;
	memcpy(place->note, note, strlen(note) + 1);
	err = file_replace(cosigned->path, write_all, cosigned);
	if (err < 0) {
		*place = before;
		cosigned->count = count;
	}
	return err;
}
