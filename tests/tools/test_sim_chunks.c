/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies in chunks, whole, byte by byte and at random cuts. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sim/chunks.h"

static const char sample[] = "3\r\nabc\r\n"
                             "A;chunk-signature=0\r\n0123456789\r\n"
                             "0\r\n"
                             "x-amz-checksum-crc32: AAAA \r\n"
                             "Other:b\r\n"
                             "\r\n";

/* Feeds `text` in pieces of at most `step` bytes; what was taken. */
static size_t feed(struct sim_chunks *chunks, const char *text, size_t step,
                   struct sim_text *out)
{
    size_t len = strlen(text);
    size_t at = 0;

    while (at < len) {
        size_t part = len - at < step ? len - at : step;
        size_t took = sim_chunks_feed(chunks, text + at, part, 64, out);

        at += took;
        if (took < part) {
            break;
        }
    }
    return at;
}

static void check_sample(const struct sim_chunks *chunks,
                         const struct sim_text *out)
{
    struct sim_text value = {0};

    cr_assert_eq(chunks->state, SIM_CHUNK_DONE);
    cr_assert_eq(out->len, 13);
    cr_assert(memcmp(out->data, "abc0123456789", 13) == 0);
    cr_assert(sim_chunks_trailer(chunks, "X-Amz-Checksum-CRC32", &value));
    cr_assert_str_eq(value.data, "AAAA ");
    cr_assert(sim_chunks_trailer(chunks, "other", &value));
    cr_assert_str_eq(value.data, "b");
    cr_assert_not(sim_chunks_trailer(chunks, "othe", &value));
    cr_assert_not(sim_chunks_trailer(chunks, "absent", &value));
    sim_text_fini(&value);
}

Test(sim_chunks, are_the_same_however_they_are_cut)
{
    for (size_t step = 1; step <= sizeof(sample); step++) {
        struct sim_chunks chunks = {.left = 0};
        struct sim_text out = {0};

        cr_assert_eq(feed(&chunks, sample, step, &out), sizeof(sample) - 1);
        check_sample(&chunks, &out);
        sim_chunks_fini(&chunks);
        sim_text_fini(&out);
    }
}

Test(sim_chunks, are_the_same_at_random_cuts)
{
    srand(7);
    for (int round = 0; round < 500; round++) {
        struct sim_chunks chunks = {.left = 0};
        struct sim_text out = {0};
        size_t at = 0;

        while (at < sizeof(sample) - 1) {
            size_t left = sizeof(sample) - 1 - at;
            size_t part = 1 + (size_t)rand() % left;

            at += sim_chunks_feed(&chunks, sample + at, part, 64, &out);
        }
        check_sample(&chunks, &out);
        sim_chunks_fini(&chunks);
        sim_text_fini(&out);
    }
}

Test(sim_chunks, leave_what_follows_them)
{
    struct sim_chunks chunks = {.left = 0};
    struct sim_text out = {0};
    const char text[] = "1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1";

    cr_assert_eq(feed(&chunks, text, 100, &out), 11);
    cr_assert_eq(chunks.state, SIM_CHUNK_DONE);
    cr_assert_eq(chunks.trailer.len, 0);
    sim_chunks_fini(&chunks);
    sim_text_fini(&out);
}

Test(sim_chunks, are_refused_when_malformed)
{
    static const char *const bad[] = {
        "\r\n",          "x\r\n",         "g1\r\n",         "1 \r\nx\r\n",
        "-1\r\n",        "123456789\r\n", "1\nx\r\n",       "1\r\nxy\r\n",
        "1\r\nx\n",      "1\r\nx\r\r\n",  "41\r\n",         "0\r\nno colon\r\n",
        "0\r\na: b\n\n", "0x1\r\nx\r\n",  "1\r\nx\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (size_t step = 1; step < 8; step++) {
            struct sim_chunks chunks = {.left = 0};
            struct sim_text out = {0};

            feed(&chunks, bad[i], step, &out);
            /* A size over the limit is refused once its data comes. */
            if (strcmp(bad[i], "41\r\n") == 0) {
                char data[65];

                memset(data, 'x', sizeof(data));
                sim_chunks_feed(&chunks, data, sizeof(data), 64, &out);
            }
            cr_assert_eq(chunks.state, SIM_CHUNK_BAD, "%zu of \"%s\"", step,
                         bad[i]);
            sim_chunks_fini(&chunks);
            sim_text_fini(&out);
        }
    }
}

Test(sim_chunks, have_limits)
{
    struct sim_chunks chunks = {.left = 0};
    struct sim_text out = {0};
    char line[SIM_CHUNK_LINE + 2];

    memset(line, ';', sizeof(line));
    line[0] = '1';
    sim_chunks_feed(&chunks, line, sizeof(line), 64, &out);
    cr_assert_eq(chunks.state, SIM_CHUNK_BAD);
    sim_chunks_fini(&chunks);

    feed(&chunks, "0\r\n", 3, &out);
    for (int i = 0; chunks.state == SIM_CHUNK_TRAILERS && i < 10000; i++) {
        sim_chunks_feed(&chunks, "a: b\r\n", 6, 64, &out);
    }
    cr_assert_eq(chunks.state, SIM_CHUNK_BAD);
    cr_assert_leq(chunks.trailer.len, (size_t)SIM_CHUNK_TRAILER + 8);
    sim_chunks_fini(&chunks);
    sim_text_fini(&out);
}

Test(sim_chunks, end_at_a_nul)
{
    struct sim_chunks chunks = {.left = 0};
    struct sim_text out = {0};

    sim_chunks_feed(&chunks, "1\0\r\nx", 6, 64, &out);
    cr_assert_eq(chunks.state, SIM_CHUNK_BAD);
    sim_chunks_fini(&chunks);
    sim_text_fini(&out);
}
