/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/publish_config.h"

#include "codecs/aws_endpoint.h"

#define OFFSET(member) offsetof(struct slu_publish_config, member)
#define WAIT_MAX_MS (INT64_C(24) * 60 * 60 * 1000)
#define REGIONS_MAX 64

static const struct slu_field fields[] = {
    {.key = "wait",
     .type = SLU_FIELD_DURATION,
     .offset = OFFSET(wait_ms),
     .default_text = "0s",
     .min = 0,
     .max = WAIT_MAX_MS,
     .help = "How long a sync waits for its sets to be ACTIVE (GuardDuty takes "
             "up to 40 minutes); what is not by then is left to the next one."},
    {.key = "regions",
     .type = SLU_FIELD_STRINGS,
     .offset = OFFSET(regions),
     .default_text = "[]",
     .max = REGIONS_MAX,
     .help = "Regions whose GuardDuty gets the lists; [] is that of "
             "aws.region."},
    {.key = "max_shrink",
     .type = SLU_FIELD_PERCENT,
     .offset = OFFSET(max_shrink),
     .default_text = "30%",
     .min = 0,
     .max = 100,
     .help = "A list that would lose more of its lines is not published "
             "without --force."},
};

const struct slu_section slu_publish_section = {
    .name = "publish",
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .size = sizeof(struct slu_publish_config),
};

enum slu_err slu_publish_config_check(const struct slu_publish_config *self,
                                      struct slu_error *out_error)
{
    for (unsigned i = 0; i < self->regions.count; i++) {
        const char *region = self->regions.items[i];

        if (!slu_aws_is_region(slu_view_str(region))) {
            return slu_error_set(out_error, SLU_ERR_CONFIG,
                                 "publish.regions: \"%.80s\" is no region; "
                                 "expected a name such as us-east-1",
                                 region);
        }
        for (unsigned k = 0; k < i; k++) {
            if (strcmp(self->regions.items[k], region) == 0) {
                return slu_error_set(out_error, SLU_ERR_CONFIG,
                                     "publish.regions: %s is given twice",
                                     region);
            }
        }
    }
    return SLU_ERR_OK;
}

bool slu_publish_shrinks_too_much(const struct slu_publish_config *self,
                                  uint64_t before, uint64_t after)
{
    return after < before &&
           (before - after) * 100 > before * (uint64_t)self->max_shrink;
}
