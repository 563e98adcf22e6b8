/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/allow_file.h"
#include "engine/clock.h"
#include "engine/large_alloc.h"
#include "engine/pack_state.h"

#include <stdio.h>

#define NAMES_BYTES_MAX ((size_t)1 << 30)
#define INVALID_BYTES_MAX ((size_t)64 << 20)
#define SEEN_MAX ((size_t)1 << 27) /* 1 GiB of names is hardly more */
#define CIDR_MIN_PREFIX 8          /* as lists.cidr_min_prefix has it */
#define FILE_BYTES_MIN 1000        /* any entry fits */
#define PATH_BYTES_MAX 5200

/* ---- options ---- */

const char *slu_pack_list_path(enum slu_kind kind, unsigned index)
{
    static const struct slu_lists_config none;
    const struct slu_strings *paths = slu_lists_config_files(&none, kind);

    return index < paths->count ? paths->items[index] : NULL;
}

/* 0 is the greatest, which GuardDuty takes. */
static enum slu_err check_limit(struct slu_pack *self, const char *name,
                                uint64_t least, uint64_t most, uint64_t *value)
{
    if (*value == 0) {
        *value = most;
    }
    return *value >= least && *value <= most
               ? SLU_ERR_OK
               : slu_error_set(&self->error, SLU_ERR_CONFIG,
                               "%s is %llu; give %llu to %llu", name,
                               (unsigned long long)*value,
                               (unsigned long long)least,
                               (unsigned long long)most);
}

static enum slu_err check_options(struct slu_pack *self)
{
    struct slu_pack_options *options = &self->options;
    uint64_t files = options->files;
    enum slu_err err;

    if (options->input_count == 0) {
        return slu_error_set(&self->error, SLU_ERR_CONFIG,
                             "a pack needs at least one input");
    }
    for (unsigned i = 0; i < options->input_count; i++) {
        if (options->inputs[i][0] == '\0') {
            return slu_error_set(&self->error, SLU_ERR_CONFIG,
                                 "the name of input %u is empty: give a file, "
                                 "or - for the standard input",
                                 i + 1);
        }
    }
    if (options->output_dir == NULL || options->output_dir[0] == '\0') {
        return slu_error_set(&self->error, SLU_ERR_CONFIG,
                             "output_dir is empty: name a folder for the "
                             "lists");
    }
    err =
        check_limit(self, "the number of files", 1, SLU_LIST_FILES_MAX, &files);
    options->files = (unsigned)files;
    if (err == SLU_ERR_OK) {
        err = check_limit(self, "the lines of an IP file", 1,
                          SLU_LIST_IP_LINES_MAX, &options->ip_lines);
    }
    if (err == SLU_ERR_OK) {
        err = check_limit(self, "the lines of a domain file", 1,
                          SLU_LIST_DOMAIN_LINES_MAX, &options->domain_lines);
    }
    return err == SLU_ERR_OK
               ? check_limit(self, "the bytes of a file", FILE_BYTES_MIN,
                             SLU_LIST_BYTES_MAX, &options->file_bytes)
               : err;
}

/* ---- inputs that would be overwritten ---- */

/* The path of any file that is written, relative to the folder; NULL past the
 * end. */
static const char *output_path(unsigned index)
{
    if (index < 2 * SLU_LIST_FILES_MAX) {
        return slu_pack_list_path(index < SLU_LIST_FILES_MAX ? SLU_KIND_IP
                                                             : SLU_KIND_DOMAIN,
                                  index % SLU_LIST_FILES_MAX);
    }
    index -= 2 * SLU_LIST_FILES_MAX;
    return index < SLU_SIDE_FILE_COUNT
               ? slu_side_file_path((enum slu_side_file)index)
               : NULL;
}

bool slu_pack_find_output(const struct slu_pack *self, const char *path,
                          struct stat *out_info)
{
    char whole[PATH_BYTES_MAX];

    (void)snprintf(whole, sizeof(whole), "%s/%s", self->options.output_dir,
                   path);
    return stat(whole, out_info) == 0;
}

static enum slu_err check_input(struct slu_pack *self, const char *input)
{
    struct stat info;
    const char *path;

    if (stat(input, &info) != 0) {
        return SLU_ERR_OK; /* told when it is opened */
    }
    for (unsigned i = 0; (path = output_path(i)) != NULL; i++) {
        struct stat output;

        if (slu_pack_find_output(self, path, &output) &&
            output.st_dev == info.st_dev && output.st_ino == info.st_ino) {
            return slu_error_set(&self->error, SLU_ERR_CONFIG,
                                 "%.200s would be overwritten by its own pack; "
                                 "give another output folder than %.80s",
                                 input, self->options.output_dir);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err check_inputs(struct slu_pack *self)
{
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i < self->options.input_count && err == SLU_ERR_OK;
         i++) {
        if (strcmp(self->options.inputs[i], "-") != 0) {
            err = check_input(self, self->options.inputs[i]);
        }
    }
    return err;
}

/* ---- life ---- */

static enum slu_err make_guard(struct slu_pack *self)
{
    const struct slu_guard_options options = {
        .allow_non_global = self->options.allow_non_global,
        .cidr_min_prefix = CIDR_MIN_PREFIX,
    };
    const char *path = self->options.allow_file;

    self->guard = slu_guard_new(self->alloc, &options);
    if (self->guard == NULL) {
        return slu_error_set(&self->error, SLU_ERR_NOMEM, "out of memory");
    }
    return path == NULL ? SLU_ERR_OK
                        : slu_allow_file_read(self->alloc, "the allow file",
                                              path, self->guard, &self->error);
}

static void init_sets(struct slu_pack *self)
{
    const struct slu_alloc *large = slu_large_alloc(self->alloc);

    slu_pack_addresses_init(&self->addresses, large);
    slu_buf_init(&self->cidrs, large, NAMES_BYTES_MAX);
    slu_text_set_init(&self->domains, large, NAMES_BYTES_MAX);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        slu_text_set_init(&self->invalid[kind], large, INVALID_BYTES_MAX);
    }
    slu_fingerprints_init_keeping(&self->seen, self->alloc, SEEN_MAX);
}

static void fini(struct slu_pack *self)
{
    slu_pack_addresses_fini(&self->addresses);
    slu_buf_fini(&self->cidrs);
    slu_text_set_fini(&self->domains);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        slu_text_set_fini(&self->invalid[kind]);
    }
    slu_fingerprints_fini(&self->seen);
    slu_guard_free(self->guard);
    slu_files_close(self->files);
}

/* ---- the report ---- */

void slu_pack_note_file(struct slu_pack *self, const char *path, uint64_t lines,
                        uint64_t bytes, bool changed)
{
    struct slu_pack_report *report = &self->report;

    if (report->file_count < SLU_REPORT_FILES_MAX) {
        report->files[report->file_count++] = (struct slu_report_file){
            .path = path, .lines = lines, .bytes = bytes, .changed = changed};
    }
}

enum slu_err slu_pack_fail_files(struct slu_pack *self, enum slu_err err)
{
    if (err != SLU_ERR_OK) {
        self->error = *slu_files_error(self->files);
    }
    return err;
}

static void note_reasons(struct slu_pack *self)
{
    struct slu_pack_report *report = &self->report;

    for (int reason = 0; reason < SLU_REASON_COUNT; reason++) {
        if (self->reasons[reason] > 0 &&
            report->reason_count < SLU_REPORT_REASONS_MAX) {
            report->reasons[report->reason_count++] =
                (struct slu_report_reason){
                    slu_reason_name((enum slu_reason)reason),
                    self->reasons[reason]};
        }
    }
}

/* ---- all in order ---- */

/* A wrong file, or a pipe that brings nothing because what fills it has failed,
 * must not empty the lists that are there. */
static enum slu_err check_entries(struct slu_pack *self)
{
    const struct slu_pack_report *report = &self->report;

    if (report->unique[SLU_KIND_IP] > 0 ||
        report->unique[SLU_KIND_DOMAIN] > 0) {
        return SLU_ERR_OK;
    }
    if (report->invalid_lines == 0) {
        return slu_error_set(&self->error, SLU_ERR_CONFIG,
                             "the inputs are empty, or comments alone; nothing "
                             "was written");
    }
    return slu_error_set(&self->error, SLU_ERR_CONFIG,
                         "none of the %llu lines is an IPv4 address, a CIDR or "
                         "a domain; nothing was written",
                         (unsigned long long)report->lines);
}

static enum slu_err open_output(struct slu_pack *self)
{
    const char *dir = self->options.output_dir;

    return self->options.no_sync
               ? slu_files_open_unsynced(self->alloc, dir, &self->files,
                                         &self->error)
               : slu_files_open(self->alloc, dir, &self->files, &self->error);
}

static enum slu_err run(struct slu_pack *self)
{
    uint64_t began_us = slu_clock_mono_us();
    enum slu_err err = check_options(self);

    if (err == SLU_ERR_OK) {
        err = check_inputs(self);
    }
    if (err == SLU_ERR_OK) {
        err = make_guard(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_pack_read(self);
    }
    self->report.read_seconds = (double)(slu_clock_mono_us() - began_us) / 1e6;
    if (err == SLU_ERR_OK) {
        err = check_entries(self);
    }
    if (err == SLU_ERR_OK) {
        err = open_output(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_pack_write(self);
    }
    self->report.seconds = (double)(slu_clock_mono_us() - began_us) / 1e6;
    return err;
}

static enum slu_err judge(struct slu_pack *self)
{
    const uint64_t *exceeded = self->report.exceeded;
    uint64_t ips = exceeded[SLU_KIND_IP];
    uint64_t domains = exceeded[SLU_KIND_DOMAIN];

    return ips + domains == 0
               ? SLU_ERR_OK
               : slu_error_set(&self->error, SLU_ERR_INCOMPLETE,
                               "%llu IPs and %llu domains are over the "
                               "capacity of the lists; they are in "
                               "exceeded_*.txt",
                               (unsigned long long)ips,
                               (unsigned long long)domains);
}

enum slu_err slu_pack(const struct slu_pack_options *options,
                      struct slu_pack_report *out_report,
                      struct slu_error *out_error)
{
    struct slu_pack self = {
        .alloc = options->alloc != NULL ? options->alloc : slu_alloc_default(),
        .options = *options,
        .report.output_dir = options->output_dir,
    };
    enum slu_err err;

    init_sets(&self);
    err = run(&self);
    if (err == SLU_ERR_OK) {
        err = judge(&self);
    }
    note_reasons(&self);
    fini(&self);
    if (out_report != NULL) {
        *out_report = self.report;
    }
    if (out_error != NULL) {
        *out_error = self.error;
    }
    return err;
}
