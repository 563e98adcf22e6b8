/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person may type: what is taken stands for a record whose line is read
 * as the same indicator.
 */
#include "codecs/list_text.h"
#include "codecs/typed_value.h"
#include "fuzz/demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view text = slu_view_make((const char *)data, size);
    struct slu_view trimmed = slu_typed_value_trim(text);
    struct slu_typed_value value;
    struct slu_typed_value again;
    struct slu_record record = {0};
    char line[SLU_VALUE_MAX];

    demand(trimmed.len <= text.len, "what is trimmed is shorter");
    demand(slu_typed_value_read(text, &value) == value.reason, "one reason");
    if (value.reason != SLU_REASON_NONE) {
        return 0;
    }
    demand(value.key_len > 0 && value.key_len <= sizeof(value.key),
           "there is a key");
    record.kind = value.kind == SLU_KIND_IP ? SLU_RECORD_IP : SLU_RECORD_DOMAIN;
    record.key = slu_view_make(value.key, value.key_len);
    demand(
        slu_typed_value_read(slu_view_make(line, slu_list_entry(&record, line)),
                             &again) == SLU_REASON_NONE,
        "its line is one");
    demand(again.kind == value.kind && again.key_len == value.key_len &&
               memcmp(again.key, value.key, value.key_len) == 0,
           "its line is the same indicator");
    return 0;
}
