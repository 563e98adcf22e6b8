/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared file of any bytes, as either of the two: the reader ends, its views
 * lie in the text, its lines only go on, and a zero behind each view changes
 * nothing that comes.
 */
#include "codecs/aws_profile.h"
#include "fuzz/demand.h"

static void check_view(struct slu_view text, struct slu_view view, size_t past)
{
    size_t end = (size_t)(view.ptr - text.ptr) + view.len;

    demand(view.ptr >= text.ptr && end <= text.len, "a view lies in the text");
    demand(end <= past, "the byte behind a view was read");
}

static void check_entry(const struct slu_aws_profile_reader *reader,
                        const struct slu_aws_entry *entry, unsigned last_line)
{
    struct slu_view text = reader->text;

    check_view(text, entry->name, reader->offset);
    demand(entry->name.len > 0, "a section has a name");
    demand(entry->line > last_line, "lines go on");
    if (entry->key.len > 0) {
        check_view(text, entry->key, reader->offset);
        check_view(text, entry->value, reader->offset);
        demand(memchr(entry->key.ptr, '=', entry->key.len) == NULL,
               "a key ends before the sign");
    }
    if (entry->parent.len > 0) {
        check_view(text, entry->parent, reader->offset);
        demand(entry->key.len > 0, "a parent has a key");
    }
}

/* A digest of all that was told, to compare two readings by. */
static uint64_t add(uint64_t sum, struct slu_view view)
{
    for (size_t i = 0; i < view.len; i++) {
        sum = (sum ^ (unsigned char)view.ptr[i]) * 1099511628211u;
    }
    return (sum ^ view.len) * 1099511628211u;
}

static uint64_t read_all(enum slu_aws_file file, char *text, size_t size,
                         bool end_texts)
{
    struct slu_aws_profile_reader reader;
    struct slu_aws_entry entry;
    struct slu_error error = {0};
    unsigned line = 0;
    uint64_t sum = 0;
    bool end = false;

    slu_aws_profile_reader_init(&reader, file, slu_view_make(text, size));
    while (slu_aws_profile_reader_next(&reader, &entry, &end, &error) ==
               SLU_ERR_OK &&
           !end) {
        check_entry(&reader, &entry, line);
        line = entry.line;
        sum = add(add(add(sum, entry.name), entry.key), entry.parent);
        sum = entry.key.len > 0 ? add(sum, entry.value) : sum;
        if (end_texts) {
            text[entry.name.ptr + entry.name.len - text] = '\0';
        }
        if (end_texts && entry.key.len > 0) {
            text[entry.key.ptr + entry.key.len - text] = '\0';
            text[entry.value.ptr + entry.value.len - text] = '\0';
        }
    }
    demand(end == (error.code == SLU_ERR_OK), "it ends or fails");
    demand(end || error.offset < size, "an error names an offset");
    return sum * 2 + end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int file = 0; file < SLU_AWS_FILE_COUNT; file++) {
        char *text = calloc(1, size + 1);
        uint64_t first;

        demand(text != NULL, "memory");
        memcpy(text, data, size);
        first = read_all((enum slu_aws_file)file, text, size, false);
        demand(first == read_all((enum slu_aws_file)file, text, size, true),
               "zeros behind the views change nothing");
        free(text);
    }
    return 0;
}
