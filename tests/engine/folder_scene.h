/* SPDX-License-Identifier: Apache-2.0 */
/* A test's own folder: make_dir and remove_dir are its .init and .fini. */
#ifndef TESTS_ENGINE_FOLDER_SCENE_H
#define TESTS_ENGINE_FOLDER_SCENE_H

#include "store_support.h"

static char dir[64];

static inline void make_dir(void)
{
    (void)make_folder(dir);
}

static inline void remove_dir(void)
{
    remove_tree(dir);
}

/* Of a file in it, until the next call. */
static inline const char *path_of(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

/* A link to nowhere exists, too. */
static inline bool exists(const char *name)
{
    struct stat info;

    return lstat(path_of(name), &info) == 0;
}

#endif
