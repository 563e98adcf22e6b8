/* SPDX-License-Identifier: Apache-2.0 */
/* A line is put together in pieces that are mostly short and known; whatever
 * fails half way is taken back by the caller's length. */
#include "codecs/indicator_text.h"

#include "codecs/csv_cell.h"
#include "codecs/time_text.h"

#define PUT(out, text)                                                         \
    slu_buf_append(out, slu_view_make(text, sizeof(text) - 1))

/* Names of the set bits, each in quotes or none, with something between. More
 * than one bit may be called the same ("list"); they stand together. */
static enum slu_err put_sources(struct slu_buf *out,
                                const struct slu_indicator_line *line,
                                const char *quote, const char *between)
{
    uint32_t rest = line->indicator->sources;
    const char *last = "";
    enum slu_err err = SLU_ERR_OK;

    for (; rest != 0 && err == SLU_ERR_OK; rest &= rest - 1) {
        const char *name = line->source_name(rest & (~rest + 1));

        if (strcmp(name, last) == 0) {
            continue;
        }
        if (*last != '\0') {
            err = slu_buf_append_str(out, between);
        }
        if (err == SLU_ERR_OK) {
            err = slu_buf_append_str(out, quote);
        }
        if (err == SLU_ERR_OK) {
            err = slu_buf_append_str(out, name);
        }
        if (err == SLU_ERR_OK) {
            err = slu_buf_append_str(out, quote);
        }
        last = name;
    }
    return err;
}

static enum slu_err put_score(struct slu_buf *out, unsigned score)
{
    char text[3];
    size_t at = sizeof(text);

    do {
        text[--at] = (char)('0' + score % 10);
        score /= 10;
    } while (score != 0 && at != 0);
    return slu_buf_append(out, slu_view_make(text + at, sizeof(text) - at));
}

static enum slu_err put_time(struct slu_buf *out, uint32_t seconds)
{
    char iso[SLU_ISO_TEXT_LEN];

    slu_time_format_iso(seconds, iso);
    return slu_buf_append(out, slu_view_make(iso, sizeof(iso)));
}

static enum slu_err settle(struct slu_buf *out, size_t len, enum slu_err err)
{
    if (err != SLU_ERR_OK) {
        out->len = len;
    }
    return err;
}

enum slu_err slu_indicator_append_text(struct slu_buf *out,
                                       const struct slu_indicator_line *line)
{
    size_t len = out->len;
    enum slu_err err = slu_buf_append(out, line->indicator->value);

    return settle(out, len, err == SLU_ERR_OK ? PUT(out, "\n") : err);
}

/* ---- NDJSON ---- */

/* ,"name":"2025-08-07T05:00:00Z" */
static enum slu_err put_json_time(struct slu_buf *out, const char *lead,
                                  uint32_t seconds)
{
    enum slu_err err = slu_buf_append_str(out, lead);

    if (err == SLU_ERR_OK) {
        err = PUT(out, "\"");
    }
    if (err == SLU_ERR_OK) {
        err = put_time(out, seconds);
    }
    return err == SLU_ERR_OK ? PUT(out, "\"") : err;
}

static enum slu_err put_json_head(struct slu_buf *out,
                                  const struct slu_indicator_line *line)
{
    enum slu_err err = PUT(out, "{\"value\":");

    if (err == SLU_ERR_OK) {
        err = slu_json_append_string(out, line->indicator->value);
    }
    if (err == SLU_ERR_OK) {
        err = line->indicator->kind == SLU_KIND_IP
                  ? PUT(out, ",\"type\":\"ip_address\",\"sources\":[")
                  : PUT(out, ",\"type\":\"domain\",\"sources\":[");
    }
    return err == SLU_ERR_OK ? put_sources(out, line, "\"", ",") : err;
}

static enum slu_err put_json_verdict(struct slu_buf *out,
                                     const struct slu_indicator *indicator)
{
    enum slu_err err = PUT(out, "],\"verdict\":");

    if (err == SLU_ERR_OK && indicator->verdict == SLU_VERDICT_NONE) {
        err = PUT(out, "null");
    } else if (err == SLU_ERR_OK) {
        err = slu_json_append_string(
            out, slu_view_str(slu_verdict_name(indicator->verdict)));
    }
    if (err == SLU_ERR_OK) {
        err = PUT(out, ",\"score\":");
    }
    return err == SLU_ERR_OK ? put_score(out, indicator->score) : err;
}

static enum slu_err put_json_times(struct slu_buf *out,
                                   const struct slu_indicator *indicator)
{
    enum slu_err err =
        put_json_time(out, ",\"first_seen\":", indicator->first_seen);

    if (err == SLU_ERR_OK) {
        err = put_json_time(out, ",\"last_seen\":", indicator->last_seen);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    return indicator->verdict == SLU_VERDICT_NONE
               ? PUT(out, ",\"assessed_at\":null")
               : put_json_time(out,
                               ",\"assessed_at\":", indicator->assessed_at);
}

static enum slu_err put_json_path(struct slu_buf *out, const char *path)
{
    enum slu_err err = PUT(out, ",\"list\":");

    if (err == SLU_ERR_OK) {
        err = path == NULL ? PUT(out, "null")
                           : slu_json_append_string(out, slu_view_str(path));
    }
    return err == SLU_ERR_OK ? PUT(out, "}\n") : err;
}

enum slu_err slu_indicator_append_ndjson(struct slu_buf *out,
                                         const struct slu_indicator_line *line)
{
    size_t len = out->len;
    enum slu_err err = put_json_head(out, line);

    if (err == SLU_ERR_OK) {
        err = put_json_verdict(out, line->indicator);
    }
    if (err == SLU_ERR_OK) {
        err = put_json_times(out, line->indicator);
    }
    if (err == SLU_ERR_OK) {
        err = put_json_path(out, line->path);
    }
    return settle(out, len, err);
}

/* ---- CSV ---- */

static enum slu_err put_csv_head(struct slu_buf *out,
                                 const struct slu_indicator_line *line)
{
    enum slu_err err = slu_csv_append_cell(out, line->indicator->value);

    if (err == SLU_ERR_OK) {
        err = line->indicator->kind == SLU_KIND_IP ? PUT(out, ",ip_address,")
                                                   : PUT(out, ",domain,");
    }
    if (err == SLU_ERR_OK) {
        err = put_sources(out, line, "", ";");
    }
    if (err == SLU_ERR_OK) {
        err = PUT(out, ",");
    }
    if (err == SLU_ERR_OK) {
        err =
            slu_buf_append_str(out, slu_verdict_name(line->indicator->verdict));
    }
    if (err == SLU_ERR_OK) {
        err = PUT(out, ",");
    }
    return err == SLU_ERR_OK ? put_score(out, line->indicator->score) : err;
}

static enum slu_err put_csv_time(struct slu_buf *out, uint32_t seconds)
{
    enum slu_err err = PUT(out, ",");

    return err == SLU_ERR_OK ? put_time(out, seconds) : err;
}

static enum slu_err put_csv_times(struct slu_buf *out,
                                  const struct slu_indicator *indicator)
{
    enum slu_err err = put_csv_time(out, indicator->first_seen);

    if (err == SLU_ERR_OK) {
        err = put_csv_time(out, indicator->last_seen);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    return indicator->verdict == SLU_VERDICT_NONE
               ? PUT(out, ",")
               : put_csv_time(out, indicator->assessed_at);
}

enum slu_err slu_indicator_append_csv(struct slu_buf *out,
                                      const struct slu_indicator_line *line)
{
    size_t len = out->len;
    enum slu_err err = put_csv_head(out, line);

    if (err == SLU_ERR_OK) {
        err = put_csv_times(out, line->indicator);
    }
    if (err == SLU_ERR_OK) {
        err = PUT(out, ",");
    }
    if (err == SLU_ERR_OK) {
        err = slu_csv_append_cell(out, slu_view_str(line->path));
    }
    if (err == SLU_ERR_OK) {
        err = PUT(out, "\r\n");
    }
    return settle(out, len, err);
}
