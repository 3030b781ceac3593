#include "base/account.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

void account_user_name(uid_t uid, char ret_name[ACCOUNT_NAME_BYTES])
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *user;

	snprintf(ret_name, ACCOUNT_NAME_BYTES, "uid %u", (unsigned)uid);
	while (file && (user = fgetpwent(file)))
		if (user->pw_uid == uid) {
			snprintf(ret_name, ACCOUNT_NAME_BYTES, "%s", user->pw_name);
			break;
		}
	if (file)
		fclose(file);
}

void account_group_name(gid_t gid, char ret_name[ACCOUNT_NAME_BYTES])
{
	FILE *file = fopen("/etc/group", "re");
	struct group *group;

	snprintf(ret_name, ACCOUNT_NAME_BYTES, "gid %u", (unsigned)gid);
	while (file && (group = fgetgrent(file)))
		if (group->gr_gid == gid) {
			snprintf(ret_name, ACCOUNT_NAME_BYTES, "%s", group->gr_name);
			break;
		}
	if (file)
		fclose(file);
}

gid_t account_group(const char *name)
{
	FILE *file = name ? fopen("/etc/group", "re") : NULL;
	gid_t found = ACCOUNT_NO_GROUP;
	struct group *group;

	while (file && found == ACCOUNT_NO_GROUP && (group = fgetgrent(file)))
		if (strcmp(group->gr_name, name) == 0)
			found = group->gr_gid;
	if (file)
		fclose(file);
	return found;
}

bool account_find(const char *name, struct account *ret_account)
{
	FILE *file = fopen("/etc/passwd", "re");
	bool found = false;
	struct passwd *user;

	while (file && !found && (user = fgetpwent(file)))
		if (strcmp(user->pw_name, name) == 0) {
			*ret_account = (struct account){user->pw_uid, user->pw_gid};
			found = true;
		}
	if (file)
		fclose(file);
	return found;
}

static bool has_member(const struct group *group, const char *name)
{
	for (char **member = group->gr_mem; member && *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

bool account_is_in(const char *name, const struct account *account, gid_t gid)
{
	FILE *file = fopen("/etc/group", "re");
	bool is_in = account->gid == gid;
	struct group *group;

	while (file && !is_in && (group = fgetgrent(file)))
		is_in = group->gr_gid == gid && has_member(group, name);
	if (file)
		fclose(file);
	return is_in;
}
