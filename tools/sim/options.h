/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: everything that can be chosen on the command line, and its parser.
 * Each fact that the API's reference marks as inferred or unknown is one
 * switch here. `sim_options_parse` ends the process itself for --help (0) and
 * for a bad option (one line, 2).
 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "aws_options.h"
#include "faults.h"

struct sim_options {
    const char *listen;
    const char *port_file;
    uint64_t seed;
    int64_t now; /* 0: the real clock */
    const char *api_key;

    /* The stream's data. */
    int64_t stream_rate;  /* items per hour and type */
    int64_t stream_items; /* items per type over stream_days; 0: use rate */
    int64_t stream_days;
    int64_t retention_days;
    bool bursts;
    int64_t odd; /* per thousand of values that are odd */
    int64_t hot; /* entities that come again and again, per type */
    bool shuffle;

    /* The lists' data. */
    int64_t list_items;
    int64_t list_burst_every;
    int64_t list_burst_factor;
    int64_t list_days;
    int64_t hole_every;
    int64_t empty_every;
    int64_t null_every;
    bool context_attributes;

    /* Size and pace. */
    int64_t item_bytes;
    int64_t page_bytes;
    int64_t item_bytes_max;
    int64_t latency_ms;
    int64_t jitter_ms;
    int64_t rate_limit;
    int64_t rate_window_s;
    int64_t daily_quota;
    bool retry_after;
    int64_t bandwidth;
    int64_t send_buffer;
    int64_t cache_bytes;
    bool gzip;
    const char *framing; /* auto, length, chunked */

    /* Facts that nobody outside knows for certain. */
    const char *tiers; /* list ids that answer 403 */
    bool stream_forbidden;
    bool date_exclusive;
    bool score_exclusive;
    bool count;
    bool count_as_in_2023;
    const char *ignore_filter_term;
    bool ignore_order;
    bool data_null;
    bool data_absent;
    bool clamp_limit;
    int64_t cursor_ttl_s;
    int64_t delay_hours;
    bool type_list;
    const char *malformed_hour; /* 404 or 400 */

    struct sim_aws_options aws;

    /* GuardDuty's world; lists are by comma. */
    const char *gd_accounts; /* ids, or how many from --aws-account on */
    const char *gd_regions;
    const char *gd_no_detector; /* ACCOUNT/REGION */
    const char *gd_findings;    /* N, or ACCOUNT/REGION=N */
    const char *gd_admin;
    int64_t gd_days;
    bool gd_burst;
    int64_t gd_equal;
    int64_t gd_odd;
    int64_t gd_finding_bytes;

    /* What GuardDuty does to whoever pulls. */
    const char *gd_end;    /* empty or absent */
    const char *gd_paging; /* place or offset */
    int64_t gd_empty_every;
    int64_t gd_touch_every;
    const char *gd_touch; /* unlisted or listed */
    int64_t gd_late_every;
    int64_t gd_late_minutes;
    int64_t gd_late_max;
    int64_t gd_vanish_every;

    /* GuardDuty's lists (guardduty_sets.h). */
    int64_t gd_sets_max;
    bool gd_sets_shared;
    const char *gd_set_foreign;
    int64_t gd_activation_delay_ms;
    const char *gd_set_read; /* start or end */
    const char *gd_set_error;
    const char *gd_set_poison;
    const char *gd_lax;
    const char *gd_member;
    const char *gd_no_entity_sets;
    const char *gd_no_entity_error; /* 404, 403, 400 */
    bool gd_set_future;
    bool gd_kms_denied;
    const char *gd_bad_content; /* status or refuse */
    const char *gd_limit_error; /* plain, typed, code, internal */
    const char *gd_iam_denied;  /* 403 or 400 */
    const char *gd_ip_location; /* create or activation */
    const char *gd_deleted;     /* shown or gone */

    struct sim_fault_plan faults;
};

void sim_options_parse(struct sim_options *options, int argc, char **argv);

/* True if `word` is one of the comma-separated words of `list`. */
bool sim_options_has(const char *list, const char *word);

#endif
