/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/registry.h"
#include "engine/config_reader.h"
#include "sinks/lists.h"
#include "sinks/publish_config.h"
#include "sources/aws_config.h"
#include "sources/gti.h"
#include "sources/guardduty.h"
#include <sluice/engine.h>

#include <string.h>

static const struct slu_source_ops *const source_table[] = {
    &slu_gti_source,
    &slu_guardduty_source,
    &slu_guardduty_export_source,
};
static const struct slu_row_sink *const row_sink_table[] = {
    &slu_ndjson_sink,
    &slu_csv_sink,
    &slu_stix_sink,
};

#define LIST_SINKS "files, s3, guardduty"

/* Each sends on what the one before it has made. */
static const char *const list_sink_table[] = {"files", "s3", "guardduty"};
#define ROW_SINKS "ndjson, csv, stix"

static const struct slu_section *const section_table[] = {
    &slu_top_section,   &slu_http_section,    &slu_limits_section,
    &slu_aws_section,   &slu_gti_section,     &slu_guardduty_section,
    &slu_lists_section, &slu_publish_section,
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

_Static_assert(COUNT(section_table) <= SLU_SECTIONS_MAX,
               "struct slu_config has room for every section");

const char *slu_source_name(uint32_t bit)
{
    return slu_gti_source_name(bit);
}

const struct slu_source_ops *slu_registry_source(const char *name)
{
    for (size_t i = 0; i < COUNT(source_table); i++) {
        if (strcmp(source_table[i]->name, name) == 0) {
            return source_table[i];
        }
    }
    return NULL;
}

bool slu_registry_has_source(const char *name)
{
    return slu_registry_source(name) != NULL;
}

const struct slu_row_sink *slu_registry_row_sink(const char *name)
{
    for (size_t i = 0; i < COUNT(row_sink_table); i++) {
        if (strcmp(row_sink_table[i]->name, name) == 0) {
            return row_sink_table[i];
        }
    }
    return NULL;
}

const char *slu_registry_list_sink(unsigned index)
{
    return index < COUNT(list_sink_table) ? list_sink_table[index] : NULL;
}

static bool has_list_sink(const char *name)
{
    for (size_t i = 0; i < COUNT(list_sink_table); i++) {
        if (strcmp(list_sink_table[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool slu_registry_has_sink(const char *name)
{
    return has_list_sink(name) || slu_registry_row_sink(name) != NULL;
}

const char *slu_registry_sinks_of(const struct slu_source_ops *source)
{
    return source->rows ? ROW_SINKS : LIST_SINKS;
}

const char *slu_registry_source_names(void)
{
    return "gti, guardduty, guardduty_export";
}

const char *slu_registry_sink_names(void)
{
    return LIST_SINKS ", " ROW_SINKS;
}

const struct slu_section *slu_registry_section(unsigned index)
{
    return index < COUNT(section_table) ? section_table[index] : NULL;
}

enum slu_err slu_registry_check(const struct slu_section *section,
                                const void *values, struct slu_error *out_error)
{
    if (section == &slu_aws_section) {
        return slu_aws_config_check(values, out_error);
    }
    if (section == &slu_guardduty_section) {
        return slu_guardduty_config_check(values, out_error);
    }
    if (section == &slu_lists_section) {
        return slu_lists_config_check(values, out_error);
    }
    if (section == &slu_publish_section) {
        return slu_publish_config_check(values, out_error);
    }
    return SLU_ERR_OK;
}
