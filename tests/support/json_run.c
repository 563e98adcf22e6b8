/* SPDX-License-Identifier: Apache-2.0 */
#include "support/json_run.h"

#include <stdio.h>
#include <stdlib.h>

uint32_t json_random(uint32_t *state)
{
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x;
}

struct slu_json_split *json_split_make(const char *array, const char *member,
                                       const char *other, size_t record_max)
{
    struct slu_json_split_options options = {.alloc = slu_alloc_default(),
                                             .array = array,
                                             .members = {member, other},
                                             .record_max = record_max};
    struct slu_json_split *split = slu_json_split_new(&options);

    if (split == NULL) {
        abort();
    }
    return split;
}

static void write_event(FILE *out, const struct slu_json_event *event)
{
    volatile unsigned sum = 0;

    for (size_t i = 0; i < SLU_JSON_PADDING; i++) {
        sum += (unsigned char)event->text.ptr[event->text.len + i];
    }
    if (event->kind == SLU_JSON_RECORD) {
        (void)fprintf(out, "R");
    } else {
        (void)fprintf(out, "M%u", event->index);
    }
    (void)fprintf(out, "@%llu ", (unsigned long long)event->offset);
    (void)fwrite(event->text.ptr, 1, event->text.len, out);
    (void)fputc('\n', out);
}

/* False once the splitter failed. */
static bool run_piece(struct slu_json_split *split, struct slu_view piece,
                      FILE *out, struct json_log *log)
{
    char *copy = malloc(piece.len == 0 ? 1 : piece.len);
    enum slu_json_event_kind kind;
    struct slu_json_event event;

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, piece.ptr, piece.len);
    slu_json_split_feed(split, slu_view_make(copy, piece.len));
    for (;;) {
        kind = slu_json_split_next(split, &event);
        if (kind != SLU_JSON_RECORD && kind != SLU_JSON_MEMBER) {
            break;
        }
        write_event(out, &event);
        log->records += kind == SLU_JSON_RECORD;
        log->members += kind == SLU_JSON_MEMBER;
    }
    free(copy);
    return kind != SLU_JSON_ERROR;
}

static size_t pick_len(struct json_cuts *cuts, size_t left)
{
    size_t len = left;

    if (cuts->piece_max == 1) {
        len = 1;
    } else if (cuts->piece_max > 1) {
        len = json_random(&cuts->seed) % (cuts->piece_max + 1);
    }
    return len < left ? len : left;
}

struct json_log json_run(struct slu_json_split *split, struct slu_view text,
                         struct json_cuts cuts)
{
    struct json_log log = {0};
    FILE *out = open_memstream(&log.text, &log.len);
    size_t pos = 0;
    bool alive = true;

    if (out == NULL) {
        abort();
    }
    cuts.seed |= 1;
    slu_json_split_reset(split);
    while (alive && pos < text.len) {
        size_t len = pick_len(&cuts, text.len - pos);

        alive = run_piece(split, slu_view_make(text.ptr + pos, len), out, &log);
        pos += len;
    }
    if (slu_json_split_finish(split) == SLU_ERR_OK) {
        (void)fprintf(out, "DONE\n");
    } else {
        log.error = *slu_json_split_error(split);
        (void)fprintf(out, "%s@%llu\n", slu_err_name(log.error.code),
                      (unsigned long long)log.error.offset);
    }
    (void)fclose(out);
    return log;
}
