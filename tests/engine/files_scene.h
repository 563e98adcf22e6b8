/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of list files in a test: opened before it, removed behind it. */
#ifndef TESTS_ENGINE_FILES_SCENE_H
#define TESTS_ENGINE_FILES_SCENE_H

#include "engine/files.h"
#include "folder_scene.h"

#include <criterion/criterion.h>

static struct slu_files *files;

static inline void open_files(void)
{
    struct slu_error error = {0};

    make_dir();
    cr_assert_eq(slu_files_open(slu_alloc_default(), dir, &files, &error),
                 SLU_ERR_OK, "%s", error.text);
}

static inline void close_files(void)
{
    slu_files_close(files);
    remove_dir();
}

#endif
