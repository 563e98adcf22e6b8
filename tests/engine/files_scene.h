/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of list files in a test: opened before it, removed behind it. */
#ifndef TESTS_ENGINE_FILES_SCENE_H
#define TESTS_ENGINE_FILES_SCENE_H

#include "engine/files.h"
#include "store_support.h"

#include <criterion/criterion.h>
#include <sys/stat.h>

static char dir[64];
static struct slu_files *files;

static inline void open_files(void)
{
    struct slu_error error = {0};

    (void)make_folder(dir);
    cr_assert_eq(slu_files_open(slu_alloc_default(), dir, &files, &error),
                 SLU_ERR_OK, "%s", error.text);
}

static inline void close_files(void)
{
    slu_files_close(files);
    remove_tree(dir);
}

static inline const char *path_of(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static inline bool exists(const char *name)
{
    struct stat info;

    return lstat(path_of(name), &info) == 0;
}

#endif
