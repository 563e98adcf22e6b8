/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan_lines.h"
#include "codecs/line_diff.h"

#include <stdio.h>

#define LINE_MAX_BYTES 256 /* a longer one is cut: it is no indicator */

struct telling {
    const char *path;
    slu_plan_fn on_row;
    void *ctx;
};

static void tell_line(void *ctx, bool added, struct slu_view line)
{
    const struct telling *self = ctx;
    char text[LINE_MAX_BYTES];
    struct slu_plan_row row = {
        .kind = SLU_PLAN_LINE,
        .region = "",
        .path = self->path,
        .name = text,
        .action = added ? "add" : "remove",
        .text = "",
    };

    (void)snprintf(text, sizeof(text), "%.*s", SLU_VIEW_ARGS(line));
    self->on_row(self->ctx, &row);
}

/* The counts stand before the lines, so that the lines are found twice. */
enum slu_err slu_plan_tell_list(const struct slu_alloc *alloc,
                                struct slu_plan_row *row,
                                struct slu_view before, struct slu_view after,
                                slu_plan_fn on_row, void *ctx)
{
    struct telling telling = {row->path, on_row, ctx};
    struct slu_line_diff diff;
    enum slu_err err = slu_line_diff(alloc, before, after, NULL, NULL, &diff);

    if (err != SLU_ERR_OK) {
        return err;
    }
    row->added = diff.added;
    row->removed = diff.removed;
    on_row(ctx, row);
    return diff.added + diff.removed == 0
               ? SLU_ERR_OK
               : slu_line_diff(alloc, before, after, tell_line, &telling,
                               &diff);
}
