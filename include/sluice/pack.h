/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: plain text lists of any size made into the size-capped files that
 * GuardDuty takes: one IPv4 address, CIDR or domain a line is read, checked,
 * held against the guard rails, deduped, sorted and written. Needs neither a
 * configuration nor a state.
 *
 * Input: "\n" or "\r\n" ends a line; blanks around an entry, blank lines, a
 * byte order mark, and all from a '#' to the end of its line are passed over.
 * Output: the layout of the lists flow; of each type the smallest entries are
 * on the lists, what is more goes to exceeded_*.txt, whole. All files are
 * written, empty ones too, each as NAME.part and rename. A list file that an
 * earlier pack into more files has left there is emptied.
 *
 * Limits: memory: 8 bytes for each different address and at most 512 MB; some
 * 27 bytes for each different CIDR, domain and invalid value, and beside them
 * 8 for a CIDR, and 16 and its length for the others, 1 GiB of domains.
 * Threads: any number of packs at once, each into another folder. One of many
 * addresses starts a thread to sort half of them, which has ended on return.
 * Errors: NOT_FOUND and CONFIG (an input that is none, or not one valid line in
 * all of them), IO, NOMEM, LIMIT (over 1 GiB of domains); nothing is written
 * then, but for an error of writing itself. INCOMPLETE: all is written, and
 * some entries are over capacity.
 */
#ifndef SLU_PACK_H
#define SLU_PACK_H

#include <sluice/alloc.h>
#include <sluice/api.h>
#include <sluice/engine.h>
#include <sluice/err.h>
#include <sluice/indicator.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zeroed means default for every member but inputs and output_dir. */
struct slu_pack_options {
    const struct slu_alloc *alloc;
    const char *const *inputs; /* paths; "-" is the standard input */
    unsigned input_count;
    const char *output_dir;
    const char *allow_file; /* entries that are never listed */
    bool allow_non_global;  /* list private and reserved addresses, too */
    unsigned files;         /* of each type, 1-6; 0: 6 */
    uint64_t ip_lines;      /* of a file; 0, and at most: 250,000 */
    uint64_t domain_lines;  /* of a file; 0, and at most: 1,000 */
    uint64_t file_bytes;    /* of a file; 0, and at most: 35,000,000 */
    bool no_sync; /* leave it to the system when files reach the disk: after
                     a crash of the machine they may be empty */
};

/* What a pack did. Values are different ones, lines are all. */
struct slu_pack_report {
    uint64_t bytes;
    uint64_t lines;
    uint64_t blank_lines;              /* of them: blank, or a comment alone */
    uint64_t invalid_lines;            /* of them: no entry */
    uint64_t accepted[SLU_KIND_COUNT]; /* of them: valid */
    uint64_t unique[SLU_KIND_COUNT];   /* values of these */
    uint64_t guarded[SLU_KIND_COUNT];  /* values that guard rails hold back */
    uint64_t listed[SLU_KIND_COUNT];
    uint64_t exceeded[SLU_KIND_COUNT]; /* over capacity */
    uint64_t omitted; /* values that the side files for invalid values, 35 MB
                         each, have no room for */
    unsigned reason_count; /* values that aren't listed, by reason */
    struct slu_report_reason reasons[SLU_REPORT_REASONS_MAX];
    const char *output_dir;
    unsigned file_count;
    struct slu_report_file files[SLU_REPORT_FILES_MAX];
    double seconds;
    double read_seconds; /* of them: until the last input was read */
};

/* Both outputs may be NULL. *out_report is filled on failure too, as far as it
 * went. */
SLU_API SLU_MUST_CHECK enum slu_err
slu_pack(const struct slu_pack_options *options,
         struct slu_pack_report *out_report, struct slu_error *out_error);

#ifdef __cplusplus
}
#endif
#endif
