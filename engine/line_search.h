/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: where an indicator stands in list files: the line that is it, and the
 * narrowest line that covers it ("203.0.113.0/24", "*.example.com").
 * Cost: one pass over each file, mapped; nothing is allocated. A list file is
 * replaced whole, never changed in place, so that what is mapped stays.
 * Errors: IO, with the file's path; a file that isn't there has no lines.
 */
#ifndef SLU_ENGINE_LINE_SEARCH_H
#define SLU_ENGINE_LINE_SEARCH_H

#include "codecs/record.h"
#include <sluice/err.h>

struct slu_line_search {
    /* Of what; of a valid kind. */
    struct slu_record wanted;
    /* Its own line, and its number from 1; NULL: none so far. */
    const char *path;
    uint64_t line;
    /* The narrowest wider one, as it would be written. */
    const char *wider_path;
    uint64_t wider_line;
    char wider[SLU_VALUE_MAX + 1];
};

/* Looks through one more file, dir/path; path is kept in the result. */
SLU_MUST_CHECK enum slu_err slu_line_search_file(struct slu_line_search *self,
                                                 const char *dir,
                                                 const char *path,
                                                 struct slu_error *out_error);

/* The same in a text that is held already. */
void slu_line_search_text(struct slu_line_search *self, struct slu_view text,
                          const char *path);

#endif
