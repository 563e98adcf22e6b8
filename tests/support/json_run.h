/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: runs the splitter over a text cut in some way and writes down what it
 * said, one line an event, so that two runs can be compared:
 *
 *     R@10 {"a":1}          a record, with its offset
 *     M0@2 null             the member number 0
 *     DONE                  finish said OK
 *     MALFORMED@17          or the failure
 *
 * Every piece lies in an allocation of its own length, so that AddressSanitizer
 * sees a read behind it, and the padding behind every text is read.
 */
#ifndef SLU_TESTS_SUPPORT_JSON_RUN_H
#define SLU_TESTS_SUPPORT_JSON_RUN_H

#include "codecs/json_split.h"

struct json_cuts {
    size_t piece_max; /* 0: whole; 1: byte by byte; else 0 to so many bytes */
    uint32_t seed;    /* for piece_max > 1 */
};

struct json_log {
    char *text; /* terminated; to free() */
    size_t len;
    unsigned records;
    unsigned members;
    struct slu_error error; /* code OK: done */
};

/* May be used again and again: the splitter is reset first. */
struct json_log json_run(struct slu_json_split *split, struct slu_view text,
                         struct json_cuts cuts);

/* A new splitter with the default allocator, of `array` and up to two members
 * (NULL for none); aborts when out of memory. */
struct slu_json_split *json_split_make(const char *array, const char *member,
                                       const char *other, size_t record_max);

/* The next of a sequence of pseudo-random numbers (xorshift). *state must not
 * be 0. */
uint32_t json_random(uint32_t *state);

#endif
