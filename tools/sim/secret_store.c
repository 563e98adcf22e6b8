/* SPDX-License-Identifier: Apache-2.0 */
#include "secret_store.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/* A value of the command line, loaded. */
struct given {
    char *name;
    struct sim_text value;
    int64_t after;
};

struct sim_secret_store {
    const struct sim_aws_options *options;
    const struct sim_keys *keys;
    struct given given[SIM_AWS_LIST_MAX];
    struct sim_secret *secret[SIM_SECRETS_MAX];
    size_t secrets;
    uint64_t drawn;
};

static char *copy_text(const char *text, size_t len)
{
    char *copy = sim_alloc(len + 1);

    memcpy(copy, text, len);
    return copy;
}

static _Noreturn void end_without(const struct given *given, const char *value,
                                  const char *expected)
{
    fprintf(stderr, "sluice-sim: --secret: %s=%s is not %s\n", given->name,
            value, expected);
    exit(2);
}

/* The text itself, or the file's bytes after an @. */
static void load_value(struct given *given, const char *value)
{
    char piece[4096];
    FILE *file;
    size_t got;

    if (value[0] != '@') {
        sim_text_str(&given->value, value);
    } else {
        file = fopen(value + 1, "rb");
        if (file == NULL) {
            end_without(given, value, "a file that can be read");
        }
        while ((got = fread(piece, 1, sizeof(piece), file)) > 0 &&
               given->value.len <= SIM_SECRET_MAX) {
            sim_text_add(&given->value, piece, got);
        }
        fclose(file);
    }
    if (given->value.len == 0 || given->value.len > SIM_SECRET_MAX) {
        end_without(given, value[0] == '@' ? value : "...", "1 to 65536 bytes");
    }
}

struct sim_secret_store *
sim_secret_store_new(const struct sim_aws_options *options,
                     const struct sim_keys *keys)
{
    struct sim_secret_store *store = sim_alloc(sizeof(*store));

    store->options = options;
    store->keys = keys;
    for (unsigned i = 0; i < options->secret_rows; i++) {
        const struct sim_aws_secret *row = &options->secret_row[i];

        store->given[i].name = copy_text(row->name, row->name_len);
        store->given[i].after = row->after;
        load_value(&store->given[i], row->value);
    }
    return store;
}

static void fini_value(struct sim_text *value)
{
    if (value->data != NULL) {
        OPENSSL_cleanse(value->data, value->cap);
    }
    sim_text_fini(value);
}

static void free_secret(struct sim_secret *secret)
{
    for (unsigned i = 0; i < secret->versions; i++) {
        fini_value(&secret->version[i].value);
    }
    free(secret->name);
    free(secret->arn);
    free(secret->description);
    free(secret);
}

void sim_secret_store_free(struct sim_secret_store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < store->secrets; i++) {
        free_secret(store->secret[i]);
    }
    for (size_t i = 0; i < SIM_AWS_LIST_MAX; i++) {
        free(store->given[i].name);
        fini_value(&store->given[i].value);
    }
    free(store);
}

struct sim_secret *sim_secret_at(struct sim_secret_store *store, size_t at)
{
    return at < store->secrets ? store->secret[at] : NULL;
}

/* The six letters after the name; another six in every region. */
static void draw_letters(struct sim_secret_store *store, char *out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char bytes[32];

    sim_keys_draw(store->keys, "secret arn", ++store->drawn, bytes);
    for (int i = 0; i < 6; i++) {
        out[i] = alphabet[bytes[i] % (sizeof(alphabet) - 1)];
    }
    out[6] = '\0';
}

static bool is_secret(const struct sim_secret *secret, const char *account,
                      const char *region, const char *name)
{
    return strcmp(secret->name, name) == 0 &&
           strcmp(secret->account, account) == 0 &&
           strcmp(secret->region, region) == 0;
}

/* Frees the name of one that is gone. */
static void drop_gone(struct sim_secret_store *store, const char *account,
                      const char *region, const char *name)
{
    for (size_t i = 0; i < store->secrets; i++) {
        if (is_secret(store->secret[i], account, region, name)) {
            free_secret(store->secret[i]);
            store->secret[i] = store->secret[--store->secrets];
            return;
        }
    }
}

struct sim_secret *sim_secret_add(struct sim_secret_store *store,
                                  const char *account, const char *region,
                                  const char *name, double now)
{
    struct sim_text arn = {0};
    struct sim_secret *secret;
    char letters[7];

    drop_gone(store, account, region, name);
    if (store->secrets == SIM_SECRETS_MAX) {
        return NULL;
    }
    secret = sim_alloc(sizeof(*secret));
    secret->name = copy_text(name, strlen(name));
    snprintf(secret->account, sizeof(secret->account), "%s", account);
    snprintf(secret->region, sizeof(secret->region), "%s", region);
    draw_letters(store, letters);
    sim_text_printf(&arn, "arn:aws:secretsmanager:%s:%s:secret:%s-%s", region,
                    account, name, letters);
    sim_text_byte(&arn, '\0');
    secret->arn = arn.data;
    secret->created = now;
    secret->changed = now;
    store->secret[store->secrets++] = secret;
    return secret;
}

bool sim_secret_has_label(const struct sim_secret_version *version,
                          const char *label)
{
    return sim_options_has(version->labels, label);
}

struct sim_secret_version *sim_secret_version(struct sim_secret *secret,
                                              const char *id)
{
    for (unsigned i = 0; i < secret->versions; i++) {
        if (strcmp(secret->version[i].id, id) == 0) {
            return &secret->version[i];
        }
    }
    return NULL;
}

struct sim_secret_version *sim_secret_labelled(struct sim_secret *secret,
                                               const char *label)
{
    for (unsigned i = 0; i < secret->versions; i++) {
        if (sim_secret_has_label(&secret->version[i], label)) {
            return &secret->version[i];
        }
    }
    return NULL;
}

static void add_label(struct sim_secret_version *version, const char *label)
{
    size_t len = strlen(version->labels);

    snprintf(version->labels + len, sizeof(version->labels) - len, "%s%s",
             len > 0 ? "," : "", label);
}

/* Takes the label off whichever version has it. */
static void drop_label(struct sim_secret *secret, const char *label)
{
    struct sim_secret_version *version = sim_secret_labelled(secret, label);
    char old[SIM_SECRET_LABELS];
    char *rest = NULL;

    if (version == NULL) {
        return;
    }
    strcpy(old, version->labels);
    version->labels[0] = '\0';
    for (char *one = strtok_r(old, ",", &rest); one != NULL;
         one = strtok_r(NULL, ",", &rest)) {
        if (strcmp(one, label) != 0) {
            add_label(version, one);
        }
    }
}

/* Room for one more: the first that has no label goes if there is none. */
static struct sim_secret_version *make_room(struct sim_secret *secret)
{
    unsigned at = 0;

    if (secret->versions < SIM_SECRET_VERSIONS) {
        return &secret->version[secret->versions++];
    }
    while (at < secret->versions && secret->version[at].labels[0] != '\0') {
        at++;
    }
    if (at == secret->versions) {
        return NULL;
    }
    fini_value(&secret->version[at].value);
    memmove(secret->version + at, secret->version + at + 1,
            (secret->versions - at - 1) * sizeof(secret->version[0]));
    memset(&secret->version[secret->versions - 1], 0,
           sizeof(secret->version[0]));
    return &secret->version[secret->versions - 1];
}

static void move_labels(struct sim_secret *secret, const char *labels)
{
    struct sim_secret_version *current =
        sim_secret_labelled(secret, SIM_CURRENT);
    char copy[SIM_SECRET_LABELS];
    char *rest = NULL;

    snprintf(copy, sizeof(copy), "%s", labels);
    if (current != NULL && sim_options_has(labels, SIM_CURRENT)) {
        drop_label(secret, SIM_PREVIOUS);
        add_label(current, SIM_PREVIOUS);
    }
    for (char *one = strtok_r(copy, ",", &rest); one != NULL;
         one = strtok_r(NULL, ",", &rest)) {
        drop_label(secret, one);
    }
}

struct sim_secret_version *sim_secret_put(struct sim_secret_store *store,
                                          struct sim_secret *secret,
                                          const char *id, const char *labels,
                                          double now)
{
    struct sim_secret_version *version = make_room(secret);
    unsigned char bytes[32];
    char hex[33];

    if (version == NULL) {
        return NULL;
    }
    move_labels(secret, labels);
    snprintf(version->labels, sizeof(version->labels), "%s", labels);
    if (id != NULL) {
        snprintf(version->id, sizeof(version->id), "%s", id);
    } else {
        sim_keys_draw(store->keys, "secret version", ++store->drawn, bytes);
        for (int i = 0; i < 16; i++) {
            snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
        }
        snprintf(version->id, sizeof(version->id),
                 "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13,
                 hex + 17, hex + 20);
    }
    version->created = now;
    secret->changed = now;
    return version;
}

/* Valid UTF-8 is a string, all else is binary. */
static bool is_utf8(const struct sim_text *text)
{
    size_t at = 0;

    while (at < text->len) {
        unsigned char byte = (unsigned char)text->data[at++];
        unsigned more = byte < 0x80                   ? 0
                        : byte >= 0xc2 && byte < 0xe0 ? 1
                        : byte >= 0xe0 && byte < 0xf0 ? 2
                        : byte >= 0xf0 && byte < 0xf5 ? 3
                                                      : 4;

        if (byte == 0 || more == 4 || at + more > text->len) {
            return false;
        }
        for (; more > 0; more--) {
            if (((unsigned char)text->data[at++] & 0xc0) != 0x80) {
                return false;
            }
        }
    }
    return true;
}

static void put_given(struct sim_secret_store *store, struct sim_secret *secret,
                      const struct given *given, double now)
{
    struct sim_secret_version *version =
        sim_secret_put(store, secret, NULL, SIM_CURRENT, now);

    if (version != NULL) {
        sim_text_add(&version->value, given->value.data, given->value.len);
        version->binary = !is_utf8(&given->value);
    }
}

/* Those that become the value after so many reads. */
static void put_due(struct sim_secret_store *store, struct sim_secret *secret,
                    double now)
{
    for (size_t i = 0; i < store->options->secret_rows; i++) {
        if (store->given[i].after == secret->reads &&
            strcmp(store->given[i].name, secret->name) == 0) {
            put_given(store, secret, &store->given[i], now);
        }
    }
}

void sim_secret_read(struct sim_secret_store *store, struct sim_secret *secret,
                     double now)
{
    secret->reads++;
    if (strcmp(secret->account, store->options->account) == 0) {
        put_due(store, secret, now);
    }
}

/* A secret of the command line in the region where it is asked for. */
static struct sim_secret *make_given(struct sim_secret_store *store,
                                     const char *account, const char *region,
                                     const char *name)
{
    struct sim_secret *secret = NULL;

    if (strcmp(account, store->options->account) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < store->options->secret_rows; i++) {
        if (store->given[i].after == 0 &&
            strcmp(store->given[i].name, name) == 0 && secret == NULL) {
            secret = sim_secret_add(store, account, region, name, 1700000000);
        }
    }
    if (secret != NULL) {
        put_due(store, secret, 1700000000);
    }
    return secret;
}

static struct sim_secret *find_named(struct sim_secret_store *store,
                                     const char *account, const char *region,
                                     const char *name)
{
    for (size_t i = 0; i < store->secrets; i++) {
        struct sim_secret *secret = store->secret[i];

        if (is_secret(secret, account, region, name)) {
            return secret->gone ? NULL : secret;
        }
    }
    return make_given(store, account, region, name);
}

/* An ARN with its letters, which must be true, or without them. */
static struct sim_secret *find_by_arn(struct sim_secret_store *store,
                                      const char *region, const char *arn)
{
    char account[SIM_AWS_ACCOUNT_LEN + 1];
    char place[SIM_AWS_REGION_CAP];
    char name[2100];
    struct sim_secret *secret;
    size_t len;

    if (strncmp(arn, "arn:aws:secretsmanager:", 23) != 0 ||
        !sim_arn_field(arn, 3, place, sizeof(place)) ||
        !sim_arn_field(arn, 4, account, sizeof(account)) ||
        !sim_arn_field(arn, 5, name, sizeof(name)) ||
        strcmp(place, region) != 0 || strncmp(name, "secret:", 7) != 0) {
        return NULL;
    }
    secret = find_named(store, account, region, name + 7);
    len = strlen(name);
    if (secret == NULL && len > 14 && name[len - 7] == '-') {
        name[len - 7] = '\0';
        secret = find_named(store, account, region, name + 7);
        if (secret != NULL && strcmp(secret->arn, arn) != 0) {
            secret = NULL;
        }
    }
    return secret;
}

struct sim_secret *sim_secret_find(struct sim_secret_store *store,
                                   const char *account, const char *region,
                                   const char *id)
{
    return strncmp(id, "arn:", 4) == 0 ? find_by_arn(store, region, id)
                                       : find_named(store, account, region, id);
}
