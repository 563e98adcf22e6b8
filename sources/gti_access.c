/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine must know to reach GTI, and the requests by which `sluice
 * check` proves the key and each licence: one item of each stream, and one
 * item of the newest package of each list. */
#include "codecs/gti.h"
#include "codecs/time_text.h"
#include "sources/gti.h"

#include <stdio.h>

void slu_gti_access(const void *config, struct slu_source_access *out_access)
{
    const struct slu_gti_config *gti = config;

    *out_access = (struct slu_source_access){
        .base_url = slu_view_str(gti->base_url),
        .api_key = &gti->api_key,
        .requests_per_minute = gti->requests_per_minute,
        .min_score = (uint8_t)gti->min_score,
    };
    for (unsigned i = 0; i < gti->verdicts.count; i++) {
        enum slu_verdict verdict;

        if (slu_verdict_parse(slu_view_str(gti->verdicts.items[i]), &verdict)) {
            out_access->verdicts |= 1u << verdict;
        }
    }
}

static void make_stream_probe(const char *type, struct slu_probe *out_probe)
{
    (void)snprintf(out_probe->name, sizeof(out_probe->name), "IOC Stream (%s)",
                   type);
    (void)snprintf(out_probe->target, sizeof(out_probe->target),
                   "/api/v3/ioc_stream?limit=1&filter=entity_type%%3A%s", type);
    out_probe->required = true;
}

static void make_list_probe(const char *list, bool required, int64_t hour,
                            struct slu_probe *out_probe)
{
    char text[SLU_HOUR_TEXT_LEN];

    slu_time_format_hour(hour, text);
    (void)snprintf(out_probe->name, sizeof(out_probe->name), "Threat List (%s)",
                   list);
    (void)snprintf(out_probe->target, sizeof(out_probe->target),
                   "/api/v3/threat_lists/%s/%.*s?type=domain&limit=1", list,
                   SLU_HOUR_TEXT_LEN, text);
    out_probe->required = required;
}

bool slu_gti_probe(const void *config, unsigned index, struct slu_now now,
                   struct slu_probe *out_probe)
{
    const struct slu_gti_config *gti = config;
    int64_t hour = now.wall_s - gti->package_delay_ms / 1000;
    const char *list;

    if (index < gti->streams.count) {
        make_stream_probe(gti->streams.items[index], out_probe);
        return true;
    }
    index -= gti->streams.count;
    if (gti->threat_lists.all) {
        list = slu_gti_category(index);
    } else {
        list = index < gti->threat_lists.count ? gti->threat_lists.items[index]
                                               : NULL;
    }
    if (list == NULL) {
        return false;
    }
    make_list_probe(list, !gti->threat_lists.all, hour, out_probe);
    return true;
}

void slu_gti_explain(const struct slu_alloc *alloc, struct slu_view body,
                     struct slu_refusal *out_refusal)
{
    struct slu_gti_reader *reader = slu_gti_reader_new(alloc);
    struct slu_gti_error error = {0};

    if (reader != NULL) {
        slu_gti_read_error(reader, body, &error);
    }
    slu_gti_reader_free(reader);
    out_refusal->not_yet = error.code == SLU_GTI_ERROR_NOT_AVAILABLE_YET;
    (void)snprintf(out_refusal->message, sizeof(out_refusal->message), "%s",
                   error.message);
}
