/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far giant objects are committed: "part/<hash of its name>" has "BYTES
 * RECORDS VERSION". There are few, so that they are looked for one by one.
 */
#include "codecs/view_take.h"
#include "sources/guardduty_export.h"

static const char prefix[] = "part/";

/* In memory, one behind the other, each with its value behind it. */
struct stored {
    char key[SLU_EXPORT_KEY_LEN];
    uint16_t len;
};

void slu_export_part_key(char key[SLU_EXPORT_KEY_LEN])
{
    memcpy(key, prefix, sizeof(prefix) - 1);
}

bool slu_export_is_part(struct slu_view key)
{
    return key.len == SLU_EXPORT_KEY_LEN && slu_view_starts_with(key, prefix);
}

enum slu_err slu_export_part_write(const struct slu_export_part *part,
                                   struct slu_view version, struct slu_buf *out)
{
    return slu_buf_printf(
        out, "%llu %llu %.*s", (unsigned long long)part->bytes,
        (unsigned long long)part->records, SLU_VIEW_ARGS(version));
}

/* "123 " from the front. */
static bool take_count(struct slu_view *rest, uint64_t *out_count)
{
    int64_t count;
    struct slu_view nothing;

    if (!slu_view_take_number(rest, &count) ||
        !slu_view_take_until(rest, ' ', &nothing) || nothing.len > 0) {
        return false;
    }
    *out_count = (uint64_t)count;
    return true;
}

static bool read_value(struct slu_view value, struct slu_export_part *out_part,
                       struct slu_view *out_version)
{
    *out_version = value;
    return take_count(out_version, &out_part->bytes) &&
           take_count(out_version, &out_part->records);
}

enum slu_err slu_export_parts_add(struct slu_buf *parts, struct slu_view key,
                                  struct slu_view value)
{
    struct stored stored = {.len = (uint16_t)value.len};
    struct slu_export_part part;
    struct slu_view version;
    enum slu_err err;

    if (!slu_export_is_part(key) || value.len > UINT16_MAX ||
        !read_value(value, &part, &version)) {
        return SLU_ERR_STATE;
    }
    memcpy(stored.key, key.ptr, sizeof(stored.key));
    err = slu_buf_append(parts,
                         slu_view_make((const char *)&stored, sizeof(stored)));
    return err == SLU_ERR_OK ? slu_buf_append(parts, value) : err;
}

bool slu_export_parts_find(const struct slu_buf *parts, struct slu_view key,
                           struct slu_view version,
                           struct slu_export_part *out_part)
{
    struct stored stored;

    *out_part = (struct slu_export_part){0};
    for (size_t at = 0; at < parts->len; at += sizeof(stored) + stored.len) {
        struct slu_export_part part;
        struct slu_view of;
        struct slu_view value;

        memcpy(&stored, parts->ptr + at, sizeof(stored));
        if (memcmp(stored.key, key.ptr, sizeof(stored.key)) != 0) {
            continue;
        }
        value = slu_view_make(parts->ptr + at + sizeof(stored), stored.len);
        if (read_value(value, &part, &of) && slu_view_equal(of, version)) {
            *out_part = part;
        }
        return true;
    }
    return false;
}
