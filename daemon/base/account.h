/* Accounts and groups of /etc/passwd and /etc/group, for messages and rights. No other source is asked:
 * a directory server might not answer, and nobody here may wait for it. */
#ifndef CORRIDORD_BASE_ACCOUNT_H
#define CORRIDORD_BASE_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#define ACCOUNT_NAME_BYTES 64
#define ACCOUNT_NO_GROUP   ((gid_t)-1)

/* The name, else "uid 1000" or "gid 20". */
void account_user_name(uid_t uid, char ret_name[ACCOUNT_NAME_BYTES]);
void account_group_name(gid_t gid, char ret_name[ACCOUNT_NAME_BYTES]);

/* ACCOUNT_NO_GROUP: there is none, or name is NULL. */
gid_t account_group(const char *name);

struct account {
	uid_t uid;
	gid_t gid;
};

/* false: there is no such user. */
bool account_find(const char *name, struct account *ret_account);
bool account_is_in(const char *name, const struct account *account, gid_t gid);

#endif
