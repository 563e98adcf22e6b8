/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs are read in blocks. Lines of plain addresses, which are nearly all in
 * a large list, are taken straight from the block by the thousand; a line that
 * is anything else is looked at by itself. What a block ends within goes to the
 * front of the next one.
 */
#include "codecs/ipv4_lines.h"
#include "codecs/record.h"
#include "codecs/typed_value.h"
#include "engine/pack_state.h"
#include "engine/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)256 << 10)
#define BATCH 4096

struct input {
    struct slu_pack *pack;
    const char *name; /* as messages have it */
    int fd;
    bool begun;    /* the first bytes were looked at */
    bool skipping; /* within a line longer than a block */
    size_t len;    /* in the block */
    char block[BLOCK_BYTES];
    uint32_t batch[BATCH];
};

static enum slu_err fail_memory(struct slu_pack *pack, enum slu_err err)
{
    if (err != SLU_ERR_OK && pack->error.code == SLU_ERR_OK) {
        (void)slu_error_set(&pack->error, err,
                            err == SLU_ERR_LIMIT
                                ? "the inputs have more than 1 GiB of domains "
                                  "or CIDRs"
                                : "out of memory while reading the inputs");
    }
    return err;
}

/* ---- one line that is no plain address ---- */

/* A value that was there before is counted by its lines alone. */
static bool is_repeat(struct slu_pack *pack, enum slu_reason reason,
                      struct slu_view value)
{
    struct slu_fingerprint print = slu_fingerprint_of(value);

    /* So that what is valid and what is not have nothing to do with another. */
    print.low += reason == SLU_REASON_NONE ? 0 : 2;
    print.low += print.low == 0;
    return slu_fingerprints_add_print(&pack->seen, print);
}

static enum slu_err take_invalid(struct slu_pack *pack, struct slu_view text,
                                 const struct slu_typed_value *value)
{
    enum slu_err err;

    pack->report.invalid_lines++;
    text.len = text.len < SLU_RECORD_KEY_MAX ? text.len : SLU_RECORD_KEY_MAX;
    if (is_repeat(pack, value->reason, text)) {
        return SLU_ERR_OK;
    }
    pack->reasons[value->reason]++;
    err = slu_text_set_add(&pack->invalid[value->kind], text,
                           (uint16_t)value->reason);
    if (err == SLU_ERR_LIMIT) {
        pack->report.omitted++;
        return SLU_ERR_OK;
    }
    return err;
}

/* No name is like the key of a CIDR, whose last byte is below any sign. */
static enum slu_err take_cidr(struct slu_pack *pack, struct slu_cidr cidr)
{
    char key[SLU_RECORD_IP_KEY_LEN];

    pack->report.accepted[SLU_KIND_IP]++;
    if (cidr.prefix == 32) {
        return slu_pack_addresses_add(&pack->addresses, &cidr.address, 1);
    }
    slu_record_key_from_cidr(cidr, key);
    return is_repeat(pack, SLU_REASON_NONE, slu_view_make(key, sizeof(key)))
               ? SLU_ERR_OK
               : slu_buf_append(&pack->cidrs, slu_view_make((const char *)&cidr,
                                                            sizeof(cidr)));
}

/* `text` without blanks, comment and end of line; not empty. */
static enum slu_err take_entry(struct slu_pack *pack, struct slu_view text)
{
    struct slu_typed_value value;
    struct slu_view name;
    struct slu_cidr cidr;

    if (slu_ipv4_match(text, &cidr, NULL) == SLU_REASON_NONE) {
        return take_cidr(pack, cidr);
    }
    if (slu_typed_value_check(text, &value) != SLU_REASON_NONE) {
        return take_invalid(pack, text, &value);
    }
    pack->report.accepted[SLU_KIND_DOMAIN]++;
    name = slu_view_make(value.key, value.key_len);
    return is_repeat(pack, SLU_REASON_NONE, name)
               ? SLU_ERR_OK
               : slu_text_set_add(&pack->domains, name, 0);
}

static enum slu_err take_line(struct input *self, struct slu_view line)
{
    struct slu_pack *pack = self->pack;
    const char *comment;

    pack->report.lines++;
    if (line.len > 0 && memchr(line.ptr, '\0', line.len) != NULL) {
        return slu_error_set(
            &pack->error, SLU_ERR_CONFIG,
            "%.200s is not a text: line %llu of the inputs has a zero byte; "
            "give plain text, in UTF-8 where it isn't ASCII",
            self->name, (unsigned long long)pack->report.lines);
    }
    comment = line.len > 0 ? memchr(line.ptr, '#', line.len) : NULL;
    if (comment != NULL) {
        line.len = (size_t)(comment - line.ptr);
    }
    line = slu_typed_value_trim(line);
    if (line.len == 0) {
        pack->report.blank_lines++;
        return SLU_ERR_OK;
    }
    return fail_memory(pack, take_entry(pack, line));
}

/* A line that no block can hold is no entry, and its front is told; unless a
 * comment makes it that long, and the entry stands before it. */
static enum slu_err take_endless(struct input *self)
{
    const struct slu_typed_value value = {.kind = SLU_KIND_DOMAIN,
                                          .reason = SLU_REASON_TOO_LONG};
    struct slu_view front = slu_view_make(self->block, self->len);

    self->skipping = true;
    if (memchr(front.ptr, '\0', front.len) != NULL ||
        memchr(front.ptr, '#', front.len) != NULL) {
        return take_line(self, front);
    }
    self->pack->report.lines++;
    return fail_memory(self->pack, take_invalid(self->pack, front, &value));
}

/* ---- one block ---- */

static enum slu_err take_addresses(struct input *self, struct slu_view *text)
{
    struct slu_pack *pack = self->pack;
    enum slu_err err = SLU_ERR_OK;
    size_t count;

    do {
        count = slu_ipv4_lines_read(text, self->batch, BATCH);
        pack->report.lines += count;
        pack->report.accepted[SLU_KIND_IP] += count;
        err = slu_pack_addresses_add(&pack->addresses, self->batch, count);
    } while (count == BATCH && err == SLU_ERR_OK);
    return fail_memory(pack, err);
}

/* The next line of *text; false: it has no end there. */
static bool cut_line(struct slu_view *text, struct slu_view *out_line)
{
    const char *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;
    size_t len;

    if (end == NULL) {
        return false;
    }
    len = (size_t)(end - text->ptr);
    *out_line = slu_view_make(text->ptr, len);
    *text = slu_view_make(end + 1, text->len - len - 1);
    return true;
}

/* All whole lines of the block; the rest moves to its front. */
static enum slu_err take_block(struct input *self)
{
    struct slu_view text = slu_view_make(self->block, self->len);
    struct slu_view line;
    enum slu_err err = SLU_ERR_OK;

    if (self->skipping) {
        if (!cut_line(&text, &line)) {
            self->len = 0;
            return SLU_ERR_OK;
        }
        self->skipping = false;
    }
    for (;;) {
        err = take_addresses(self, &text);
        if (err != SLU_ERR_OK || !cut_line(&text, &line)) {
            break;
        }
        err = take_line(self, line);
        if (err != SLU_ERR_OK) {
            break;
        }
    }
    if (err == SLU_ERR_OK && text.len == BLOCK_BYTES) {
        err = take_endless(self);
        text.len = 0;
    }
    memmove(self->block, text.ptr, text.len);
    self->len = text.len;
    return err;
}

/* What tells at once that it is no list: compressed (RFC 1952; "PK" of ZIP; the
 * magic numbers of zstd and xz). A byte order mark is dropped. */
static enum slu_err look_at_front(struct input *self)
{
    static const struct slu_view packed[] = {
        SLU_VIEW_LITERAL("\x1f\x8b"), SLU_VIEW_LITERAL("PK\x03\x04"),
        SLU_VIEW_LITERAL("\x28\xb5\x2f\xfd"),
        SLU_VIEW_LITERAL("\xfd"
                         "7zXZ")};
    static const struct slu_view mark = SLU_VIEW_LITERAL("\xef\xbb\xbf");

    self->begun = true;
    for (unsigned i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
        if (self->len >= packed[i].len &&
            memcmp(self->block, packed[i].ptr, packed[i].len) == 0) {
            return slu_error_set(&self->pack->error, SLU_ERR_CONFIG,
                                 "%.200s is compressed; unpack it first, for "
                                 "example with `zcat FILE | sluice pack -`",
                                 self->name);
        }
    }
    if (self->len >= mark.len && memcmp(self->block, mark.ptr, mark.len) == 0) {
        self->len -= mark.len;
        memmove(self->block, self->block + mark.len, self->len);
    }
    return SLU_ERR_OK;
}

/* ---- one input ---- */

static enum slu_err fail_read(struct input *self, int sys)
{
    char text[128];
    enum slu_err err = sys == ENOENT   ? SLU_ERR_NOT_FOUND
                       : sys == EISDIR ? SLU_ERR_CONFIG
                                       : SLU_ERR_IO;

    (void)slu_error_set(&self->pack->error, err, "cannot read %.200s: %s%s",
                        self->name, strerror_r(sys, text, sizeof(text)),
                        sys == EISDIR ? "; name the files in it" : "");
    self->pack->error.sys = sys;
    return err;
}

/* Fills the block as far as it goes; *out_ended at the end of the input. */
static enum slu_err fill_block(struct input *self, bool *out_ended)
{
    size_t room = BLOCK_BYTES - self->len;
    ssize_t got = slu_fd_read(self->fd, self->block + self->len, room);

    if (got < 0) {
        return fail_read(self, errno);
    }
    self->len += (size_t)got;
    self->pack->report.bytes += (uint64_t)got;
    *out_ended = (size_t)got < room;
    return SLU_ERR_OK;
}

static enum slu_err read_blocks(struct input *self)
{
    enum slu_err err = SLU_ERR_OK;
    bool ended = false;

    while (err == SLU_ERR_OK && !ended) {
        err = fill_block(self, &ended);
        if (err == SLU_ERR_OK && !self->begun) {
            err = look_at_front(self);
        }
        if (err == SLU_ERR_OK) {
            err = take_block(self);
        }
    }
    if (err == SLU_ERR_OK && self->len > 0 && !self->skipping) {
        err = take_line(self, slu_view_make(self->block, self->len));
    }
    return err;
}

static enum slu_err read_input(struct input *self, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    enum slu_err err;

    self->name = is_stdin ? "the standard input" : path;
    self->begun = false;
    self->skipping = false;
    self->len = 0;
    self->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (self->fd < 0) {
        return fail_read(self, errno);
    }
    err = read_blocks(self);
    if (!is_stdin) {
        (void)close(self->fd);
    }
    return err;
}

static int compare_cidrs(const void *a, const void *b)
{
    const struct slu_cidr *left = a;
    const struct slu_cidr *right = b;

    return left->address != right->address
               ? (left->address > right->address) -
                     (left->address < right->address)
               : (left->prefix > right->prefix) -
                     (left->prefix < right->prefix);
}

static void sort_cidrs(struct slu_buf *buf)
{
    struct slu_cidr *cidrs = (void *)buf->ptr;
    size_t count = buf->len / sizeof(*cidrs);
    size_t kept = 0;

    if (count == 0) {
        return;
    }
    qsort(cidrs, count, sizeof(*cidrs), compare_cidrs);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_cidrs(&cidrs[kept - 1], &cidrs[i]) != 0) {
            cidrs[kept++] = cidrs[i];
        }
    }
    buf->len = kept * sizeof(*cidrs);
}

static enum slu_err finish_sets(struct slu_pack *pack)
{
    enum slu_err err = slu_pack_addresses_finish(&pack->addresses);

    sort_cidrs(&pack->cidrs);
    slu_text_set_sort(&pack->domains);
    slu_text_set_sort(&pack->invalid[SLU_KIND_IP]);
    slu_text_set_sort(&pack->invalid[SLU_KIND_DOMAIN]);
    if (err == SLU_ERR_OK) {
        pack->report.unique[SLU_KIND_IP] =
            slu_pack_addresses_count(&pack->addresses) +
            pack->cidrs.len / sizeof(struct slu_cidr);
        pack->report.unique[SLU_KIND_DOMAIN] = pack->domains.count;
    }
    return fail_memory(pack, err);
}

enum slu_err slu_pack_read(struct slu_pack *self)
{
    struct input *input = slu_alloc_get(self->alloc, sizeof(*input));
    enum slu_err err = SLU_ERR_OK;

    if (input == NULL) {
        return fail_memory(self, SLU_ERR_NOMEM);
    }
    input->pack = self;
    for (unsigned i = 0; i < self->options.input_count && err == SLU_ERR_OK;
         i++) {
        err = read_input(input, self->options.inputs[i]);
    }
    slu_alloc_put(self->alloc, input, sizeof(*input));
    return err == SLU_ERR_OK ? finish_sets(self) : err;
}
