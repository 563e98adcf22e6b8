/* SPDX-License-Identifier: Apache-2.0 */
#include "render.h"

#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "mix.h"

const char *const sim_relationships[SIM_RELATIONSHIPS] = {
    "malware_families", "campaigns", "reports", "threat_actors"};

static const char *const owners[] = {"Example Hosting B.V.", "AS Muster GmbH",
                                     "Servicios de Red S.A.",
                                     "Contoso \"Cloud\" Ltd"};

/* {"value": x}, the wrapping of every assessed value. */
static void put_value_string(struct sim_json *json, const char *name,
                             const char *value)
{
    sim_json_key(json, name);
    sim_json_object(json);
    sim_json_put_string(json, "value", value);
    sim_json_end(json);
}

static void put_value_int(struct sim_json *json, const char *name, int value)
{
    sim_json_key(json, name);
    sim_json_object(json);
    sim_json_put_int(json, "value", value);
    sim_json_end(json);
}

static void put_assessment(struct sim_json *json,
                           const struct sim_assessment *assessment, bool full)
{
    if (!assessment->present) {
        return;
    }
    sim_json_key(json, "gti_assessment");
    sim_json_object(json);
    if (assessment->has_verdict) {
        put_value_string(json, "verdict", assessment->verdict);
    }
    put_value_int(json, "threat_score", assessment->score);
    put_value_string(json, "severity", assessment->severity);
    sim_json_key(json, "contributing_factors");
    sim_json_object(json);
    sim_json_put_int(json, "gti_confidence_score", assessment->score);
    if (full) {
        sim_json_put_int(json, "mandiant_confidence_score", 50);
        sim_json_key(json, "normalised_categories");
        sim_json_array(json);
        if (assessment->score > 50) {
            sim_json_string(json, "malware");
        }
        sim_json_end(json);
        sim_json_put_string(json, "safebrowsing_verdict", "unknown");
    }
    sim_json_end(json);
    if (full) {
        sim_json_put_string(json, "description",
                            "This indicator was seen as \"bad\" {by [Google], "
                            "see C:\\GTI\\, 50 % sure.");
    }
    sim_json_end(json);
}

/* ioc_stream: kebab-case, zeros present. */
static void put_stream_stats(struct sim_json *json,
                             const struct sim_assessment *assessment, bool file)
{
    sim_json_key(json, "last_analysis_stats");
    sim_json_object(json);
    sim_json_put_int(json, "malicious", assessment->positives);
    sim_json_put_int(json, "suspicious", 0);
    sim_json_put_int(json, "undetected", 94 - assessment->positives);
    sim_json_put_int(json, "harmless", 0);
    sim_json_put_int(json, "timeout", 0);
    if (file) {
        sim_json_put_int(json, "confirmed-timeout", 0);
        sim_json_put_int(json, "failure", 0);
        sim_json_put_int(json, "type-unsupported", 3);
    }
    sim_json_end(json);
}

/* threat_lists: camelCase, zeros omitted. */
static void put_list_stats(struct sim_json *json,
                           const struct sim_assessment *assessment,
                           uint64_t chance)
{
    sim_json_key(json, "last_analysis_stats");
    sim_json_object(json);
    if (assessment->positives > 0) {
        sim_json_put_int(json, "malicious", assessment->positives);
    }
    sim_json_put_int(json, "undetected", 94 - assessment->positives);
    if (sim_one_in(chance, 3)) {
        sim_json_put_int(json, "typeUnsupported", 4);
    }
    sim_json_end(json);
}

static const char *last_label(const char *value)
{
    const char *dot = strrchr(value, '.');

    return dot != NULL && dot[1] != '\0' ? dot + 1 : "com";
}

static void put_stream_domain(struct sim_json *json, const char *value,
                              uint64_t chance)
{
    sim_json_put_string(json, "tld", last_label(value));
    sim_json_put_int(json, "creation_date",
                     1500000000 + (int64_t)(chance % 200000000));
    sim_json_put_string(json, "registrar", "Registrar, Inc. d/b/a \"R\"");
    sim_json_put_string(json, "jarm",
                        "27d40d40d00040d00042d43d000000d2e61cae37a985f75ecafb8"
                        "1b33ca523");
    sim_json_key(json, "last_dns_records");
    sim_json_array(json);
    for (unsigned i = 0; i < chance % 3; i++) {
        sim_json_object(json);
        sim_json_put_string(json, "type", i == 0 ? "A" : "MX");
        sim_json_put_string(json, "value", i == 0 ? "192.0.2.4" : value);
        sim_json_put_string(json, "id", "decoy.example");
        sim_json_put_int(json, "ttl", 300);
        sim_json_end(json);
    }
    sim_json_end(json);
}

static void put_stream_ip(struct sim_json *json, const char *value,
                          uint64_t chance)
{
    char network[SIM_VALUE_CAP + 8];

    snprintf(network, sizeof(network), "%s/24", value);
    sim_json_put_string(json, "as_owner", owners[chance % 4]);
    sim_json_put_int(json, "asn", (int64_t)(chance % 65000));
    sim_json_put_string(json, "country", "NL");
    sim_json_put_string(json, "continent", "EU");
    sim_json_put_string(json, "network", network);
    sim_json_put_string(json, "regional_internet_registry", "RIPE NCC");
}

static void put_hash(struct sim_json *json, const char *name, uint64_t from,
                     unsigned digits)
{
    char hex[72];

    sim_entity_hex(from, digits, hex);
    sim_json_put_string(json, name, hex);
}

static void put_by_type(struct sim_json *json, enum sim_type type,
                        const char *value, uint64_t chance)
{
    char url[128];

    if (type == SIM_DOMAIN) {
        put_stream_domain(json, value, chance);
    } else if (type == SIM_IP) {
        put_stream_ip(json, value, chance);
    } else if (type == SIM_URL) {
        snprintf(url, sizeof(url), "https://host-%.12s.example/a?b=c&d=%%20",
                 value);
        sim_json_put_string(json, "url", url);
        sim_json_put_string(json, "last_final_url", url);
    } else {
        sim_json_put_string(json, "sha256", value);
        put_hash(json, "md5", chance, 32);
        put_hash(json, "sha1", sim_mix(chance), 40);
        sim_json_put_string(json, "meaningful_name", "c:\\windows\\a.exe");
    }
}

static void put_stream_attributes(const struct sim_render *render,
                                  struct sim_json *json,
                                  const struct sim_notice *notice,
                                  const char *value)
{
    uint64_t chance = sim_mix(notice->id ^ 0xa77);
    enum sim_type type = (enum sim_type)notice->type;
    struct sim_assessment assessment;
    size_t start;

    sim_entity_assess(&render->space, type, notice->entity, notice->date,
                      notice->stale, &assessment);
    sim_json_key(json, "attributes");
    sim_json_object(json);
    start = json->text->len;
    put_assessment(json, &assessment, true);
    if (assessment.has_modified) {
        sim_json_put_int(json, "last_modification_date", assessment.modified);
    }
    put_stream_stats(json, &assessment, type == SIM_FILE);
    put_by_type(json, type, value, chance);
    sim_json_put_int(json, "reputation", -(int64_t)(chance >> 20 & 63));
    sim_json_key(json, "total_votes");
    sim_json_raw(json, "{\"harmless\":0,\"malicious\":2}");
    sim_json_key(json, "tags");
    sim_json_array(json);
    sim_json_end(json);
    /* About 900 bytes are here or follow. */
    sim_pad(json, render->pad_bytes - (int64_t)(json->text->len - start) - 700);
    sim_json_end(json);
}

static void put_hunting(struct sim_json *json, const struct sim_notice *notice,
                        uint64_t chance)
{
    if (!notice->hunting) {
        if ((chance & 1) == 0) {
            sim_json_put_raw(json, "hunting_info", "null");
        }
        return;
    }
    sim_json_key(json, "hunting_info");
    sim_json_object(json);
    sim_json_put_string(json, "rule_name", sim_notice_tags[notice->tag]);
    sim_json_put_raw(json, "rule_tags", "[]");
    sim_json_put_string(json, "snippet", "68 74 74 70 \"http\" *begin*");
    sim_json_put_string(json, "source_country", "DE");
    sim_json_put_string(json, "match_source", "ORIGINAL_FILE");
    sim_json_end(json);
}

static void put_stream_context(struct sim_json *json,
                               const struct sim_notice *notice)
{
    const struct sim_notice_source *source =
        &sim_notice_sources[notice->source];
    uint64_t chance = sim_mix(notice->id ^ 0xc0);
    char id[24];

    snprintf(id, sizeof(id), "%llu", (unsigned long long)notice->id);
    sim_json_key(json, "context_attributes");
    sim_json_object(json);
    sim_json_put_string(json, "notification_id", id);
    sim_json_put_int(json, "notification_date", notice->date);
    sim_json_put_string(json, "origin",
                        notice->hunting ? "hunting" : "subscriptions");
    sim_json_key(json, "sources");
    sim_json_array(json);
    sim_json_object(json);
    sim_json_put_string(json, "type", source->type);
    sim_json_put_string(json, "id", source->id);
    sim_json_put_string(json, "label", source->label);
    sim_json_end(json);
    sim_json_end(json);
    sim_json_key(json, "tags");
    sim_json_array(json);
    if (notice->tag != SIM_NO_TAG) {
        sim_json_string(json, sim_notice_tags[notice->tag]);
    }
    sim_json_end(json);
    put_hunting(json, notice, chance);
    sim_json_end(json);
}

void sim_render_notice(const struct sim_render *render,
                       const struct sim_notice *notice, struct sim_text *text)
{
    static const char *const paths[SIM_TYPES] = {"domains", "files",
                                                 "ip_addresses", "urls"};
    enum sim_type type = (enum sim_type)notice->type;
    struct sim_json json;
    char value[SIM_VALUE_CAP];
    char link[SIM_VALUE_CAP + 80];

    sim_entity_value(&render->space, type, notice->entity, value);
    snprintf(link, sizeof(link), "https://www.virustotal.com/api/v3/%s/%s",
             paths[type], value);
    sim_json_init(&json, text);
    json.null_arrays = render->null_arrays;
    json.escaped = sim_one_in(notice->id, 5);
    if (render->options->shuffle) {
        json.shuffle = sim_mix2(notice->id, render->variant) | 1;
    }
    sim_text_byte(text, ',');
    sim_json_object(&json);
    sim_json_put_string(&json, "id", value);
    sim_json_put_string(&json, "type", sim_type_name(type));
    if (!render->descriptors_only) {
        sim_json_key(&json, "links");
        sim_json_object(&json);
        sim_json_put_string(&json, "self", link);
        sim_json_end(&json);
        put_stream_attributes(render, &json, notice, value);
    }
    put_stream_context(&json, notice);
    sim_json_end(&json);
    sim_json_fini(&json);
}

void sim_render_assess(const struct sim_entity_space *space,
                       const struct sim_package_item *item, int64_t hour,
                       struct sim_assessment *out)
{
    sim_entity_assess(space, (enum sim_type)item->type, item->entity,
                      hour * SIM_HOUR, item->stale, out);
}

unsigned sim_render_relations(const struct sim_package_item *item)
{
    /* A third has some; the bits of that third are drawn freely. */
    return item->chance >> 50 & 1 && item->chance >> 51 & 1
               ? (unsigned)(item->chance >> 52 & 15)
               : 0;
}

static void put_relation(struct sim_json *json, unsigned relation,
                         uint64_t chance)
{
    static const char *const prefixes[SIM_RELATIONSHIPS] = {
        "malware", "campaign", "report", "threat-actor"};
    static const char *const kinds[SIM_RELATIONSHIPS] = {
        "malware-family", "campaign", "report", "threat-actor"};
    char id[80];

    snprintf(id, sizeof(id), "%s--%08x-0000-4000-8000-%012x",
             prefixes[relation], (unsigned)(chance & 0xffff),
             (unsigned)(chance >> 16 & 0xff));
    sim_json_key(json, sim_relationships[relation]);
    sim_json_object(json);
    sim_json_key(json, "data");
    sim_json_array(json);
    sim_json_object(json);
    sim_json_put_string(json, "id", id);
    sim_json_put_string(json, "type", "collection");
    sim_json_key(json, "attributes");
    sim_json_object(json);
    sim_json_put_string(json, "name", "emotet \"next\"");
    sim_json_put_string(json, "collection_type", kinds[relation]);
    sim_json_end(json);
    sim_json_end(json);
    sim_json_end(json);
    sim_json_end(json);
}

static void put_list_by_type(struct sim_json *json,
                             const struct sim_package_item *item)
{
    char url[128];

    switch (item->type) {
    case SIM_DOMAIN:
        sim_json_put_int(json, "creation_date",
                         1500000000 + (int64_t)(item->chance % 200000000));
        sim_json_key(json, "tld");
        sim_json_array(json);
        sim_json_string(json, last_label(item->value));
        sim_json_end(json);
        break;
    case SIM_IP:
        sim_json_put_int(json, "asn", (int64_t)(item->chance % 65000));
        sim_json_put_string(json, "as_owner", "example hosting b.v.");
        sim_json_put_string(json, "continent", "eu");
        sim_json_put_string(json, "country", "nl");
        sim_json_put_string(json, "regional_internet_registry", "ripe ncc");
        break;
    case SIM_URL:
        snprintf(url, sizeof(url), "https://host-%.12s.example/x", item->value);
        sim_json_put_string(json, "url", url);
        sim_json_put_string(json, "tld", "example");
        break;
    default:
        put_hash(json, "md5", item->chance, 32);
        sim_json_put_string(json, "meaningful_name", "c:\\windows\\a.exe");
        break;
    }
}

static void put_list_attributes(const struct sim_render *render,
                                struct sim_json *json,
                                const struct sim_package_item *item,
                                int64_t hour)
{
    struct sim_assessment assessment;
    size_t start;

    sim_render_assess(&render->space, item, hour, &assessment);
    sim_json_key(json, "attributes");
    sim_json_object(json);
    start = json->text->len;
    put_assessment(json, &assessment, false);
    put_list_by_type(json, item);
    put_list_stats(json, &assessment, item->chance);
    if (assessment.has_modified) {
        sim_json_put_int(json, "last_modification_date", assessment.modified);
    }
    sim_json_put_int(json, "positives", assessment.positives);
    sim_json_key(json, "tags");
    sim_json_array(json);
    if (sim_one_in(item->chance >> 4, 2)) {
        sim_json_string(json, "self-signed");
    }
    sim_json_end(json);
    sim_pad(json, render->pad_bytes - (int64_t)(json->text->len - start) - 200);
    sim_json_end(json);
}

void sim_render_item(const struct sim_render *render, int list,
                     const struct sim_package_item *item, int64_t hour,
                     struct sim_text *text)
{
    unsigned relations = sim_render_relations(item);
    struct sim_json json;

    sim_json_init(&json, text);
    json.null_arrays = render->null_arrays;
    json.escaped = sim_one_in(item->chance, 5);
    sim_text_str(text, ",{\"data\":");
    sim_json_object(&json);
    sim_json_put_string(&json, "type",
                        sim_type_name((enum sim_type)item->type));
    sim_json_put_string(&json, "id", item->value);
    put_list_attributes(render, &json, item, hour);
    sim_json_key(&json, "relationships");
    sim_json_object(&json);
    for (unsigned i = 0; i < SIM_RELATIONSHIPS; i++) {
        if ((relations & 1u << i) != 0) {
            put_relation(&json, i, item->chance);
        }
    }
    sim_json_end(&json);
    if (render->options->context_attributes) {
        sim_json_key(&json, "context_attributes");
        sim_json_object(&json);
        sim_json_put_string(&json, "threat_list_id", sim_lists[list].id);
        sim_json_end(&json);
    }
    sim_json_end(&json);
    sim_text_byte(text, '}');
    sim_json_fini(&json);
}
