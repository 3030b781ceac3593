/* Names of what lies beside a journal's file.
 *
 *   journal.db             in use
 *   journal.db.ballast     given up when the disk is full, so that what is in the log can
 *                          still be moved into the file and acknowledged events removed
 *   journal.db.head        how far it has come (witness.h)
 *   journal.db.salvage-N   set aside as damaged, being carried over
 *   journal.db.damaged-N   carried over; the newest KEPT_ASIDE stay for inspection
 *   journal.db.foreign-N   of another gateway; stays
 *
 * path is the file in use (or to be used) throughout. A file's log goes where the file goes.
 */
#ifndef CORRIDORD_JOURNAL_FILES_H
#define CORRIDORD_JOURNAL_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PATH_BYTES    1024
#define FILES_HEAD    ".head"
#define FILES_WITNESS ".witness"
#define PATH_MOST     (PATH_BYTES - 64) /* of a configured one: endings are added */

/* Renames it to salvage-N; ret_name: damaged-N, under which it will stay. A negative errno. */
int files_set_aside(const char *path, char ret_name[PATH_BYTES]);
/* Renames it to foreign-N, and what is beside it. A negative errno. */
int files_set_foreign(const char *path, char ret_name[PATH_BYTES]);
/* The newest, or the next salvage-N with N above number: N, 0: none. */
unsigned files_find_aside(const char *path, bool newest, unsigned number,
			  char ret_path[PATH_BYTES]);
/* salvage-N has been carried over and becomes damaged-N; old ones are removed. */
void files_keep_aside(const char *path, unsigned number);
void files_final_name(const char *path, unsigned number, char ret_name[PATH_BYTES]);

/* The name of a file beside it. */
void files_beside(const char *path, const char *ending, char ret_name[PATH_BYTES]);
const char *files_base_name(const char *path); /* without the folder */
bool files_is_there(const char *path); /* not empty, or its log is not */
void files_remove(const char *path);

/* Why a file that is not there cannot be made, or one that is cannot be written: a negative errno
 * of the file or its folder. 0: nothing is known against it. */
int files_obstacle(const char *path);
/* Makes it if it is not there; nobody but owner and group gets at it. */
void files_make_private(const char *path);
/* The one that the folder belongs to, if this process is root and that is another: what it made
 * would be in that account's way. 0: there is none. */
uid_t files_other_owner(const char *path);

int files_make_folder(const char *path); /* that path lies in; 0 if it is there; a negative errno */
int64_t files_free_bytes(const char *path); /* on the disk of its folder; INT64_MAX: unknown */

bool files_disk_is_full(const char *path); /* nothing can be begun on it */

/* Room on the disk that is given up when there is no other. */
void files_hold_ballast(const char *path, int log_pages);
void files_drop_ballast(const char *path);
bool files_disk_has_room(const char *path,
			 int log_pages); /* log_pages: the log's greatest length */

#endif
