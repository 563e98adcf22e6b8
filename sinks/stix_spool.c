/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/stix_spool.h"

#include "codecs/escape.h"
#include "codecs/time_text.h"

#include <inttypes.h>
#include <sluice/indicator.h>

#define FIXED_FIELDS 8

static const char kind_letters[] = "46ds"; /* enum slu_row_kind */
static const char *const severities[] = {"unknown", "low", "medium", "high",
                                         "critical"};

#define SEVERITY_COUNT (sizeof(severities) / sizeof(severities[0]))

const char *slu_stix_severity_name(unsigned severity)
{
    return severities[severity < SEVERITY_COUNT ? severity : 0];
}

static size_t escape_field(unsigned char byte, bool valid,
                           char out[SLU_ESCAPE_MAX])
{
    (void)valid;
    out[0] = ' ';
    return byte < 0x20 ? 1 : 0;
}

static enum slu_err append_field(struct slu_buf *out, struct slu_view text)
{
    enum slu_err err = slu_buf_append(out, slu_view_make("\t", 1));

    return err == SLU_ERR_OK ? slu_escape_append(out, text, escape_field) : err;
}

static unsigned find_severity(const char *name)
{
    unsigned i = (unsigned)SEVERITY_COUNT - 1;

    while (i > 0 && strcmp(severities[i], name) != 0) {
        i--;
    }
    return i;
}

static enum slu_err append_time(struct slu_buf *out, struct slu_view text)
{
    int64_t ms;

    return text.len > 0 && slu_time_parse_iso(text, &ms)
               ? slu_buf_printf(out, "\t%" PRId64, ms)
               : slu_buf_append(out, slu_view_make("\t", 1));
}

static enum slu_err append_line(const struct slu_row *row, struct slu_buf *out)
{
    const struct slu_view fields[] = {row->value, row->finding_id,
                                      row->finding_arn, row->finding_type};
    enum slu_err err = slu_buf_printf(out, "%c\t%u", kind_letters[row->kind],
                                      find_severity(row->severity));

    if (err == SLU_ERR_OK) {
        err = append_time(out, row->first_seen);
    }
    if (err == SLU_ERR_OK) {
        err = append_time(out, row->last_seen);
    }
    for (unsigned i = 0; i < 4 && err == SLU_ERR_OK; i++) {
        err = append_field(out, fields[i]);
    }
    for (unsigned i = 0; i < row->tag_count && err == SLU_ERR_OK; i++) {
        err = append_field(out, row->tags[i]);
    }
    return err == SLU_ERR_OK ? slu_buf_append(out, slu_view_make("\n", 1))
                             : err;
}

enum slu_err slu_stix_spool_append(const struct slu_row *row,
                                   struct slu_buf *out)
{
    size_t len = out->len;
    enum slu_err err = append_line(row, out);

    if (err != SLU_ERR_OK) {
        out->len = len;
    }
    return err;
}

/* ---- and back ---- */

bool slu_stix_spool_field(struct slu_view *line, struct slu_view *out_field)
{
    const char *tab;

    if (line->ptr == NULL) {
        return false;
    }
    tab = line->len == 0 ? NULL : memchr(line->ptr, '\t', line->len);
    *out_field = *line;
    if (tab == NULL) {
        *line = slu_view_make(NULL, 0);
        return true;
    }
    out_field->len = (size_t)(tab - line->ptr);
    *line = slu_view_make(tab + 1, line->len - out_field->len - 1);
    return true;
}

static bool parse_ms(struct slu_view text, int64_t *out_ms)
{
    int64_t ms = 0;

    *out_ms = SLU_STIX_UNKNOWN_MS;
    if (text.len == 0) {
        return true;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || i > 17) {
            return false;
        }
        ms = ms * 10 + (text.ptr[i] - '0');
    }
    *out_ms = ms;
    return true;
}

bool slu_stix_spool_parse(struct slu_view line, struct slu_stix_spooled *out)
{
    struct slu_view fields[FIXED_FIELDS];
    const char *letter;

    for (unsigned i = 0; i < FIXED_FIELDS; i++) {
        if (!slu_stix_spool_field(&line, &fields[i])) {
            return false;
        }
    }
    if (fields[0].len != 1 || fields[1].len != 1 || fields[4].len == 0 ||
        fields[4].len > SLU_VALUE_MAX) {
        return false;
    }
    letter = memchr(kind_letters, fields[0].ptr[0], SLU_ROW_KIND_COUNT);
    out->value = fields[4];
    out->finding = slu_view_make(
        fields[5].ptr, (size_t)(fields[7].ptr + fields[7].len - fields[5].ptr));
    out->tags = line;
    out->seen.severity = (unsigned)fields[1].ptr[0] - '0';
    out->kind = (enum slu_row_kind)(letter == NULL ? 0 : letter - kind_letters);
    return letter != NULL && out->seen.severity < SEVERITY_COUNT &&
           parse_ms(fields[2], &out->seen.first_ms) &&
           parse_ms(fields[3], &out->seen.last_ms);
}
