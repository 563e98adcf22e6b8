/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: making a folder and those above it, durably.
 * Errors: errno's numbers; 0 is success.
 */
#ifndef SLU_ENGINE_FOLDER_H
#define SLU_ENGINE_FOLDER_H

#include <sys/types.h>

/* Makes the last folder of the path with this mode, missing ones above it with
 * 0755. One that exists is left as it is, and its name is durable, too, unless
 * somebody else made it and put something into it; ENOTDIR when it isn't a
 * folder, ENAMETOOLONG over 4,000 bytes. */
int slu_folder_make(const char *path, mode_t mode);

/* fsync of the folder that holds this path; relative to dir_fd. */
int slu_folder_sync_parent(int dir_fd, const char *path);

#endif
