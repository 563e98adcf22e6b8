/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets: which there are, how each of them ends, and what is told of it when
 * all have ended. Whether a region that refuses a sign-in is merely not enabled
 * can be said only then: when another region of the same identity works.
 */
#include "codecs/aws_endpoint.h"
#include "sources/guardduty_pull.h"

#include <stdio.h>

/* ---- which there are ---- */

static const struct slu_account *
find_account(const struct slu_guardduty_config *config, unsigned index)
{
    const struct slu_account *accounts = config->accounts.items;

    return index < config->accounts.count ? &accounts[index] : NULL;
}

/* The partition of "all" regions is that of the role, else of aws.region. */
static const char *choose_partition(const struct slu_account *account,
                                    struct slu_view home)
{
    static const char *const partitions[] = {"aws-cn", "aws-us-gov"};
    struct slu_arn arn;

    if (account == NULL ||
        !slu_arn_parse(slu_view_str(account->role_arn), &arn)) {
        return slu_aws_partition(home);
    }
    for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++) {
        if (slu_view_equal_str(arn.partition, partitions[i])) {
            return partitions[i];
        }
    }
    return "aws";
}

/* NULL past the last. */
static const char *find_region(const struct slu_guardduty_config *config,
                               const struct slu_account *account,
                               struct slu_view home, unsigned index)
{
    bool opt_in;

    if (config->regions.all) {
        return slu_guardduty_region(choose_partition(account, home), index,
                                    &opt_in);
    }
    if (config->regions.count == 0) {
        return index == 0 ? "" : NULL;
    }
    return index < config->regions.count ? config->regions.items[index] : NULL;
}

static unsigned count_accounts(const struct slu_guardduty_config *config)
{
    return config->accounts.count > 0 ? config->accounts.count : 1;
}

unsigned slu_guardduty_target_total(const struct slu_guardduty_config *config,
                                    struct slu_view home)
{
    unsigned total = 0;

    for (unsigned i = 0; i < count_accounts(config); i++) {
        const struct slu_account *account = find_account(config, i);
        unsigned region = 0;

        while (find_region(config, account, home, region) != NULL) {
            region++;
        }
        total += region;
    }
    return total;
}

static void init_target(struct slu_guardduty_context *ctx, unsigned index,
                        unsigned account_index, const char *region)
{
    const struct slu_account *account =
        find_account(ctx->config, account_index);
    struct slu_guardduty_target *target = &ctx->targets[index];

    target->unit.operation = SLU_GUARDDUTY_DETECTORS;
    target->unit.target = target;
    target->ctx = ctx;
    target->index = index;
    target->identity = account != NULL ? account_index + 1 : 0;
    target->account = account != NULL ? account->id : "";
    target->region = region;
    slu_buf_init(&target->token, ctx->alloc, SLU_GUARDDUTY_TOKEN_MAX);
}

enum slu_err slu_guardduty_targets_make(struct slu_guardduty_context *ctx,
                                        struct slu_error *out_error)
{
    unsigned total =
        slu_guardduty_target_total(ctx->config, ctx->port.aws_region);
    unsigned index = 0;

    if (total == 0) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "guardduty.regions names no region");
    }
    ctx->targets = slu_alloc_zero(ctx->alloc, total * sizeof(*ctx->targets));
    if (ctx->targets == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    ctx->target_count = total;
    for (unsigned i = 0; i < count_accounts(ctx->config); i++) {
        const struct slu_account *account = find_account(ctx->config, i);
        unsigned first = index;
        const char *region;

        for (unsigned k = 0;
             (region = find_region(ctx->config, account, ctx->port.aws_region,
                                   k)) != NULL;
             k++) {
            init_target(ctx, index, i, region);
            index++;
        }
        for (unsigned k = first; k < index; k++) {
            ctx->targets[k].first = first;
            ctx->targets[k].end = index;
        }
    }
    return SLU_ERR_OK;
}

static void free_detector(struct slu_guardduty_context *ctx,
                          struct slu_guardduty_detector *detector)
{
    while (detector->windows != NULL) {
        struct slu_guardduty_window *window = detector->windows;

        detector->windows = window->after;
        if (window->mirror != NULL) {
            slu_guardduty_unit_free(ctx, &window->mirror->unit);
        }
        if (window->divider != NULL) {
            slu_guardduty_unit_free(ctx, &window->divider->unit);
        }
        slu_guardduty_unit_free(ctx, &window->unit);
    }
    slu_alloc_put(ctx->alloc, detector, sizeof(*detector));
}

static void free_gets(struct slu_guardduty_context *ctx,
                      struct slu_guardduty_unit *get)
{
    while (get != NULL) {
        struct slu_guardduty_unit *next = get->next;

        slu_guardduty_unit_free(ctx, get);
        get = next;
    }
}

static void free_target(struct slu_guardduty_context *ctx,
                        struct slu_guardduty_target *target)
{
    free_gets(ctx, target->waiting[SLU_GUARDDUTY_GET].first);
    free_gets(ctx, target->leaves.first);
    while (target->detectors != NULL) {
        struct slu_guardduty_detector *detector = target->detectors;

        target->detectors = detector->next;
        free_detector(ctx, detector);
    }
    slu_buf_fini(&target->token);
}

void slu_guardduty_targets_free(struct slu_guardduty_context *ctx)
{
    for (unsigned i = 0; i < ctx->target_count; i++) {
        free_target(ctx, &ctx->targets[i]);
    }
    if (ctx->targets != NULL) {
        slu_alloc_put(ctx->alloc, ctx->targets,
                      ctx->target_count * sizeof(*ctx->targets));
    }
    ctx->targets = NULL;
    ctx->target_count = 0;
}

const char *slu_guardduty_place(const struct slu_guardduty_target *self,
                                char out[SLU_GUARDDUTY_PLACE_MAX])
{
    (void)snprintf(out, SLU_GUARDDUTY_PLACE_MAX, "%s%.20s in %.40s",
                   self->account[0] != '\0' ? "account " : "the own account",
                   self->account,
                   self->region[0] != '\0' ? self->region
                                           : "the region of aws.region");
    return out;
}

/* ---- how they end ---- */

bool slu_guardduty_target_is_over(const struct slu_guardduty_target *self)
{
    return self->outcome != SLU_GUARDDUTY_OPEN;
}

void slu_guardduty_target_end(struct slu_guardduty_target *self,
                              enum slu_guardduty_outcome outcome,
                              const struct slu_error *error)
{
    if (!slu_guardduty_target_is_over(self)) {
        self->outcome = outcome;
        self->error = *error;
    }
}

void slu_guardduty_identity_end(const struct slu_guardduty_target *target,
                                const struct slu_error *error)
{
    for (unsigned i = target->first; i < target->end; i++) {
        slu_guardduty_target_end(&target->ctx->targets[i],
                                 SLU_GUARDDUTY_NO_SIGN_IN, error);
    }
}

static bool has_detector(const struct slu_guardduty_target *self)
{
    const struct slu_guardduty_detector *detector = self->detectors;

    while (detector != NULL && !detector->active) {
        detector = detector->next;
    }
    return detector != NULL;
}

void slu_guardduty_target_look(struct slu_guardduty_target *self)
{
    bool waits = self->busy > 0 || self->leaves.count > 0;

    for (int i = 0; i < SLU_GUARDDUTY_OPERATIONS; i++) {
        waits |= self->waiting[i].count > 0;
    }
    if (!waits && !slu_guardduty_target_is_over(self)) {
        self->outcome =
            has_detector(self) ? SLU_GUARDDUTY_DONE : SLU_GUARDDUTY_EMPTY;
    }
}

/* ---- the end of all ---- */

/* A region that the table doesn't know is newer than it, and those are all to
 * be enabled first. */
static bool is_opt_in(const char *region)
{
    const char *partition = slu_aws_partition(slu_view_str(region));
    const char *name;
    bool opt_in = true;

    for (unsigned i = 0;
         (name = slu_guardduty_region(partition, i, &opt_in)) != NULL; i++) {
        if (strcmp(name, region) == 0) {
            return opt_in;
        }
    }
    return true;
}

static bool works_elsewhere(const struct slu_guardduty_target *self)
{
    for (unsigned i = self->first; i < self->end; i++) {
        if (self->ctx->targets[i].works) {
            return true;
        }
    }
    return false;
}

static void decide(struct slu_guardduty_target *self)
{
    if (self->outcome == SLU_GUARDDUTY_UNDECIDED) {
        self->outcome = works_elsewhere(self) && is_opt_in(self->region)
                            ? SLU_GUARDDUTY_NOT_ENABLED
                            : SLU_GUARDDUTY_DENIED;
    }
}

static void write_sentence(const struct slu_guardduty_target *self, size_t size,
                           char *out)
{
    char place[SLU_GUARDDUTY_PLACE_MAX];

    (void)slu_guardduty_place(self, place);
    switch (self->outcome) {
    case SLU_GUARDDUTY_DONE:
        (void)snprintf(out, size, "%s: list and get findings: permitted",
                       place);
        break;
    case SLU_GUARDDUTY_EMPTY:
        (void)snprintf(out, size,
                       "%s has no detector, for GuardDuty is not in use "
                       "there; it is left out",
                       place);
        break;
    case SLU_GUARDDUTY_NOT_ENABLED:
        (void)snprintf(
            out, size, "region %s is not enabled in %s%s; it is left out",
            self->region,
            self->account[0] != '\0' ? "account " : "the own account",
            self->account);
        break;
    default:
        (void)snprintf(out, size, "%s", self->error.text);
        break;
    }
}

/* Of an identity that can't be signed in only the first target speaks. */
static bool is_told_already(const struct slu_guardduty_target *self)
{
    if (self->outcome != SLU_GUARDDUTY_NO_SIGN_IN) {
        return false;
    }
    for (unsigned i = self->first; i < self->index; i++) {
        if (self->ctx->targets[i].outcome == SLU_GUARDDUTY_NO_SIGN_IN) {
            return true;
        }
    }
    return false;
}

/* How many targets of the region are left out as this one is; 0 when one before
 * it has spoken for them. */
static unsigned count_alike(const struct slu_guardduty_target *self)
{
    const struct slu_guardduty_context *ctx = self->ctx;
    unsigned alike = 0;

    for (unsigned i = 0; i < ctx->target_count; i++) {
        const struct slu_guardduty_target *other = &ctx->targets[i];

        if (other->outcome != self->outcome ||
            strcmp(other->region, self->region) != 0) {
            continue;
        }
        if (i < self->index) {
            return 0;
        }
        alike++;
    }
    return alike;
}

/* A pull of many accounts tells once of each region, and a check of each
 * account. */
static void warn_left_out(const struct slu_guardduty_target *self,
                          const char *alone)
{
    const struct slu_source_port *port = &self->ctx->port;
    unsigned alike = count_alike(self);
    char text[SLU_ERROR_TEXT_MAX];

    if (alike == 0) {
        return;
    }
    if (alike == 1) {
        port->log(port->ctx, SLU_LOG_WARN, alone);
        return;
    }
    (void)snprintf(text, sizeof(text),
                   self->outcome == SLU_GUARDDUTY_EMPTY
                       ? "%u accounts have no detector in %s, for GuardDuty is "
                         "not in use there; they are left out"
                       : "%u accounts have not enabled the region %s; they "
                         "are left out",
                   alike,
                   self->region[0] != '\0' ? self->region
                                           : "the region of aws.region");
    port->log(port->ctx, SLU_LOG_WARN, text);
}

static void tell(const struct slu_guardduty_target *self)
{
    const struct slu_source_port *port = &self->ctx->port;
    bool fine = self->outcome == SLU_GUARDDUTY_DONE;
    bool left_out = self->outcome == SLU_GUARDDUTY_EMPTY ||
                    self->outcome == SLU_GUARDDUTY_NOT_ENABLED;
    char text[SLU_ERROR_TEXT_MAX];

    if (is_told_already(self)) {
        return;
    }
    write_sentence(self, sizeof(text), text);
    if (port->tell != NULL) {
        port->tell(port->ctx,
                   fine       ? SLU_CHECK_OK
                   : left_out ? SLU_CHECK_WARN
                              : SLU_CHECK_FAIL,
                   text);
    } else if (left_out) {
        warn_left_out(self, text);
    } else if (!fine) {
        port->log(port->ctx, SLU_LOG_ERROR, text);
    }
}

static void count(const struct slu_guardduty_target *self,
                  struct slu_source_result *result)
{
    result->units++;
    switch (self->outcome) {
    case SLU_GUARDDUTY_DENIED:
    case SLU_GUARDDUTY_NO_SIGN_IN:
        result->denied_units++;
        break;
    case SLU_GUARDDUTY_FAILED:
        result->failed_units++;
        break;
    default:
        return;
    }
    if (result->first.code == SLU_ERR_OK) {
        result->first = self->error;
    }
}

void slu_guardduty_settle(struct slu_guardduty_context *ctx)
{
    for (unsigned i = 0; i < ctx->target_count; i++) {
        if (!slu_guardduty_target_is_over(&ctx->targets[i]) ||
            ctx->targets[i].busy > 0) {
            return;
        }
    }
    if (ctx->settled) {
        return;
    }
    ctx->settled = true;
    for (unsigned i = 0; i < ctx->target_count; i++) {
        decide(&ctx->targets[i]);
        tell(&ctx->targets[i]);
        count(&ctx->targets[i], &ctx->result);
    }
}
