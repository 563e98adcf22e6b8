/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each file is walked twice: once to check it and count what it has, once to
 * fill tables of that size. So a file costs three allocations, whatever it
 * holds, and secrets lie in one place, which is wiped.
 */
#include "sources/aws_settings_files.h"

#include <errno.h>
#include <strings.h>

struct profile_key {
    const char *name;
    size_t offset;
};

#define KEY(name, member)                                                      \
    {                                                                          \
        (name), offsetof(struct slu_aws_profile, member)                       \
    }

static const struct profile_key profile_keys[] = {
    KEY("aws_access_key_id", access_key_id),
    KEY("aws_secret_access_key", secret_access_key),
    KEY("aws_session_token", session_token),
    KEY("region", region),
    KEY("role_arn", role_arn),
    KEY("source_profile", source_profile),
    KEY("credential_source", credential_source),
    KEY("role_session_name", role_session_name),
    KEY("external_id", external_id),
    KEY("duration_seconds", duration_seconds),
    KEY("mfa_serial", mfa_serial),
    KEY("web_identity_token_file", web_identity_token_file),
    KEY("credential_process", credential_process),
    KEY("sso_session", sso),
    KEY("sso_start_url", sso),
    KEY("endpoint_url", endpoint_url),
    KEY("services", services),
    KEY("ca_bundle", ca_bundle),
    KEY("use_fips_endpoint", use_fips_endpoint),
    KEY("use_dualstack_endpoint", use_dualstack_endpoint),
};

#define KEY_COUNT (sizeof(profile_keys) / sizeof(profile_keys[0]))

static const char **find_value(struct slu_aws_profile *profile, size_t offset)
{
    return (const char **)(void *)((char *)profile + offset);
}

static const struct profile_key *find_key(struct slu_view key)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const char *name = profile_keys[i].name;

        if (key.len == strlen(name) &&
            strncasecmp(key.ptr, name, key.len) == 0) {
            return &profile_keys[i];
        }
    }
    return NULL;
}

static bool is_endpoint(const struct slu_aws_entry *entry)
{
    return entry->section == SLU_AWS_SECTION_SERVICES &&
           entry->parent.len > 0 &&
           slu_view_equal_str(entry->key, "endpoint_url");
}

/* ---- the first walk ---- */

static enum slu_err fail_entry(const struct slu_aws_side *side, unsigned line,
                               const char *key, const char *what,
                               struct slu_error *error)
{
    return slu_error_set(error, SLU_ERR_CONFIG,
                         "%s, line %u: the value of %s "
                         "%s",
                         side->path, line, key, what);
}

/* A key goes into a header, a path to the system. Only a command may go on in
 * the next line. */
static enum slu_err check_value(const struct slu_aws_side *side,
                                const struct slu_aws_entry *entry,
                                const struct profile_key *key,
                                struct slu_error *error)
{
    bool command = strcmp(key->name, "credential_process") == 0;

    for (size_t i = 0; i < entry->value.len; i++) {
        unsigned char byte = (unsigned char)entry->value.ptr[i];
        bool breaks = byte == '\n' || byte == '\r';

        if (breaks && !command) {
            return fail_entry(side, entry->line, key->name,
                              "goes on in the next line, expected one line",
                              error);
        }
        if ((byte < 0x20 && !breaks && byte != '\t') || byte == 0x7F) {
            return fail_entry(side, entry->line, key->name,
                              "holds a control byte", error);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err count_entry(struct slu_aws_side *side,
                                const struct slu_aws_entry *entry,
                                struct slu_error *error)
{
    bool profile = entry->section == SLU_AWS_SECTION_PROFILE;
    const struct profile_key *key = find_key(entry->key);

    if (memchr(entry->name.ptr, 0, entry->name.len) != NULL) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "%s, line %u: a zero byte in the name of a "
                             "section",
                             side->path, entry->line);
    }
    if (entry->key.len == 0) {
        side->profile_room += profile;
        side->service_room += entry->section == SLU_AWS_SECTION_SERVICES;
        if (side->profile_room > SLU_AWS_PROFILES_MAX) {
            return slu_error_set(error, SLU_ERR_CONFIG,
                                 "%s, line %u: more than %d profiles",
                                 side->path, entry->line, SLU_AWS_PROFILES_MAX);
        }
        return SLU_ERR_OK;
    }
    side->service_room += is_endpoint(entry);
    if (key == NULL || (entry->parent.len > 0 && !is_endpoint(entry))) {
        return SLU_ERR_OK;
    }
    return profile || is_endpoint(entry) ? check_value(side, entry, key, error)
                                         : SLU_ERR_OK;
}

/* ---- the second walk ---- */

/* Ends a text with a zero behind it: see codecs/aws_profile.h. */
static const char *end_text(const struct slu_aws_side *side,
                            struct slu_view view)
{
    char *text = side->text + (view.ptr - side->text);

    text[view.len] = '\0';
    return text;
}

static struct slu_aws_file_profile *
find_profile(const struct slu_aws_side *side, struct slu_view name)
{
    for (unsigned i = 0; i < side->profile_count; i++) {
        if (slu_view_equal_str(name, side->profiles[i].values.name)) {
            return &side->profiles[i];
        }
    }
    return NULL;
}

/* The entry's profile; NULL where its section does not count: [default]
 * beside [profile default]. */
static struct slu_aws_file_profile *
enter_profile(struct slu_aws_side *side, const struct slu_aws_entry *entry)
{
    struct slu_aws_file_profile *profile = find_profile(side, entry->name);

    if (profile != NULL && profile->prefixed && !entry->prefixed) {
        return NULL;
    }
    if (profile != NULL && profile->prefixed == entry->prefixed) {
        return profile;
    }
    if (profile == NULL) {
        profile = &side->profiles[side->profile_count++];
    }
    *profile = (struct slu_aws_file_profile){
        .values.name = end_text(side, entry->name),
        .prefixed = entry->prefixed,
    };
    return profile;
}

static void take_profile_entry(struct slu_aws_side *side,
                               const struct slu_aws_entry *entry)
{
    struct slu_aws_file_profile *profile = enter_profile(side, entry);
    const struct profile_key *key = find_key(entry->key);
    char *text;

    if (profile == NULL || key == NULL || entry->parent.len > 0) {
        return;
    }
    text = side->text + (end_text(side, entry->value) - side->text);
    *find_value(&profile->values, key->offset) = text;
    for (; *text != '\0'; text++) {
        *text = *text == '\n' || *text == '\r' || *text == '\t' ? ' ' : *text;
    }
}

static void take_entry(struct slu_aws_side *side,
                       const struct slu_aws_entry *entry)
{
    if (entry->section == SLU_AWS_SECTION_PROFILE) {
        take_profile_entry(side, entry);
    } else if (is_endpoint(entry)) {
        side->services[side->service_count++] = (struct slu_aws_file_service){
            .section = end_text(side, entry->name),
            .service = end_text(side, entry->parent),
            .url = end_text(side, entry->value),
        };
    } else if (entry->section == SLU_AWS_SECTION_SERVICES &&
               entry->key.len == 0) {
        side->services[side->service_count++] = (struct slu_aws_file_service){
            .section = end_text(side, entry->name)};
    }
}

/* ---- loading ---- */

static enum slu_err fail_nomem(const struct slu_aws_side *side,
                               struct slu_error *error)
{
    return slu_error_set(error, SLU_ERR_NOMEM, "out of memory while reading %s",
                         side->path);
}

static enum slu_err walk(struct slu_aws_side *side, enum slu_aws_file file,
                         bool fill, struct slu_error *error)
{
    struct slu_aws_profile_reader reader;
    struct slu_error why = {0};
    bool end = false;

    slu_aws_profile_reader_init(&reader, file,
                                slu_view_make(side->text, side->size - 1));
    while (!end) {
        struct slu_aws_entry entry;
        enum slu_err err =
            slu_aws_profile_reader_next(&reader, &entry, &end, &why);

        if (err != SLU_ERR_OK) {
            return slu_error_set(error, err, "%s, %s", side->path, why.text);
        }
        if (!end && fill) {
            take_entry(side, &entry);
        } else if (!end) {
            err = count_entry(side, &entry, error);
        }
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err make_tables(struct slu_aws_files *self,
                                struct slu_aws_side *side,
                                struct slu_error *error)
{
    size_t profiles = side->profile_room * sizeof(*side->profiles);
    size_t services = side->service_room * sizeof(*side->services);

    if (profiles > 0) {
        side->profiles = slu_alloc_zero(self->alloc, profiles);
    }
    if (services > 0) {
        side->services = slu_alloc_zero(self->alloc, services);
    }
    return (profiles > 0 && side->profiles == NULL) ||
                   (services > 0 && side->services == NULL)
               ? fail_nomem(side, error)
               : SLU_ERR_OK;
}

/* Into a copy of its own size, by way of one buffer that never moves and is
 * wiped. */
static enum slu_err read_text(struct slu_aws_files *self,
                              const struct slu_aws_port *port,
                              struct slu_aws_side *side, int *out_sys)
{
    struct slu_buf buf;
    char *room;
    enum slu_err err;

    slu_buf_init(&buf, self->alloc, SLU_AWS_FILE_MAX);
    err = slu_buf_reserve(&buf, SLU_AWS_FILE_MAX, &room);
    if (err == SLU_ERR_OK) {
        err = port->read_file(port->ctx, side->path, &buf, out_sys);
    }
    if (err == SLU_ERR_OK) {
        side->text = slu_alloc_zero(self->alloc, buf.len + 1);
        err = side->text == NULL ? SLU_ERR_NOMEM : SLU_ERR_OK;
    }
    if (err == SLU_ERR_OK) {
        side->size = buf.len + 1;
        memcpy(side->text, buf.ptr, buf.len);
    }
    if (buf.ptr != NULL) {
        explicit_bzero(buf.ptr, buf.capacity);
    }
    slu_buf_fini(&buf);
    return err;
}

enum slu_err slu_aws_files_load(struct slu_aws_files *self,
                                const struct slu_aws_port *port,
                                enum slu_aws_file file, const char *path,
                                struct slu_error *out_error)
{
    struct slu_aws_side *side = &self->sides[file];
    int sys = 0;
    enum slu_err err;

    side->path = path;
    err =
        path[0] == '\0' ? SLU_ERR_NOT_FOUND : read_text(self, port, side, &sys);
    /* ENOTDIR: a daemon's HOME is often /dev/null. */
    if (err == SLU_ERR_NOT_FOUND || (err == SLU_ERR_IO && sys == ENOTDIR)) {
        return SLU_ERR_OK;
    }
    if (err == SLU_ERR_NOMEM) {
        return fail_nomem(side, out_error);
    }
    if (err == SLU_ERR_LIMIT) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "%s is larger than %u bytes", path,
                             SLU_AWS_FILE_MAX);
    }
    if (err != SLU_ERR_OK) {
        (void)slu_error_set(out_error, err, "cannot read %s: %s", path,
                            strerror(sys));
        if (out_error != NULL) {
            out_error->sys = sys;
        }
        return err;
    }
    err = walk(side, file, false, out_error);
    if (err == SLU_ERR_OK) {
        err = make_tables(self, side, out_error);
    }
    return err == SLU_ERR_OK ? walk(side, file, true, out_error) : err;
}

void slu_aws_files_fini(struct slu_aws_files *self)
{
    for (unsigned i = 0; i < SLU_AWS_FILE_COUNT; i++) {
        struct slu_aws_side *side = &self->sides[i];

        if (side->text != NULL) {
            explicit_bzero(side->text, side->size);
        }
        slu_alloc_put(self->alloc, side->text, side->size);
        slu_alloc_put(self->alloc, side->profiles,
                      side->profile_room * sizeof(*side->profiles));
        slu_alloc_put(self->alloc, side->services,
                      side->service_room * sizeof(*side->services));
        *side = (struct slu_aws_side){0};
    }
}

/* ---- questions ---- */

static const struct slu_aws_profile empty_profile = {"", "", "", "", "", "", "",
                                                     "", "", "", "", "", "", "",
                                                     "", "", "", "", "", ""};

static void overlay(struct slu_aws_profile *onto,
                    struct slu_aws_profile *profile)
{
    if (profile->access_key_id != NULL) {
        onto->access_key_id = "";
        onto->secret_access_key = "";
        onto->session_token = "";
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        size_t offset = profile_keys[i].offset;
        const char *value = *find_value(profile, offset);

        if (value != NULL) {
            *find_value(onto, offset) = value;
        }
    }
}

bool slu_aws_files_profile(const struct slu_aws_files *self, const char *name,
                           struct slu_aws_profile *out_profile)
{
    bool found = false;

    *out_profile = empty_profile;
    for (unsigned i = 0; i < SLU_AWS_FILE_COUNT; i++) {
        struct slu_aws_file_profile *profile =
            find_profile(&self->sides[i], slu_view_str(name));

        if (profile != NULL) {
            overlay(out_profile, &profile->values);
            out_profile->name = profile->values.name;
            found = true;
        }
    }
    return found;
}

const char *slu_aws_files_service(const struct slu_aws_files *self,
                                  const char *section, const char *service,
                                  bool *out_known)
{
    const struct slu_aws_side *side = &self->sides[SLU_AWS_FILE_CONFIG];
    const char *url = NULL;

    *out_known = false;
    for (unsigned i = 0; i < side->service_count; i++) {
        const struct slu_aws_file_service *one = &side->services[i];

        if (strcmp(one->section, section) != 0) {
            continue;
        }
        *out_known = true;
        if (one->service != NULL && strcasecmp(one->service, service) == 0) {
            url = one->url;
        }
    }
    return url;
}
