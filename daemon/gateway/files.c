#include "gateway/files.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/account.h"

#define SERVICE	    "corridord" /* its account */
#define CREDENTIALS "/run/credentials/" /* only there while the service runs */
#define STATE	    "/var/lib/corridord" /* the service makes it */

struct look {
	FILE *notes;
	bool root; /* who asks may read all: the account of the service has to be asked about */
	bool installed; /* that account is there */
	struct account account;
};

static bool has_right(const struct look *look, const struct stat *there, mode_t read)
{
	if (there->st_uid == look->account.uid)
		return there->st_mode & read & S_IRUSR;
	if (account_is_in(SERVICE, &look->account, there->st_gid))
		return there->st_mode & read & S_IRGRP;
	return there->st_mode & read & S_IROTH;
}

/* Without the account it can only be told that nobody else may. */
static bool service_may_read(const struct look *look, const struct stat *there)
{
	if (!look->root)
		return true; /* open() has said it */
	if (look->installed)
		return has_right(look, there, 0444);
	return there->st_uid != 0 || there->st_mode & 0044;
}

/* false: told. */
static bool advise_on_file(const struct look *look, const char *what, const char *path,
			   struct stat *ret_there)
{
	if (strncmp(path, CREDENTIALS, sizeof(CREDENTIALS) - 1) == 0)
		return false;
	if (stat(path, ret_there) < 0 || access(path, R_OK) < 0) {
		fprintf(look->notes, "note: %s: %s: %s\n", what, path, strerror(errno));
		return false;
	}
	if (S_ISDIR(ret_there->st_mode)) {
		fprintf(look->notes, "note: %s: %s is a folder, expected a file\n", what, path);
		return false;
	}
	return true;
}

static void advise_on_rights(const struct look *look, const char *what, const char *path,
			     const struct stat *there)
{
	if (service_may_read(look, there))
		return;
	fprintf(look->notes,
		"note: %s: %s: the service's account \"" SERVICE "\" cannot read it: chgrp " SERVICE
		" and chmod 640\n",
		what, path);
}

static void advise_on_text(const struct look *look, const char *what, const char *path)
{
	struct stat there;

	if (path && advise_on_file(look, what, path, &there))
		advise_on_rights(look, what, path, &there);
}

static void advise_on_password(const struct look *look, const char *path)
{
	static const char what[] = "uplink password_file";
	struct stat there;

	if (!path || !advise_on_file(look, what, path, &there))
		return;
	if (there.st_size == 0)
		fprintf(look->notes, "note: %s: %s is empty\n", what, path);
	advise_on_rights(look, what, path, &there);
}

/* A key is often for root alone, and handed on by the service manager (LoadCredential): where the
 * account is not known nothing is said of that. */
static void advise_on_key(const struct look *look, const char *path)
{
	static const char what[] = "uplink tls key";
	struct stat there;

	if (path && advise_on_file(look, what, path, &there) && look->installed)
		advise_on_rights(look, what, path, &there);
}

static void advise_on_journal(const struct look *look, const char *path)
{
	char *copy = strdup(path), *folder = copy ? dirname(copy) : NULL;
	struct stat there;

	if (folder && strcmp(folder, STATE) != 0 &&
	    (stat(folder, &there) < 0 || !S_ISDIR(there.st_mode)))
		fprintf(look->notes, "note: journal path: there is no folder %s\n", folder);
	free(copy);
}

/* Mostly a lane that somebody misses. */
static void advise_on_passed_over(const struct look *look, const char *folder)
{
	DIR *parts = opendir(folder);
	const struct dirent *entry;

	while (parts && (entry = readdir(parts))) {
		const char *name = entry->d_name, *ending = strrchr(name, '.');

		if (name[0] == '.' || strncmp(name, "README", 6) == 0 ||
		    (ending && ending != name && strcmp(ending, ".conf") == 0))
			continue;
		fprintf(look->notes,
			"note: configuration: %s/%s is passed over: its name does not end in .conf\n",
			folder, name);
	}
	if (parts)
		closedir(parts);
}

/* The files of the configuration itself. */
static void advise_on_parts(const struct look *look, const char *path)
{
	char *copy = strdup(path), pattern[4096], folder[4080];
	glob_t found = {0};

	advise_on_text(look, "configuration", path);
	if (!copy)
		return;
	snprintf(folder, sizeof(folder), "%s/conf.d", dirname(copy));
	snprintf(pattern, sizeof(pattern), "%s/*.conf", folder);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			advise_on_text(look, "configuration", found.gl_pathv[i]);
	globfree(&found);
	advise_on_passed_over(look, folder);
	free(copy);
}

void files_name_tls(const struct config *config, FILE *out)
{
	const struct uplink_conf *conf = &config->uplink;
	const char *const files[][2] = {{"ca", conf->tls_ca},
					{"cert", conf->tls_cert},
					{"key", conf->tls_key},
					{"crl", conf->tls_crl}};

	fputs("uplink: the files of tls:", out);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i][1])
			fprintf(out, " %s %s", files[i][0], files[i][1]);
	fputc('\n', out);
}

void files_advise(const struct config *config, const char *path, FILE *notes)
{
	struct look look = {.notes = notes, .root = geteuid() == 0};

	look.installed = look.root && account_find(SERVICE, &look.account);
	if (strcmp(config->checkpoint.id, "unnamed") == 0)
		fprintf(notes, "note: checkpoint: id is still \"unnamed\", as it was shipped: all "
			       "that are called so have the same topics\n");
	advise_on_parts(&look, path);
	advise_on_journal(&look, config->journal.path);
	advise_on_password(&look, config->uplink.password_file);
	advise_on_text(&look, "uplink tls ca", config->uplink.tls_ca);
	advise_on_text(&look, "uplink tls cert", config->uplink.tls_cert);
	advise_on_text(&look, "uplink tls crl", config->uplink.tls_crl);
	advise_on_key(&look, config->uplink.tls_key);
	for (size_t i = 0; i < config->registry.files.count; i++)
		advise_on_text(&look, "registry files", config->registry.files.item[i]);
}
