#include "registry_intake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum intake_result refuse(struct registry_complaint *complaint, const char *text)
{
	snprintf(complaint->text, sizeof(complaint->text), "%s", text);
	return INTAKE_REFUSED;
}

/* false: the complaint says why. */
static bool read_subject(const char *subject, enum registry_kind *kind,
			 char key[REGISTRY_KEY_BYTES], struct registry_complaint *complaint)
{
	const char *slash = strchr(subject, '/');
	char name[32];

	if (!slash || slash[1] == '\0') {
		refuse(complaint, "the topic has no key, expected registry/<kind>/<key>");
		return false;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(slash - subject), subject);
	if (!registry_kind_by_name(name, kind)) {
		refuse(complaint, "unknown kind, expected consignment, aeo, mra or group");
		return false;
	}
	if (registry_record_key(*kind, slash + 1, strlen(slash + 1), key) < 0) {
		refuse(complaint, "the last level of the topic cannot be a key of this kind");
		return false;
	}
	return true;
}

/* A removal may be missed by a gateway that is away; "null" can be retained in its place. */
static bool is_removal(const struct message *message)
{
	return message->bytes == 0 ||
	       (message->bytes == 4 && memcmp(message->payload, "null", 4) == 0);
}

static enum intake_result judge(int err, enum intake_result done, int *ret_err)
{
	*ret_err = err;
	if (err == -EINVAL)
		return INTAKE_REFUSED;
	if (err == 1 || err == -ENOENT)
		return INTAKE_UNCHANGED;
	return err < 0 ? INTAKE_FAILED : done;
}

enum intake_result intake_take(struct store *store, const struct message *message,
			       int64_t now_utc_ns, struct registry_complaint *ret_complaint,
			       int *ret_err)
{
	char key[REGISTRY_KEY_BYTES];
	enum registry_kind kind;

	*ret_err = 0;
	if (!read_subject(message->subject, &kind, key, ret_complaint))
		return INTAKE_REFUSED;
	if (is_removal(message))
		return judge(store_remove(store, kind, key, now_utc_ns), INTAKE_REMOVED, ret_err);
	if (message->bytes >= CONSIGNMENT_BYTES)
		return refuse(ret_complaint,
			      "longer than a record may be, expected 16 KiB at most");
	return judge(store_put(store, kind, key, message->payload, message->bytes, now_utc_ns,
			       ret_complaint),
		     INTAKE_TAKEN, ret_err);
}
