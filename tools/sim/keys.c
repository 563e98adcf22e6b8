/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mix.h"
#include "text.h"

#define BUCKETS 4096

/* An entry hangs in the chain of its bucket until its slot is needed again. */
struct entry {
    struct sim_key key;
    uint32_t next; /* slot + 1, 0 at the end */
};

struct sim_keys {
    char seed[40];
    struct sim_key base;
    struct entry *entry[SIM_KEYS_MAX];
    uint32_t bucket[BUCKETS];
    uint64_t issued;
};

const char *sim_arn_name(const char *arn)
{
    const char *slash = strrchr(arn, '/');

    return slash != NULL ? slash + 1 : arn;
}

bool sim_arn_field(const char *arn, int index, char *out, size_t cap)
{
    size_t len;

    for (int i = 0; i < index; i++) {
        arn = strchr(arn, ':');
        if (arn == NULL) {
            return false;
        }
        arn++;
    }
    len = index == 5 ? strlen(arn) : strcspn(arn, ":");
    if (len >= cap) {
        return false;
    }
    memcpy(out, arn, len);
    out[len] = '\0';
    return true;
}

void sim_keys_draw(const struct sim_keys *keys, const char *purpose,
                   uint64_t number, unsigned char *out)
{
    char text[64];
    unsigned len = 0;
    int text_len = snprintf(text, sizeof(text), "%s %llu", purpose,
                            (unsigned long long)number);

    HMAC(EVP_sha256(), keys->seed, (int)strlen(keys->seed),
         (const unsigned char *)text, (size_t)text_len, out, &len);
}

struct sim_keys *sim_keys_new(const struct sim_aws_options *options,
                              uint64_t seed)
{
    struct sim_keys *keys = sim_alloc(sizeof(*keys));
    struct sim_key *base = &keys->base;

    snprintf(keys->seed, sizeof(keys->seed), "sluice-sim %llu",
             (unsigned long long)seed);
    snprintf(base->id, sizeof(base->id), "%s", options->key_id);
    snprintf(base->secret, sizeof(base->secret), "%s", options->secret);
    snprintf(base->account, sizeof(base->account), "%s", options->account);
    snprintf(base->arn, sizeof(base->arn), "arn:aws:iam::%s:user/sim",
             options->account);
    snprintf(base->user_id, sizeof(base->user_id), "AIDASIMSIMSIMSIMSIM12");
    return keys;
}

void sim_keys_free(struct sim_keys *keys)
{
    if (keys == NULL) {
        return;
    }
    for (size_t i = 0; i < SIM_KEYS_MAX; i++) {
        free(keys->entry[i]);
    }
    free(keys);
}

static uint32_t *bucket_of(struct sim_keys *keys, const char *id)
{
    return &keys->bucket[sim_mix_bytes(0, id, strlen(id)) % BUCKETS];
}

static void forget(struct sim_keys *keys, uint32_t slot)
{
    uint32_t *link = bucket_of(keys, keys->entry[slot]->key.id);

    while (*link != slot + 1) {
        link = &keys->entry[*link - 1]->next;
    }
    *link = keys->entry[slot]->next;
}

/* The id in the alphabet of real ones, the secret and the token in base64:
   with `+`, `/` and `=`, which a client must encode where they may not be. */
static void draw_texts(const struct sim_keys *keys, struct sim_key *key)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char bytes[32 * 9];
    char secret[48];

    sim_keys_draw(keys, "id", keys->issued, bytes);
    memcpy(key->id, "ASIA", 4);
    for (int i = 0; i < 16; i++) {
        key->id[4 + i] = alphabet[bytes[i] % 32];
    }
    sim_keys_draw(keys, "secret", keys->issued, bytes);
    EVP_EncodeBlock((unsigned char *)secret, bytes, 30);
    snprintf(key->secret, sizeof(key->secret), "%s", secret);
    for (uint64_t i = 0; i < 9; i++) {
        sim_keys_draw(keys, "token", keys->issued * 16 + i, bytes + 32 * i);
    }
    memcpy(key->token, "IQoJb3JpZ2luX2Vj", 16);
    EVP_EncodeBlock((unsigned char *)key->token + 16, bytes, 32 * 9 - 1);
}

static void name_session(struct sim_key *key, const char *role_arn,
                         const char *session)
{
    const char *role = sim_arn_name(role_arn);
    uint64_t hash = sim_mix_bytes(1, role_arn, strlen(role_arn));

    sim_arn_field(role_arn, 4, key->account, sizeof(key->account));
    snprintf(key->arn, sizeof(key->arn),
             "arn:aws:sts::%s:assumed-role/%.64s/%.64s", key->account, role,
             session);
    snprintf(key->user_id, sizeof(key->user_id), "AROA%016llX:%.64s",
             (unsigned long long)hash, session);
}

const struct sim_key *sim_keys_issue(struct sim_keys *keys,
                                     const char *role_arn, const char *session,
                                     int64_t expires)
{
    uint32_t slot = (uint32_t)(keys->issued % SIM_KEYS_MAX);
    struct entry *entry = keys->entry[slot];
    uint32_t *bucket;

    if (entry != NULL) {
        forget(keys, slot);
    } else {
        entry = keys->entry[slot] = sim_alloc(sizeof(*entry));
    }
    memset(entry, 0, sizeof(*entry));
    draw_texts(keys, &entry->key);
    name_session(&entry->key, role_arn, session);
    entry->key.expires = expires;
    keys->issued++;
    bucket = bucket_of(keys, entry->key.id);
    entry->next = *bucket;
    *bucket = slot + 1;
    return &entry->key;
}

const struct sim_key *sim_keys_find(const struct sim_keys *keys, const char *id)
{
    uint32_t at = *bucket_of((struct sim_keys *)keys, id);

    if (strcmp(keys->base.id, id) == 0) {
        return &keys->base;
    }
    while (at != 0 && strcmp(keys->entry[at - 1]->key.id, id) != 0) {
        at = keys->entry[at - 1]->next;
    }
    return at != 0 ? &keys->entry[at - 1]->key : NULL;
}
