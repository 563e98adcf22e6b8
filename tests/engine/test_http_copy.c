/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/http_copy.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>

static bool lies_in(const struct slu_buf *room, struct slu_view text)
{
    return text.ptr >= room->ptr &&
           text.ptr + text.len <= room->ptr + room->len;
}

static struct slu_http_request make_request(char origin[32], char target[32],
                                            char value[32],
                                            struct slu_http_header headers[2])
{
    (void)strcpy(origin, "https://gti.example:443");
    (void)strcpy(target, "/api/v3/x?y=1");
    (void)strcpy(value, "s3cret");
    headers[0] = (struct slu_http_header){SLU_VIEW_LITERAL("x-apikey"),
                                          slu_view_str(value)};
    headers[1] = (struct slu_http_header){SLU_VIEW_LITERAL("accept"),
                                          SLU_VIEW_LITERAL("")};
    return (struct slu_http_request){
        .method = "POST",
        .origin = slu_view_str(origin),
        .target = slu_view_str(target),
        .headers = headers,
        .header_count = 2,
        .body = SLU_VIEW_LITERAL("{}"),
        .once = true,
        .raw = true,
        .timeout_ms = 7,
    };
}

Test(http_copy, outlives_what_it_was_made_of)
{
    struct slu_http_header headers[2];
    char origin[32];
    char target[32];
    char value[32];
    struct slu_http_request request =
        make_request(origin, target, value, headers);
    struct slu_http_request copy;
    struct slu_buf room;

    slu_buf_init(&room, slu_alloc_default(), SLU_HTTP_COPY_MAX);
    cr_assert_eq(slu_http_request_copy(&request, &room, &copy), SLU_ERR_OK);
    memset(origin, '?', sizeof(origin));
    memset(target, '?', sizeof(target));
    memset(value, '?', sizeof(value));
    memset(headers, 0, sizeof(headers));
    cr_assert(slu_view_equal_str(copy.origin, "https://gti.example:443"));
    cr_assert(slu_view_equal_str(copy.target, "/api/v3/x?y=1"));
    cr_assert_eq(copy.header_count, 2);
    cr_assert(slu_view_equal_str(copy.headers[0].name, "x-apikey"));
    cr_assert(slu_view_equal_str(copy.headers[0].value, "s3cret"));
    cr_assert(slu_view_equal_str(copy.headers[1].name, "accept"));
    cr_assert_eq(copy.headers[1].value.len, 0);
    cr_assert_str_eq(copy.method, "POST");
    cr_assert(copy.once && copy.raw && !copy.direct);
    cr_assert_eq(copy.timeout_ms, 7);
    cr_assert(lies_in(&room, copy.origin) && lies_in(&room, copy.target) &&
              lies_in(&room, copy.headers[0].value));
    /* The body is lent until the end of the exchange anyway. */
    cr_assert_eq(copy.body.ptr, request.body.ptr);
    slu_buf_fini(&room);
}

Test(http_copy, leaves_no_secret_behind)
{
    struct slu_http_header headers[2];
    char origin[32];
    char target[32];
    char value[32];
    struct slu_http_request request =
        make_request(origin, target, value, headers);
    struct slu_http_request copy;
    struct slu_buf room;
    size_t len;

    slu_buf_init(&room, slu_alloc_default(), SLU_HTTP_COPY_MAX);
    cr_assert_eq(slu_http_request_copy(&request, &room, &copy), SLU_ERR_OK);
    len = room.len;
    slu_http_request_wipe(&room);
    cr_assert_eq(room.len, 0);
    cr_assert_not_null(room.ptr);
    for (size_t i = 0; i < len; i++) {
        cr_assert_eq(room.ptr[i], 0);
    }
    slu_http_request_wipe(&room);
    slu_buf_fini(&room);
    slu_http_request_wipe(&room);
}

Test(http_copy, takes_a_request_of_nothing_but_its_place)
{
    struct slu_http_request request = {.target = SLU_VIEW_LITERAL("/")};
    struct slu_http_request copy;
    struct slu_buf room;

    slu_buf_init(&room, slu_alloc_default(), SLU_HTTP_COPY_MAX);
    cr_assert_eq(slu_http_request_copy(&request, &room, &copy), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(copy.target, "/"));
    cr_assert_eq(copy.origin.len + copy.header_count, 0);
    slu_buf_fini(&room);
}

Test(http_copy, says_when_there_is_no_room)
{
    struct slu_http_header headers[2];
    char origin[32];
    char target[32];
    char value[32];
    struct slu_http_request request =
        make_request(origin, target, value, headers);
    struct slu_http_request copy;
    struct failing_alloc failing;
    struct slu_buf room;

    failing_alloc_init(&failing, 1);
    slu_buf_init(&room, &failing.alloc, SLU_HTTP_COPY_MAX);
    cr_assert_eq(slu_http_request_copy(&request, &room, &copy), SLU_ERR_NOMEM);
    cr_assert_eq(slu_http_request_copy(&request, &room, &copy), SLU_ERR_OK);
    slu_buf_fini(&room);
    cr_assert_eq(failing.live, 0);
    slu_buf_init(&room, slu_alloc_default(), 20);
    cr_assert_eq(slu_http_request_copy(&request, &room, &copy), SLU_ERR_LIMIT);
    slu_buf_fini(&room);
}
