#include "outbound/vouching.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "evidence/vouch.h"

#define LOG_TOKEN "signer"
#include "base/log.h"

#define EPOCH "\"epoch\":\""

/* As each state of this gateway has it, before anything that comes from elsewhere. */
static bool read_epoch(const struct state_copy *copy, char epoch[EVENT_EPOCH_BYTES])
{
	const char *at = memmem(copy->payload, copy->bytes, EPOCH, strlen(EPOCH));
	const size_t bytes = EVENT_EPOCH_BYTES - 1;

	if (!at || at + strlen(EPOCH) + bytes > copy->payload + copy->bytes)
		return false;
	memcpy(epoch, at + strlen(EPOCH), bytes);
	epoch[bytes] = '\0';
	return strspn(epoch, "0123456789abcdef") == bytes;
}

/* "@handover/<to>/<id>" is published on "<to>/handover/<id>". */
static bool write_question(const struct vouching *vouching, const struct state_copy *copy,
			   char question[SIGNER_LINE_BYTES])
{
	const struct tree_hash hash = vouch_hash(copy->payload, copy->bytes);
	const char *to = copy->key + strlen(HANDOVER_KEY);
	const char *slash = strchr(to, '/');
	char text[NOTE_HASH_TEXT], epoch[EVENT_EPOCH_BYTES];

	if (!slash || !read_epoch(copy, epoch))
		return false;
	base64_encode(hash.bytes, sizeof(hash.bytes), text);
	snprintf(question, SIGNER_LINE_BYTES, "vouch %s/%s %.*s/handover%s %s", vouching->name,
		 epoch, (int)(slash - to), to, slash, text);
	return true;
}

static bool take_note(struct state_copy *copy, const char *answer)
{
	char note[VOUCH_NOTE_BYTES];
	int length, bytes;

	if (strncmp(answer, "note ", 5) != 0)
		return false;
	length = base64_decode(answer + 5, strlen(answer + 5), note, sizeof(note) - 1);
	if (length < 0)
		return false;
	note[length] = '\0';
	bytes = vouch_put(copy->payload, copy->bytes, sizeof(copy->payload), note);
	if (bytes < 0)
		return false;
	copy->bytes = (size_t)bytes;
	return true;
}

/* One that cannot be signed by any signer goes as it is. */
static int sign(struct vouching *vouching, struct signer *signer)
{
	struct state_copy *copy = &vouching->copy;
	char question[SIGNER_LINE_BYTES], answer[SIGNER_LINE_BYTES] = "it has no epoch";
	int err = 0;

	if (write_question(vouching, copy, question))
		err = signer_ask(signer, question, answer);
	if (err == 0 && !take_note(copy, answer))
		log_warnx("the handover \"%s\" is not signed: %.80s", copy->key, answer);
	vouching->host.give(vouching->host.data, copy, err == 0);
	return err;
}

int vouching_step(struct vouching *vouching, struct signer *signer)
{
	const struct vouching_host *host = &vouching->host;
	int err = 0;

	while (err == 0 && host->take(host->data, &vouching->copy)) {
		err = sign(vouching, signer);
		if (err == 0)
			(void)vouching_resume(vouching);
	}
	return err;
}

void vouching_give_up(struct vouching *vouching)
{
	vouching->lacking = true;
	vouching->host.give_up(vouching->host.data);
}

bool vouching_resume(struct vouching *vouching)
{
	const bool lacking = vouching->lacking;

	vouching->lacking = false;
	if (lacking)
		vouching->host.again(vouching->host.data);
	return lacking;
}
