/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the stored record: everything that is remembered of one indicator (or
 * of one invalid value), its packed form, its order and its merge (rule R5).
 *
 * Order: by kind, then by key as bytes (memcmp, shorter first), so that a scan
 * yields addresses in numeric order and names in byte order, which is the
 * order of the side files.
 * Limits: a key is at most SLU_RECORD_KEY_MAX bytes; longer invalid values are
 * cut there.
 * Ownership: an unpacked record's key points into the packed bytes.
 */
#ifndef SLU_CODECS_RECORD_H
#define SLU_CODECS_RECORD_H

#include "codecs/buf.h"
#include "codecs/ipv4.h"
#include "codecs/reason.h"
#include <sluice/indicator.h>

#define SLU_RECORD_KEY_MAX 1024
#define SLU_RECORD_IP_KEY_LEN 5 /* address, big endian; prefix */

enum slu_record_kind {
    SLU_RECORD_IP,
    SLU_RECORD_DOMAIN,
    SLU_RECORD_INVALID_IP,     /* key: the value as received */
    SLU_RECORD_INVALID_DOMAIN, /* key: the value as received */
};
#define SLU_RECORD_KIND_COUNT 4

/* Bits of `sources`. The lists' bits follow in the order of their table. */
#define SLU_SOURCE_TAKEN_OVER                                                  \
    1u /* a line of a list that was there before us                            \
        */
#define SLU_SOURCE_STREAM 2u
#define SLU_SOURCE_LIST_FIRST 4u

struct slu_record {
    enum slu_record_kind kind;
    struct slu_view key;
    enum slu_reason reason;   /* of the invalid kinds; NONE for the others */
    enum slu_verdict verdict; /* NONE: no assessment seen yet */
    uint8_t score;            /* 0-100; 0 with verdict NONE */
    uint32_t sources;
    uint32_t first_seen; /* seconds since 1970, UTC */
    uint32_t last_seen;
    uint32_t assessed_at; /* 0 with verdict NONE */
    uint8_t place_file;   /* 1-6; 0: in no file */
    uint32_t place_seat;  /* order within the file, from 0 */
};

/* Appends the packed form (at most SLU_RECORD_PACKED_MAX bytes). */
#define SLU_RECORD_PACKED_MAX (SLU_RECORD_KEY_MAX + 40)
SLU_MUST_CHECK enum slu_err slu_record_pack(const struct slu_record *self,
                                            struct slu_buf *buf);

/* Takes one record from the front of *packed and moves it on. STATE when the
 * bytes are not a record. */
SLU_MUST_CHECK enum slu_err slu_record_unpack(struct slu_view *packed,
                                              struct slu_record *out_record);

/* A packed record without its values: what it takes to sort and to copy it. */
struct slu_packed {
    enum slu_record_kind kind;
    struct slu_view key;   /* in bytes */
    struct slu_view bytes; /* all of it */
};

/* As slu_record_unpack, with the same checks. */
SLU_MUST_CHECK enum slu_err slu_record_take(struct slu_view *packed,
                                            struct slu_packed *out_packed);

/* <0, 0, >0 by (kind, key). */
int slu_record_compare(const struct slu_record *a, const struct slu_record *b);

/*
 * Merges `other`, which has the same kind and key, into *self: first seen =
 * min, last seen = max, sources = union, verdict and score from the newest
 * assessment (ties: the higher verdict, then the higher score); a present
 * place is kept, of two the smaller (file, seat). Commutative, associative and
 * idempotent: property-tested.
 */
void slu_record_merge(struct slu_record *self, const struct slu_record *other);

void slu_record_key_from_cidr(struct slu_cidr cidr,
                              char out[SLU_RECORD_IP_KEY_LEN]);
struct slu_cidr slu_record_cidr(const struct slu_record *self);

/* What of it an embedder is told; value: its canonical text. */
struct slu_indicator slu_record_indicator(const struct slu_record *self,
                                          struct slu_view value);

/* Of an invalid value, the kind that it was to be. */
static inline enum slu_kind
slu_record_indicator_kind(const struct slu_record *self)
{
    return self->kind == SLU_RECORD_IP || self->kind == SLU_RECORD_INVALID_IP
               ? SLU_KIND_IP
               : SLU_KIND_DOMAIN;
}

static inline bool slu_record_is_valid(const struct slu_record *self)
{
    return self->kind == SLU_RECORD_IP || self->kind == SLU_RECORD_DOMAIN;
}

#endif
