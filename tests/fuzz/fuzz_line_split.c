/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines that come out, whatever the cuts, are those that a plain loop finds
 * in the whole text. The first byte sets the seed of the cuts.
 */
#include "codecs/json_split.h"
#include "codecs/line_split.h"
#include "fuzz/demand.h"

#define LINE_MAX_BYTES 48

struct expected {
    struct slu_view rest;
    uint64_t number;
};

static bool is_blank(struct slu_view line)
{
    size_t blanks = 0;

    while (blanks < line.len &&
           (line.ptr[blanks] == ' ' || line.ptr[blanks] == '\t')) {
        blanks++;
    }
    return blanks == line.len;
}

static enum slu_line_kind expect_next(struct expected *self,
                                      struct slu_line *out)
{
    while (self->rest.len > 0) {
        struct slu_view line = {self->rest.ptr, 0};
        size_t len = 0;

        while (len < self->rest.len && self->rest.ptr[len] != '\n') {
            len++;
        }
        line.len = len > 0 && line.ptr[len - 1] == '\r' ? len - 1 : len;
        len += len < self->rest.len;
        self->rest = slu_view_make(self->rest.ptr + len, self->rest.len - len);
        self->number++;
        *out = (struct slu_line){line, self->number};
        if (line.len > LINE_MAX_BYTES) {
            return SLU_LINE_TOO_LONG;
        }
        if (!is_blank(line)) {
            return SLU_LINE_RECORD;
        }
    }
    return SLU_LINE_MORE;
}

static void drain(struct slu_line_split *split, struct expected *expected)
{
    struct slu_line line;
    struct slu_line wanted;
    enum slu_line_kind kind;

    while ((kind = slu_line_split_next(split, &line)) != SLU_LINE_MORE) {
        demand(expect_next(expected, &wanted) == kind, "the kind of a line");
        demand(line.number == wanted.number, "the number of a line");
        demand(kind != SLU_LINE_RECORD ||
                   slu_view_equal(line.text, wanted.text),
               "the text of a line");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_line_split split;
    struct expected expected;
    struct slu_line line;
    uint32_t seed = size == 0 ? 0 : data[0];
    size_t at = 0;

    expected = (struct expected){slu_view_make((const char *)data, size), 0};
    slu_line_split_init(&split, slu_alloc_default(), LINE_MAX_BYTES);
    while (at < size) {
        size_t len;
        char *copy;

        seed = seed * 1103515245u + 12345u;
        len = (seed >> 16) % 97 + 1;
        len = len < size - at ? len : size - at;
        copy = malloc(len);
        demand(copy != NULL, "memory");
        memcpy(copy, data + at, len);
        slu_line_split_feed(&split, slu_view_make(copy, len));
        drain(&split, &expected);
        free(copy);
        at += len;
    }
    slu_line_split_finish(&split);
    drain(&split, &expected);
    demand(expect_next(&expected, &line) == SLU_LINE_MORE, "every line came");
    slu_line_split_fini(&split);
    return 0;
}
