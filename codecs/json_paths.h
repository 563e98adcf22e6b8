/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the reader's table of paths as a tree: one node for each name on a way
 * to something wanted, and one for "every element". Private to json_read.cc.
 *
 *     attributes.gti_assessment.verdict.value   0
 *     attributes.last_modification_date         1
 *     sources[].label                           2
 *
 *     root +- attributes +- gti_assessment - verdict - value =0
 *          |             +- last_modification_date =1
 *          +- sources - [] - label =2
 *
 * Life cycle: init, child..., fini. fini is safe on a zeroed struct.
 * Errors: NOMEM. A path that isn't one, or occurs twice, is asserted.
 */
#ifndef SLU_CODECS_JSON_PATHS_H
#define SLU_CODECS_JSON_PATHS_H

#include "codecs/json_read.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLU_JSON_PATH_NONE UINT32_MAX

/* A longer name couldn't be compared within the padding behind a text. */
#define SLU_JSON_NAME_MAX 48

struct slu_json_path_node {
    char name[SLU_JSON_NAME_MAX]; /* zeros behind it */
    size_t name_len;
    uint64_t lengths; /* bit (length % 64) of every child's name */
    unsigned parent;  /* of the root it is the root */
    unsigned field;   /* index of the path that ends here, or NONE */
    unsigned child;   /* first one, or NONE */
    unsigned sibling; /* next child of the same node, or NONE */
    unsigned each;    /* stands for every element, or NONE */
};

struct slu_json_paths {
    const struct slu_alloc *alloc;
    struct slu_json_path_node *nodes; /* the first is the root */
    unsigned node_count;
    unsigned node_max;
    bool has_each; /* a path has "[]" */
};

/* The paths' texts must outlive self. */
SLU_MUST_CHECK enum slu_err
slu_json_paths_init(struct slu_json_paths *self, const struct slu_alloc *alloc,
                    const struct slu_json_field *fields, unsigned count);
void slu_json_paths_fini(struct slu_json_paths *self);

/* Compares eight bytes at a time, for names are short and a call of memcmp
 * costs more than they do. Reads up to seven bytes behind both. */
static inline bool slu_json_paths_same(const char *a, const char *b, size_t len)
{
    uint64_t x, y;

    for (; len > sizeof(x); len -= sizeof(x)) {
        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        if (x != y) {
            return false;
        }
        a += sizeof(x);
        b += sizeof(y);
    }
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (x ^ y) >> (64 - 8 * len) == 0;
#else
    return (x ^ y) << (64 - 8 * len) == 0;
#endif
}

/* The node of a name below the node `at`, or NONE; eight bytes behind the name
 * are readable. Most names that nobody wants are told by their length alone. */
static inline unsigned slu_json_paths_child(const struct slu_json_paths *self,
                                            unsigned at, struct slu_view name)
{
    const struct slu_json_path_node *nodes = self->nodes;
    unsigned child;

    if (name.len == 0 || (nodes[at].lengths >> (name.len % 64) & 1) == 0) {
        return SLU_JSON_PATH_NONE;
    }
    for (child = nodes[at].child; child != SLU_JSON_PATH_NONE;
         child = nodes[child].sibling) {
        if (nodes[child].name_len == name.len &&
            slu_json_paths_same(nodes[child].name, name.ptr, name.len)) {
            break;
        }
    }
    return child;
}

#ifdef __cplusplus
}
#endif
#endif
