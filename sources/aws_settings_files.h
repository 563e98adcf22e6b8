/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the two shared files, read into profiles and services sections. Known
 * to aws_settings.c only.
 * Life cycle: load into a zeroed struct, find..., fini (which wipes).
 * Ownership: every text is a piece of a file's copy, ended by a zero in place.
 */
#ifndef SLU_SOURCES_AWS_SETTINGS_FILES_H
#define SLU_SOURCES_AWS_SETTINGS_FILES_H

#include "codecs/aws_profile.h"
#include "sources/aws_settings.h"

#define SLU_AWS_PROFILES_MAX 1000 /* in one file */

struct slu_aws_file_profile {
    struct slu_aws_profile values; /* NULL for what is absent */
    bool prefixed;
};

/* An endpoint_url of a services section; service NULL: the section is there. */
struct slu_aws_file_service {
    const char *section;
    const char *service;
    const char *url;
};

struct slu_aws_side {
    const char *path; /* borrowed, for messages */
    char *text;
    size_t size; /* with the zero behind it */
    struct slu_aws_file_profile *profiles;
    unsigned profile_count;
    unsigned profile_room;
    struct slu_aws_file_service *services;
    unsigned service_count;
    unsigned service_room;
};

struct slu_aws_files {
    const struct slu_alloc *alloc;
    struct slu_aws_side sides[SLU_AWS_FILE_COUNT];
};

/* An empty path is a file that isn't there. */
SLU_MUST_CHECK enum slu_err slu_aws_files_load(struct slu_aws_files *self,
                                               const struct slu_aws_port *port,
                                               enum slu_aws_file file,
                                               const char *path,
                                               struct slu_error *out_error);
void slu_aws_files_fini(struct slu_aws_files *self);

/* Both files' profile of that name as one; false when neither has it. What
 * the credentials file says wins, and keys are never mixed of both. */
bool slu_aws_files_profile(const struct slu_aws_files *self, const char *name,
                           struct slu_aws_profile *out_profile);

/* The endpoint_url of a service ("secrets_manager") in a services section, or
 * NULL; *out_known says whether there is such a section. */
const char *slu_aws_files_service(const struct slu_aws_files *self,
                                  const char *section, const char *service,
                                  bool *out_known);

#endif
