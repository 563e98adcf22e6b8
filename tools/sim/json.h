/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a JSON writer whose objects may put their members in any order, as
 * the IOC Stream does between two identical requests.
 *
 * How: every member and element is written with a leading comma, and the end
 * of its container turns the first comma into the opening bracket. So members
 * are interchangeable pieces of text, and a shuffle is a permutation of them:
 *
 *     ,"b":1,"a":2      ->  {"b":1,"a":2}
 *     ^ start
 *
 * Limits: SIM_JSON_DEPTH containers deep; the first SIM_JSON_MEMBERS members
 * of an object take part in the shuffle (asserted).
 */
#ifndef SIM_JSON_H
#define SIM_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

#define SIM_JSON_DEPTH 16
#define SIM_JSON_MEMBERS 48

struct sim_json_frame {
    size_t start;
    bool object;
    unsigned count;
    size_t member[SIM_JSON_MEMBERS];
};

struct sim_json {
    struct sim_text *text;
    struct sim_text scratch;
    uint64_t shuffle; /* 0: members stay in the order written */
    bool escaped;     /* non-ASCII as \uXXXX and `/` as `\/` */
    bool null_arrays; /* an empty array is written as null */
    unsigned depth;
    struct sim_json_frame frame[SIM_JSON_DEPTH];
};

void sim_json_init(struct sim_json *json, struct sim_text *text);
void sim_json_fini(struct sim_json *json);

void sim_json_object(struct sim_json *json);
void sim_json_array(struct sim_json *json);
/* Ends the innermost container. */
void sim_json_end(struct sim_json *json);

/* Names the member whose value comes next. */
void sim_json_key(struct sim_json *json, const char *name);
void sim_json_string(struct sim_json *json, const char *value);
void sim_json_int(struct sim_json *json, int64_t value);
/* A value that is JSON already. */
void sim_json_raw(struct sim_json *json, const char *value);

void sim_json_put_string(struct sim_json *json, const char *name,
                         const char *value);
void sim_json_put_int(struct sim_json *json, const char *name, int64_t value);
void sim_json_put_raw(struct sim_json *json, const char *name,
                      const char *value);

#endif
