/* SPDX-License-Identifier: Apache-2.0 */
/* What: a FILE that keeps what was printed, for tests. */
#ifndef SLU_TESTS_TEXT_FILE_H
#define SLU_TESTS_TEXT_FILE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text_file {
    FILE *file;
    char *text;
    size_t len;
};

static inline void text_file_open(struct text_file *self)
{
    self->file = open_memstream(&self->text, &self->len);
    cr_assert_not_null(self->file);
}

/* The text so far. */
static inline const char *text_file_read(struct text_file *self)
{
    fflush(self->file);
    return self->text;
}

static inline void text_file_close(struct text_file *self)
{
    fclose(self->file);
    free(self->text);
}

#endif
