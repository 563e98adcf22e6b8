/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page of ListObjectsV2, asked for with encoding-type=url, so that a key
 * with control bytes in it does not break the XML:
 *
 *     <ListBucketResult><IsTruncated>true</IsTruncated>
 *       <NextContinuationToken>T</NextContinuationToken>
 *       <EncodingType>url</EncodingType>
 *       <Contents><Key>AWSLogs/1/a%2Bb.jsonl.gz</Key>
 *         <ETag>&quot;9b2c...&quot;</ETag><Size>123</Size>
 *         <LastModified>2025-08-07T05:00:00.000Z</LastModified></Contents>
 *     </ListBucketResult>
 */
#include "codecs/hex_digit.h"
#include "codecs/view_take.h"
#include "codecs/xml_text.h"
#include "sources/guardduty_export.h"

struct page_reader {
    struct slu_source *source;
    bool url_encoded;
    struct slu_buf raw; /* text with its references resolved */
    struct slu_buf name;
    struct slu_buf version;
};

static enum slu_err say_malformed(struct slu_error *out_error, const char *what)
{
    return slu_error_set(out_error, SLU_ERR_MALFORMED,
                         "the page is no list of S3: %s; check http.proxy and "
                         "AWS_ENDPOINT_URL",
                         what);
}

/* The text of an element into buf, which is cleared; absent is empty. */
static enum slu_err read_text(struct slu_view xml, const char *name,
                              struct slu_buf *buf)
{
    struct slu_view inner;

    slu_buf_clear(buf);
    return slu_xml_find(xml, name, &inner) ? slu_xml_unescape(buf, inner)
                                           : SLU_ERR_OK;
}

static bool says(struct slu_view xml, const char *name, const char *text)
{
    struct slu_view inner;

    return slu_xml_find(xml, name, &inner) && slu_view_equal_str(inner, text);
}

/* As the SDKs do it: a plus is a blank. A percent sign without two digits
 * stands for itself. */
static enum slu_err decode_url(struct slu_view text, struct slu_buf *out)
{
    char *room;
    size_t len = 0;
    enum slu_err err;

    slu_buf_clear(out);
    err = slu_buf_reserve(out, text.len, &room);
    if (err != SLU_ERR_OK) {
        return err;
    }
    for (size_t i = 0; i < text.len; i++) {
        int high = i + 2 < text.len ? slu_hex_digit(text.ptr[i + 1]) : -1;
        int low = i + 2 < text.len ? slu_hex_digit(text.ptr[i + 2]) : -1;

        if (text.ptr[i] == '%' && high >= 0 && low >= 0) {
            room[len++] = (char)(high << 4 | low);
            i += 2;
        } else {
            room[len++] = text.ptr[i];
            if (text.ptr[i] == '+') {
                room[len - 1] = ' ';
            }
        }
    }
    slu_buf_commit(out, len);
    return SLU_ERR_OK;
}

static struct slu_view strip_quotes(struct slu_view text)
{
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"') {
        return slu_view_make(text.ptr + 1, text.len - 2);
    }
    return text;
}

/* The ETag; without one, size and date. */
static enum slu_err read_version(struct page_reader *self, struct slu_view xml)
{
    struct slu_view tag;
    enum slu_err err = read_text(xml, "ETag", &self->raw);

    slu_buf_clear(&self->version);
    tag = strip_quotes(slu_buf_view(&self->raw));
    if (err != SLU_ERR_OK || tag.len > 0) {
        return err == SLU_ERR_OK ? slu_buf_append(&self->version, tag) : err;
    }
    err = read_text(xml, "Size", &self->raw);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&self->version, slu_buf_view(&self->raw));
    }
    if (err == SLU_ERR_OK) {
        err = read_text(xml, "LastModified", &self->raw);
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(&self->version, "-");
    }
    return err == SLU_ERR_OK
               ? slu_buf_append(&self->version, slu_buf_view(&self->raw))
               : err;
}

/* 0 where there is none: the object's end is then taken as it comes. */
static uint64_t read_size(struct slu_view xml)
{
    struct slu_view digits;
    int64_t size = 0;

    return slu_xml_find(xml, "Size", &digits) &&
                   slu_view_take_number(&digits, &size) && size > 0
               ? (uint64_t)size
               : 0;
}

static enum slu_err read_entry(struct page_reader *self, struct slu_view xml)
{
    struct slu_export_entry entry;
    enum slu_err err = read_version(self, xml);

    if (err == SLU_ERR_OK) {
        err = read_text(xml, "Key", &self->raw);
    }
    entry.name = slu_buf_view(&self->raw);
    if (err == SLU_ERR_OK && self->url_encoded) {
        err = decode_url(slu_buf_view(&self->raw), &self->name);
        entry.name = slu_buf_view(&self->name);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (entry.name.len == 0) {
        return SLU_ERR_MALFORMED;
    }
    entry.version = slu_buf_view(&self->version);
    entry.size = read_size(xml);
    return slu_export_offer(self->source, &entry);
}

static enum slu_err read_entries(struct page_reader *self, struct slu_view list)
{
    struct slu_view entry;
    size_t at = 0;
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && slu_xml_next(list, "Contents", &at, &entry)) {
        err = read_entry(self, entry);
    }
    return err;
}

/* Where the next page begins; empty when this is the last. */
static enum slu_err read_token(struct slu_export_listing *listing,
                               struct page_reader *self, struct slu_view list,
                               struct slu_error *out_error)
{
    struct slu_view before = slu_buf_view(&listing->token);
    enum slu_err err = read_text(list, "NextContinuationToken", &self->raw);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (!says(list, "IsTruncated", "true")) {
        slu_buf_clear(&listing->token);
        return SLU_ERR_OK;
    }
    if (self->raw.len == 0) {
        return say_malformed(out_error, "it is cut and has no token");
    }
    if (slu_view_equal(before, slu_buf_view(&self->raw))) {
        return say_malformed(out_error, "its token leads to itself");
    }
    slu_buf_clear(&listing->token);
    return slu_buf_append(&listing->token, slu_buf_view(&self->raw));
}

static void fini_reader(struct page_reader *self)
{
    slu_buf_fini(&self->raw);
    slu_buf_fini(&self->name);
    slu_buf_fini(&self->version);
}

enum slu_err slu_export_page_read(struct slu_export_listing *listing,
                                  struct slu_source *source,
                                  struct slu_error *out_error)
{
    struct page_reader self = {.source = source};
    struct slu_view list;
    enum slu_err err;

    if (!slu_xml_find(slu_buf_view(&listing->page), "ListBucketResult",
                      &list)) {
        return say_malformed(out_error, "it has no <ListBucketResult>");
    }
    slu_buf_init(&self.raw, source->alloc, SLU_EXPORT_TOKEN_MAX);
    slu_buf_init(&self.name, source->alloc, SLU_EXPORT_TOKEN_MAX);
    slu_buf_init(&self.version, source->alloc, 3 * SLU_EXPORT_TOKEN_MAX);
    self.url_encoded = says(list, "EncodingType", "url");
    /* The token first: a page without its way on must queue nothing. */
    err = read_token(listing, &self, list, out_error);
    if (err == SLU_ERR_OK) {
        err = read_entries(&self, list);
    }
    fini_reader(&self);
    if (err == SLU_ERR_NOMEM) {
        return slu_error_set(out_error, err, "%s", slu_err_sentence(err));
    }
    return err == SLU_ERR_OK || out_error->code != SLU_ERR_OK
               ? err
               : say_malformed(out_error, "an entry can't be read");
}
