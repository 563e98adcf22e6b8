/* SPDX-License-Identifier: Apache-2.0 */
/* A text as the program reads it; what was wrong with it is in `error`. */
#ifndef TESTS_ENGINE_CONFIG_PARSE_H
#define TESTS_ENGINE_CONFIG_PARSE_H

#include "engine/config.h"

#include <criterion/criterion.h>

static struct slu_error error;

/* Named "t.yaml". NULL: refused; else the caller's, to free. */
static inline struct slu_config *parse(const char *text)
{
    struct slu_config *config = NULL;
    enum slu_err err;

    error = (struct slu_error){0};
    err = slu_config_parse(slu_alloc_default(), slu_view_str(text), "t.yaml",
                           &config, &error);
    cr_assert_eq(err, error.code, "%s", error.text);
    cr_assert_eq(err == SLU_ERR_OK, config != NULL);
    return config;
}

#endif
