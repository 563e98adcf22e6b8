/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of a pack (sluice/pack.h), shared by the files that make it
 * up: pack.c (options and order), pack_read.c (inputs into sets) and
 * pack_write.c (sets into files, by way of pack_list.c).
 */
#ifndef SLU_ENGINE_PACK_STATE_H
#define SLU_ENGINE_PACK_STATE_H

#include "codecs/buf.h"
#include "codecs/guard.h"
#include "codecs/ipv4_lines.h"
#include "codecs/text_set.h"
#include "engine/files.h"
#include "engine/fingerprints.h"
#include "engine/pack_addresses.h"
#include "sinks/lists.h"
#include <sluice/pack.h>
#include <sys/stat.h>

struct slu_pack {
    const struct slu_alloc *alloc;
    struct slu_pack_options options; /* with the defaults filled in */
    struct slu_pack_report report;
    struct slu_error error;
    struct slu_guard *guard;
    struct slu_files *files;
    struct slu_pack_addresses addresses;
    struct slu_buf cidrs; /* struct slu_cidr */
    struct slu_text_set domains;
    struct slu_text_set invalid[SLU_KIND_COUNT]; /* number: the reason */
    struct slu_fingerprints seen; /* of all but plain addresses */
    uint64_t reasons[SLU_REASON_COUNT];
};

/* The default paths of the list files: index from 0, NULL past the end. */
const char *slu_pack_list_path(enum slu_kind kind, unsigned index);

/* Whether there is a file of this path, relative to the output folder. */
bool slu_pack_find_output(const struct slu_pack *self, const char *path,
                          struct stat *out_info);

/* Reads all inputs, and finishes the sets. */
SLU_MUST_CHECK enum slu_err slu_pack_read(struct slu_pack *self);

SLU_MUST_CHECK enum slu_err slu_pack_write(struct slu_pack *self);

/* ---- one type's lists ---- */

#define SLU_PACK_LIST_BYTES 65536

/* Entries in their order, cut into files; what is more, into the last. */
struct slu_pack_list {
    struct slu_pack *pack;
    enum slu_kind kind;
    unsigned index;     /* of the open file; options.files: the exceeded one */
    uint64_t lines_max; /* of the open file */
    uint64_t bytes_max;
    uint64_t lines; /* in it so far, those in `text` included */
    uint64_t bytes;
    struct slu_file_writer *writer; /* NULL: no file is open */
    size_t len;
    char text[SLU_PACK_LIST_BYTES];
};

/* Opens the first file. */
SLU_MUST_CHECK enum slu_err slu_pack_list_begin(struct slu_pack_list *self,
                                                struct slu_pack *pack,
                                                enum slu_kind kind);
/* One entry, without "\n". */
SLU_MUST_CHECK enum slu_err slu_pack_list_add(struct slu_pack_list *self,
                                              struct slu_view entry);
SLU_MUST_CHECK enum slu_err
slu_pack_list_add_addresses(struct slu_pack_list *self,
                            const struct slu_ipv4_octets *octets,
                            const uint32_t *addresses, size_t count);
/* Commits the open file, and makes those behind it empty: also those that an
 * earlier pack into more files has left. */
SLU_MUST_CHECK enum slu_err slu_pack_list_end(struct slu_pack_list *self);
/* Safe on a zeroed one and after end. */
void slu_pack_list_abandon(struct slu_pack_list *self);

/* Says in the report what became of a file. */
void slu_pack_note_file(struct slu_pack *self, const char *path, uint64_t lines,
                        uint64_t bytes, bool changed);

/* The error of the files becomes the pack's. */
enum slu_err slu_pack_fail_files(struct slu_pack *self, enum slu_err err);

#endif
