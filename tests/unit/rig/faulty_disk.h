/* A disk that is slow, full or broken as the test says, played by a VFS of SQLite's: one for
 * the whole process, as SQLite has it. */
#ifndef CORRIDORD_TESTS_FAULTY_DISK_H
#define CORRIDORD_TESTS_FAULTY_DISK_H

#include "journal_rig.h"

#include <sqlite3.h> /* the codes */

int insert_disk(void **state); /* once, of the group of tests */

int disk_rig_new(void **state); /* a journal's rig on a sound disk */
int disk_rig_free(void **state);

#define disk_test(test) cmocka_unit_test_setup_teardown(test, disk_rig_new, disk_rig_free)

/* Of SQLite's log. */
void hold_syncs(void);
void let_syncs_go(void);
void wait_for_sync(void); /* one that is held */
unsigned log_syncs(void); /* as yet */
void fail_next_syncs(int count);
int syncs_to_fail(void); /* still */

/* code: SQLite's. path: those of this file, its log and what is beside it; NULL: all. */
void fail_writes(const char *path, int code);
void let_writes_be(void);
void fail_reads(int code);
void let_reads_be(void);

#endif
