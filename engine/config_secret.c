/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets of the configuration: {env: NAME}, {file: PATH}, and for some fields
 * {secret: NAME_OR_ARN, key: MEMBER}, which is only a place here: the engine
 * fetches it when it needs it. The file of the configuration never holds a
 * secret, and no message here quotes what stands in a secret's place, for it
 * may be the secret itself.
 */
#include "engine/config_reader.h"
#include "engine/read_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENV_NAME_MAX 63
#define PLACE_MAX 320
#define MANAGER_NAME_MAX 2048 /* of GetSecretValue */
#define MEMBER_MAX 255

static enum slu_err fail_secret(const struct slu_config_reader *reader,
                                const struct slu_config_slot *slot,
                                const char *sentence)
{
    return slu_config_reader_fail(reader, slu_config_reader_line(reader),
                                  "`%s` in %s: %s", slot->field->key,
                                  slot->label, sentence);
}

static enum slu_err fail_value(const struct slu_config_reader *reader,
                               const struct slu_config_slot *slot,
                               const char *place)
{
    char sentence[PLACE_MAX + 128];

    (void)snprintf(sentence, sizeof(sentence),
                   "%s holds a %sline break or another byte that no %s has",
                   place, slot->field->phrase ? "" : "space, a ",
                   slot->field->phrase ? "passphrase" : "key");
    return fail_secret(reader, slot, sentence);
}

static enum slu_err fail_nomem(const struct slu_config_reader *reader)
{
    return slu_error_set(reader->error, SLU_ERR_NOMEM,
                         "out of memory while reading %s", reader->name);
}

/* Where the value came from, kept for "API key not found in ...". */
static enum slu_err set_place(struct slu_config_reader *reader,
                              struct slu_secret *secret, const char *what,
                              struct slu_view name)
{
    char place[PLACE_MAX];

    (void)snprintf(place, sizeof(place), "%s %.*s", what, SLU_VIEW_ARGS(name));
    secret->place = slu_config_copy(reader->config, slu_view_str(place));
    return secret->place == NULL ? fail_nomem(reader) : SLU_ERR_OK;
}

/* Printable ASCII only: a key goes into a header, where a line break would
 * start another one. A passphrase stays here, and may have blanks and the
 * letters of any language. */
static bool is_secret_byte(const struct slu_field *field, char byte)
{
    unsigned char code = (unsigned char)byte;

    return field->phrase ? code >= 0x20 && code != 0x7F
                         : code > 0x20 && code < 0x7F;
}

/* Takes the value without the line end behind it. An empty one is not there. */
static enum slu_err set_value(struct slu_config_reader *reader,
                              const struct slu_config_slot *slot,
                              struct slu_secret *secret, struct slu_view value)
{
    while (value.len > 0 && (value.ptr[value.len - 1] == '\n' ||
                             value.ptr[value.len - 1] == '\r')) {
        value.len--;
    }
    if (value.len == 0) {
        return SLU_ERR_OK;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (!is_secret_byte(slot->field, value.ptr[i])) {
            return fail_value(reader, slot, secret->place);
        }
    }
    secret->value = slu_config_copy(reader->config, value);
    return secret->value == NULL ? fail_nomem(reader) : SLU_ERR_OK;
}

/* What somebody writes who puts the key where its name belongs: a name of 32
 * or more hexadecimal digits is no name. */
static bool may_be_key(struct slu_view name)
{
    size_t hex = 0;

    for (size_t i = 0; i < name.len; i++) {
        hex += isxdigit((unsigned char)name.ptr[i]) != 0;
    }
    return name.len >= 32 && hex == name.len;
}

/* ---- {env: NAME} ---- */

static bool is_env_name(struct slu_view name)
{
    if (name.len == 0 || name.len > ENV_NAME_MAX ||
        isdigit((unsigned char)name.ptr[0])) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];

        if (byte >= 0x80 || (!isalnum(byte) && byte != '_')) {
            return false;
        }
    }
    return !may_be_key(name);
}

static enum slu_err read_env(struct slu_config_reader *reader,
                             const struct slu_config_slot *slot,
                             struct slu_secret *secret)
{
    struct slu_view name = slu_config_reader_scalar(reader);
    enum slu_err err;

    if (!is_env_name(name)) {
        return fail_secret(reader, slot,
                           "env wants the name of an environment variable, "
                           "such as GTI_API_KEY; never the key itself");
    }
    err = set_place(reader, secret, "the environment variable", name);
    if (err != SLU_ERR_OK) {
        return err;
    }
    /* The place ends in the name, terminated. */
    return set_value(reader, slot, secret,
                     slu_view_str(getenv(secret->place +
                                         strlen("the environment variable "))));
}

/* ---- {file: PATH} ---- */

static enum slu_err fail_file(const struct slu_config_reader *reader,
                              const struct slu_config_slot *slot,
                              const char *path, int sys)
{
    enum slu_err code = sys == ENOENT ? SLU_ERR_NOT_FOUND : SLU_ERR_IO;
    char sentence[SLU_ERROR_TEXT_MAX];

    (void)snprintf(sentence, sizeof(sentence), "cannot read the file %s: %s",
                   path, strerror(sys));
    (void)fail_secret(reader, slot, sentence);
    if (reader->error != NULL) {
        reader->error->code = code;
        reader->error->sys = sys;
    }
    return code;
}

static enum slu_err read_secret_file(struct slu_config_reader *reader,
                                     const struct slu_config_slot *slot,
                                     const char *path,
                                     struct slu_secret *secret)
{
    char room[SLU_SECRET_MAX + 1];
    ssize_t len;
    enum slu_err err;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return fail_file(reader, slot, path, errno);
    }
    len = slu_fd_read(fd, room, sizeof(room));
    if (len < 0) {
        err = fail_file(reader, slot, path, errno);
    } else if (len > SLU_SECRET_MAX) {
        err = fail_secret(reader, slot, "the file is too large for a key");
    } else {
        err = set_value(reader, slot, secret, slu_view_make(room, (size_t)len));
    }
    explicit_bzero(room, sizeof(room));
    close(fd);
    return err;
}

static enum slu_err read_file(struct slu_config_reader *reader,
                              const struct slu_config_slot *slot,
                              struct slu_secret *secret)
{
    struct slu_view path = slu_config_reader_scalar(reader);
    enum slu_err err;
    const char *copy;

    if (path.len == 0) {
        return fail_secret(reader, slot, "file wants a path");
    }
    copy = slu_config_copy(reader->config, path);
    if (copy == NULL) {
        return fail_nomem(reader);
    }
    err = set_place(reader, secret, "the file", path);
    return err != SLU_ERR_OK ? err
                             : read_secret_file(reader, slot, copy, secret);
}

/* ---- {secret: NAME_OR_ARN, key: MEMBER} ---- */

/* The characters that Secrets Manager allows, and those of an ARN. */
static bool is_manager_name(struct slu_view name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];

        if (byte >= 0x80 ||
            (!isalnum(byte) && strchr("/_+=.@-!:", byte) == NULL)) {
            return false;
        }
    }
    return name.len > 0 && name.len <= MANAGER_NAME_MAX && !may_be_key(name);
}

static enum slu_err read_manager(struct slu_config_reader *reader,
                                 const struct slu_config_slot *slot,
                                 struct slu_secret *secret)
{
    struct slu_view name = slu_config_reader_scalar(reader);

    if (!is_manager_name(name)) {
        return fail_secret(reader, slot,
                           "secret wants the name or the ARN of a secret in "
                           "AWS Secrets Manager; never the key itself");
    }
    secret->name = slu_config_copy(reader->config, name);
    return secret->name == NULL ? fail_nomem(reader)
                                : set_place(reader, secret, "the secret",
                                            slu_view_str(secret->name));
}

static enum slu_err read_member(struct slu_config_reader *reader,
                                const struct slu_config_slot *slot,
                                struct slu_secret *secret)
{
    struct slu_view name = slu_config_reader_scalar(reader);

    if (name.len == 0 || name.len > MEMBER_MAX || may_be_key(name)) {
        return fail_secret(reader, slot,
                           "key wants the name of a member of the secret's "
                           "JSON; never the key itself");
    }
    secret->member = slu_config_copy(reader->config, name);
    return secret->member == NULL ? fail_nomem(reader) : SLU_ERR_OK;
}

/* ---- the map ---- */

static enum slu_err fail_expected(const struct slu_config_reader *reader,
                                  const struct slu_config_slot *slot,
                                  const char *before, const char *behind)
{
    char expected[SLU_EXPECTATION_MAX];
    char sentence[SLU_EXPECTATION_MAX + 160];

    slu_config_expectation(slot->field, expected);
    (void)snprintf(sentence, sizeof(sentence), "%sexpected %s%s", before,
                   expected, behind);
    return fail_secret(reader, slot, sentence);
}

typedef enum slu_err (*read_part_fn)(struct slu_config_reader *reader,
                                     const struct slu_config_slot *slot,
                                     struct slu_secret *secret);

static const struct part {
    const char *key;
    read_part_fn read;
    bool manager; /* only of a field that may be in Secrets Manager */
    bool place;   /* one of them is wanted */
} parts[] = {
    {"env", read_env, false, true},
    {"file", read_file, false, true},
    {"secret", read_manager, true, true},
    {"key", read_member, true, false},
};

static const struct part *find_part(struct slu_view key)
{
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (slu_view_equal_str(key, parts[i].key)) {
            return &parts[i];
        }
    }
    return NULL;
}

/* On a key; to the end of its value. */
static enum slu_err read_part(struct slu_config_reader *reader,
                              const struct slu_config_slot *slot,
                              struct slu_secret *secret)
{
    const struct part *part = slu_config_reader_is(reader, YAML_SCALAR_EVENT)
                                  ? find_part(slu_config_reader_scalar(reader))
                                  : NULL;
    enum slu_err err;

    if (part == NULL) {
        return fail_expected(reader, slot, "", "");
    }
    if (part->manager && !slot->field->manager) {
        return fail_expected(reader, slot,
                             "this one cannot be in AWS Secrets Manager; ", "");
    }
    if (part->place ? secret->place != NULL : secret->member != NULL) {
        return fail_expected(reader, slot, "", ", and only one of them");
    }
    err = slu_config_reader_next(reader);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (!slu_config_reader_is(reader, YAML_SCALAR_EVENT)) {
        return fail_expected(reader, slot, "", "");
    }
    return part->read(reader, slot, secret);
}

enum slu_err slu_config_read_secret(struct slu_config_reader *reader,
                                    const struct slu_config_slot *slot)
{
    struct slu_secret secret = {NULL, NULL, NULL, NULL};
    enum slu_err err;

    if (!slu_config_reader_is(reader, YAML_MAPPING_START_EVENT)) {
        return fail_expected(reader, slot,
                             "a secret never stands in the file itself; ", "");
    }
    for (;;) {
        err = slu_config_reader_next(reader);
        if (err != SLU_ERR_OK ||
            slu_config_reader_is(reader, YAML_MAPPING_END_EVENT)) {
            break;
        }
        err = read_part(reader, slot, &secret);
        if (err != SLU_ERR_OK) {
            break;
        }
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (secret.place == NULL) {
        return fail_expected(reader, slot, "", "");
    }
    if (secret.member != NULL && secret.name == NULL) {
        return fail_secret(reader, slot,
                           "key names a member of a secret in AWS Secrets "
                           "Manager, as in {secret: NAME_OR_ARN, key: MEMBER}");
    }
    memcpy((char *)slot->base + slot->field->offset, &secret, sizeof(secret));
    return SLU_ERR_OK;
}
