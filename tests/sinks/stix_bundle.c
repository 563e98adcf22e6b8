/* SPDX-License-Identifier: Apache-2.0 */
/* For test_stix_bundle.py: rows on stdin, one a line, their fields apart by
 * tabs (kind value severity first last id arn type tag...; "-": absent); the
 * bundle on stdout. The number of bytes that the spool is read by is an
 * argument. */
#include "sinks/row_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 200

struct job {
    struct slu_buf spool;
    size_t at;
    size_t step;
};

static enum slu_err read_piece(void *ctx, struct slu_view *out_bytes)
{
    struct job *self = ctx;
    size_t left = self->spool.len - self->at;
    size_t len = left < self->step ? left : self->step;

    *out_bytes = slu_view_make(self->spool.ptr + self->at, len);
    self->at += len;
    return SLU_ERR_OK;
}

static enum slu_err write_piece(void *ctx, struct slu_view bytes)
{
    (void)ctx;
    return fwrite(bytes.ptr, 1, bytes.len, stdout) == bytes.len ? SLU_ERR_OK
                                                                : SLU_ERR_IO;
}

static struct slu_view view_field(const char *text)
{
    return strcmp(text, "-") == 0 ? slu_view_make(NULL, 0) : slu_view_str(text);
}

static enum slu_row_kind find_kind(const char *name)
{
    int kind = 0;

    while (strcmp(slu_row_kind_name((enum slu_row_kind)kind), name) != 0) {
        kind++;
    }
    return (enum slu_row_kind)kind;
}

static void add_row(struct job *job, char *line)
{
    struct slu_view tags[FIELDS_MAX];
    char *fields[FIELDS_MAX] = {NULL};
    struct slu_row row = {.ce_type = "url", .tags = tags};
    unsigned count = 0;

    for (char *field = strsep(&line, "\t"); field != NULL;
         field = strsep(&line, "\t")) {
        fields[count++] = field;
    }
    row.kind = find_kind(fields[0]);
    row.value = slu_view_str(fields[1]);
    row.severity = fields[2];
    row.first_seen = view_field(fields[3]);
    row.last_seen = view_field(fields[4]);
    row.finding_id = view_field(fields[5]);
    row.finding_arn = view_field(fields[6]);
    row.finding_type = view_field(fields[7]);
    for (unsigned i = 8; i < count; i++) {
        tags[row.tag_count++] = slu_view_str(fields[i]);
    }
    if (slu_stix_sink.row(&row, &job->spool) != SLU_ERR_OK) {
        abort();
    }
}

int main(int argc, char **argv)
{
    static char line[1 << 20];
    struct job job = {.step = argc > 1 ? strtoul(argv[1], NULL, 10) : 65536};
    struct slu_row_finish finish = {.alloc = slu_alloc_default(),
                                    .ctx = &job,
                                    .read = read_piece,
                                    .write = write_piece};
    struct slu_error error = {0};
    enum slu_err err;

    slu_buf_init(&job.spool, finish.alloc, (size_t)1 << 30);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        add_row(&job, line);
    }
    err = slu_stix_sink.finish(&finish, &error);
    slu_buf_fini(&job.spool);
    if (err != SLU_ERR_OK) {
        (void)fprintf(stderr, "%s: %s\n", slu_err_name(err), error.text);
    }
    return err == SLU_ERR_OK ? 0 : 1;
}
