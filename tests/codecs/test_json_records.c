/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_records.h"
#include "codecs/json_split.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct slu_json_records records;

static bool is_here(void)
{
    slu_json_records_init(&records, slu_alloc_default(),
                          slu_json_kernel_best());
    return slu_json_kernel_best()->index != NULL;
}

/* The records from pos on, each with a bar behind it; ">" when another one is
 * said to begin behind the last. The piece ends with blanks. */
static void check(const char *text, size_t pos, size_t blanks, const char *want)
{
    size_t len = strlen(text);
    char *piece = malloc(len + blanks);
    struct slu_json_record record;
    char got[400] = "";

    memcpy(piece, text, len);
    memset(piece + len, ' ', blanks);
    cr_assert_eq(slu_json_records_start(
                     &records, slu_view_make(piece, len + blanks), pos),
                 SLU_ERR_OK);
    while (slu_json_records_next(&records, &record)) {
        cr_assert_eq(records.index.base[records.index.starts[record.first]],
                     piece[record.pos]);
        strncat(got, piece + record.pos, record.len);
        strcat(got, records.is_open ? "|>" : "|");
        if (!records.is_open) {
            break;
        }
    }
    cr_assert_str_eq(got, want, "%s", got);
    cr_assert(got[0] != '\0' || record.pos == pos);
    free(piece);
    slu_json_records_fini(&records);
}

Test(json_records, finds_what_lies_one_behind_the_other)
{
    if (is_here()) {
        check("[{\"a\":1},{} , [2,\"]\"]]}", 1, 200,
              "{\"a\":1}|>{}|>[2,\"]\"]|");
    }
}

Test(json_records, leaves_other_elements_and_faults_to_the_states)
{
    static const char *const texts[] = {"{},1,{}",    "{},\"x\",{}", "{} {}",
                                        "{},,{}",     "{}:{}",       "{}]",
                                        "{}, null,{}"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && is_here(); i++) {
        check(texts[i], 0, 200, "{}|");
    }
    if (is_here()) {
        check(" {},{\"\x01\"},{}", 1, 200, "");
    }
}

Test(json_records, keeps_from_the_last_bytes_of_the_piece)
{
    if (is_here()) {
        check("{\"a\":1},{\"b\":2}", 0, 121, "{\"a\":1}|>{\"b\":2}|");
    }
    if (is_here()) {
        char text[200];

        memset(text, ' ', sizeof(text));
        memcpy(text, "{\"a\":1},", 8);
        memcpy(text + 190, "{\"b\":2}", 8);
        check(text, 0, 63, "{\"a\":1}|>");
    }
}

Test(json_records, says_so_when_memory_is_short)
{
    struct failing_alloc failing;
    char piece[200] = "{}";

    failing_alloc_init(&failing, 1);
    slu_json_records_init(&records, &failing.alloc, slu_json_kernel_best());
    if (slu_json_records_can_start(&records, slu_view_make(piece, 200), 0)) {
        cr_assert_eq(
            slu_json_records_start(&records, slu_view_make(piece, 200), 0),
            SLU_ERR_NOMEM);
    }
    slu_json_records_fini(&records);
}

Test(json_records, does_not_start_where_it_is_not_worth_while)
{
    char piece[200] = "{}";

    (void)is_here();
    cr_assert_not(
        slu_json_records_can_start(&records, slu_view_make(piece, 200), 73));
}
