/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/finding_take.h"

#include "codecs/time_text.h"

#include <stdio.h>

typedef void (*take_fn)(struct slu_finding_pass *pass,
                        const struct slu_finding_path *path,
                        const struct slu_json_value *value);

/* --- the head ----------------------------------------------------------- */

static void *find_member(struct slu_finding_pass *pass,
                         const struct slu_finding_path *path)
{
    return (char *)pass->finding + path->offset;
}

static void take_string(struct slu_finding_pass *pass,
                        const struct slu_finding_path *path,
                        const struct slu_json_value *value)
{
    struct slu_view *member = find_member(pass, path);

    if (value->kind == SLU_JSON_STRING) {
        *member = value->text;
    }
}

bool slu_finding_is_true(const struct slu_json_value *value)
{
    return value->kind == SLU_JSON_STRING
               ? slu_view_equal_str(value->text, "true")
               : value->kind == SLU_JSON_BOOL && value->boolean;
}

/* A flag that stands twice is set if one of them is. */
static void take_flag(struct slu_finding_pass *pass,
                      const struct slu_finding_path *path,
                      const struct slu_json_value *value)
{
    bool *member = find_member(pass, path);

    *member |= slu_finding_is_true(value);
}

static void take_present(struct slu_finding_pass *pass,
                         const struct slu_finding_path *path,
                         const struct slu_json_value *value)
{
    bool *member = find_member(pass, path);

    *member |= value->kind == SLU_JSON_STRING;
}

/* Seconds since 1970, in the notation of R12. */
static void take_time_number(struct slu_finding_pass *pass,
                             struct slu_finding_time *time, double seconds)
{
    char *text = pass->room->times[pass->times % 3];

    if (seconds < 0 || seconds >= 253402300800.0) {
        return;
    }
    pass->times++;
    time->ms = (int64_t)(seconds * 1000 + 0.5);
    time->known = true;
    slu_time_format_iso(time->ms / 1000, text);
    (void)snprintf(text + SLU_ISO_TEXT_LEN - 1,
                   SLU_FINDING_TIME_MAX - SLU_ISO_TEXT_LEN + 1, ".%03dZ",
                   (int)(time->ms % 1000));
    time->text = slu_view_make(text, SLU_FINDING_TIME_MAX - 1);
}

static void take_time(struct slu_finding_pass *pass,
                      const struct slu_finding_path *path,
                      const struct slu_json_value *value)
{
    struct slu_finding_time *member = find_member(pass, path);

    if (value->kind == SLU_JSON_STRING) {
        member->text = value->text;
        member->known = slu_time_parse_iso(value->text, &member->ms);
    } else if (value->kind == SLU_JSON_INT || value->kind == SLU_JSON_DOUBLE) {
        take_time_number(pass, member, value->number);
    }
}

static void take_severity(struct slu_finding_pass *pass,
                          const struct slu_finding_path *path,
                          const struct slu_json_value *value)
{
    (void)path;
    if (value->kind == SLU_JSON_INT || value->kind == SLU_JSON_DOUBLE) {
        pass->finding->has_severity = true;
        pass->finding->severity = value->number;
    }
}

static void take_info_text(struct slu_finding_pass *pass,
                           const struct slu_finding_path *path,
                           const struct slu_json_value *value)
{
    (void)path;
    if (value->kind == SLU_JSON_STRING) {
        pass->info_text = value->text;
    }
}

void slu_finding_note_list(struct slu_finding_pass *pass,
                           const struct slu_json_value *value)
{
    struct slu_view prefix = pass->options->own_list_prefix;

    if (prefix.len > 0 && value->kind == SLU_JSON_STRING &&
        pass->finding->own_list.ptr == NULL && value->text.len >= prefix.len &&
        memcmp(value->text.ptr, prefix.ptr, prefix.len) == 0) {
        pass->finding->own_list = value->text;
    }
}

static void take_list_name(struct slu_finding_pass *pass,
                           const struct slu_finding_path *path,
                           const struct slu_json_value *value)
{
    (void)path;
    slu_finding_note_list(pass, value);
}

static void take_action(struct slu_finding_pass *pass,
                        const struct slu_finding_path *path,
                        const struct slu_json_value *value)
{
    (void)path;
    pass->has_action |= value->kind == SLU_JSON_OBJECT;
}

static void take_known_action(struct slu_finding_pass *pass,
                              const struct slu_finding_path *path,
                              const struct slu_json_value *value)
{
    (void)path;
    pass->has_known_action |= value->kind == SLU_JSON_OBJECT;
}

static void take_blocked(struct slu_finding_pass *pass,
                         const struct slu_finding_path *path,
                         const struct slu_json_value *value)
{
    if (slu_finding_is_true(value)) {
        pass->finding->blocked |= 1u << path->rule;
    }
}

/* False when nothing was added: the array is full, or memory is short. */
static bool add_item(struct slu_finding_pass *pass, struct slu_buf *array,
                     const void *item, size_t len)
{
    enum slu_err err = slu_buf_append(array, slu_view_make(item, len));

    if (err == SLU_ERR_LIMIT) {
        pass->finding->cut++;
    } else {
        pass->err = err;
    }
    return err == SLU_ERR_OK;
}

/* An empty tag is none. */
static void add_tag(struct slu_finding_pass *pass, struct slu_buf *array,
                    const struct slu_json_value *value)
{
    if (value->kind == SLU_JSON_STRING && value->text.len > 0) {
        (void)add_item(pass, array, &value->text, sizeof(value->text));
    }
}

static void take_instance_tag(struct slu_finding_pass *pass,
                              const struct slu_finding_path *path,
                              const struct slu_json_value *value)
{
    (void)path;
    add_tag(pass, &pass->room->tags, value);
}

static void take_scan_source(struct slu_finding_pass *pass,
                             const struct slu_finding_path *path,
                             const struct slu_json_value *value)
{
    (void)path;
    add_tag(pass, &pass->room->sources, value);
}

/* --- indicators --------------------------------------------------------- */

/* Null is absent; what is neither that nor a string with something in it is
 * counted, so that no value is lost silently. */
static bool is_usable(struct slu_finding_pass *pass,
                      const struct slu_json_value *value)
{
    bool usable = value->kind == SLU_JSON_STRING && value->text.len > 0;

    pass->finding->unusable += !usable && value->kind != SLU_JSON_NULL;
    return usable;
}

static bool add_indicator(struct slu_finding_pass *pass,
                          const struct slu_finding_path *path,
                          enum slu_row_kind kind, struct slu_view value)
{
    struct slu_finding_indicator indicator = {
        .value = value, .kind = kind, .group = path->group, .rule = path->rule};

    return add_item(pass, &pass->room->indicators, &indicator,
                    sizeof(indicator));
}

static void take_value(struct slu_finding_pass *pass,
                       const struct slu_finding_path *path,
                       const struct slu_json_value *value)
{
    if (is_usable(pass, value)) {
        (void)add_indicator(pass, path, path->kind, value->text);
    }
}

static void take_either_ip(struct slu_finding_pass *pass,
                           const struct slu_finding_path *path,
                           const struct slu_json_value *value)
{
    const uint32_t ipv6 = SLU_FINDING_GROUP_BIT(SLU_FINDING_GROUP_IPV6);

    if (!is_usable(pass, value)) {
        return;
    }
    if (memchr(value->text.ptr, ':', value->text.len) == NULL) {
        (void)add_indicator(pass, path, SLU_ROW_IPV4, value->text);
    } else if ((pass->options->groups & ipv6) != 0) {
        (void)add_indicator(pass, path, SLU_ROW_IPV6, value->text);
    }
}

/* A file is an indicator that has no value until its hash is met. Its members
 * come right behind it, in any order. */
static void take_file(struct slu_finding_pass *pass,
                      const struct slu_finding_path *path,
                      const struct slu_json_value *value)
{
    pass->has_file =
        value->kind == SLU_JSON_OBJECT &&
        add_indicator(pass, path, path->kind, slu_view_make(NULL, 0));
}

/* The file at hand; NULL when there was no room for it. */
static struct slu_finding_indicator *find_file(struct slu_finding_pass *pass)
{
    const struct slu_buf *array = &pass->room->indicators;

    return pass->has_file ? (void *)(array->ptr + array->len -
                                     sizeof(struct slu_finding_indicator))
                          : NULL;
}

static void take_file_name(struct slu_finding_pass *pass,
                           const struct slu_finding_path *path,
                           const struct slu_json_value *value)
{
    struct slu_finding_indicator *file = find_file(pass);

    (void)path;
    if (file != NULL && value->kind == SLU_JSON_STRING) {
        file->file_name = value->text;
    }
}

static void take_file_path(struct slu_finding_pass *pass,
                           const struct slu_finding_path *path,
                           const struct slu_json_value *value)
{
    struct slu_finding_indicator *file = find_file(pass);

    (void)path;
    if (file != NULL && value->kind == SLU_JSON_STRING) {
        file->file_path = value->text;
    }
}

static void take_file_hash(struct slu_finding_pass *pass,
                           const struct slu_finding_path *path,
                           const struct slu_json_value *value)
{
    struct slu_finding_indicator *file = find_file(pass);

    (void)path;
    if (file != NULL && value->kind == SLU_JSON_STRING) {
        file->value = value->text;
    }
}

/* --- the table ---------------------------------------------------------- */

static const take_fn takes[] = {
    [SLU_FINDING_YIELD_STRING] = take_string,
    [SLU_FINDING_YIELD_TIME] = take_time,
    [SLU_FINDING_YIELD_FLAG] = take_flag,
    [SLU_FINDING_YIELD_PRESENT] = take_present,
    [SLU_FINDING_YIELD_SEVERITY] = take_severity,
    [SLU_FINDING_YIELD_INFO_TEXT] = take_info_text,
    [SLU_FINDING_YIELD_LIST_NAME] = take_list_name,
    [SLU_FINDING_YIELD_ACTION] = take_action,
    [SLU_FINDING_YIELD_KNOWN_ACTION] = take_known_action,
    [SLU_FINDING_YIELD_BLOCKED] = take_blocked,
    [SLU_FINDING_YIELD_INSTANCE_TAG] = take_instance_tag,
    [SLU_FINDING_YIELD_SCAN_SOURCE] = take_scan_source,
    [SLU_FINDING_YIELD_FILE] = take_file,
    [SLU_FINDING_YIELD_FILE_NAME] = take_file_name,
    [SLU_FINDING_YIELD_FILE_PATH] = take_file_path,
    [SLU_FINDING_YIELD_FILE_HASH] = take_file_hash,
    [SLU_FINDING_YIELD_VALUE] = take_value,
    [SLU_FINDING_YIELD_EITHER_IP] = take_either_ip,
};

void slu_finding_take(struct slu_finding_pass *pass,
                      const struct slu_finding_path *path,
                      const struct slu_json_value *value)
{
    takes[path->yield](pass, path, value);
}
