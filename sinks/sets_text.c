/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told. */
#include "sinks/sets_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define LINE_MAX_BYTES 1000

void slu_sets_log(const struct slu_sets *self, enum slu_log_level level,
                  const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    self->port.log(self->port.ctx, level, text);
}

bool slu_sets_says(const char *text, const char *word)
{
    size_t len = strlen(word);

    for (; *text != '\0'; text++) {
        if (strncasecmp(text, word, len) == 0) {
            return true;
        }
    }
    return false;
}

const char *slu_sets_place(const struct slu_sets_region *region,
                           char out[SLU_SETS_REGION_NAME_MAX + 12])
{
    out[0] = '\0';
    if (region->sets->region_count > 1) {
        (void)snprintf(out, SLU_SETS_REGION_NAME_MAX + 12, " | region %s",
                       region->name);
    }
    return out;
}

const char *slu_sets_kind_word(enum slu_kind kind)
{
    return kind == SLU_KIND_IP ? "IP" : "ENTITY";
}

enum slu_threat_noun slu_sets_noun(enum slu_kind kind)
{
    return kind == SLU_KIND_IP ? SLU_THREAT_INTEL_SET : SLU_THREAT_ENTITY_SET;
}

const char *slu_sets_operation_name(enum slu_sets_operation operation,
                                    enum slu_kind kind)
{
    static const char *const names[][SLU_KIND_COUNT] = {
        [SLU_SETS_LIST_DETECTORS] = {"ListDetectors", "ListDetectors"},
        [SLU_SETS_CREATE_DETECTOR] = {"CreateDetector", "CreateDetector"},
        [SLU_SETS_LIST] = {"ListThreatIntelSets", "ListThreatEntitySets"},
        [SLU_SETS_GET] = {"GetThreatIntelSet", "GetThreatEntitySet"},
        [SLU_SETS_CREATE] = {"CreateThreatIntelSet", "CreateThreatEntitySet"},
        [SLU_SETS_UPDATE] = {"UpdateThreatIntelSet", "UpdateThreatEntitySet"},
    };

    return names[operation][kind];
}

void slu_sets_name_unit(struct slu_sets_unit *unit)
{
    const char *operation =
        slu_sets_operation_name(unit->operation, slu_sets_unit_kind(unit));

    if (unit->entry == NULL) {
        (void)snprintf(unit->head.name, sizeof(unit->head.name), "%s in %s",
                       operation, unit->region->name);
        return;
    }
    (void)snprintf(unit->head.name, sizeof(unit->head.name),
                   "%s in %s for %.60s", operation, unit->region->name,
                   unit->entry->list->path);
}

/* ---- refusals ---- */

/* Whatever else the service checks with the caller's rights. */
static const char *find_more_rights(const struct slu_sets_unit *unit)
{
    if (unit->operation != SLU_SETS_CREATE &&
        unit->operation != SLU_SETS_UPDATE) {
        return "";
    }
    return slu_sets_unit_kind(unit) == SLU_KIND_IP
               ? ", iam:PutRolePolicy and iam:DeleteRolePolicy on the role "
                 "AWSServiceRoleForAmazonGuardDuty"
               : ", s3:GetObject on the list";
}

static enum slu_err choose_code(enum slu_aws_class class_)
{
    switch (class_) {
    case SLU_AWS_DENIED:
        return SLU_ERR_DENIED;
    case SLU_AWS_NOT_ENABLED:
    case SLU_AWS_EXPIRED:
    case SLU_AWS_SIGNATURE:
        return SLU_ERR_AUTH;
    case SLU_AWS_THROTTLED:
        return SLU_ERR_QUOTA;
    case SLU_AWS_TRANSIENT:
        return SLU_ERR_SERVER;
    default:
        return SLU_ERR_REJECTED;
    }
}

void slu_sets_explain(const struct slu_sets_unit *unit,
                      const struct slu_aws_error *refusal,
                      struct slu_error *out_error)
{
    enum slu_err code = choose_code(refusal->class_);
    const char *detail = refusal->detail;

    if (slu_sets_says(refusal->message, "member account")) {
        (void)slu_error_set(out_error, SLU_ERR_REJECTED,
                            "%s: this is a member account of GuardDuty, and "
                            "only its administrator account may manage lists",
                            unit->region->name);
    } else if (code == SLU_ERR_DENIED) {
        (void)slu_error_set(
            out_error, code,
            "%s is denied: it needs guardduty:%s%s (%s%s%.60s)",
            unit->head.name,
            slu_sets_operation_name(unit->operation, slu_sets_unit_kind(unit)),
            find_more_rights(unit), refusal->code,
            refusal->message[0] == '\0' ? "" : ": ", refusal->message);
    } else if (refusal->class_ == SLU_AWS_NOT_ENABLED) {
        (void)slu_error_set(out_error, code,
                            "%s: GuardDuty refuses the sign-in (%s): the "
                            "region is not enabled for the account, or the "
                            "access key is unknown",
                            unit->region->name, refusal->code);
    } else {
        (void)slu_error_set(
            out_error, code, "%s: HTTP %d %s%s%s%s%.120s", unit->head.name,
            refusal->status, refusal->code, detail[0] == '\0' ? "" : ", ",
            detail, refusal->message[0] == '\0' ? "" : ": ", refusal->message);
    }
    out_error->http_status = refusal->status;
}

/* ---- ends ---- */

/* "office-vpn, partner": the foreign sets, as many as there is room for. */
void slu_sets_foreign(const struct slu_sets *self, unsigned region,
                      enum slu_kind kind, char *out, size_t cap)
{
    size_t len = 0;

    out[0] = '\0';
    for (const struct slu_sets_found *found =
             self->regions[region].kinds[kind].found;
         found != NULL; found = found->next) {
        const char *name =
            found->is.name[0] != '\0' ? found->is.name : found->id;
        bool dropped = found->list != NULL && found->list->dropped;
        const char *what = dropped ? " (no list has it any more)" : "";
        size_t need = strlen(name) + strlen(what) + (len > 0 ? 2 : 0);

        if (found->list != NULL && !dropped) {
            continue;
        }
        if (len + need >= cap) {
            if (len + 5 < cap) {
                memcpy(out + len, ", ...", 6);
            }
            return;
        }
        len += (size_t)snprintf(out + len, cap - len, "%s%s%s",
                                len > 0 ? ", " : "", name, what);
    }
}

void slu_sets_tell_limit(struct slu_sets_region *region, enum slu_kind kind)
{
    char names[500];

    if (region->kinds[kind].limit_told) {
        return;
    }
    region->kinds[kind].limit_told = true;
    slu_sets_foreign(region->sets, region->index, kind, names, sizeof(names));
    slu_sets_log(region->sets, SLU_LOG_ERROR,
                 "%s has no room for another threat %s list: GuardDuty %s%s%s",
                 region->name, slu_sets_kind_word(kind),
                 region->kinds[kind].capacity == SLU_SETS_MAX
                     ? "takes 6 of a kind"
                     : "refuses more than there are",
                 names[0] == '\0' ? "" : ", and these are not ours: ", names);
}

static void tell(const struct slu_sets_entry *entry, enum slu_log_level level,
                 const char *what, const char *why)
{
    const struct slu_sets_region *region = entry->unit.region;
    char place[SLU_SETS_REGION_NAME_MAX + 12];

    slu_sets_log(region->sets, level, "The threat %s list %s %s%s%s%s",
                 slu_sets_kind_word(entry->list->kind), entry->list->location,
                 what, why[0] == '\0' ? "" : ": ", why,
                 slu_sets_place(region, place));
}

static void tell_pending(const struct slu_sets_entry *entry)
{
    char what[80 + SLU_THREAT_WORD_MAX];

    (void)snprintf(what, sizeof(what), "is still %s; the next run settles it",
                   entry->set->is.status_text);
    tell(entry, SLU_LOG_WARN, what, "");
}

void slu_sets_tell_end(const struct slu_sets_entry *entry)
{
    struct slu_sets_region *region = entry->unit.region;

    switch (entry->outcome) {
    case SLU_SET_ACTIVE:
        tell(entry, SLU_LOG_INFO, "is ACTIVE", "");
        break;
    case SLU_SET_PENDING:
        tell_pending(entry);
        break;
    case SLU_SET_ERROR:
        tell(entry, SLU_LOG_ERROR, "is in ERROR", entry->text);
        break;
    case SLU_SET_FAILED:
        /* A region that failed has said so once. */
        if (region->error.code == SLU_ERR_OK &&
            region->kinds[entry->list->kind].error.code == SLU_ERR_OK) {
            tell(entry, SLU_LOG_ERROR, "is not published", entry->text);
        }
        break;
    case SLU_SET_LIMIT:
        slu_sets_tell_limit(region, entry->list->kind);
        break;
    default:
        break;
    }
}
