/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/inflate.h"

#include "engine/count_alloc.h"
#include "engine/gzip_make.h"

#include <criterion/criterion.h>
#include <stdlib.h>

struct outcome {
    enum slu_err err;
    uint64_t bytes;
    uint64_t hash; /* FNV-1a of what came out */
    size_t step_max;
};

static struct slu_inflate_options make_options(void)
{
    return (struct slu_inflate_options){
        .alloc = slu_alloc_default(), .out_max = 1ull << 30, .ratio_max = 2000};
}

static uint64_t hash_more(uint64_t hash, struct slu_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ (unsigned char)bytes.ptr[i]) * 1099511628211u;
    }
    return hash;
}

static uint64_t hash_of(const char *block, size_t len, size_t times)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < times; i++) {
        hash = hash_more(hash, slu_view_make(block, len));
    }
    return hash;
}

static void drain(struct slu_inflate *inflate, struct outcome *outcome)
{
    struct slu_view bytes;

    do {
        outcome->err = slu_inflate_next(inflate, &bytes);
        outcome->bytes += bytes.len;
        outcome->hash = hash_more(outcome->hash, bytes);
        if (bytes.len > outcome->step_max) {
            outcome->step_max = bytes.len;
        }
    } while (outcome->err == SLU_ERR_OK && bytes.len > 0);
}

/* The whole life of one body, in pieces of 1..piece_max bytes (piece_max < 0:
 * exactly -piece_max). */
static struct outcome run_pieces(struct slu_inflate *inflate, const char *gzip,
                                 size_t len, int piece_max)
{
    struct outcome outcome = {.hash = 14695981039346656037u};
    size_t at = 0;

    while (at < len && outcome.err == SLU_ERR_OK) {
        size_t piece = piece_max < 0 ? (size_t)-piece_max
                                     : (size_t)(rand() % piece_max + 1);

        piece = piece < len - at ? piece : len - at;
        /* In its own block, so that ASan sees a read behind it. */
        char *copy = malloc(piece);
        memcpy(copy, gzip + at, piece);
        slu_inflate_feed(inflate, slu_view_make(copy, piece));
        drain(inflate, &outcome);
        free(copy);
        at += piece;
    }
    if (outcome.err == SLU_ERR_OK) {
        outcome.err = slu_inflate_finish(inflate);
    }
    return outcome;
}

static struct outcome run_whole(const char *gzip, size_t len,
                                struct slu_error *out_error)
{
    struct slu_inflate_options options = make_options();
    struct slu_inflate *inflate = slu_inflate_new(&options);
    struct outcome outcome = run_pieces(inflate, gzip, len, -(1 << 30));

    if (out_error != NULL) {
        *out_error = *slu_inflate_error(inflate);
    }
    slu_inflate_free(inflate);
    return outcome;
}

/* Compressible, but not trivially. */
static void fill_block(char *block, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        block[i] = (char)("0123456789abcdef"[rand() % 16]);
    }
}

Test(inflate, gives_the_same_bytes_at_any_split)
{
    static char block[50000];
    struct slu_inflate_options options = make_options();
    struct slu_inflate *inflate = slu_inflate_new(&options);
    static const int splits[] = {-(1 << 30), -1, -2, -7, -4096, 3, 100, 5000};
    size_t len;
    char *gzip;

    fill_block(block, sizeof(block));
    gzip = gzip_make(block, sizeof(block), 3, &len);
    for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
        struct outcome outcome = run_pieces(inflate, gzip, len, splits[i]);

        cr_assert_eq(outcome.err, SLU_ERR_OK);
        cr_assert_eq(outcome.bytes, 150000);
        cr_assert_eq(outcome.hash, hash_of(block, sizeof(block), 3));
        cr_assert_leq(outcome.step_max, SLU_INFLATE_STEP_BYTES);
        slu_inflate_reset(inflate);
    }
    slu_inflate_free(inflate);
    free(gzip);
}

Test(inflate, takes_several_members_as_one_body)
{
    size_t one_len;
    size_t two_len;
    char *one = gzip_make("first ", 6, 1, &one_len);
    char *two = gzip_make("second", 6, 1, &two_len);
    char *both = malloc(one_len + two_len);
    struct slu_inflate_options options = make_options();
    struct slu_inflate *inflate = slu_inflate_new(&options);

    memcpy(both, one, one_len);
    memcpy(both + one_len, two, two_len);
    for (int split = 1; split < 40; split++) {
        struct outcome outcome =
            run_pieces(inflate, both, one_len + two_len, -split);

        cr_assert_eq(outcome.err, SLU_ERR_OK);
        cr_assert_eq(outcome.hash, hash_of("first second", 12, 1));
        slu_inflate_reset(inflate);
    }
    slu_inflate_free(inflate);
    free(one);
    free(two);
    free(both);
}

Test(inflate, takes_an_empty_member)
{
    size_t len;
    char *gzip = gzip_make("", 0, 1, &len);
    struct outcome outcome = run_whole(gzip, len, NULL);

    cr_assert_eq(outcome.err, SLU_ERR_OK);
    cr_assert_eq(outcome.bytes, 0);
    free(gzip);
}

Test(inflate, tells_truncation_at_every_byte)
{
    size_t len;
    char *gzip = gzip_make("some text, some text", 20, 5, &len);

    for (size_t cut = 0; cut < len; cut++) {
        struct slu_error error;
        struct outcome outcome = run_whole(gzip, cut, &error);

        cr_assert_eq(outcome.err, SLU_ERR_TRUNCATED, "cut at %zu", cut);
        cr_assert_eq(error.code, SLU_ERR_TRUNCATED);
        cr_assert_eq(error.offset, cut);
    }
    free(gzip);
}

Test(inflate, refuses_what_is_not_gzip)
{
    struct slu_error error;

    cr_assert_eq(run_whole("{\"data\":[]}", 11, &error).err, SLU_ERR_MALFORMED);
    cr_assert_eq(error.code, SLU_ERR_MALFORMED);
    cr_assert_leq(error.offset, 2);
    /* zlib and raw deflate are not gzip either. */
    cr_assert_eq(run_whole("\x78\x9c\x03\x00\x00\x00\x00\x01", 8, &error).err,
                 SLU_ERR_MALFORMED);
    cr_assert_eq(run_whole("\x03\x00", 2, &error).err, SLU_ERR_MALFORMED);
}

Test(inflate, refuses_damage_and_garbage_behind_the_last_member)
{
    size_t len;
    char *gzip = gzip_make("0123456789", 10, 1000, &len);
    char *longer = malloc(len + 4);
    struct slu_error error;

    memcpy(longer, gzip, len);
    memcpy(longer + len, "junk", 4);
    cr_assert_eq(run_whole(longer, len + 4, &error).err, SLU_ERR_MALFORMED);
    cr_assert_geq(error.offset, len);
    gzip[len - 6] ^= 1; /* the checksum */
    cr_assert_eq(run_whole(gzip, len, &error).err, SLU_ERR_MALFORMED);
    cr_assert_not_null(strstr(error.text, "data check"));
    gzip[len - 6] ^= 1;
    gzip[len - 2] ^= 1; /* the length */
    cr_assert_eq(run_whole(gzip, len, &error).err, SLU_ERR_MALFORMED);
    free(longer);
    free(gzip);
}

Test(inflate, stays_in_error_until_it_is_reset)
{
    struct slu_inflate_options options = make_options();
    struct slu_inflate *inflate = slu_inflate_new(&options);
    struct slu_view bytes;
    size_t len;
    char *gzip = gzip_make("x", 1, 1, &len);

    cr_assert_eq(run_pieces(inflate, "no gzip", 7, -7).err, SLU_ERR_MALFORMED);
    cr_assert_eq(slu_inflate_next(inflate, &bytes), SLU_ERR_MALFORMED);
    cr_assert_eq(bytes.len, 0);
    cr_assert_eq(slu_inflate_finish(inflate), SLU_ERR_MALFORMED);
    slu_inflate_reset(inflate);
    cr_assert_eq(slu_inflate_error(inflate)->code, SLU_ERR_OK);
    cr_assert_eq(run_pieces(inflate, gzip, len, -3).err, SLU_ERR_OK);
    slu_inflate_free(inflate);
    free(gzip);
}

Test(inflate, refuses_a_bomb_by_ratio_within_little_memory)
{
    static char zeros[1 << 20];
    struct count_alloc counted;
    struct slu_inflate_options options = make_options();
    struct slu_inflate *inflate;
    struct outcome outcome;
    size_t len;
    char *bomb = gzip_make(zeros, sizeof(zeros), 64, &len);

    cr_assert_lt(len, 64 * 1100); /* about 1000:1 */
    count_alloc_init(&counted);
    options.alloc = &counted.alloc;
    options.ratio_max = 100;
    inflate = slu_inflate_new(&options);
    outcome = run_pieces(inflate, bomb, len, -16384);
    cr_assert_eq(outcome.err, SLU_ERR_LIMIT);
    cr_assert_not_null(strstr(slu_inflate_error(inflate)->text, "ratio"));
    /* The first MiB is free, and the next step is already too much. */
    cr_assert_leq(outcome.bytes, (1 << 20) + SLU_INFLATE_STEP_BYTES);
    cr_assert_lt(counted.live_max, 80 * 1024);
    slu_inflate_free(inflate);
    cr_assert_eq(counted.live, 0);
    free(bomb);
}

Test(inflate, allows_a_ratio_below_the_cap_and_small_bodies_any)
{
    static char zeros[1 << 20];
    struct slu_inflate_options options = make_options();
    struct slu_inflate *inflate;
    size_t len;
    char *gzip = gzip_make(zeros, sizeof(zeros), 1, &len);

    options.ratio_max = 1;
    inflate = slu_inflate_new(&options);
    cr_assert_eq(run_pieces(inflate, gzip, len, -100).bytes, 1 << 20);
    slu_inflate_free(inflate);
    free(gzip);
    gzip = gzip_make(zeros, sizeof(zeros), 20, &len);
    options.ratio_max = 1100;
    inflate = slu_inflate_new(&options);
    cr_assert_eq(run_pieces(inflate, gzip, len, -100).err, SLU_ERR_OK);
    slu_inflate_free(inflate);
    free(gzip);
}

Test(inflate, refuses_more_than_its_size_cap)
{
    struct slu_inflate_options options = make_options();
    struct slu_inflate *inflate;
    size_t len;
    char *gzip = gzip_make("0123456789", 10, 10, &len);

    options.out_max = 99;
    inflate = slu_inflate_new(&options);
    cr_assert_eq(run_pieces(inflate, gzip, len, -5).err, SLU_ERR_LIMIT);
    cr_assert_not_null(strstr(slu_inflate_error(inflate)->text, "size cap"));
    slu_inflate_free(inflate);
    options.out_max = 100;
    inflate = slu_inflate_new(&options);
    cr_assert_eq(run_pieces(inflate, gzip, len, -5).err, SLU_ERR_OK);
    slu_inflate_free(inflate);
    free(gzip);
}

Test(inflate, survives_the_failure_of_every_allocation)
{
    struct count_alloc counted;
    struct slu_inflate_options options = make_options();
    enum slu_err err = SLU_ERR_NOMEM;
    unsigned long failed = 0;
    size_t len;
    char *gzip = gzip_make("0123456789", 10, 9000, &len);

    options.alloc = &counted.alloc;
    for (unsigned long n = 1; err != SLU_ERR_OK; n++) {
        struct slu_inflate *inflate;

        count_alloc_init(&counted);
        counted.fail_at = n;
        inflate = slu_inflate_new(&options);
        err = SLU_ERR_NOMEM;
        if (inflate != NULL) {
            err = run_pieces(inflate, gzip, len, -50).err;
            cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
        }
        failed += err == SLU_ERR_NOMEM;
        slu_inflate_free(inflate);
        cr_assert_eq(counted.live, 0);
    }
    cr_assert_geq(failed, 3); /* ours, zlib's state, zlib's window */
    free(gzip);
}

Test(inflate, allocates_nothing_for_the_next_body)
{
    struct count_alloc counted;
    struct slu_inflate_options options = make_options();
    struct slu_inflate *inflate;
    unsigned long calls;
    size_t len;
    char *gzip = gzip_make("0123456789", 10, 9000, &len);

    count_alloc_init(&counted);
    options.alloc = &counted.alloc;
    inflate = slu_inflate_new(&options);
    cr_assert_eq(run_pieces(inflate, gzip, len, -50).err, SLU_ERR_OK);
    calls = counted.calls;
    for (int i = 0; i < 10; i++) {
        slu_inflate_reset(inflate);
        cr_assert_eq(run_pieces(inflate, gzip, len, -50).err, SLU_ERR_OK);
    }
    cr_assert_eq(counted.calls, calls);
    slu_inflate_free(inflate);
    slu_inflate_free(NULL);
    free(gzip);
}
