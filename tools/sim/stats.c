/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include <stdio.h>
#include <string.h>

#include "faults.h"
#include "json.h"

static const char *const endpoint_names[SIM_ENDPOINTS] = {
    "ioc_stream", "threat_lists", "threat_list_latest", "threat_list_hour",
    "other"};

static const char *const lapse_names[] = {
#define LAPSE_NAME(id, name) name,
    SIM_LAPSES(LAPSE_NAME)
#undef LAPSE_NAME
};

void sim_stats_reset(struct sim_stats *stats)
{
    struct sim_stats kept = {.in_flight = stats->in_flight,
                             .in_flight_max = stats->in_flight,
                             .connections_open = stats->connections_open};

    *stats = kept;
}

static void put_count(struct sim_json *json, const char *name, uint64_t value)
{
    sim_json_put_int(json, name, (int64_t)value);
}

static void put_statuses(struct sim_json *json, const struct sim_stats *stats)
{
    char name[16];

    sim_json_key(json, "by_status");
    sim_json_object(json);
    for (int status = 100; status < 600; status++) {
        if (stats->by_status[status] > 0) {
            snprintf(name, sizeof(name), "%d", status);
            put_count(json, name, stats->by_status[status]);
        }
    }
    sim_json_end(json);
}

static void put_named(struct sim_json *json, const struct sim_stats *stats)
{
    sim_json_key(json, "by_endpoint");
    sim_json_object(json);
    for (int i = 0; i < SIM_ENDPOINTS; i++) {
        put_count(json, endpoint_names[i], stats->by_endpoint[i]);
    }
    sim_json_end(json);
    sim_json_key(json, "lapses");
    sim_json_object(json);
    for (int i = 0; i < SIM_LAPSE_COUNT; i++) {
        put_count(json, lapse_names[i], stats->lapses[i]);
    }
    sim_json_end(json);
    sim_json_key(json, "faults");
    sim_json_object(json);
    for (int i = 1; i < SIM_FAULT_KINDS; i++) {
        if (stats->faults[i] > 0) {
            put_count(json, sim_fault_name((enum sim_fault_kind)i),
                      stats->faults[i]);
        }
    }
    sim_json_end(json);
}

void sim_stats_render(const struct sim_stats *stats, struct sim_text *out)
{
    struct sim_json json;
    char times[2][32];

    snprintf(times[0], sizeof(times[0]), "%.6f", stats->first_time);
    snprintf(times[1], sizeof(times[1]), "%.6f", stats->last_time);
    sim_json_init(&json, out);
    sim_json_object(&json);
    put_count(&json, "requests", stats->requests);
    put_count(&json, "answered", stats->answered);
    put_count(&json, "aborted", stats->aborted);
    put_count(&json, "rejected", stats->rejected);
    put_count(&json, "in_flight", stats->in_flight);
    put_count(&json, "in_flight_max", stats->in_flight_max);
    put_count(&json, "bytes_sent", stats->bytes_sent);
    put_count(&json, "connections", stats->connections);
    put_count(&json, "connections_open", stats->connections_open);
    sim_json_put_raw(&json, "first_time", times[0]);
    sim_json_put_raw(&json, "last_time", times[1]);
    put_statuses(&json, stats);
    put_named(&json, stats);
    sim_json_end(&json);
    sim_json_fini(&json);
}
