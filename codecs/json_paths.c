/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_paths.h"

#include <assert.h>

#define NONE SLU_JSON_PATH_NONE

/* A path has at most one node for each of its dots and brackets, and one. */
static unsigned count_nodes(const struct slu_json_field *fields, unsigned count)
{
    unsigned nodes = 1;

    for (unsigned i = 0; i < count; i++) {
        nodes++;
        for (const char *c = fields[i].path; *c != '\0'; c++) {
            nodes += *c == '.' || *c == '[';
        }
    }
    return nodes;
}

static unsigned add_node(struct slu_json_paths *self, unsigned parent,
                         struct slu_view name)
{
    struct slu_json_path_node *node = &self->nodes[self->node_count];

    assert(self->node_count < self->node_max && name.len < SLU_JSON_NAME_MAX);
    *node = (struct slu_json_path_node){.name_len = name.len,
                                        .parent = parent,
                                        .field = NONE,
                                        .child = NONE,
                                        .sibling = NONE,
                                        .each = NONE};
    memcpy(node->name, name.ptr, name.len);
    return self->node_count++;
}

static unsigned reach_child(struct slu_json_paths *self, unsigned at,
                            struct slu_view name)
{
    char padded[SLU_JSON_NAME_MAX + 8] = {0};
    unsigned child;

    assert(name.len < SLU_JSON_NAME_MAX);
    memcpy(padded, name.ptr, name.len);
    child = slu_json_paths_child(self, at, slu_view_make(padded, name.len));
    if (child == NONE) {
        child = add_node(self, at, name);
        self->nodes[child].sibling = self->nodes[at].child;
        self->nodes[at].child = child;
        self->nodes[at].lengths |= UINT64_C(1) << (name.len % 64);
    }
    return child;
}

static unsigned reach_each(struct slu_json_paths *self, unsigned at)
{
    if (self->nodes[at].each == NONE) {
        self->nodes[at].each = add_node(self, at, slu_view_str(""));
        self->has_each = true;
    }
    return self->nodes[at].each;
}

static void add_path(struct slu_json_paths *self, const char *path,
                     unsigned field)
{
    unsigned at = 0;

    while (*path != '\0') {
        if (*path == '[') {
            assert(path[1] == ']');
            at = reach_each(self, at);
            path += 2;
        } else {
            size_t len = strcspn(path, ".[");

            assert(len > 0);
            at = reach_child(self, at, slu_view_make(path, len));
            path += len;
        }
        path += *path == '.';
    }
    assert(at != 0 && self->nodes[at].field == NONE);
    self->nodes[at].field = field;
}

enum slu_err slu_json_paths_init(struct slu_json_paths *self,
                                 const struct slu_alloc *alloc,
                                 const struct slu_json_field *fields,
                                 unsigned count)
{
    assert(count > 0 && count <= SLU_JSON_FIELDS_MAX);
    *self = (struct slu_json_paths){.alloc = alloc,
                                    .node_max = count_nodes(fields, count)};
    self->nodes = slu_alloc_get(alloc, self->node_max * sizeof(self->nodes[0]));
    if (self->nodes == NULL) {
        return SLU_ERR_NOMEM;
    }
    (void)add_node(self, 0, slu_view_str(""));
    for (unsigned i = 0; i < count; i++) {
        add_path(self, fields[i].path, i);
    }
    return SLU_ERR_OK;
}

void slu_json_paths_fini(struct slu_json_paths *self)
{
    if (self->nodes != NULL) {
        slu_alloc_put(self->alloc, self->nodes,
                      self->node_max * sizeof(self->nodes[0]));
    }
    *self = (struct slu_json_paths){0};
}
