/* SPDX-License-Identifier: Apache-2.0 */
/* What: the sets there are, by kind, account and region; names and quotas. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entity.h"
#include "guardduty_sets.h"
#include "mix.h"

/* Entries by the page of limits; for a trusted entity list it is unknown, and
   the smallest of the others. */
const struct sim_set_noun sim_set_nouns[SIM_SET_KINDS] = {
    {"threat-ip", "ThreatIntelSet", "threatIntelSetId", "threatIntelSetIds",
     false, 250000},
    {"threat-entity", "ThreatEntitySet", "threatEntitySetId",
     "threatEntitySetIds", true, 1000},
    {"trusted-ip", "IPSet", "ipSetId", "ipSetIds", false, 2000},
    {"trusted-entity", "TrustedEntitySet", "trustedEntitySetId",
     "trustedEntitySetIds", true, 1000},
};

const char *const sim_set_operations[SIM_SET_OPERATIONS] = {
    "Create", "Get", "Update", "List", "Delete"};

static const char *const statuses[] = {
#define STATUS_NAME(name) #name,
    SIM_SET_STATUSES(STATUS_NAME)
#undef STATUS_NAME
};

const char *sim_set_status_name(enum sim_set_status status)
{
    return statuses[status];
}

enum sim_set_status sim_set_status_parse(const char *name)
{
    unsigned i = 0;

    while (i < SIM_SET_STATUS_COUNT && strcmp(statuses[i], name) != 0) {
        i++;
    }
    return (enum sim_set_status)i;
}

enum sim_set_kind sim_set_kind_parse(const char *word)
{
    unsigned i = 0;

    while (i < SIM_SET_KINDS && strcmp(sim_set_nouns[i].word, word) != 0) {
        i++;
    }
    return (enum sim_set_kind)i;
}

struct sim_set *sim_sets_add(struct sim_sets *sets, enum sim_set_kind kind,
                             const char *account, const char *region)
{
    struct sim_set *set = sim_alloc(sizeof(*set));

    set->kind = kind;
    set->serial = ++sets->made;
    snprintf(set->account, sizeof(set->account), "%s", account);
    snprintf(set->region, sizeof(set->region), "%s", region);
    sim_entity_hex(sim_mix2(sets->server->options.seed ^ 0x5e75, set->serial),
                   SIM_ID_LEN, set->id);
    set->created_ms = sim_guardduty_now_ms(sets->server);
    set->updated_ms = set->created_ms;
    strcpy(set->format, "TXT");
    *sets->end = set;
    sets->end = &set->next;
    return set;
}

static bool is_at(const struct sim_set *set, enum sim_set_kind kind,
                  const char *account, const char *region)
{
    return set->kind == kind && strcmp(set->account, account) == 0 &&
           strcmp(set->region, region) == 0;
}

struct sim_set *sim_sets_find(const struct sim_sets *sets,
                              enum sim_set_kind kind, const char *account,
                              const char *region, const char *id)
{
    for (struct sim_set *set = sets->first; set != NULL; set = set->next) {
        if (is_at(set, kind, account, region) && strcmp(set->id, id) == 0) {
            return set;
        }
    }
    return NULL;
}

struct sim_set *sim_sets_named(const struct sim_sets *sets,
                               enum sim_set_kind kind, const char *account,
                               const char *region, const char *name)
{
    for (struct sim_set *set = sets->first; set != NULL; set = set->next) {
        if (is_at(set, kind, account, region) &&
            set->status != SIM_SET_DELETED && strcmp(set->name, name) == 0) {
            return set;
        }
    }
    return NULL;
}

bool sim_sets_have_room(const struct sim_sets *sets, enum sim_set_kind kind,
                        const char *account, const char *region)
{
    const struct sim_options *options = &sets->server->options;
    bool threat = kind <= SIM_SET_THREAT_ENTITY;
    int64_t max = threat ? options->gd_sets_max : 1;
    int64_t count = 0;

    for (const struct sim_set *set = sets->first; set != NULL;
         set = set->next) {
        bool counts = set->kind == kind;

        if (threat && options->gd_sets_shared) {
            counts = set->kind <= SIM_SET_THREAT_ENTITY;
        }
        count += counts && is_at(set, set->kind, account, region) &&
                 set->status != SIM_SET_DELETED;
    }
    return count < max;
}

/* One set of --gd-set-foreign; texts point into a copy of the option. */
struct foreign {
    char *place; /* ACCOUNT/REGION; NULL: every one with a detector */
    enum sim_set_kind kind;
    const char *name;
    enum sim_set_status status;
    const char *location; /* NULL: a made-up one */
};

/* Cuts the next field off; NULL when there is none any more. */
static char *cut_field(char **rest, char end)
{
    char *field = *rest;
    char *stop = field != NULL ? strchr(field, end) : NULL;

    *rest = stop != NULL ? stop + 1 : NULL;
    if (stop != NULL) {
        *stop = '\0';
    }
    return field;
}

/* [ACCOUNT/REGION=]KIND:NAME[:STATUS[:LOCATION]] */
static bool read_foreign(char *text, struct foreign *out)
{
    const char *word;

    memset(out, 0, sizeof(*out));
    out->status = SIM_SET_ACTIVE;
    if (strcspn(text, "=") < strcspn(text, ":")) {
        out->place = cut_field(&text, '=');
    }
    out->kind = sim_set_kind_parse(cut_field(&text, ':'));
    out->name = cut_field(&text, ':');
    word = cut_field(&text, ':');
    if (word != NULL) {
        out->status = sim_set_status_parse(word);
    }
    out->location = text;
    return out->kind != SIM_SET_KINDS && out->name != NULL &&
           *out->name != '\0' && strlen(out->name) <= SIM_SET_NAME_MAX &&
           out->status != SIM_SET_STATUS_COUNT &&
           (text == NULL || strlen(text) <= SIM_SET_LOCATION_MAX);
}

/* A set that somebody else has made, before us. ACTIVE ones have loaded the
   object if there is one. */
static void add_foreign(struct sim_sets *sets, const struct sim_detector *slot,
                        const struct foreign *foreign)
{
    struct sim_set *set =
        sim_sets_add(sets, foreign->kind, slot->account, slot->region);

    snprintf(set->name, sizeof(set->name), "%s", foreign->name);
    if (foreign->location != NULL) {
        snprintf(set->location, sizeof(set->location), "%s", foreign->location);
    } else {
        snprintf(set->location, sizeof(set->location),
                 "s3://foreign-bucket/%.200s.txt", foreign->name);
    }
    set->status = foreign->status;
    if (set->status == SIM_SET_ACTIVE) {
        sim_set_load(sets, set, &set->in_use);
        set->used = true;
    } else if (set->status == SIM_SET_ERROR) {
        strcpy(set->error, "The list could not be activated");
    }
}

/* In every place that it is for; false if there is none. */
static bool place_foreign(struct sim_sets *sets, const struct foreign *foreign)
{
    const struct sim_world *world = sets->server->world;
    bool found = false;

    for (size_t i = 0; i < world->count; i++) {
        const struct sim_detector *slot = &world->detector[i];
        char here[80];

        snprintf(here, sizeof(here), "%s/%s", slot->account, slot->region);
        if (slot->exists &&
            (foreign->place == NULL || strcmp(foreign->place, here) == 0)) {
            add_foreign(sets, slot, foreign);
            found = true;
        }
    }
    return found;
}

static void take_foreign(struct sim_sets *sets, const char *text, size_t len)
{
    struct sim_text copy = {0};
    struct foreign foreign;

    sim_text_add(&copy, text, len);
    sim_text_byte(&copy, '\0');
    if (!read_foreign(copy.data, &foreign) || !place_foreign(sets, &foreign)) {
        fprintf(stderr,
                "sluice-sim: --gd-set-foreign: \"%.*s\" is not "
                "[ACCOUNT/REGION=]KIND:NAME[:STATUS[:LOCATION]] of this "
                "world\n",
                (int)len, text);
        exit(2);
    }
    sim_text_fini(&copy);
}

struct sim_sets *sim_sets_new(struct sim_server *server)
{
    struct sim_sets *sets = sim_alloc(sizeof(*sets));
    const char *list = server->options.gd_set_foreign;

    sets->server = server;
    sets->end = &sets->first;
    while (*list != '\0') {
        size_t len = strcspn(list, ",");

        take_foreign(sets, list, len);
        list += len + (list[len] == ',');
    }
    return sets;
}

void sim_sets_free(struct sim_sets *sets)
{
    while (sets != NULL && sets->first != NULL) {
        struct sim_set *set = sets->first;

        sets->first = set->next;
        free(set->tags);
        free(set);
    }
    free(sets);
}
