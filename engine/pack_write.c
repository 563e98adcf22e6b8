/* SPDX-License-Identifier: Apache-2.0 */
/* From the sets to the files: first the lists, whose entries the guard rails
 * are asked for, then the side files of what is not valid. */
#include "codecs/list_text.h"
#include "engine/pack_state.h"

#define BATCH 4096
#define SIDE_BYTES 65536
#define SIDE_FILE_BYTES SLU_LIST_BYTES_MAX

/* ---- a side file ---- */

struct side {
    struct slu_pack *pack;
    const char *path;
    struct slu_file_writer *writer;
    struct slu_buf buf;
    uint64_t lines;
    uint64_t bytes;
    bool full; /* what comes now is left out, so that it is a beginning */
};

static enum slu_err begin_side(struct side *self, struct slu_pack *pack,
                               enum slu_side_file file)
{
    *self = (struct side){.pack = pack, .path = slu_side_file_path(file)};
    /* A value may be escaped to six times its length. */
    slu_buf_init(&self->buf, pack->alloc,
                 SIDE_BYTES + 6 * (size_t)SLU_RECORD_KEY_MAX + 256);
    return slu_pack_fail_files(
        pack, slu_file_begin(pack->files, self->path, &self->writer));
}

static enum slu_err flush_side(struct side *self)
{
    enum slu_err err = slu_file_append(self->writer, slu_buf_view(&self->buf));

    slu_buf_clear(&self->buf);
    return slu_pack_fail_files(self->pack, err);
}

/* Ends the line that began at `start` of the buffer. */
static enum slu_err end_side_line(struct side *self, size_t start)
{
    size_t len = self->buf.len - start;

    self->full |= SIDE_FILE_BYTES - self->bytes < len;
    if (self->full) {
        self->buf.len = start;
        self->pack->report.omitted++;
        return SLU_ERR_OK;
    }
    self->bytes += len;
    self->lines++;
    return self->buf.len >= SIDE_BYTES ? flush_side(self) : SLU_ERR_OK;
}

static enum slu_err end_side(struct side *self, enum slu_err err)
{
    bool changed;

    if (err == SLU_ERR_OK) {
        err = flush_side(self);
    }
    slu_buf_fini(&self->buf);
    if (err != SLU_ERR_OK) {
        slu_file_abandon(self->writer);
        return err;
    }
    err = slu_pack_fail_files(self->pack,
                              slu_file_commit(self->writer, &changed));
    if (err == SLU_ERR_OK) {
        slu_pack_note_file(self->pack, self->path, self->lines, self->bytes,
                           changed);
    }
    return err;
}

static enum slu_err write_invalid(struct slu_pack *pack, enum slu_kind kind)
{
    const struct slu_text_set *values = &pack->invalid[kind];
    struct side side;
    enum slu_err err = begin_side(
        &side, pack,
        kind == SLU_KIND_IP ? SLU_SIDE_INVALID_IP : SLU_SIDE_INVALID_DOMAIN);

    for (size_t i = 0; i < values->count && err == SLU_ERR_OK; i++) {
        size_t start = side.buf.len;

        err = slu_side_append(&side.buf, slu_text_set_at(values, i, NULL));
        if (err == SLU_ERR_OK) {
            err = slu_buf_append_str(&side.buf, "\n");
        }
        err = err == SLU_ERR_OK ? end_side_line(&side, start) : err;
    }
    return end_side(&side, err);
}

/* ---- reasons ---- */

struct writing {
    struct slu_pack *pack;
    struct side reasons;
    struct slu_ipv4_octets octets;
    struct slu_pack_list list;
    uint32_t batch[BATCH];
};

static enum slu_err tell_reason(struct writing *self, enum slu_kind kind,
                                struct slu_view value, enum slu_reason reason)
{
    size_t start = self->reasons.buf.len;
    enum slu_err err =
        slu_reason_append(&self->reasons.buf, kind, value, reason, 0);

    return err == SLU_ERR_OK ? end_side_line(&self->reasons, start) : err;
}

static enum slu_err tell_invalid(struct writing *self, enum slu_kind kind)
{
    const struct slu_text_set *values = &self->pack->invalid[kind];
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; i < values->count && err == SLU_ERR_OK; i++) {
        uint16_t reason;
        struct slu_view value = slu_text_set_at(values, i, &reason);

        err = tell_reason(self, kind, value, (enum slu_reason)reason);
    }
    return err;
}

/* A valid value that a guard rail holds back. */
static enum slu_err hold_back(struct writing *self, enum slu_kind kind,
                              struct slu_view value, enum slu_reason reason)
{
    self->pack->reasons[reason]++;
    self->pack->report.guarded[kind]++;
    return tell_reason(self, kind, value, reason);
}

/* ---- the lists ---- */

static enum slu_err write_cidr(struct writing *self, struct slu_cidr cidr)
{
    char text[SLU_IPV4_TEXT_MAX];
    struct slu_view value = slu_view_make(text, slu_ipv4_format(cidr, text));
    enum slu_reason reason = slu_guard_check_ip(self->pack->guard, cidr);

    return reason == SLU_REASON_NONE
               ? slu_pack_list_add(&self->list, value)
               : hold_back(self, SLU_KIND_IP, value, reason);
}

/* The front of the addresses that has one answer of the guard rails. */
static enum slu_err write_run(struct writing *self, const uint32_t *addresses,
                              size_t count, size_t *out_taken)
{
    uint32_t last;
    enum slu_reason reason =
        slu_guard_check_run(self->pack->guard, addresses[0], &last);
    enum slu_err err = SLU_ERR_OK;
    size_t len = 1;

    while (len < count && addresses[len] <= last) {
        len++;
    }
    *out_taken = len;
    if (reason == SLU_REASON_NONE) {
        return slu_pack_list_add_addresses(&self->list, &self->octets,
                                           addresses, len);
    }
    for (size_t i = 0; i < len && err == SLU_ERR_OK; i++) {
        char text[SLU_IPV4_TEXT_MAX];
        struct slu_cidr cidr = {addresses[i], 32};

        err =
            hold_back(self, SLU_KIND_IP,
                      slu_view_make(text, slu_ipv4_format(cidr, text)), reason);
    }
    return err;
}

static enum slu_err write_addresses(struct writing *self,
                                    const uint32_t *addresses, size_t count)
{
    enum slu_err err = SLU_ERR_OK;

    while (count > 0 && err == SLU_ERR_OK) {
        size_t taken;

        err = write_run(self, addresses, count, &taken);
        addresses += taken;
        count -= taken;
    }
    return err;
}

/* The CIDRs that begin at or before the address, up to `end`. */
static enum slu_err write_cidrs(struct writing *self, uint32_t address,
                                size_t *at)
{
    const struct slu_cidr *cidrs = (const void *)self->pack->cidrs.ptr;
    size_t count = self->pack->cidrs.len / sizeof(*cidrs);
    enum slu_err err = SLU_ERR_OK;

    while (*at < count && cidrs[*at].address <= address && err == SLU_ERR_OK) {
        err = write_cidr(self, cidrs[(*at)++]);
    }
    return err;
}

/* A batch of addresses and the CIDRs between them, in one order. */
static enum slu_err write_merged(struct writing *self, size_t count, size_t *at)
{
    const struct slu_cidr *cidrs = (const void *)self->pack->cidrs.ptr;
    size_t cidr_count = self->pack->cidrs.len / sizeof(*cidrs);
    size_t done = 0;
    enum slu_err err = SLU_ERR_OK;

    while (done < count && err == SLU_ERR_OK) {
        size_t end = count;

        err = write_cidrs(self, self->batch[done], at);
        if (*at < cidr_count) {
            end = done;
            while (end < count && self->batch[end] < cidrs[*at].address) {
                end++;
            }
        }
        if (err == SLU_ERR_OK) {
            err = write_addresses(self, self->batch + done, end - done);
        }
        done = end;
    }
    return err;
}

static enum slu_err write_ips(struct writing *self)
{
    struct slu_pack_cursor cursor = {0};
    size_t at = 0;
    size_t count;
    enum slu_err err = SLU_ERR_OK;

    do {
        count = slu_pack_addresses_read(&self->pack->addresses, &cursor,
                                        self->batch, BATCH);
        err = write_merged(self, count, &at);
    } while (count > 0 && err == SLU_ERR_OK);
    return err == SLU_ERR_OK ? write_cidrs(self, UINT32_MAX, &at) : err;
}

static enum slu_err write_domains(struct writing *self)
{
    const struct slu_text_set *domains = &self->pack->domains;
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; i < domains->count && err == SLU_ERR_OK; i++) {
        struct slu_view name = slu_text_set_at(domains, i, NULL);
        enum slu_reason reason =
            slu_guard_check_domain(self->pack->guard, name);

        err = reason == SLU_REASON_NONE
                  ? slu_pack_list_add(&self->list, name)
                  : hold_back(self, SLU_KIND_DOMAIN, name, reason);
    }
    return err;
}

static enum slu_err write_kind(struct writing *self, enum slu_kind kind)
{
    enum slu_err err = slu_pack_list_begin(&self->list, self->pack, kind);

    if (err == SLU_ERR_OK) {
        err = kind == SLU_KIND_IP ? write_ips(self) : write_domains(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_pack_list_end(&self->list);
    }
    slu_pack_list_abandon(&self->list);
    return err;
}

static enum slu_err write_all(struct writing *self)
{
    struct slu_pack *pack = self->pack;
    enum slu_err err = begin_side(&self->reasons, pack, SLU_SIDE_REASONS);

    for (int kind = 0; kind < SLU_KIND_COUNT && err == SLU_ERR_OK; kind++) {
        err = write_kind(self, (enum slu_kind)kind);
    }
    for (int kind = 0; kind < SLU_KIND_COUNT && err == SLU_ERR_OK; kind++) {
        err = tell_invalid(self, (enum slu_kind)kind);
    }
    err = end_side(&self->reasons, err);
    for (int kind = 0; kind < SLU_KIND_COUNT && err == SLU_ERR_OK; kind++) {
        err = write_invalid(pack, (enum slu_kind)kind);
    }
    return err;
}

enum slu_err slu_pack_write(struct slu_pack *self)
{
    struct writing *writing = slu_alloc_get(self->alloc, sizeof(*writing));
    enum slu_err err;

    if (writing == NULL) {
        return slu_error_set(&self->error, SLU_ERR_NOMEM,
                             "out of memory while writing the lists");
    }
    writing->pack = self;
    slu_ipv4_octets_init(&writing->octets);
    err = write_all(writing);
    slu_alloc_put(self->alloc, writing, sizeof(*writing));
    if (err != SLU_ERR_OK && self->error.code == SLU_ERR_OK) {
        (void)slu_error_set(&self->error, err, "cannot write the lists: %s",
                            slu_err_sentence(err));
    }
    return err;
}
