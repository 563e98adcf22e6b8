/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the bytes are, unpack gives a record inside them or STATE; a record
 * packs again to what unpacks to the same, and merging it with itself or with
 * its neighbour, if that has the same key, keeps the rules of merging.
 */
#include "codecs/record.h"
#include "fuzz/demand.h"

static bool same(const struct slu_record *a, const struct slu_record *b)
{
    return slu_record_compare(a, b) == 0 && a->reason == b->reason &&
           a->verdict == b->verdict && a->score == b->score &&
           a->sources == b->sources && a->first_seen == b->first_seen &&
           a->last_seen == b->last_seen && a->assessed_at == b->assessed_at &&
           a->place_file == b->place_file && a->place_seat == b->place_seat;
}

static void check_pack(const struct slu_record *record)
{
    struct slu_record back;
    struct slu_view view;
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), SLU_RECORD_PACKED_MAX);
    demand(slu_record_pack(record, &buf) == SLU_ERR_OK, "it packs again");
    view = slu_buf_view(&buf);
    demand(slu_record_unpack(&view, &back) == SLU_ERR_OK && view.len == 0,
           "what was packed unpacks");
    demand(same(record, &back), "to the same record");
    slu_buf_fini(&buf);
}

static void check_merge(const struct slu_record *a, const struct slu_record *b)
{
    struct slu_record ab = *a;
    struct slu_record ba = *b;
    struct slu_record again;

    slu_record_merge(&ab, b);
    slu_record_merge(&ba, a);
    demand(same(&ab, &ba), "merging is commutative");
    again = ab;
    slu_record_merge(&again, b);
    demand(same(&again, &ab), "and idempotent");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view rest = slu_view_make((const char *)data, size);
    struct slu_record last = {0};
    struct slu_record record;
    bool any = false;

    for (;;) {
        size_t before = rest.len;
        struct slu_view same_rest = rest;
        struct slu_packed packed;
        enum slu_err err = slu_record_unpack(&rest, &record);

        demand(slu_record_take(&same_rest, &packed) == err &&
                   same_rest.ptr == rest.ptr,
               "taking it goes as far as unpacking it");

        if (err != SLU_ERR_OK) {
            demand(err == SLU_ERR_STATE && rest.len == before,
                   "a refusal takes nothing");
            return 0;
        }
        demand(rest.len < before, "it moves on");
        demand(packed.kind == record.kind && packed.key.ptr == record.key.ptr &&
                   packed.key.len == record.key.len &&
                   packed.bytes.ptr + packed.bytes.len == rest.ptr &&
                   packed.bytes.len == before - rest.len,
               "and gives the same key");
        check_pack(&record);
        check_merge(&record, &record);
        if (any && slu_record_compare(&last, &record) == 0) {
            check_merge(&last, &record);
        }
        last = record;
        any = true;
    }
}
