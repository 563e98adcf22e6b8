/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read off the front is what the matcher takes line by line, never more
 * than there is room for, and never out of the last bytes; what is written of
 * it is read again as the same.
 */
#include "codecs/ipv4.h"
#include "codecs/ipv4_lines.h"
#include "fuzz/demand.h"

#include <string.h>

#define ROOM_MAX 300

/* One line off the front, by the contract's words; false: it stops here. */
static bool take_line(struct slu_view *text, uint32_t *out_address)
{
    size_t most = SLU_IPV4_LINES_AHEAD;
    struct slu_cidr cidr;
    const char *end;
    size_t len;

    if (text->len < most) {
        return false;
    }
    end = memchr(text->ptr, '\n', most);
    if (end == NULL) {
        return false;
    }
    len = (size_t)(end - text->ptr);
    len -= len > 0 && end[-1] == '\r';
    if (slu_ipv4_match(slu_view_make(text->ptr, len), &cidr, NULL) !=
            SLU_REASON_NONE ||
        cidr.prefix != 32) {
        return false;
    }
    *out_address = cidr.address;
    text->len -= (size_t)(end + 1 - text->ptr);
    text->ptr = end + 1;
    return true;
}

/* In memory of its own length, with what reading wants behind it. */
static void check_written(const uint32_t *addresses, size_t count)
{
    static struct slu_ipv4_octets octets;
    size_t room = count * SLU_IPV4_LINE_MAX;
    char *written = malloc(room + SLU_IPV4_LINES_AHEAD);
    uint32_t again[ROOM_MAX];
    struct slu_view text;
    size_t len;

    slu_ipv4_octets_init(&octets);
    len = slu_ipv4_lines_write(&octets, addresses, count, written);
    demand(len <= room, "no more than 16 bytes for each address");
    memset(written + len, 'x', SLU_IPV4_LINES_AHEAD);
    text = slu_view_make(written, len + SLU_IPV4_LINES_AHEAD);
    demand(slu_ipv4_lines_read(&text, again, ROOM_MAX) == count &&
               memcmp(again, addresses, count * sizeof(*again)) == 0,
           "what was written is read as the same");
    demand(text.len == SLU_IPV4_LINES_AHEAD, "to its last byte");
    free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view text;
    struct slu_view expected;
    uint32_t *got;
    size_t room;
    size_t count;

    if (size == 0) {
        return 0;
    }
    room = data[0] % ROOM_MAX + 1;
    got = malloc(room * sizeof(*got));
    text = slu_view_make((const char *)data + 1, size - 1);
    expected = text;
    count = slu_ipv4_lines_read(&text, got, room);
    demand(count <= room, "no more than there is room for");
    for (size_t i = 0; i < count; i++) {
        uint32_t address = 0;

        demand(take_line(&expected, &address) && address == got[i],
               "the addresses that the matcher takes");
    }
    demand(text.ptr == expected.ptr && text.len == expected.len,
           "the rest begins behind them");
    demand(count == room || !take_line(&expected, got),
           "no line is left that could be taken");
    if (count > 0) {
        check_written(got, count);
    }
    free(got);
    return 0;
}
