/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of the log (disk_log.h): what disk_calls.c asks it before a
 * call, and tells it behind one. All but delay_ms are called with the lock.
 */
#ifndef TESTS_ENGINE_DISK_LOG_STATE_H
#define TESTS_ENGINE_DISK_LOG_STATE_H

#include "disk_log.h"

#define DISK_PATH_MAX 512

void disk_log_lock(void);
void disk_log_unlock(void);

/* The path below the root without "." and doubled slashes; false when it is
 * elsewhere, or nothing is watched. */
bool disk_log_finds(int dir_fd, const char *path, char out[DISK_PATH_MAX]);

/* True when the descriptor is of a file below the root. */
bool disk_log_knows(int fd);

/* True, with errno, when a call on such a path or descriptor is one too many.
 */
bool disk_log_refuses(bool known);

/* How long a sync of it is to take. */
unsigned disk_log_delay_ms(int fd);

void disk_log_opened(int fd, const char *path, int flags);
void disk_log_closed(int fd);
void disk_log_made_folder(const char *path);
void disk_log_removed(const char *path);
void disk_log_renamed(const char *from, const char *to);

/* Of a descriptor that it knows. */
void disk_log_written(int fd, uint64_t at, const void *bytes, size_t len);
void disk_log_was_cut(int fd, uint64_t len);
void disk_log_synced(int fd);

#endif
