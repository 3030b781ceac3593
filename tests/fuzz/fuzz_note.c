/* Any bytes as what is signed, of a kind by the first: what is taken is whole and within its text, and comes
 * back the same when it is written once more. */
#include <stdlib.h>
#include <string.h>

#include "evidence/cosign.h"
#include "evidence/proof.h"
#include "evidence/trusted.h"

#define KEY   "corridor/az-ganja/gw1+a96566c1+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define TOPIC "ge-red-bridge/handover/INV1"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void need(bool is_so)
{
	if (!is_so)
		abort();
}

static void check_signatures(const struct note *note, size_t bytes)
{
	need(note->text_bytes > 0 && note->text_bytes < bytes);
	need(note->count > 0 && note->count <= NOTE_SIGNATURES);
	for (size_t i = 0; i < note->count; i++)
		need(note->signature[i].name[0] && note->signature[i].count > 0 &&
		     note->signature[i].count <= NOTE_SIGNED_MOST);
}

static void read_head(const char *text, size_t bytes)
{
	char again[NOTE_TEXT_BYTES];
	struct note note;
	int length;

	if (note_read(text, bytes, &note) < 0)
		return;
	check_signatures(&note, bytes);
	length = note_text(&note.head, again);
	need(length > 0 && (size_t)length <= note.text_bytes &&
	     memcmp(again, text, (size_t)length) == 0); /* extensions may follow */
}

static void read_word(const char *text, size_t bytes)
{
	char again[VOUCH_TEXT_BYTES];
	struct vouch vouch;
	struct note note;
	int length;

	if (vouch_read(text, bytes, VOUCH_REQUEST, &vouch, &note) < 0)
		return;
	check_signatures(&note, bytes);
	length = vouch_text(&vouch, again);
	need(length > 0 && (size_t)length == note.text_bytes &&
	     memcmp(again, text, note.text_bytes) == 0);
}

/* What a note was taken from is the same again with it. */
static void read_message(const char *text, size_t bytes)
{
	char note[NOTE_BYTES], again[VERIFIER_BYTES + 4 * NOTE_BYTES];
	size_t before = vouch_before(text, bytes);
	struct tree_hash hash, hash_again;
	int length;

	need(before <= bytes);
	if (vouch_take(text, bytes, note, &hash) != VOUCH_FOUND || before < 6 ||
	    before + 2 * NOTE_BYTES > sizeof(again))
		return;
	need(strlen(note) < NOTE_BYTES);
	memcpy(again, text, before);
	again[before] = '}';
	length = vouch_put(again, before + 1, sizeof(again), note);
	if (length < 0)
		return; /* longer than any of ours */
	need(vouch_take(again, (size_t)length, note, &hash_again) == VOUCH_FOUND &&
	     tree_equal(&hash, &hash_again));
}

static void check_message(const char *text, size_t bytes)
{
	static struct trusted trusted;
	struct trusted_word word;

	need(trusted_add(&trusted, KEY) == 0);
	if (trusted_check(&trusted, VOUCH_HANDOVER, TOPIC, text, bytes, &word) == TRUSTED_GOOD)
		need(word.by == &trusted.verifier[0] && strcmp(word.vouch.topic, TOPIC) == 0);
}

static void read_verifier(const char *text, size_t bytes)
{
	char copy[VERIFIER_BYTES + 64] = "", again[VERIFIER_BYTES];
	struct note_verifier verifier, verifier_again;

	memcpy(copy, text, bytes < sizeof(copy) ? bytes : sizeof(copy) - 1);
	if (note_verifier_read(copy, &verifier) < 0)
		return;
	need(note_verifier_text(&verifier, again) < VERIFIER_BYTES);
	need(note_verifier_read(again, &verifier_again) == 0 && verifier_again.id == verifier.id &&
	     verifier_again.key_bytes == verifier.key_bytes);
}

static void read_request(const char *text, size_t bytes)
{
	struct cosign_request request;

	if (cosign_request_read(text, bytes, &request) == 0)
		need(request.note > text && request.note + request.note_bytes <= text + bytes &&
		     request.path.count <= TREE_PATH_MAX);
}

static void read_proof(const char *text, size_t bytes)
{
	struct proof proof;

	if (proof_read(text, bytes, &proof) == 0)
		need(proof.note > text && proof.note + proof.note_bytes <= text + bytes &&
		     proof.path.count <= TREE_PATH_MAX);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = {
		read_head,     read_word,    read_message, check_message,
		read_verifier, read_request, read_proof};
	char *text;

	if (size < 1)
		return 0;
	text = malloc(size); /* so that reading past its end is seen */
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	readers[data[0] % (sizeof(readers) / sizeof(readers[0]))](text, size - 1);
	free(text);
	return 0;
}
