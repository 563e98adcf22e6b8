/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of any bytes: what is read is a key that fits a header, what is
 * refused leaves nothing of itself behind and is told in one sentence.
 */
#include "codecs/secret_text.h"
#include "fuzz/demand.h"

static struct slu_secret_text secret;

static void check(struct slu_view answer, const char *member)
{
    static const struct slu_secret_text none;
    struct slu_error error = {0};
    enum slu_err err = slu_secret_text_read(answer, member, &secret, &error);

    if (err != SLU_ERR_OK) {
        demand(error.code == err && error.text[0] != '\0', "a sentence");
        demand(memcmp(&secret, &none, sizeof(secret)) == 0, "nothing is left");
        return;
    }
    demand(secret.text[0] != '\0', "there is a key");
    for (const char *at = secret.text; *at != '\0'; at++) {
        demand(*at > 0x20 && *at < 0x7F, "it fits a header");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view answer = slu_view_make((const char *)data, size);

    check(answer, NULL);
    check(answer, "key");
    return 0;
}
