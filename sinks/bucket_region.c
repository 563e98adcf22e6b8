/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the bucket is. A redirect names its region, in a header or in its body;
 * where it doesn't, the bucket itself is asked, whose answer always has the
 * header. What was learned is everybody's from then on, and is stored as
 * "region": "eu-west-1 bucket".
 */
#include "codecs/aws_endpoint.h"
#include "codecs/view_take.h"
#include "sinks/bucket_state.h"

#include <stdio.h>

#define KEY "region"

const char *slu_bucket_region(const struct slu_bucket *self,
                              const char *learned)
{
    return learned[0] != '\0' ? learned : self->own_region;
}

void slu_bucket_region_load(struct slu_bucket *self, struct slu_view value)
{
    struct slu_view region;

    self->region[0] = '\0';
    if (slu_view_take_until(&value, ' ', &region) &&
        slu_view_equal_str(value, self->bucket) && slu_aws_is_region(region)) {
        (void)snprintf(self->region, sizeof(self->region), "%.*s",
                       SLU_VIEW_ARGS(region));
    }
}

static enum slu_err put_region(struct slu_bucket *self,
                               struct slu_bucket_unit *unit)
{
    char value[SLU_BUCKET_REGION_MAX + sizeof(self->bucket) + 1] = "";

    if (self->region[0] != '\0') {
        (void)snprintf(value, sizeof(value), "%s %s", self->region,
                       self->bucket);
    }
    return self->port.put(self->port.ctx, &unit->unit, slu_view_str(KEY),
                          slu_view_str(value));
}

static void refuse_lost(struct slu_bucket *self, struct slu_bucket_unit *unit,
                        const struct slu_aws_error *cause,
                        struct slu_step *out_step)
{
    (void)slu_error_set(&out_step->error, SLU_ERR_CONFIG,
                        "%s: the bucket is not in the region %s, and S3 does "
                        "not say where it is (HTTP %d %s)",
                        slu_bucket_thing(unit),
                        slu_bucket_region(self, unit->region), cause->status,
                        cause->code);
    slu_bucket_refuse(self, unit, out_step);
}

/* Everybody asks there from now on. */
static bool adopt(struct slu_bucket *self, struct slu_bucket_unit *unit,
                  const char *region, struct slu_step *out_step)
{
    enum slu_err err;

    (void)snprintf(self->region, sizeof(self->region), "%s",
                   strcmp(region, self->own_region) == 0 ? "" : region);
    err = put_region(self, unit);
    if (err != SLU_ERR_OK) {
        (void)slu_error_set(&out_step->error, err,
                            "%s: the bucket's region can't be kept: %s",
                            slu_bucket_thing(unit), slu_err_sentence(err));
        slu_bucket_refuse(self, unit, out_step);
        return false;
    }
    slu_bucket_log(self, SLU_LOG_INFO,
                   "the bucket %s is in the region %s and is asked there",
                   self->bucket, region);
    return true;
}

/* Once in a run: who is sent on a second time is led in a circle. */
static void ask_there(struct slu_bucket *self, struct slu_bucket_unit *unit,
                      struct slu_step *out_step)
{
    bool locating = unit->phase == SLU_BUCKET_LOCATE;

    unit->redirected = true;
    slu_bucket_move(self, unit, locating ? unit->behind : unit->phase,
                    out_step);
}

void slu_bucket_redirect(struct slu_bucket *self, struct slu_bucket_unit *unit,
                         const struct slu_aws_error *cause,
                         struct slu_step *out_step)
{
    const char *asked = slu_bucket_region(self, unit->region);
    const char *now = slu_bucket_region(self, self->region);
    const char *region =
        unit->answer.region[0] != '\0' ? unit->answer.region : cause->region;
    bool told = slu_aws_is_region(slu_view_str(region));

    if (unit->redirected) {
        refuse_lost(self, unit, cause, out_step);
    } else if (strcmp(asked, now) != 0) {
        /* Another unit has learned it meanwhile. */
        ask_there(self, unit, out_step);
    } else if (told && strcmp(region, asked) != 0) {
        if (adopt(self, unit, region, out_step)) {
            ask_there(self, unit, out_step);
        }
    } else if (!told && unit->phase != SLU_BUCKET_LOCATE) {
        unit->behind = unit->phase;
        slu_bucket_move(self, unit, SLU_BUCKET_LOCATE, out_step);
    } else {
        refuse_lost(self, unit, cause, out_step);
    }
}
