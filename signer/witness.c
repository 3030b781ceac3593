#include "signer/witness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "evidence/cosign.h"

#define TEXT_BYTES (COSIGN_REQUEST_BYTES + 1)

/* A head that a log asks for. */
struct asked {
	struct cosign_request request;
	struct note note;
	const char *log; /* whose key has signed it */
	char text[COSIGNED_NOTE_MAX]; /* the note with that signature alone */
};

static void refuse(char *out, const char *why)
{
	snprintf(out, WITNESS_ANSWER_BYTES, "refused %s", why);
}

static void put_note(char *out, const char *word, const char *note)
{
	size_t used = strlen(out);

	used += (size_t)snprintf(out + used, WITNESS_ANSWER_BYTES - used, "%s%s ", used ? " " : "",
				 word);
	if (!word[0])
		used--; /* the second one of a pair */
	base64_encode(note, strlen(note), out + used);
}

/* ---- what is asked ------------------------------------------------------------------- */

/* The signature of the log alone, so that what is kept has a size. */
static const char *strip(struct asked *asked, const struct note_verifier *by)
{
	int length = note_text(&asked->note.head, asked->text);
	int line = -EINVAL;

	if (length < 0 || (size_t)length != asked->note.text_bytes ||
	    memcmp(asked->text, asked->request.note, (size_t)length) != 0)
		return "its text has more than a head has";
	asked->text[length++] = '\n';
	for (size_t i = 0; i < asked->note.count && line < 0; i++) {
		const struct note_signature *signature = &asked->note.signature[i];

		if (signature->id == by->id && strcmp(signature->name, by->name) == 0)
			line = note_sign_line(by->name, by->id, signature->bytes, signature->count,
					      asked->text + length,
					      sizeof(asked->text) - (size_t)length);
	}
	return line < 0 ? "it is too long" : NULL;
}

static const char *read_asked(const struct witness *witness, const char *request,
			      char text[TEXT_BYTES], struct asked *asked)
{
	int length = base64_decode(request, strlen(request), text, TEXT_BYTES - 1);
	const struct note_verifier *by = NULL;

	if (length < 0 || cosign_request_read(text, (size_t)length, &asked->request) < 0 ||
	    note_read(asked->request.note, asked->request.note_bytes, &asked->note) < 0 ||
	    asked->note.head.size == 0)
		return "that is no request to cosign a head";
	if (keys_check(&witness->logs, &asked->note, asked->request.note, &by) != NOTE_GOOD ||
	    !keys_signs_for(by, asked->note.head.origin))
		return "no log that is known has signed it";
	asked->log = by->name;
	return strip(asked, by);
}

/* ---- what is answered ---------------------------------------------------------------- */

static void cosign(const struct witness *witness, const char *word, const char *note, char *out)
{
	const int64_t now_ns = clock_now().utc_ns;
	char cosigned[NOTE_BYTES];

	if (key_cosign(witness->key, (uint64_t)(now_ns / NS_PER_S), note, cosigned) < 0)
		refuse(out, "the key does not sign");
	else
		put_note(out, word, cosigned);
}

static void advance(struct witness *witness, const struct asked *asked, char *out)
{
	int err = cosigned_note(&witness->cosigned, asked->log, &asked->note.head, asked->text);

	if (err == -ENOSPC)
		refuse(out, "its log has begun too many epochs");
	else if (err < 0)
		refuse(out, strerror(-err));
	else
		cosign(witness, "cosigned", asked->text, out);
}

static bool is_forked(const struct asked *asked, const struct note_head *last)
{
	const struct note_head *head = &asked->note.head;

	if (head->size == last->size)
		return !tree_equal(&head->root, &last->root);
	return asked->request.old_size == last->size &&
	       tree_path_contradicts(&asked->request.path, last->size, &last->root, head->size,
				     &head->root);
}

static void answer(struct witness *witness, const struct asked *asked, char *out)
{
	const struct cosigned_head *last =
		cosigned_last(&witness->cosigned, asked->note.head.origin);
	const struct note_head *head = &asked->note.head;

	if (!last) {
		advance(witness, asked, out);
	} else if (is_forked(asked, &last->head)) {
		put_note(out, "forked", last->note);
		put_note(out, "", asked->text);
	} else if (head->size == last->head.size) {
		cosign(witness, "again", last->note, out);
	} else if (head->size < last->head.size) {
		cosign(witness, "behind", last->note, out);
	} else if (asked->request.old_size != last->head.size) {
		cosign(witness, "conflict", last->note, out);
	} else if (tree_check_growth(&asked->request.path, last->head.size, &last->head.root,
				     head->size, &head->root)) {
		advance(witness, asked, out);
	} else {
		put_note(out, "unproven", last->note);
	}
}

void witness_cosign(struct witness *witness, const char *request, char out[WITNESS_ANSWER_BYTES])
{
	char text[TEXT_BYTES];
	struct asked asked;
	const char *why = "nobody is witness here";

	out[0] = '\0';
	if (witness->key)
		why = read_asked(witness, request, text, &asked);
	if (why)
		refuse(out, why);
	else
		answer(witness, &asked, out);
}

void witness_check(const struct witness *witness, const char *note, char out[WITNESS_ANSWER_BYTES])
{
	struct cosignature found[NOTE_SIGNATURES];
	const struct note_verifier *by = NULL;
	char text[NOTE_BYTES];
	int length = base64_decode(note, strlen(note), text, sizeof(text) - 1);
	size_t count, forged, used;
	struct note read;

	if (length < 0 || note_read(text, (size_t)length, &read) < 0 ||
	    keys_check(&witness->others, &read, text, &by) != NOTE_GOOD ||
	    !keys_signs_for(by, read.head.origin)) {
		refuse(out, "that is no signed head of this log");
		return;
	}
	count = keys_cosignatures(&witness->others, &read, text, found, &forged);
	if (count == 0) {
		refuse(out, "no witness that is known has cosigned it");
		return;
	}
	used = (size_t)snprintf(out, WITNESS_ANSWER_BYTES, "good");
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(out + used, WITNESS_ANSWER_BYTES - used, " %s",
					 found[i].by->name);
}
