/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a pack are counted as a plain reading of them counts; what its
 * lists hold adds up, and packed again gives the same lists; and it makes no
 * difference where the text meets the end of a block of 256 KB.
 */
#include "codecs/ipv4.h"
#include "codecs/typed_value.h"
#include "fuzz/demand.h"
#include <sluice/pack.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK_BYTES (256u * 1024)
#define LISTS_MAX (64u * 1024)
#define OUT_DIRS 2

static char out_dirs[OUT_DIRS][64];

static void remove_out(void)
{
    static const char *const folders[] = {"guard_duty", "invalid_iocs", "."};

    for (unsigned i = 0; i < OUT_DIRS; i++) {
        for (unsigned j = 0; j < 3; j++) {
            char path[128];

            (void)snprintf(path, sizeof(path), "%s/%s", out_dirs[i],
                           folders[j]);
            (void)rmdir(j < 2 ? path : out_dirs[i]);
        }
    }
}

static void make_out(void)
{
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    for (unsigned i = 0; i < OUT_DIRS && out_dirs[i][0] == '\0'; i++) {
        (void)snprintf(out_dirs[i], sizeof(out_dirs[i]),
                       "%s/sluice_fuzz_XXXXXX", parent);
        demand(mkdtemp(out_dirs[i]) != NULL, "a folder for the lists");
        if (i == 0) {
            (void)atexit(remove_out);
        }
    }
}

/* ---- a pack of a text in memory ---- */

struct packed {
    enum slu_err err;
    struct slu_pack_report report;
    size_t len; /* of all files of lists, one behind the other */
    char lists[LISTS_MAX];
};

static void read_list(struct packed *self, const char *path)
{
    FILE *file = fopen(path, "rb");

    demand(file != NULL, "a file that the report names");
    self->len += fread(self->lists + self->len, 1, LISTS_MAX - self->len, file);
    (void)fclose(file);
}

/* Reads the lists and removes all that was written. */
static void collect(struct packed *self, const char *dir)
{
    for (unsigned i = 0; i < self->report.file_count; i++) {
        const char *name = self->report.files[i].path;
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        if (strncmp(name, "guard_duty/", 11) == 0) {
            read_list(self, path);
        }
        (void)unlink(path);
    }
}

static void pack(struct packed *self, unsigned dir, struct slu_view filler,
                 struct slu_view text)
{
    int fd = memfd_create("list", MFD_CLOEXEC);
    char name[64];
    const char *inputs[] = {name};
    struct slu_pack_options options = {
        .inputs = inputs,
        .input_count = 1,
        .output_dir = out_dirs[dir],
        .no_sync = true,
    };
    struct slu_error error = {0};

    demand(fd >= 0 &&
               write(fd, filler.ptr, filler.len) == (ssize_t)filler.len &&
               write(fd, text.ptr, text.len) == (ssize_t)text.len,
           "a text in memory");
    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    self->len = 0;
    self->err = slu_pack(&options, &self->report, &error);
    demand((self->err == SLU_ERR_OK) == (error.code == SLU_ERR_OK),
           "a sentence for a failure");
    if (self->err == SLU_ERR_OK) {
        collect(self, out_dirs[dir]);
    }
    (void)close(fd);
}

/* ---- a plain reading ---- */

struct counts {
    uint64_t lines;
    uint64_t blank;
    uint64_t invalid;
    uint64_t accepted[SLU_KIND_COUNT];
};

static void count_line(struct counts *self, struct slu_view line)
{
    const char *comment =
        line.len == 0 ? NULL : memchr(line.ptr, '#', line.len);
    struct slu_typed_value value;
    struct slu_cidr cidr;

    self->lines++;
    if (comment != NULL) {
        line.len = (size_t)(comment - line.ptr);
    }
    line = slu_typed_value_trim(line);
    if (line.len == 0) {
        self->blank++;
    } else if (slu_ipv4_match(line, &cidr, NULL) == SLU_REASON_NONE) {
        self->accepted[SLU_KIND_IP]++;
    } else if (slu_typed_value_check(line, &value) == SLU_REASON_NONE) {
        self->accepted[SLU_KIND_DOMAIN]++;
    } else {
        self->invalid++;
    }
}

static struct counts count_lines(struct slu_view text)
{
    struct counts counts = {0};

    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0) {
        text = slu_view_make(text.ptr + 3, text.len - 3);
    }
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        size_t step = end == NULL ? len : len + 1;

        count_line(&counts, slu_view_make(text.ptr, len));
        text = slu_view_make(text.ptr + step, text.len - step);
    }
    return counts;
}

/* ---- promises ---- */

static void check_counts(const struct packed *packed, struct slu_view text)
{
    const struct slu_pack_report *report = &packed->report;
    struct counts counts = count_lines(text);
    uint64_t listed = 0;
    uint64_t lines = 0;

    demand(report->lines == counts.lines &&
               report->blank_lines == counts.blank &&
               report->invalid_lines == counts.invalid,
           "lines are counted as a plain reading does");
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        demand(report->accepted[kind] == counts.accepted[kind],
               "and what is accepted");
        demand(report->guarded[kind] + report->listed[kind] +
                       report->exceeded[kind] ==
                   report->unique[kind],
               "each value is held back, listed, or over capacity");
        listed += report->listed[kind];
    }
    for (size_t i = 0; i < packed->len; i++) {
        lines += packed->lists[i] == '\n';
    }
    demand(lines == listed, "the lists have a line for each that is listed");
}

/* The block ends at the byte `cut` of the text. */
static void check_cut(const struct packed *first, struct slu_view text,
                      size_t cut)
{
    static char filler[BLOCK_BYTES];
    static struct packed other;
    size_t len = BLOCK_BYTES - cut;

    memset(filler, ' ', len);
    filler[len - 1] = '\n';
    pack(&other, 1, slu_view_make(filler, len), text);
    demand(other.err == first->err, "the same wherever a block ends");
    demand(other.report.lines == first->report.lines + 1 &&
               other.report.blank_lines == first->report.blank_lines + 1 &&
               other.report.invalid_lines == first->report.invalid_lines,
           "the same counts wherever a block ends");
    demand(other.len == first->len &&
               memcmp(other.lists, first->lists, first->len) == 0,
           "the same lists wherever a block ends");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct packed first;
    static struct packed again;
    struct slu_view text = slu_view_make((const char *)data, size);
    struct slu_view none = {0};

    if (size < 2 || size > 8192) {
        return 0;
    }
    make_out();
    pack(&first, 0, none, text);
    if (first.err != SLU_ERR_OK) {
        demand(first.err == SLU_ERR_CONFIG, "a text that is no list");
        return 0;
    }
    check_counts(&first, text);
    if (data[0] != 0xef) {
        check_cut(&first, text, (data[size - 1] * 31u + data[0]) % size + 1);
    }
    if (first.len > 0) {
        pack(&again, 1, none, slu_view_make(first.lists, first.len));
        demand(again.len == first.len &&
                   memcmp(again.lists, first.lists, first.len) == 0,
               "packed again the lists are the same");
    }
    return 0;
}
