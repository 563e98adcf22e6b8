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

static _Noreturn void refuse(const char *text)
{
    fprintf(stderr,
            "sluice-sim: --gd-set-foreign: \"%s\" is not "
            "[ACCOUNT/REGION=]KIND:NAME[:STATUS[:LOCATION]] of this world\n",
            text);
    exit(2);
}

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

/* A set that somebody else has made, long ago. ACTIVE ones have loaded the
   object if there is one. */
static void add_foreign(struct sim_sets *sets, const struct sim_detector *slot,
                        enum sim_set_kind kind, const char *name,
                        enum sim_set_status status, const char *location)
{
    struct sim_set *set = sim_sets_add(sets, kind, slot->account, slot->region);

    snprintf(set->name, sizeof(set->name), "%s", name);
    if (location != NULL) {
        snprintf(set->location, sizeof(set->location), "%s", location);
    } else {
        snprintf(set->location, sizeof(set->location),
                 "s3://foreign-bucket/%.200s.txt", name);
    }
    set->status = status;
    if (status == SIM_SET_ACTIVE) {
        sim_set_load(sets, set, &set->in_use);
        set->used = true;
    } else if (status == SIM_SET_ERROR) {
        strcpy(set->error, "The file could not be processed");
    }
}

/* [ACCOUNT/REGION=]KIND:NAME[:STATUS[:LOCATION]] */
static void read_foreign(struct sim_sets *sets, const char *text)
{
    const struct sim_world *world = sets->server->world;
    struct sim_text copy = {0};
    char *rest;
    char *place = NULL;
    const char *name;
    const char *word;
    enum sim_set_kind kind;
    enum sim_set_status status = SIM_SET_ACTIVE;
    bool found = false;

    sim_text_add(&copy, text, strlen(text) + 1);
    rest = copy.data;
    if (strcspn(rest, "=") < strcspn(rest, ":")) {
        place = cut_field(&rest, '=');
    }
    kind = sim_set_kind_parse(cut_field(&rest, ':'));
    name = cut_field(&rest, ':');
    word = cut_field(&rest, ':');
    if (word != NULL) {
        status = sim_set_status_parse(word);
    }
    if (kind == SIM_SET_KINDS || name == NULL || *name == '\0' ||
        strlen(name) > SIM_SET_NAME_MAX || status == SIM_SET_STATUS_COUNT ||
        (rest != NULL && strlen(rest) > SIM_SET_LOCATION_MAX)) {
        refuse(text);
    }
    for (size_t i = 0; i < world->count; i++) {
        char here[80];

        snprintf(here, sizeof(here), "%s/%s", world->detector[i].account,
                 world->detector[i].region);
        if (world->detector[i].exists &&
            (place == NULL || strcmp(place, here) == 0)) {
            add_foreign(sets, &world->detector[i], kind, name, status, rest);
            found = true;
        }
    }
    if (!found) {
        refuse(text);
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
        struct sim_text word = {0};

        sim_text_printf(&word, "%.*s", (int)len, list);
        sim_text_byte(&word, '\0');
        read_foreign(sets, word.data);
        sim_text_fini(&word);
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
