/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/sets_parts.h"

#include "sinks/sets_world.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* One list in one region, made by hand. */
struct stage {
    struct slu_sets sets;
    struct slu_sets_region region;
    struct slu_sets_found found;
    struct slu_sets_stored stored;
    struct slu_sets_entry *entry;
    struct slu_sets_list *list;
};

static struct stage *make_stage(void)
{
    static struct stage stage;

    stage = (struct stage){0};
    stage.region.sets = &stage.sets;
    stage.region.surveyed = true;
    stage.sets.list_count[SLU_KIND_IP] = SLU_SETS_MAX;
    stage.region.kinds[SLU_KIND_IP].capacity = SLU_SETS_MAX;
    for (unsigned i = 0; i < SLU_SETS_MAX; i++) {
        struct slu_sets_list *list = &stage.sets.lists[SLU_KIND_IP][i];
        struct slu_sets_entry *entry = &stage.region.entries[SLU_KIND_IP][i];

        list->index = i;
        list->wanted = true;
        (void)snprintf(list->location, sizeof(list->location), "%s",
                       world_location(SLU_KIND_IP, i));
        cr_assert(
            slu_s3_location_parse(slu_view_str(list->location), &list->place));
        entry->list = list;
        entry->unit.region = &stage.region;
        entry->unit.entry = entry;
    }
    stage.entry = &stage.region.entries[SLU_KIND_IP][0];
    stage.list = &stage.sets.lists[SLU_KIND_IP][0];
    stage.list->want.content = world_content('w');
    return &stage;
}

static void give_set(struct stage *stage, enum slu_threat_status status,
                     bool elsewhere)
{
    stage->found.is.status = status;
    (void)snprintf(stage->found.is.location, sizeof(stage->found.is.location),
                   "%s",
                   elsewhere ? "s3://else/where.txt" : stage->list->location);
    (void)snprintf(stage->found.is.format, sizeof(stage->found.is.format),
                   "TXT");
    stage->entry->set = &stage->found;
}

/* One letter for an action: n nothing, c create, a activate, A with another
 * location, d deactivate, w wait. And one for an outcome. */
static void write_decision(const struct slu_sets_decision *decision,
                           char out[3])
{
    static const char actions[] = "ncadw";
    static const char outcomes[] = "0UAPDELSF";

    cr_assert_not_null(decision->why);
    cr_assert_neq(decision->why[0], '\0');
    out[0] = decision->moves ? 'A' : actions[decision->action];
    out[1] = outcomes[decision->outcome];
    out[2] = '\0';
}

/* What was asked for before, by column. */
enum knowledge {
    NEVER,
    OTHER,
    SAME,
    REJECTED, /* the same, and it is known as refused */
    KNOWLEDGE_COUNT,
};

static void give_knowledge(struct stage *stage, enum knowledge knowledge)
{
    if (knowledge == NEVER) {
        return;
    }
    stage->stored.asked = world_content(knowledge == OTHER ? 'o' : 'w');
    if (knowledge == REJECTED) {
        stage->stored.rejected = world_content('w');
    }
    stage->entry->stored = &stage->stored;
}

static const struct row {
    enum slu_threat_status status;
    /* By knowledge; "" in `elsewhere` is as `here`. */
    const char *empty;
    const char *here[KNOWLEDGE_COUNT];
    const char *elsewhere;
} rows[] = {
    {SLU_THREAT_UNKNOWN, "nU", {"wP", "wP", "wP", "wP"}, "wP"},
    {SLU_THREAT_INACTIVE, "nU", {"aP", "aP", "aP", "aP"}, "AP"},
    {SLU_THREAT_ACTIVATING, "wP", {"wP", "wP", "wP", "wP"}, "wP"},
    {SLU_THREAT_ACTIVE, "dD", {"aP", "aP", "nU", "nU"}, "AP"},
    {SLU_THREAT_DEACTIVATING, "nD", {"wP", "wP", "wP", "wP"}, "wP"},
    {SLU_THREAT_ERROR, "nU", {"aP", "aP", "nE", "nE"}, "AP"},
    {SLU_THREAT_DELETE_PENDING, "nU", {"wP", "wP", "wP", "wP"}, "wP"},
};

static void assert_decision(const struct stage *stage, const char *expected,
                            const struct row *row, int knowledge,
                            const char *where)
{
    struct slu_sets_decision decision = slu_sets_decide(stage->entry);
    char got[3];

    write_decision(&decision, got);
    cr_assert_str_eq(got, expected, "status %d, knowledge %d, %s: %s, not %s",
                     row->status, knowledge, where, got, expected);
}

Test(sets_decide, follows_the_table)
{
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        for (int k = 0; k < KNOWLEDGE_COUNT; k++) {
            for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
                struct stage *stage = make_stage();
                const struct row *row = &rows[r];

                give_set(stage, row->status, elsewhere);
                give_knowledge(stage, (enum knowledge)k);
                assert_decision(stage, row->empty, row, k, "empty");
                stage->list->want.lines = 1;
                assert_decision(stage,
                                elsewhere ? row->elsewhere : row->here[k], row,
                                k, elsewhere ? "elsewhere" : "here");
            }
        }
    }
}

Test(sets_decide, an_error_that_was_known_before_is_asked_for_once_more)
{
    struct stage *stage = make_stage();
    char got[3];
    struct slu_sets_decision decision;

    give_set(stage, SLU_THREAT_ERROR, false);
    give_knowledge(stage, REJECTED);
    stage->list->want.lines = 1;
    stage->entry->known_error = true;
    decision = slu_sets_decide(stage->entry);
    write_decision(&decision, got);
    cr_assert_str_eq(got, "aP");
    cr_assert_not_null(strstr(decision.why, "in ERROR before"));
    stage->list->want.lines = 0;
    decision = slu_sets_decide(stage->entry);
    write_decision(&decision, got);
    cr_assert_str_eq(got, "nU");
}

Test(sets_decide, nothing_is_sent_twice_in_a_run)
{
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        for (int k = 0; k < KNOWLEDGE_COUNT * 4; k++) {
            struct stage *stage = make_stage();
            struct slu_sets_decision decision;

            give_set(stage, rows[r].status, k & 1);
            give_knowledge(stage, (enum knowledge)(k / 4));
            stage->list->want.lines = (k & 2) != 0;
            stage->entry->sent = true;
            decision = slu_sets_decide(stage->entry);
            cr_assert(decision.action == SLU_SETS_DO_NOTHING ||
                      decision.action == SLU_SETS_DO_WAIT);
        }
    }
}

Test(sets_decide, what_was_activated_in_this_run_is_said_to_be_so)
{
    struct stage *stage = make_stage();
    struct slu_sets_decision decision;

    give_set(stage, SLU_THREAT_ACTIVE, false);
    give_knowledge(stage, SAME);
    stage->list->want.lines = 1;
    stage->entry->sent = true;
    stage->entry->activated = true;
    decision = slu_sets_decide(stage->entry);
    cr_assert_eq(decision.action, SLU_SETS_DO_NOTHING);
    cr_assert_eq(decision.outcome, SLU_SET_ACTIVE);
}

Test(sets_decide, deactivation_ends_with_any_status_but_active)
{
    for (int status = SLU_THREAT_UNKNOWN; status < SLU_THREAT_DELETED;
         status++) {
        struct stage *stage = make_stage();
        struct slu_sets_decision decision;

        give_set(stage, (enum slu_threat_status)status, false);
        stage->entry->sent = true;
        decision = slu_sets_decide(stage->entry);
        cr_assert_eq(decision.outcome, SLU_SET_DEACTIVATED);
        cr_assert_eq(decision.action == SLU_SETS_DO_WAIT,
                     status == SLU_THREAT_ACTIVE);
    }
}

Test(sets_decide, a_format_that_is_not_txt_counts_only_for_a_filled_list)
{
    static const char *const formats[] = {"TXT", "", "STIX", "OTX_CSV", "NEW"};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct stage *stage = make_stage();

        give_set(stage, SLU_THREAT_ACTIVE, false);
        (void)snprintf(stage->found.is.format, sizeof(stage->found.is.format),
                       "%s", formats[i]);
        cr_assert_eq(slu_sets_decide(stage->entry).action,
                     SLU_SETS_DO_DEACTIVATE);
        stage->list->want.lines = 1;
        cr_assert_eq(slu_sets_decide(stage->entry).outcome,
                     i < 2 ? SLU_SET_PENDING : SLU_SET_FAILED);
    }
}

/* ---- without a set ---- */

Test(sets_decide, without_a_set_one_is_made_where_lines_want_it)
{
    struct stage *stage = make_stage();
    char got[3];
    struct slu_sets_decision decision = slu_sets_decide(stage->entry);

    write_decision(&decision, got);
    cr_assert_str_eq(got, "n0");
    stage->list->want.lines = 1;
    decision = slu_sets_decide(stage->entry);
    write_decision(&decision, got);
    cr_assert_str_eq(got, "cP");
}

Test(sets_decide, room_is_given_in_the_order_of_the_lists)
{
    struct stage *stage = make_stage();

    stage->region.kinds[SLU_KIND_IP].count = 4;
    for (unsigned i = 0; i < SLU_SETS_MAX; i++) {
        stage->sets.lists[SLU_KIND_IP][i].want.lines = i != 1;
    }
    for (unsigned i = 0; i < SLU_SETS_MAX; i++) {
        const struct slu_sets_entry *entry =
            &stage->region.entries[SLU_KIND_IP][i];
        enum slu_set_outcome expected = i == 0 || i == 2 ? SLU_SET_PENDING
                                        : i == 1         ? SLU_SET_NONE
                                                         : SLU_SET_LIMIT;

        cr_assert_eq(slu_sets_decide(entry).outcome, expected, "list %u", i);
        cr_assert_eq(slu_sets_has_room(entry, false), i < 2, "list %u", i);
    }
}

Test(sets_decide, a_region_that_was_not_surveyed_sends_nothing)
{
    struct stage *stage = make_stage();

    stage->list->want.lines = 1;
    stage->region.surveyed = false;
    cr_assert_eq(slu_sets_decide(stage->entry).outcome, SLU_SET_FAILED);
    stage->region.surveyed = true;
    stage->region.error.code = SLU_ERR_DENIED;
    cr_assert_eq(slu_sets_decide(stage->entry).outcome, SLU_SET_FAILED);
    stage->region.without_detector = true;
    cr_assert_eq(slu_sets_decide(stage->entry).outcome, SLU_SET_SKIPPED);
    stage = make_stage();
    stage->list->want.lines = 1;
    stage->region.kinds[SLU_KIND_IP].error.code = SLU_ERR_DENIED;
    cr_assert_eq(slu_sets_decide(stage->entry).outcome, SLU_SET_FAILED);
    stage = make_stage();
    stage->list->want.lines = 1;
    stage->region.kinds[SLU_KIND_IP].absent = true;
    cr_assert_eq(slu_sets_decide(stage->entry).outcome, SLU_SET_SKIPPED);
    stage->list->want.lines = 0;
    cr_assert_eq(slu_sets_decide(stage->entry).outcome, SLU_SET_NONE);
}
