#include "ctl/registry_check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/program.h"
#include "ctl/text.h"
#include "ctl/trusts.h"
#include "registry/file.h"

#define FILES_BYTES 65536 /* of the option, as printed */
#define MODE	    0644 /* of a list that was not there before */

struct check {
	struct ctl *ctl;
	const char *path;
	struct trusts *trusts; /* NULL: no signature is asked for, or that is not known */
	struct trust_word word;
	struct registry_file_head head;
	bool has_head;
	int records; /* or a negative errno */
	json_t *complaints;
};

/* ---- one file -------------------------------------------------------------------------- */

static int take_head(void *data, const struct registry_file_head *head)
{
	struct check *check = data;

	check->head = *head;
	check->has_head = true;
	return 0;
}

static void take_complaint(void *data, const struct registry_complaint *complaint)
{
	struct check *check = data;
	json_t *told = json_pack("{s:s}", "error", complaint->text);

	if (complaint->line > 0)
		json_object_set_new(told, "line", json_integer(complaint->line));
	json_array_append_new(check->complaints, told);
	if (check->ctl->json)
		return;
	fprintf(check->ctl->out, "%s:", check->path);
	if (complaint->line > 0)
		fprintf(check->ctl->out, "%d:", complaint->line);
	fprintf(check->ctl->out, " %s\n", complaint->text);
}

static bool may(void *data, const struct registry_record *record,
		struct registry_complaint *ret_complaint)
{
	const struct check *check = data;

	return trust_allows(trusts_rules(check->trusts), record, false, &check->word,
			    ret_complaint);
}

static bool whole(void *data, const unsigned char hash[EVENT_HASH_BYTES],
		  struct registry_complaint *ret_complaint)
{
	const struct check *check = data;

	return !check->word.rules || trust_fits(&check->word, hash, 0, ret_complaint);
}

static void read_file(struct check *check)
{
	const struct instant now = clock_now();
	const struct registry_file_sink sink = {.data = check,
						.latest_utc_ns = registry_latest(&now),
						.head = take_head,
						.may = may,
						.whole = whole,
						.complain = take_complaint};
	struct registry_complaint why = {0};

	check->complaints = json_array();
	trust_of_list(trusts_rules(check->trusts), check->path, registry_latest(&now),
		      &check->word);
	check->records = registry_file_read(check->path, &sink);
	if (check->records >= 0 || check->records == -EINVAL)
		return;
	snprintf(why.text, sizeof(why.text), "%s",
		 check->records == -ENODEV ? "is no file" : strerror(-check->records));
	take_complaint(check, &why);
}

static const char *day_of(int64_t utc_ns, char out[32])
{
	const time_t seconds = (time_t)(utc_ns / NS_PER_S);
	struct tm moment;

	gmtime_r(&seconds, &moment);
	strftime(out, 32, "%Y-%m-%d %H:%MZ", &moment);
	return out;
}

static void tell_json(const struct check *check)
{
	json_t *told = json_pack("{s:s, s:b, s:O}", "file", check->path, "ok", check->records >= 0,
				 "complaints", check->complaints);
	char day[32];

	if (check->has_head) {
		json_object_set_new(told, "kind",
				    json_string(registry_kind_name(check->head.kind)));
		json_object_set_new(told, "version", json_string(check->head.version));
		json_object_set_new(told, "as_of",
				    json_string(day_of(check->head.as_of_utc_ns, day)));
	}
	if (check->word.signer[0])
		json_object_set_new(told, "signer", json_string(check->word.signer));
	if (check->records >= 0)
		json_object_set_new(told, "records", json_integer(check->records));
	ctl_print_json(check->ctl, told);
	json_decref(told);
}

static void tell(const struct check *check)
{
	FILE *out = check->ctl->out;
	char day[32];

	if (check->ctl->json)
		tell_json(check);
	else if (check->records >= 0)
		fprintf(out, "%s: good: %d records of kind %s, version %s, as of %s%s%s\n",
			check->path, check->records, registry_kind_name(check->head.kind),
			check->head.version, day_of(check->head.as_of_utc_ns, day),
			check->word.signer[0] ? ", signed by " : "", check->word.signer);
	else
		fprintf(out,
			"%s: not taken as it is: the daemon keeps the list that it has until "
			"this one is mended\n",
			check->path);
}

/* CTL_FINE or CTL_FAULTS. */
static int check_file(struct check *check)
{
	read_file(check);
	tell(check);
	json_decref(check->complaints);
	return check->records >= 0 ? CTL_FINE : CTL_FAULTS;
}

/* ---- those of the configuration ---------------------------------------------------------- */

/* Whose signatures are asked for. NULL: nobody's, or there is no configuration to say so. */
static struct trusts *configured_trusts(const struct ctl *ctl)
{
	int code = 0;
	char *printed = program_says("--print-config", ctl->conf, &code);
	struct trusts *trusts = printed && code == 0 ? trusts_read(printed) : NULL;

	free(printed);
	return trusts;
}

/* The option as --print-config has it; the caller frees. NULL: told why not. */
static char *configured_files(const struct ctl *ctl)
{
	char *value = calloc(1, FILES_BYTES);
	int code = 0;
	char *printed = program_says("--print-config", ctl->conf, &code);

	if (!value || !printed || code != 0) {
		(void)ctl_fail("%s cannot be read (corridord -n says why): name the files",
			       ctl->conf);
		free(value);
		value = NULL;
	} else if (!program_value(printed, "registry", "files", value, FILES_BYTES)) {
		(void)ctl_fail("%s has no list files (registry { files = … }): name them",
			       ctl->conf);
		free(value);
		value = NULL;
	}
	free(printed);
	return value;
}

static int check_configured(struct ctl *ctl, struct trusts *trusts)
{
	char *value = configured_files(ctl), path[PATH_MAX];
	const char *rest = value;
	int status = CTL_FINE;

	if (!value)
		return CTL_FAILED;
	while (program_next_text(&rest, path, sizeof(path))) {
		struct check check = {.ctl = ctl, .path = path, .trusts = trusts};

		if (check_file(&check) != CTL_FINE)
			status = CTL_FAULTS;
	}
	free(value);
	return status;
}

int registry_check(struct ctl *ctl, char **files, int count)
{
	struct trusts *trusts = configured_trusts(ctl);
	int status = CTL_FINE;

	if (count == 0)
		status = check_configured(ctl, trusts);
	for (int i = 0; i < count; i++) {
		struct check check = {.ctl = ctl, .path = files[i], .trusts = trusts};

		if (check_file(&check) != CTL_FINE)
			status = CTL_FAULTS;
	}
	trusts_free(trusts);
	return status;
}

/* ---- import ---------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The file of that name among those of the configuration. false: told. */
static bool find_place(const struct ctl *ctl, const char *file, char place[PATH_MAX])
{
	char *value = configured_files(ctl);
	const char *rest = value;
	bool found = false;

	if (!value)
		return false;
	while (!found && program_next_text(&rest, place, PATH_MAX))
		found = strcmp(base_of(place), base_of(file)) == 0;
	free(value);
	if (!found)
		(void)ctl_fail("%s has no list file \"%s\": say which one it is to take the place "
			       "of, as the second word",
			       ctl->conf, base_of(file));
	return found;
}

static int take_head_alone(void *data, const struct registry_file_head *head)
{
	(void)take_head(data, head);
	return -ECANCELED;
}

/* 0, or told. */
static int compare(const struct check *check, const char *place)
{
	struct check there = {.path = place};
	const struct registry_file_sink sink = {.data = &there, .head = take_head_alone};
	char day[32];

	(void)registry_file_read(place, &sink);
	if (!there.has_head)
		return 0; /* nothing is there, or nothing that can be read */
	if (there.head.kind != check->head.kind)
		return ctl_fail("%s is a list of kind %s, not %s", place,
				registry_kind_name(there.head.kind),
				registry_kind_name(check->head.kind));
	if (there.head.as_of_utc_ns > check->head.as_of_utc_ns)
		return ctl_fail("%s is newer: as of %s; remove it if you mean it", place,
				day_of(there.head.as_of_utc_ns, day));
	return 0;
}

static int copy(int from, int to)
{
	char part[65536];
	ssize_t n;

	while ((n = read(from, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (ssize_t at = 0, written; at < n; at += written) {
			written = write(to, part + at, (size_t)(n - at));
			if (written < 0 && errno != EINTR)
				return -errno;
			written = written < 0 ? 0 : written;
		}
	}
	return fsync(to) < 0 ? -errno : 0;
}

/* Who owns it and who may read it stays so. */
static void take_rights(int fd, const char *place)
{
	struct stat there;
	bool is_there = stat(place, &there) == 0;

	if (is_there)
		(void)!fchown(fd, there.st_uid, there.st_gid);
	(void)fchmod(fd, is_there ? there.st_mode & 0777 : MODE);
}

/* Never half: what is read there is the list before or this one. */
static int put_in_place(const char *file, const char *place)
{
	char beside[PATH_MAX + 8];
	int from = open(file, O_RDONLY | O_CLOEXEC), to = -1, err = 0;

	snprintf(beside, sizeof(beside), "%s.new", place);
	if (from < 0)
		return -errno;
	to = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		err = -errno;
	if (err == 0)
		err = copy(from, to);
	if (err == 0)
		take_rights(to, place);
	if (err == 0 && rename(beside, place) < 0)
		err = -errno;
	if (err < 0 && to >= 0)
		(void)unlink(beside);
	if (to >= 0)
		close(to);
	close(from);
	return err;
}

/* What lies beside the file goes beside its place, behind it: a gateway waits for it. */
static int put_signature_in_place(const char *file, const char *place)
{
	char from[PATH_MAX + 8], to[PATH_MAX + 8];

	snprintf(from, sizeof(from), "%s" TRUST_ENDING, file);
	snprintf(to, sizeof(to), "%s" TRUST_ENDING, place);
	return access(from, F_OK) < 0 ? 0 : put_in_place(from, to);
}

int registry_import(struct ctl *ctl, const char *file, const char *place)
{
	struct check check = {.ctl = ctl, .path = file};
	char found[PATH_MAX];
	int status, err;

	if (!place && !find_place(ctl, file, found))
		return CTL_FAILED;
	place = place ? place : found;
	check.trusts = configured_trusts(ctl);
	status = check_file(&check);
	trusts_free(check.trusts);
	if (status == CTL_FINE)
		status = compare(&check, place);
	if (status != CTL_FINE)
		return status;
	err = put_in_place(file, place);
	if (err == 0)
		err = put_signature_in_place(file, place);
	if (err < 0)
		return ctl_fail("%s: %s", place, strerror(-err));
	if (!ctl->json)
		fprintf(ctl->out, "%s: in place; corridorctl registry list shows when it is read\n",
			place);
	return CTL_FINE;
}
