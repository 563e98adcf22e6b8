/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "query.h"
#include "render.h"

/* One term while it is judged. */
struct term {
    const struct sim_options *options;
    char name[32];
    char value[SIM_VALUE_CAP];
    char *message;
    unsigned seen; /* bits of the names met so far */
};

static bool refuse(const struct term *term, const char *valid)
{
    snprintf(term->message, SIM_MESSAGE_CAP, "%s \"%.200s\" is not valid. %s",
             term->name, term->value, valid);
    return false;
}

/* Cuts the next term off; false at the end or when it has no shape. */
static bool next_term(const char **text, struct term *term, bool *bad)
{
    size_t len = strcspn(*text, " ");
    const char *colon = memchr(*text, ':', len);

    if (**text == '\0') {
        return false;
    }
    *bad = colon == NULL || colon == *text ||
           (size_t)(colon - *text) >= sizeof(term->name) ||
           len >= sizeof(term->value) || colon + 1 == *text + len;
    if (*bad) {
        snprintf(term->message, SIM_MESSAGE_CAP, "Invalid filter term \"%.*s\"",
                 len < 200 ? (int)len : 200, *text);
        return false;
    }
    snprintf(term->name, sizeof(term->name), "%.*s", (int)(colon - *text),
             *text);
    snprintf(term->value, sizeof(term->value), "%.*s",
             (int)(*text + len - colon - 1), colon + 1);
    *text += len;
    if (**text == ' ' && *++*text == '\0') {
        *bad = true;
        snprintf(term->message, SIM_MESSAGE_CAP,
                 "filter ends in a space (is a + not encoded as %%2B?)");
        return false;
    }
    return true;
}

/* The sign that ends a value is cut off: '+', '-' or 0. */
static char cut_sign(char *value)
{
    size_t len = strlen(value);
    char sign = len > 0 ? value[len - 1] : '\0';

    if (sign != '+' && sign != '-') {
        return '\0';
    }
    value[len - 1] = '\0';
    return sign;
}

static bool judge_date(struct term *term, struct sim_notice_query *query)
{
    static const char valid[] =
        "Valid dates are YYYY-MM-DDTHH:MM:SS or Unix seconds, then + or -";
    char whole[SIM_VALUE_CAP];
    int64_t edge = term->options->date_exclusive ? 1 : 0;
    int64_t date;
    char sign;
    bool ignored = sim_options_has(term->options->ignore_filter_term, "date");

    snprintf(whole, sizeof(whole), "%s", term->value);
    sign = cut_sign(term->value);
    if (sign == '\0' ||
        (!sim_date_parse_iso(term->value, strlen(term->value), &date) &&
         !sim_query_number(term->value, &date))) {
        snprintf(term->value, sizeof(term->value), "%s", whole);
        return refuse(term, valid);
    }
    if ((term->seen & (sign == '+' ? 1u : 2u)) != 0) {
        return refuse(term, "The same bound is given twice");
    }
    term->seen |= sign == '+' ? 1u : 2u;
    if (ignored) {
        return true;
    }
    if (sign == '+' && date + edge > query->from) {
        query->from = date + edge;
    }
    if (sign == '-' && date - edge < query->to) {
        query->to = date - edge;
    }
    return true;
}

static bool judge_origin(struct term *term, struct sim_notice_query *query)
{
    if (strcmp(term->value, "hunting") != 0 &&
        strcmp(term->value, "subscriptions") != 0) {
        return refuse(term, "Valid origins are: hunting,subscriptions");
    }
    query->hunting = strcmp(term->value, "hunting") == 0;
    return true;
}

static bool judge_type(struct term *term, struct sim_notice_query *query)
{
    enum sim_type type = sim_type_parse(term->value, strlen(term->value));

    if (type == SIM_TYPES) {
        return refuse(term, "Valid entity_types are: "
                            "file,domain,url,ip_address");
    }
    query->types = 1u << type;
    return true;
}

static bool judge_source_type(struct term *term, struct sim_notice_query *query)
{
    static const char kinds[] =
        "hunting_ruleset,retrohunt_job,collection,threat_actor";

    if (!sim_options_has(kinds, term->value)) {
        return refuse(term, "Valid source_types are: hunting_ruleset,"
                            "retrohunt_job,collection,threat_actor");
    }
    for (int i = 0; i < SIM_SOURCES; i++) {
        if (strcmp(sim_notice_sources[i].type, term->value) == 0) {
            query->source_type = sim_notice_sources[i].type;
        }
    }
    return true;
}

static bool judge_source_id(struct term *term, struct sim_notice_query *query)
{
    query->source = SIM_SOURCES;
    for (int i = 0; i < SIM_SOURCES; i++) {
        if (strcmp(sim_notice_sources[i].id, term->value) == 0) {
            query->source = i;
        }
    }
    return true;
}

static bool judge_tag(struct term *term, struct sim_notice_query *query)
{
    query->tag = SIM_TAGS;
    for (int i = 0; i < SIM_TAGS; i++) {
        if (strcmp(sim_notice_tags[i], term->value) == 0) {
            query->tag = i;
        }
    }
    return true;
}

struct rule {
    const char *name;
    bool (*judge)(struct term *term, struct sim_notice_query *query);
};

static bool judge_entity(struct term *term, struct sim_notice_query *query)
{
    (void)term;
    query->entity = ""; /* the caller points it at its own copy */
    return true;
}

static const struct rule rules[] = {
    {"date", judge_date},
    {"origin", judge_origin},
    {"entity_type", judge_type},
    {"entity_id", judge_entity},
    {"source_type", judge_source_type},
    {"source_id", judge_source_id},
    {"notification_tag", judge_tag},
    {"tag", judge_tag},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

static bool judge_stream_term(struct term *term, struct sim_notice_query *query,
                              char *entity)
{
    struct sim_notice_query ignored = *query;
    size_t rule = 0;
    unsigned bit;

    while (rule < RULES && strcmp(rules[rule].name, term->name) != 0) {
        rule++;
    }
    if (rule == RULES) {
        snprintf(term->message, SIM_MESSAGE_CAP, "Unknown filter \"%.31s\"",
                 term->name);
        return false;
    }
    bit = 4u << rule;
    if (rules[rule].judge != judge_date && (term->seen & bit) != 0) {
        return refuse(term, "The filter is given twice");
    }
    term->seen |= bit;
    if (sim_options_has(term->options->ignore_filter_term, term->name) &&
        rules[rule].judge != judge_date) {
        return rules[rule].judge(term, &ignored);
    }
    if (!rules[rule].judge(term, query)) {
        return false;
    }
    if (rules[rule].judge == judge_entity) {
        snprintf(entity, SIM_VALUE_CAP, "%s", term->value);
        query->entity = entity;
    }
    return true;
}

bool sim_filter_stream(const struct sim_options *options, const char *text,
                       struct sim_notice_query *query, char *entity,
                       char *message)
{
    struct term term = {.options = options, .message = message};
    bool bad = false;

    if (*text == '\0') {
        snprintf(message, SIM_MESSAGE_CAP, "filter is empty");
        return false;
    }
    while (next_term(&text, &term, &bad)) {
        if (!judge_stream_term(&term, query, entity)) {
            return false;
        }
    }
    return !bad;
}

/* `N+` or `N-`, within 0..1000000; a bound of each sign once. */
static bool judge_number(struct term *term, unsigned bits, int64_t *from,
                         int64_t *to)
{
    int64_t edge = term->options->score_exclusive ? 1 : 0;
    int64_t number;
    char sign = cut_sign(term->value);
    unsigned bit = sign == '+' ? bits : bits << 1;

    if (sign == '\0' || !sim_query_number(term->value, &number)) {
        return refuse(term, "A number and then + or - is expected");
    }
    if ((term->seen & bit) != 0) {
        return refuse(term, "The same bound is given twice");
    }
    term->seen |= bit;
    if (sim_options_has(term->options->ignore_filter_term, term->name)) {
        return true;
    }
    if (sign == '+') {
        *from = number + edge;
    } else {
        *to = number - edge;
    }
    return true;
}

static bool judge_has(struct term *term, struct sim_item_query *query)
{
    for (unsigned i = 0; i < SIM_RELATIONSHIPS; i++) {
        if (strcmp(sim_relationships[i], term->value) == 0) {
            if (!sim_options_has(term->options->ignore_filter_term, "has")) {
                query->has |= 1u << i;
            }
            return true;
        }
    }
    return refuse(term, "Valid values are: malware_families,campaigns,"
                        "reports,threat_actors");
}

static bool judge_list_term(struct term *term, struct sim_item_query *query)
{
    const char *ignored = term->options->ignore_filter_term;

    if (strcmp(term->name, "gti_score") == 0) {
        query->scored = !sim_options_has(ignored, "gti_score");
        return judge_number(term, 1, &query->score_from, &query->score_to);
    }
    if (strcmp(term->name, "positives") == 0) {
        query->counted = !sim_options_has(ignored, "positives");
        return judge_number(term, 4, &query->positives_from,
                            &query->positives_to);
    }
    if (strcmp(term->name, "has") == 0) {
        return judge_has(term, query);
    }
    snprintf(term->message, SIM_MESSAGE_CAP, "Unknown filter \"%.31s\"",
             term->name);
    return false;
}

bool sim_filter_list(const struct sim_options *options, const char *text,
                     struct sim_item_query *query, char *message)
{
    struct term term = {.options = options, .message = message};
    bool bad = false;

    *query = (struct sim_item_query){.score_to = INT64_MAX,
                                     .positives_to = INT64_MAX};
    if (*text == '\0') {
        snprintf(message, SIM_MESSAGE_CAP, "query is empty");
        return false;
    }
    while (next_term(&text, &term, &bad)) {
        if (!judge_list_term(&term, query)) {
            return false;
        }
    }
    return !bad;
}
