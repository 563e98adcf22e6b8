/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a record of all that the program does to the files below one folder:
 * what it makes, writes, cuts, renames, removes, and when it waits for the
 * disk. From it disk_image.h makes what a power cut would have left.
 *
 * A program that links this file calls it instead of the C library (open,
 * write, fsync and so on), and so do the libraries that it loads, SQLite among
 * them: the calls are made, and those below the folder are noted in their
 * order. What is written by way of memory (SQLite's -shm) is not seen, and a
 * power cut leaves nothing of it that anybody reads.
 *
 * Life cycle: start, the work, stop; then the operations may be read until
 * free. Limits: one folder at a time, DISK_NODES_MAX files in its life.
 * Threads: any; the order of the operations is that of the calls.
 * Errors: what a test can't go on with ends the program.
 */
#ifndef TESTS_ENGINE_DISK_LOG_H
#define TESTS_ENGINE_DISK_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_NODES_MAX 512
#define DISK_NAME_MAX 80
#define DISK_ROOT 0u /* the node of the folder */

enum disk_kind {
    DISK_MAKE_FILE,   /* node, folder, name */
    DISK_MAKE_FOLDER, /* node, folder, name */
    DISK_RENAME,      /* node, folder, from name to to_name, in one folder */
    DISK_REMOVE,      /* node, folder, name */
    DISK_WRITE,       /* node, at, bytes */
    DISK_CUT,         /* node, at: its length now */
    DISK_SYNC,        /* node: a file's bytes, or a folder's names */
    DISK_NOTE,        /* the test's own: node is the channel, at the value */
};

struct disk_op {
    enum disk_kind kind;
    unsigned node;
    unsigned folder;
    char name[DISK_NAME_MAX];
    char to_name[DISK_NAME_MAX];
    uint64_t at;
    char *bytes;
    size_t len;
};

/* What is there is durable. */
void disk_log_start(const char *folder);
void disk_log_stop(void);
void disk_log_free(void);

/* When so many operations have been made, no call below the folder changes
 * anything any more, nor waits: each fails (EIO), as if the program had been
 * killed there. To SIZE_MAX: the next program begins. */
void disk_log_kill_at(size_t count);

/* From now on a sync of the file of that name takes so long, so that who does
 * not wait for it is ahead of it. NULL: of none. */
void disk_log_slow_down(const char *name, unsigned ms);

/* Remembers a value of the test among the operations. */
void disk_log_note(unsigned channel, uint64_t value);

/* How many operations there were, the first of which are what was there. */
size_t disk_log_count(void);
size_t disk_log_begin(void);
const struct disk_op *disk_log_at(size_t index);

/* The last value of a channel among so many first operations; 0: none. */
uint64_t disk_log_noted(unsigned channel, size_t count);

#endif
