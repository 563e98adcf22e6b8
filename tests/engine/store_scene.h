/* SPDX-License-Identifier: Apache-2.0 */
/* A store in the test's own folder. */
#ifndef TESTS_ENGINE_STORE_SCENE_H
#define TESTS_ENGINE_STORE_SCENE_H

#include "folder_scene.h"

#include <criterion/criterion.h>

static inline struct slu_store *open_with(const struct slu_store_options *opts)
{
    struct slu_store *store = NULL;
    struct slu_error error = {0};

    cr_assert_eq(slu_store_open(opts, &store, &error), SLU_ERR_OK, "%s",
                 error.text);
    return store;
}

/* Of the small kind; see small_options. */
static inline struct slu_store *must_open(void)
{
    struct slu_store_options opts = small_options(dir);

    return open_with(&opts);
}

#endif
