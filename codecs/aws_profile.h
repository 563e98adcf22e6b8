/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: reads the shared files of the AWS SDKs, ~/.aws/config and
 * ~/.aws/credentials, one key at a time.
 *
 *     [profile audit]            # config; [audit] in credentials
 *     region = eu-west-1         ; a comment behind a blank
 *     credential_process = /bin/keys
 *         --account 1            a deeper line goes on with the value
 *     services = local
 *     [services local]
 *     s3 =
 *         endpoint_url = http://127.0.0.1:9000       a sub-key
 *
 * Quotes are bytes like any other, except around a section's name. Lines end
 * in LF or CRLF; a byte order mark is skipped. A section or key that comes
 * again is told again: what it means is the caller's.
 *
 * Life cycle: init, next until the end. Nothing is allocated.
 * Ownership: views point into the text, and the byte behind each is one that
 * was read already (or the end of the text): a caller that owns the text may
 * put a zero there.
 * Errors: CONFIG with "line N: " and what was expected, and the line's offset.
 * No error quotes the file, for secrets stand in it.
 */
#ifndef SLU_CODECS_AWS_PROFILE_H
#define SLU_CODECS_AWS_PROFILE_H

#include <sluice/err.h>
#include <sluice/view.h>

enum slu_aws_file {
    SLU_AWS_FILE_CONFIG,
    SLU_AWS_FILE_CREDENTIALS,
    SLU_AWS_FILE_COUNT,
};

enum slu_aws_section {
    SLU_AWS_SECTION_PROFILE,
    SLU_AWS_SECTION_SERVICES,
    SLU_AWS_SECTION_OTHER, /* sso-session, and names that mean nothing */
};

struct slu_aws_entry {
    enum slu_aws_section section;
    bool prefixed;          /* "[profile x]", which wins over "[default]" */
    struct slu_view name;   /* of the profile or the services */
    unsigned line;          /* from 1 */
    struct slu_view key;    /* empty: the section begins here */
    struct slu_view parent; /* "s3" of a sub-key, else empty */
    struct slu_view value;  /* may hold line breaks where it goes on */
};

struct slu_aws_profile_reader {
    enum slu_aws_file file;
    struct slu_view text;
    size_t offset; /* of the next line */
    unsigned line; /* of the last one taken */
    bool in_section;
    bool in_key;
    size_t indent; /* of the present key */
    struct slu_aws_entry entry;
    struct slu_view open_key; /* a key without a value: sub-keys may follow */
};

void slu_aws_profile_reader_init(struct slu_aws_profile_reader *self,
                                 enum slu_aws_file file, struct slu_view text);

/* The next section or key; *out_end past the last one. */
SLU_MUST_CHECK enum slu_err
slu_aws_profile_reader_next(struct slu_aws_profile_reader *self,
                            struct slu_aws_entry *out_entry, bool *out_end,
                            struct slu_error *out_error);

#endif
