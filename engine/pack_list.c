/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pack_state.h"

static const char *path_of(const struct slu_pack_list *self)
{
    if (self->index < self->pack->options.files) {
        return slu_pack_list_path(self->kind, self->index);
    }
    return slu_side_file_path(self->kind == SLU_KIND_IP
                                  ? SLU_SIDE_EXCEEDED_IP
                                  : SLU_SIDE_EXCEEDED_DOMAIN);
}

static enum slu_err open_file(struct slu_pack_list *self)
{
    const struct slu_pack_options *options = &self->pack->options;
    bool exceeded = self->index == options->files;

    self->lines = 0;
    self->bytes = 0;
    self->lines_max = exceeded                    ? UINT64_MAX
                      : self->kind == SLU_KIND_IP ? options->ip_lines
                                                  : options->domain_lines;
    self->bytes_max = exceeded ? UINT64_MAX : options->file_bytes;
    return slu_pack_fail_files(
        self->pack,
        slu_file_begin(self->pack->files, path_of(self), &self->writer));
}

static enum slu_err flush(struct slu_pack_list *self)
{
    enum slu_err err =
        slu_file_append(self->writer, slu_view_make(self->text, self->len));

    self->len = 0;
    return slu_pack_fail_files(self->pack, err);
}

static enum slu_err close_file(struct slu_pack_list *self)
{
    struct slu_pack_report *report = &self->pack->report;
    struct slu_file_writer *writer = self->writer;
    bool changed;
    enum slu_err err = flush(self);

    if (err != SLU_ERR_OK) {
        return err;
    }
    self->writer = NULL;
    err = slu_pack_fail_files(self->pack, slu_file_commit(writer, &changed));
    if (err == SLU_ERR_OK) {
        uint64_t *total = self->index < self->pack->options.files
                              ? report->listed
                              : report->exceeded;

        total[self->kind] += self->lines;
        slu_pack_note_file(self->pack, path_of(self), self->lines, self->bytes,
                           changed);
    }
    return err;
}

static enum slu_err next_file(struct slu_pack_list *self)
{
    enum slu_err err = close_file(self);

    self->index++;
    return err == SLU_ERR_OK ? open_file(self) : err;
}

enum slu_err slu_pack_list_begin(struct slu_pack_list *self,
                                 struct slu_pack *pack, enum slu_kind kind)
{
    self->pack = pack;
    self->kind = kind;
    self->index = 0;
    self->len = 0;
    self->writer = NULL;
    return open_file(self);
}

/* Room in the file and in the text for at least one line of that length. */
static enum slu_err make_room(struct slu_pack_list *self, size_t line_len)
{
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && (self->lines == self->lines_max ||
                                 self->bytes_max - self->bytes < line_len)) {
        err = next_file(self);
    }
    if (err == SLU_ERR_OK && sizeof(self->text) - self->len < line_len) {
        err = flush(self);
    }
    return err;
}

enum slu_err slu_pack_list_add(struct slu_pack_list *self,
                               struct slu_view entry)
{
    enum slu_err err = make_room(self, entry.len + 1);

    if (err != SLU_ERR_OK) {
        return err;
    }
    memcpy(self->text + self->len, entry.ptr, entry.len);
    self->text[self->len + entry.len] = '\n';
    self->len += entry.len + 1;
    self->bytes += entry.len + 1;
    self->lines++;
    return SLU_ERR_OK;
}

static uint64_t min_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

enum slu_err slu_pack_list_add_addresses(struct slu_pack_list *self,
                                         const struct slu_ipv4_octets *octets,
                                         const uint32_t *addresses,
                                         size_t count)
{
    while (count > 0) {
        uint64_t room;
        size_t taken;
        size_t len;
        enum slu_err err = make_room(self, SLU_IPV4_LINE_MAX);

        if (err != SLU_ERR_OK) {
            return err;
        }
        /* As if each line were of the greatest length. */
        room = min_of(self->bytes_max - self->bytes,
                      sizeof(self->text) - self->len);
        room = min_of(room / SLU_IPV4_LINE_MAX, self->lines_max - self->lines);
        taken = (size_t)min_of(room, count);
        len = slu_ipv4_lines_write(octets, addresses, taken,
                                   self->text + self->len);
        self->len += len;
        self->bytes += len;
        self->lines += taken;
        addresses += taken;
        count -= taken;
    }
    return SLU_ERR_OK;
}

static enum slu_err empty_left_over(struct slu_pack *pack, const char *path)
{
    struct stat info;
    bool changed;
    enum slu_err err;

    if (!slu_pack_find_output(pack, path, &info)) {
        return SLU_ERR_OK;
    }
    err = slu_pack_fail_files(
        pack,
        slu_files_replace(pack->files, path, slu_view_make(NULL, 0), &changed));
    if (err == SLU_ERR_OK) {
        slu_pack_note_file(pack, path, 0, 0, changed);
    }
    return err;
}

enum slu_err slu_pack_list_end(struct slu_pack_list *self)
{
    struct slu_pack *pack = self->pack;
    enum slu_err err = close_file(self);

    while (err == SLU_ERR_OK && self->index < pack->options.files) {
        self->index++;
        err = open_file(self);
        if (err == SLU_ERR_OK) {
            err = close_file(self);
        }
    }
    for (unsigned i = pack->options.files;
         i < SLU_LIST_FILES_MAX && err == SLU_ERR_OK; i++) {
        err = empty_left_over(pack, slu_pack_list_path(self->kind, i));
    }
    return err;
}

void slu_pack_list_abandon(struct slu_pack_list *self)
{
    slu_file_abandon(self->writer);
    self->writer = NULL;
}
