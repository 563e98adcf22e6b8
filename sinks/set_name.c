/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/set_name.h"
#include "sinks/sets.h"

#include <assert.h>
#include <stdio.h>

static struct slu_view find_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *start = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(start, '.');

    return slu_view_make(start, dot == NULL || dot == start
                                    ? strlen(start)
                                    : (size_t)(dot - start));
}

static void clean_name(char *name)
{
    for (char *at = name; *at != '\0'; at++) {
        bool ok = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                  (*at >= '0' && *at <= '9') || *at == '-' || *at == '_';

        *at = ok ? *at : '-';
    }
}

struct set_name {
    char text[SLU_SET_NAME_MAX + 1];
};

static bool is_taken(struct set_name *names, unsigned index)
{
    for (unsigned i = 0; i < index; i++) {
        if (strcmp(names[i].text, names[index].text) == 0) {
            return true;
        }
    }
    return false;
}

static bool make_name(const char *prefix, const char *path,
                      struct set_name *names, unsigned index)
{
    struct slu_view stem = find_stem(path);
    size_t room = sizeof(names[index].text);
    int len = snprintf(names[index].text, room, "%s%.*s", prefix,
                       SLU_VIEW_ARGS(stem));

    clean_name(names[index].text);
    for (unsigned n = 2;
         len > 0 && (size_t)len < room && is_taken(names, index); n++) {
        len = snprintf(names[index].text, room, "%s%.*s-%u", prefix,
                       SLU_VIEW_ARGS(stem), n);
        clean_name(names[index].text);
    }
    return len > 0 && (size_t)len < room;
}

bool slu_set_name(const char *prefix, const struct slu_strings *paths,
                  unsigned index, char out[SLU_SET_NAME_MAX + 1])
{
    struct set_name names[SLU_SETS_MAX];

    assert(index < paths->count && paths->count <= SLU_SETS_MAX);
    for (unsigned i = 0; i <= index; i++) {
        if (!make_name(prefix, paths->items[i], names, i)) {
            return false;
        }
    }
    memcpy(out, names[index].text, sizeof(names[index].text));
    return true;
}
