/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/registry.h"
#include "engine/config_reader.h"
#include "sinks/lists.h"

#include <string.h>

static const char *const source_names[] = {"gti"};
static const char *const sink_names[] = {"files"};

static const struct slu_section *const section_table[] = {
    &slu_top_section,
    &slu_http_section,
    &slu_limits_section,
    &slu_lists_section,
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

_Static_assert(COUNT(section_table) <= SLU_SECTIONS_MAX,
               "struct slu_config has room for every section");

const struct slu_source_ops *slu_registry_source(const char *name)
{
    (void)name;
    return NULL;
}

static bool is_listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool slu_registry_has_source(const char *name)
{
    return is_listed(source_names, COUNT(source_names), name);
}

bool slu_registry_has_sink(const char *name)
{
    return is_listed(sink_names, COUNT(sink_names), name);
}

const char *slu_registry_source_names(void)
{
    return "gti";
}

const char *slu_registry_sink_names(void)
{
    return "files";
}

const struct slu_section *slu_registry_section(unsigned index)
{
    return index < COUNT(section_table) ? section_table[index] : NULL;
}
