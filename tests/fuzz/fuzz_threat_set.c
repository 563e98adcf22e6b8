/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers about sets of any bytes: what is refused is told in one sentence,
 * ids and a token are whole, and a text is fit for a log.
 */
#include "codecs/threat_set.h"
#include "fuzz/demand.h"

#define IDS_MAX (64u * 1024)

static void check_error(enum slu_err err, const struct slu_error *error)
{
    demand(err == SLU_ERR_OK || error->code == err, "the code is the same");
    demand(err == SLU_ERR_OK || error->text[0] != '\0', "a sentence");
}

static void check_list(enum slu_threat_noun noun, struct slu_view text)
{
    struct slu_error error = {0};
    struct slu_buf ids;
    struct slu_buf token;
    enum slu_err err;

    slu_buf_init(&ids, slu_alloc_default(), IDS_MAX);
    slu_buf_init(&token, slu_alloc_default(), SLU_THREAT_SET_TOKEN_MAX);
    err = slu_threat_set_read_list(slu_alloc_default(), noun, text, &ids,
                                   &token, &error);
    check_error(err, &error);
    if (err == SLU_ERR_OK) {
        demand(ids.len == 0 || ids.ptr[ids.len - 1] == '\0', "ids are whole");
        demand(ids.len == 0 || ids.ptr[0] != '\0', "an id is not empty");
    }
    slu_buf_fini(&ids);
    slu_buf_fini(&token);
}

static void check_created(enum slu_threat_noun noun, struct slu_view text)
{
    char id[SLU_THREAT_SET_ID_MAX + 1];
    struct slu_error error = {0};
    enum slu_err err = slu_threat_set_read_created(slu_alloc_default(), noun,
                                                   text, id, &error);

    check_error(err, &error);
    demand(err != SLU_ERR_OK || id[0] != '\0', "what was created has an id");
}

static void check_text(const char *text)
{
    for (; *text != '\0'; text++) {
        demand((unsigned char)*text >= 0x20 && *text != 0x7F,
               "no control byte in a log");
    }
}

static void check_get(struct slu_view text)
{
    static struct slu_threat_set set;
    struct slu_error error = {0};
    enum slu_err err =
        slu_threat_set_read_get(slu_alloc_default(), text, &set, &error);

    check_error(err, &error);
    if (err == SLU_ERR_OK) {
        check_text(set.status_text);
        check_text(set.format);
        check_text(set.name);
        check_text(set.location);
        check_text(set.error_details);
        demand(set.status_text[0] != '\0', "there is a status");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *padded = calloc(1, size + SLU_JSON_PADDING);

    if (padded == NULL) {
        abort();
    }
    for (int noun = 0; noun < SLU_THREAT_NOUN_COUNT; noun++) {
        /* Each reader may write into the text. */
        memcpy(padded, data, size);
        check_list((enum slu_threat_noun)noun, slu_view_make(padded, size));
        memcpy(padded, data, size);
        check_created((enum slu_threat_noun)noun, slu_view_make(padded, size));
    }
    memcpy(padded, data, size);
    check_get(slu_view_make(padded, size));
    free(padded);
    return 0;
}
