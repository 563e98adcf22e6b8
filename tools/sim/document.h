/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a strict reader of JSON (RFC 8259) into a tree of nodes: no repeated
 * member, no lone surrogate, no broken UTF-8, no leading zero, nothing after
 * the value.
 * Limits: SIM_DOCUMENT_DEPTH containers deep.
 * Ownership: the document owns its nodes and their texts; fini is safe on a
 * zeroed one.
 */
#ifndef SIM_DOCUMENT_H
#define SIM_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

#define SIM_DOCUMENT_DEPTH 32

enum sim_node_kind {
    SIM_NODE_NULL,
    SIM_NODE_FALSE,
    SIM_NODE_TRUE,
    SIM_NODE_NUMBER,
    SIM_NODE_STRING,
    SIM_NODE_ARRAY,
    SIM_NODE_OBJECT,
};

/* Children hang in a chain by index; index 0 is the root, so 0 ends a chain. */
struct sim_node {
    enum sim_node_kind kind;
    uint32_t next;
    uint32_t child;
    uint32_t count;   /* children */
    const char *name; /* of a member, decoded, with NUL; else NULL */
    const char *text; /* a string decoded, or a number as written, with NUL */
    size_t len;       /* of text */
};

struct sim_document {
    struct sim_text strings;
    struct sim_node *node;
    size_t count;
    size_t cap;
    const char *wrong; /* why the last read failed */
};

/* False, with document->wrong set, for whatever isn't exactly one value. */
bool sim_document_read(struct sim_document *document, const char *data,
                       size_t len);
void sim_document_fini(struct sim_document *document);

/* The member of that name, NULL if `node` is no object or has none. */
const struct sim_node *sim_document_member(const struct sim_document *document,
                                           const struct sim_node *node,
                                           const char *name);

/* The first child, and the next one after `node`; NULL at the end. */
const struct sim_node *sim_document_child(const struct sim_document *document,
                                          const struct sim_node *node);
const struct sim_node *sim_document_next(const struct sim_document *document,
                                         const struct sim_node *node);

/* A number written as an integer that fits; false for any other node. */
bool sim_document_integer(const struct sim_node *node, int64_t *out);

/* The same for two trees that say the same, whatever the order of members;
   members of the root named `skip` don't count. */
uint64_t sim_document_hash(const struct sim_document *document,
                           const struct sim_node *node, const char *skip);

#endif
