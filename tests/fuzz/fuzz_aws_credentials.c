/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of any bytes, in each form: what is read is whole and fit for a
 * header, what is refused leaves nothing of itself behind, and no sentence runs
 * over.
 */
#include "codecs/aws_credentials.h"
#include "codecs/sts.h"
#include "fuzz/demand.h"

static struct slu_aws_keys keys;

static bool is_header_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= 0x20 || *text >= 0x7F) {
            return false;
        }
    }
    return true;
}

static void check_outcome(enum slu_err err, const struct slu_error *error)
{
    static const struct slu_aws_keys none;

    if (err == SLU_ERR_OK) {
        demand(keys.access_key_id[0] != '\0', "there is a key id");
        demand(keys.secret_access_key[0] != '\0', "there is a secret");
        demand(is_header_text(keys.access_key_id) &&
                   is_header_text(keys.secret_access_key) &&
                   is_header_text(keys.session_token),
               "they fit a header");
        return;
    }
    demand(error->code == err && error->text[0] != '\0', "there is a sentence");
    demand(memcmp(&keys, &none, sizeof(keys)) == 0, "nothing is left");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view text = slu_view_make((const char *)data, size);
    struct slu_error error;

    for (int form = SLU_AWS_KEYS_METADATA; form <= SLU_AWS_KEYS_ANYWHERE;
         form++) {
        error = (struct slu_error){0};
        check_outcome(slu_aws_keys_read(slu_alloc_default(),
                                        (enum slu_aws_keys_form)form, text,
                                        &keys, &error),
                      &error);
    }
    error = (struct slu_error){0};
    check_outcome(slu_sts_read_answer(slu_alloc_default(), text, &keys, &error),
                  &error);
    return 0;
}
