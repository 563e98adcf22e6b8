/* SPDX-License-Identifier: Apache-2.0 */
/* What: a finding's frame, and the times that follow from its facts. */
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "mix.h"

#define MINUTE_MS 60000
#define DAY_MS 86400000

int sim_finding_severity(const struct sim_finding *finding)
{
    return atoi(sim_finding_kinds[finding->kind].severity);
}

/* Half of the findings were made by the event that was their last. */
int64_t sim_finding_created_ms(const struct sim_finding *finding)
{
    uint64_t chance = sim_mix2(finding->chance, 0xc4ea);

    return chance % 2 == 0
               ? finding->born_ms
               : finding->born_ms - (int64_t)(chance / 2 % (3 * DAY_MS));
}

/* GuardDuty tells of an event some minutes after it; to the second. */
int64_t sim_finding_first_ms(const struct sim_finding *finding)
{
    uint64_t chance = sim_mix2(finding->chance, 0xf125);
    int64_t ms =
        sim_finding_created_ms(finding) - (int64_t)(chance % (15 * MINUTE_MS));

    return chance % 4 == 0 ? ms : ms - ms % 1000;
}

int64_t sim_finding_last_ms(const struct sim_finding *finding)
{
    uint64_t chance = sim_mix2(finding->chance, 0x1a57);
    int64_t first = sim_finding_first_ms(finding);
    int64_t ms = finding->updated_ms - (int64_t)(chance % (5 * MINUTE_MS));

    ms = chance % 4 == 0 ? ms : ms - ms % 1000;
    return ms > first ? ms : first;
}

int64_t sim_finding_events(const struct sim_finding *finding)
{
    uint64_t chance = sim_mix2(finding->chance, 0xc0de);
    bool once = finding->born_ms == sim_finding_created_ms(finding);

    return (once ? 1 : 2 + (int64_t)(chance % 400)) + finding->updates;
}

static const char frame[] =
    "<'confidence':<5|7.5E0>,|||>'accountId':'$(account)','arn':"
    "'arn:$(partition):guardduty:$(region):$(account):detector/$(detector)/"
    "finding/$(id)',<'associatedAttackSequenceArn':null,|"
    "'associatedAttackSequenceArn':'arn:$(partition):guardduty:a',||>"
    "'createdAt':'$(created)','id':'$(id)','partition':'$(partition)',"
    "'region':'$(region)','schemaVersion':'2.0','severity':$(severity),"
    "'type':'$(type)','updatedAt':'$(updated)',"
    "<'futureMember':{'a':[1,{'b':null}],'c':'}],'},||>";

static const char described[] =
    "<'description':'EC2 instance i-$(hex:17) is communicating with a host "
    "(\\u00e9\\u4e2d) \xe2\x80\x93 $(word).$(padding)',|'description':'"
    "Credentials \\\"$(word)\\\" were used from C:\\\\tmp\\\\$(hex:4)\\t\\/ "
    "\\ud83d\\ude80.$(padding)',|'description':'Plain text, no comma; "
    "a:{b}[c]$(padding)',>";

static void put_members(struct sim_template *template,
                        const struct sim_finding_kind *kind)
{
    sim_template_expand(template, frame);
    if (!sim_one_in(sim_template_draw(template), 40)) {
        sim_template_expand(template, described);
    }
    sim_template_expand(template, "'title':'");
    sim_template_expand(
        template,
        template->finding->sample && kind->title[0] != '[' ? "[SAMPLE] " : "");
    sim_template_expand(template, kind->title);
    sim_template_expand(template, "','resource':{");
    sim_template_expand(template, kind->resource);
    sim_template_expand(template, "}");
}

/* A sample that the user made says so, whatever its kind says. */
static void put_service(struct sim_template *template,
                        const struct sim_finding_kind *kind)
{
    if (template->finding->sample) {
        sim_template_expand(template,
                            ",'service':{<$(network)|$(dns)>,$(sample-value),"
                            "$(tail-plain)}");
    } else if (kind->service != NULL) {
        sim_template_expand(template, ",'service':{");
        sim_template_expand(template, kind->service);
        sim_template_expand(template, "}");
    }
}

void sim_finding_render(const struct sim_world *world,
                        struct sim_finding_ref ref, struct sim_text *out)
{
    const struct sim_finding *finding = sim_world_finding(world, ref);
    const struct sim_finding_kind *kind = &sim_finding_kinds[finding->kind];
    struct sim_template template = {.out = out,
                                    .world = world,
                                    .home = &world->detector[ref.home],
                                    .finding = finding,
                                    .ref = ref,
                                    .chance = finding->chance};

    sim_template_expand(&template, "{");
    if (sim_one_in(finding->chance, 3)) { /* members in another order */
        put_service(&template, kind);
        sim_template_expand(&template, ",");
        put_members(&template, kind);
    } else {
        put_members(&template, kind);
        put_service(&template, kind);
    }
    sim_template_expand(&template, "}");
}
