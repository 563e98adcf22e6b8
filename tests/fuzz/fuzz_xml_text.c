/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is found lies in the text, behind what was found before; what is
 * resolved is never longer than it was; and an error answer of any bytes is
 * read without fault, with a region that may stand in a host's name.
 */
#include "codecs/aws_error.h"
#include "codecs/xml_text.h"
#include "fuzz/demand.h"

static void check_unescape(struct slu_view raw)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), raw.len + 1);
    if (slu_xml_unescape(&buf, raw) == SLU_ERR_OK) {
        demand(buf.len <= raw.len, "text does not grow");
    } else {
        demand(buf.len == 0, "a refused text leaves nothing");
    }
    slu_buf_fini(&buf);
}

static void check_elements(struct slu_view text, const char *name)
{
    struct slu_view inner;
    size_t at = 0;
    size_t last = 0;

    while (slu_xml_next(text, name, &at, &inner)) {
        size_t from = (size_t)(inner.ptr - text.ptr);

        demand(from > last && from + inner.len <= at, "elements go forward");
        demand(at <= text.len, "elements lie in the text");
        last = at - 1;
        check_unescape(inner);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view text = slu_view_make((const char *)data, size);
    struct slu_aws_error error;

    check_elements(text, "Key");
    check_elements(text, "a");
    check_unescape(text);
    demand(slu_aws_error_read(slu_alloc_default(), 400, text, text, &error) ==
               SLU_ERR_OK,
           "an error is read");
    demand(strspn(error.region, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
               strlen(error.region),
           "a region is one");
    return 0;
}
