/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packed form, a usual address in 17 bytes, a usual domain in 12 and its
 * name:
 *
 *     1   head: bits 0-1 kind, then one bit for each optional part below
 *     5   kind IP: the key
 *     v   other kinds: the key's length, then the key
 *     4   last_seen, little endian
 *     v   sources
 *     v   SPAN      last_seen - first_seen, when they differ
 *     2+v ASSESSED  verdict, score, last_seen - assessed_at as zigzag
 *     1+v PLACE     file, seat
 *     1   REASON
 *
 * v is a varint: seven bits a byte, lowest first, the top bit set on all but
 * the last, at most five bytes. The times are differences because a record is
 * mostly seen once, soon after it was assessed. The key stands in it as bytes,
 * so that reading copies nothing.
 *
 * pack refuses what unpack would refuse: nothing that can't be read back is
 * ever stored.
 */
#include "codecs/record.h"

#include <assert.h>

#define HEAD_KIND 3u
#define HEAD_SPAN 4u
#define HEAD_ASSESSED 8u
#define HEAD_PLACE 16u
#define HEAD_REASON 32u
#define HEAD_KNOWN 63u

#define INLINE static inline __attribute__((always_inline))

#define SCORE_MAX 100
#define PLACE_FILE_MAX 6
#define ADDRESS_BITS 32

/* What a record needs beside its key, 31 bytes, and what put_varint() writes
 * behind that. */
#define ROOM_BESIDE_KEY 40

/* ---- pack ---- */

/* Lowest byte first, whatever the machine is. */
static void store_eight(char *at, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(at, &word, sizeof(word));
}

/* Writes eight bytes, of which up to five count. The length of a number beyond
 * one byte is as good as random, and a branch on it would be guessed wrong. */
INLINE char *put_varint(char *at, uint32_t value)
{
    uint64_t word = value;
    unsigned bits;
    unsigned bytes;

    if (value < 0x80) {
        *at = (char)value;
        return at + 1;
    }
    bits = 32 - (unsigned)__builtin_clz(value);
    bytes = (bits + 6) * 37 >> 8; /* (bits + 6) / 7, for up to 32 */
    word = (word & 0x0fffffff) | (word & 0xf0000000) << 4;
    word = (word & 0xf00003fff) | (word & 0x0fffc000) << 2;
    word = (word & 0xf007f007f) | (word & 0x3f803f80) << 1;
    word |= UINT64_C(0x8080808080) & (((uint64_t)1 << 8 * (bytes - 1)) - 1);
    store_eight(at, word);
    return at + bytes;
}

static char *put_u32(char *at, uint32_t value)
{
    store_eight(at, value);
    return at + 4;
}

static uint32_t encode_zigzag(uint32_t difference)
{
    return (difference << 1) ^ (0u - (difference >> 31));
}

static uint32_t decode_zigzag(uint32_t coded)
{
    return (coded >> 1) ^ (0u - (coded & 1));
}

static bool check_key(enum slu_record_kind kind, struct slu_view key)
{
    if (kind == SLU_RECORD_IP) {
        return key.len == SLU_RECORD_IP_KEY_LEN &&
               (unsigned char)key.ptr[4] <= ADDRESS_BITS;
    }
    return key.len <= SLU_RECORD_KEY_MAX;
}

static bool check_values(const struct slu_record *self)
{
    return (unsigned)self->kind < SLU_RECORD_KIND_COUNT &&
           (unsigned)self->reason < SLU_REASON_COUNT &&
           (unsigned)self->verdict <= SLU_VERDICT_MALICIOUS &&
           self->score <= SCORE_MAX && self->place_file <= PLACE_FILE_MAX &&
           check_key(self->kind, self->key);
}

static char *put_key(char *at, const struct slu_record *self)
{
    if (self->kind == SLU_RECORD_IP) {
        memcpy(at, self->key.ptr, SLU_RECORD_IP_KEY_LEN);
        return at + SLU_RECORD_IP_KEY_LEN;
    }
    at = put_varint(at, (uint32_t)self->key.len);
    if (self->key.len != 0) {
        memcpy(at, self->key.ptr, self->key.len);
    }
    return at + self->key.len;
}

/* Writes what is there, and says so in *head. */
static char *put_options(char *at, const struct slu_record *self,
                         unsigned *head)
{
    if (self->first_seen != self->last_seen) {
        *head |= HEAD_SPAN;
        at = put_varint(at, self->last_seen - self->first_seen);
    }
    if (self->verdict != SLU_VERDICT_NONE) {
        *head |= HEAD_ASSESSED;
        *at++ = (char)self->verdict;
        *at++ = (char)self->score;
        at = put_varint(at, encode_zigzag(self->last_seen - self->assessed_at));
    }
    if (self->place_file != 0) {
        *head |= HEAD_PLACE;
        *at++ = (char)self->place_file;
        at = put_varint(at, self->place_seat);
    }
    if (self->reason != SLU_REASON_NONE) {
        *head |= HEAD_REASON;
        *at++ = (char)self->reason;
    }
    return at;
}

enum slu_err slu_record_pack(const struct slu_record *self, struct slu_buf *buf)
{
    unsigned head = (unsigned)self->kind;
    char *room;
    char *at;
    enum slu_err err;

    if (!check_values(self)) {
        return SLU_ERR_USAGE;
    }
    err = slu_buf_reserve(buf, self->key.len + ROOM_BESIDE_KEY, &room);
    if (err != SLU_ERR_OK) {
        return err;
    }
    at = put_key(room + 1, self);
    at = put_u32(at, self->last_seen);
    at = put_varint(at, self->sources);
    at = put_options(at, self, &head);
    *room = (char)head;
    slu_buf_commit(buf, (size_t)(at - room));
    return SLU_ERR_OK;
}

/* ---- unpack ---- */

/*
 * What is left to read; `ok` turns false at the first lack and stays so, which
 * saves a test after every step. `roomy`: what follows is there, whatever it
 * says; a constant, so that there are two ways of machine code from one text.
 */
struct cursor {
    const unsigned char *at;
    const unsigned char *end;
    bool ok;
    bool roomy;
};

INLINE unsigned take_byte(struct cursor *self)
{
    if (!self->roomy && self->at == self->end) {
        self->ok = false;
        return 0;
    }
    return *self->at++;
}

INLINE uint32_t take_varint(struct cursor *self)
{
    uint32_t value = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        unsigned byte = take_byte(self);

        if (shift == 28 && byte > 0x0f) {
            break; /* more than 32 bits, or a sixth byte */
        }
        value |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    self->ok = false;
    return 0;
}

INLINE uint32_t take_u32(struct cursor *self)
{
    const unsigned char *at = self->at;

    if (!self->roomy && self->end - at < 4) {
        self->ok = false;
        return 0;
    }
    self->at += 4;
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}

INLINE void take_key(struct cursor *self, struct slu_record *record)
{
    size_t len = SLU_RECORD_IP_KEY_LEN;

    if (record->kind != SLU_RECORD_IP) {
        len = take_varint(self);
    }
    if (len > (size_t)(self->end - self->at)) {
        self->ok = false;
        return;
    }
    record->key = slu_view_make((const char *)self->at, len);
    self->at += len;
    if (!check_key(record->kind, record->key)) {
        self->ok = false;
    }
}

INLINE void take_assessment(struct cursor *self, struct slu_record *record)
{
    unsigned verdict = take_byte(self);
    unsigned score = take_byte(self);

    if (verdict == SLU_VERDICT_NONE || verdict > SLU_VERDICT_MALICIOUS ||
        score > SCORE_MAX) {
        self->ok = false;
        return;
    }
    record->verdict = (enum slu_verdict)verdict;
    record->score = (uint8_t)score;
    record->assessed_at = record->last_seen - decode_zigzag(take_varint(self));
}

INLINE void take_place(struct cursor *self, struct slu_record *record)
{
    unsigned file = take_byte(self);

    if (file == 0 || file > PLACE_FILE_MAX) {
        self->ok = false;
        return;
    }
    record->place_file = (uint8_t)file;
    record->place_seat = take_varint(self);
}

INLINE void take_reason(struct cursor *self, struct slu_record *record)
{
    unsigned reason = take_byte(self);

    if (reason == SLU_REASON_NONE || reason >= SLU_REASON_COUNT) {
        self->ok = false;
        return;
    }
    record->reason = (enum slu_reason)reason;
}

/* All behind the key. */
INLINE struct cursor take_rest(struct cursor cursor, unsigned head,
                               struct slu_record *record)
{
    record->last_seen = take_u32(&cursor);
    record->sources = take_varint(&cursor);
    record->first_seen = record->last_seen;
    if (head & HEAD_SPAN) {
        record->first_seen -= take_varint(&cursor);
    }
    if (head & HEAD_ASSESSED) {
        take_assessment(&cursor, record);
    }
    if (head & HEAD_PLACE) {
        take_place(&cursor, record);
    }
    if (head & HEAD_REASON) {
        take_reason(&cursor, record);
    }
    return cursor;
}

/* Where the record ends, or NULL. What a caller doesn't look at isn't computed
 * in its copy of this. */
INLINE const char *parse(struct slu_view packed, struct slu_record *record)
{
    struct cursor cursor = {(const unsigned char *)packed.ptr,
                            (const unsigned char *)packed.ptr + packed.len,
                            true, false};
    unsigned head;

    if (packed.len == 0) {
        return NULL;
    }
    head = take_byte(&cursor);
    if (head > HEAD_KNOWN) {
        return NULL;
    }
    *record =
        (struct slu_record){.kind = (enum slu_record_kind)(head & HEAD_KIND)};
    take_key(&cursor, record);
    if (cursor.end - cursor.at >= ROOM_BESIDE_KEY) {
        cursor.roomy = true;
        cursor = take_rest(cursor, head, record);
    } else {
        cursor = take_rest(cursor, head, record);
    }
    return cursor.ok ? (const char *)cursor.at : NULL;
}

enum slu_err slu_record_unpack(struct slu_view *packed,
                               struct slu_record *out_record)
{
    const char *end = parse(*packed, out_record);

    if (end == NULL) {
        return SLU_ERR_STATE;
    }
    packed->len -= (size_t)(end - packed->ptr);
    packed->ptr = end;
    return SLU_ERR_OK;
}

enum slu_err slu_record_take(struct slu_view *packed,
                             struct slu_packed *out_packed)
{
    const char *start = packed->ptr;
    struct slu_record record;
    const char *end = parse(*packed, &record);

    if (end == NULL) {
        return SLU_ERR_STATE;
    }
    out_packed->kind = record.kind;
    out_packed->key = record.key;
    out_packed->bytes = slu_view_make(start, (size_t)(end - start));
    packed->len -= out_packed->bytes.len;
    packed->ptr = end;
    return SLU_ERR_OK;
}

/* ---- order and merge ---- */

int slu_record_compare(const struct slu_record *a, const struct slu_record *b)
{
    size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order;

    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    order = len == 0 ? 0 : memcmp(a->key.ptr, b->key.ptr, len);
    if (order != 0) {
        return order;
    }
    return (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

/* One number whose order is that of rule R5: newer, then the higher verdict,
 * then the higher score; no assessment is below every present one. */
static uint64_t rank_assessment(const struct slu_record *self)
{
    if (self->verdict == SLU_VERDICT_NONE) {
        return 0;
    }
    return (uint64_t)self->assessed_at << 32 | (uint64_t)self->verdict << 8 |
           self->score;
}

/* Smaller is better; no place is above every present one. */
static uint64_t rank_place(const struct slu_record *self)
{
    if (self->place_file == 0) {
        return UINT64_MAX;
    }
    return (uint64_t)self->place_file << 32 | self->place_seat;
}

/*
 * Every field is a maximum or a minimum under a total order of what it depends
 * on, so the whole is commutative, associative and idempotent. The reason is
 * the newest sighting's (ties: the higher number): the maximum of (last_seen,
 * reason), hence it must be chosen before last_seen is.
 */
void slu_record_merge(struct slu_record *self, const struct slu_record *other)
{
    assert(slu_record_compare(self, other) == 0);
    if (other->last_seen > self->last_seen ||
        (other->last_seen == self->last_seen && other->reason > self->reason)) {
        self->reason = other->reason;
    }
    if (other->last_seen > self->last_seen) {
        self->last_seen = other->last_seen;
    }
    if (other->first_seen < self->first_seen) {
        self->first_seen = other->first_seen;
    }
    self->sources |= other->sources;
    if (rank_assessment(other) > rank_assessment(self)) {
        self->verdict = other->verdict;
        self->score = other->score;
        self->assessed_at = other->assessed_at;
    }
    if (rank_place(other) < rank_place(self)) {
        self->place_file = other->place_file;
        self->place_seat = other->place_seat;
    }
}

/* ---- keys of addresses ---- */

void slu_record_key_from_cidr(struct slu_cidr cidr,
                              char out[SLU_RECORD_IP_KEY_LEN])
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (char)(cidr.address >> (24 - 8 * i));
    }
    out[4] = (char)cidr.prefix;
}

struct slu_cidr slu_record_cidr(const struct slu_record *self)
{
    const unsigned char *key = (const unsigned char *)self->key.ptr;
    struct slu_cidr cidr = {0};

    assert(self->kind == SLU_RECORD_IP);
    cidr.address = (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 |
                   (uint32_t)key[2] << 8 | key[3];
    cidr.prefix = key[4];
    return cidr;
}

struct slu_indicator slu_record_indicator(const struct slu_record *self,
                                          struct slu_view value)
{
    return (struct slu_indicator){
        .kind = slu_record_indicator_kind(self),
        .value = value,
        .verdict = self->verdict,
        .score = self->score,
        .sources = self->sources,
        .first_seen = self->first_seen,
        .last_seen = self->last_seen,
        .assessed_at = self->assessed_at,
    };
}
