/* SPDX-License-Identifier: Apache-2.0 */
/* What: the child's side of a case: rounds, figures, the end of it. */
#include "bench/run_private.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SMOKE_ROUNDS 2
#define SENTENCE_MAX 600

static void write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t wrote = write(fd, at, len);

        if (wrote < 0 && errno != EINTR) {
            _exit(1); /* nobody listens any more */
        }
        at += wrote > 0 ? wrote : 0;
        len -= wrote > 0 ? (size_t)wrote : 0;
    }
}

void slu_bench_tell(struct slu_bench *bench, enum slu_bench_word word,
                    const void *bytes, size_t len)
{
    struct slu_bench_message message = {word, (uint32_t)len};

    assert(len <= SLU_BENCH_MESSAGE_MAX);
    write_all(bench->run->report, &message, sizeof(message));
    write_all(bench->run->report, bytes, len);
}

void slu_bench_require(struct slu_bench *bench, bool holds, const char *format,
                       ...)
{
    char sentence[SENTENCE_MAX];
    va_list args;

    if (holds) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    slu_bench_tell(bench, SLU_BENCH_WORD_FAILED, sentence, strlen(sentence));
    slu_bench_servers_stop(bench);
    _exit(1);
}

static bool wants_round(const struct slu_bench *bench, unsigned least,
                        double seconds)
{
    const struct slu_bench_run *run = bench->run;

    if (bench->rounds > 0) {
        return run->rounds < bench->rounds;
    }
    if (bench->size == SLU_BENCH_SMOKE) {
        return run->rounds < SMOKE_ROUNDS;
    }
    return run->rounds < least || slu_bench_wall_s() - run->began < seconds;
}

bool slu_bench_round(struct slu_bench *bench, unsigned least, double seconds)
{
    struct slu_bench_run *run = bench->run;

    if (!run->rounding) {
        run->rounding = true;
        run->rounds = 0;
        run->began = slu_bench_wall_s();
    } else {
        run->rounds++;
        slu_bench_tell(bench, SLU_BENCH_WORD_ROUND, &run->rounds,
                       sizeof(run->rounds));
    }
    run->rounding = run->rounds < SLU_BENCH_ROUNDS_MAX &&
                    wants_round(bench, least, seconds);
    return run->rounding;
}

void slu_bench_add(struct slu_bench_series *self, double value)
{
    assert(self->count < SLU_BENCH_ROUNDS_MAX);
    self->values[self->count++] = value;
}

/* A text with its zero byte, as long as there is room. */
static size_t put_text(char *block, size_t len, const char *text)
{
    size_t size = text == NULL ? 1 : strlen(text) + 1;

    assert(len + size <= SLU_BENCH_MESSAGE_MAX);
    memcpy(block + len, text == NULL ? "" : text, size);
    return len + size;
}

void slu_bench_figure(struct slu_bench *bench,
                      const struct slu_bench_figure *figure)
{
    char block[SLU_BENCH_MESSAGE_MAX];
    size_t len = sizeof(*figure);

    slu_bench_require(bench, figure->ours.count > 0,
                      "the figure \"%s\" has no values", figure->name);
    memcpy(block, figure, sizeof(*figure));
    len = put_text(block, len, figure->name);
    len = put_text(block, len, figure->unit);
    len = put_text(block, len, figure->note);
    for (int i = 0; i < SLU_BENCH_RIVALS_MAX; i++) {
        len = put_text(block, len, figure->rivals[i].name);
    }
    slu_bench_tell(bench, SLU_BENCH_WORD_FIGURE, block, len);
}
