/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/registry.h"
#include <sluice/engine.h>

#include <criterion/criterion.h>
#include <string.h>

Test(registry, lists_the_top_level_first_and_then_ends)
{
    unsigned count = 0;

    cr_assert_str_eq(slu_registry_section(0)->name, "");
    while (slu_registry_section(count) != NULL) {
        count++;
    }
    cr_assert_geq(count, 3);
    cr_assert_null(slu_registry_section(count + 100));
}

Test(registry, has_no_section_or_key_twice)
{
    for (unsigned i = 0; slu_registry_section(i) != NULL; i++) {
        const struct slu_section *section = slu_registry_section(i);

        for (unsigned j = 0; j < i; j++) {
            cr_assert_str_neq(section->name, slu_registry_section(j)->name);
        }
        for (unsigned j = 0; j < section->field_count; j++) {
            cr_assert_not_null(section->fields[j].help, "%s",
                               section->fields[j].key);
            cr_assert_lt(section->fields[j].offset, section->size);
            for (unsigned k = 0; k < j; k++) {
                cr_assert_str_neq(section->fields[j].key,
                                  section->fields[k].key);
            }
        }
    }
}

Test(registry, knows_sources_and_sinks_by_name)
{
    cr_assert(slu_registry_has_source("gti"));
    cr_assert_not(slu_registry_has_source("moon"));
    cr_assert_null(slu_registry_source("moon"));
    cr_assert(slu_registry_has_sink("files"));
    cr_assert_not(slu_registry_has_sink(""));
    cr_assert(slu_registry_has_sink("csv"));
    cr_assert_str_eq(slu_registry_row_sink("ndjson")->path,
                     "indicators.ndjson");
    cr_assert_not_null(slu_registry_row_sink("stix")->finish);
    cr_assert_null(slu_registry_row_sink("files"));
    cr_assert_null(slu_registry_row_sink("moon"));
    cr_assert_str_eq(slu_registry_sinks_of(slu_registry_source("gti")),
                     "files, s3, guardduty");
    cr_assert_str_eq(slu_registry_list_sink(0), "files");
    cr_assert_str_eq(slu_registry_list_sink(2), "guardduty");
    cr_assert_null(slu_registry_list_sink(3));
    cr_assert_not_null(strstr(slu_registry_source_names(), "gti"));
    cr_assert_not_null(strstr(slu_registry_sink_names(), "files"));
}

Test(registry, every_source_bit_has_a_public_name)
{
    cr_assert_str_eq(slu_source_name(1), "taken_over");
    cr_assert_str_eq(slu_source_name(2), "stream");
    cr_assert_str_eq(slu_source_name(4), "malicious-network-infrastructure");
    cr_assert_str_eq(slu_source_name(8), "malware");
    cr_assert_str_eq(slu_source_name(1u << 31), "list");
}
