/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/http_copy.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>

static bool lies_in(const struct slu_buf *room, struct slu_view text)
{
    return text.ptr >= room->ptr &&
           text.ptr + text.len <= room->ptr + room->len;
}

/* A request whose texts can be spoilt behind the copy. */
struct scene {
    struct slu_http_header headers[2];
    char origin[32];
    char target[32];
    char value[32];
    struct slu_http_request request;
    struct slu_http_request copy;
    struct slu_buf room;
};

static void start(struct scene *self, const struct slu_alloc *alloc, size_t max)
{
    *self = (struct scene){
        .origin = "https://gti.example:443",
        .target = "/api/v3/x?y=1",
        .value = "s3cret",
        .headers = {{SLU_VIEW_LITERAL("x-apikey"), {0}},
                    {SLU_VIEW_LITERAL("accept"), SLU_VIEW_LITERAL("")}},
    };
    self->headers[0].value = slu_view_str(self->value);
    self->request = (struct slu_http_request){
        .method = "POST",
        .origin = slu_view_str(self->origin),
        .target = slu_view_str(self->target),
        .headers = self->headers,
        .header_count = 2,
        .body = SLU_VIEW_LITERAL("{}"),
        .once = true,
        .raw = true,
        .timeout_ms = 7,
    };
    slu_buf_init(&self->room, alloc, max);
}

static enum slu_err copy(struct scene *self)
{
    return slu_http_request_copy(&self->request, &self->room, &self->copy);
}

Test(http_copy, outlives_what_it_was_made_of)
{
    struct scene scene;

    start(&scene, slu_alloc_default(), SLU_HTTP_COPY_MAX);
    cr_assert_eq(copy(&scene), SLU_ERR_OK);
    memset(scene.origin, '?', sizeof(scene.origin));
    memset(scene.target, '?', sizeof(scene.target));
    memset(scene.value, '?', sizeof(scene.value));
    memset(scene.headers, 0, sizeof(scene.headers));
    cr_assert(slu_view_equal_str(scene.copy.origin, "https://gti.example:443"));
    cr_assert(slu_view_equal_str(scene.copy.target, "/api/v3/x?y=1"));
    cr_assert_eq(scene.copy.header_count, 2);
    cr_assert(slu_view_equal_str(scene.copy.headers[0].name, "x-apikey"));
    cr_assert(slu_view_equal_str(scene.copy.headers[0].value, "s3cret"));
    cr_assert(slu_view_equal_str(scene.copy.headers[1].name, "accept"));
    cr_assert_eq(scene.copy.headers[1].value.len, 0);
    cr_assert_str_eq(scene.copy.method, "POST");
    cr_assert(scene.copy.once && scene.copy.raw && !scene.copy.direct);
    cr_assert_eq(scene.copy.timeout_ms, 7);
    cr_assert(lies_in(&scene.room, scene.copy.origin) &&
              lies_in(&scene.room, scene.copy.target) &&
              lies_in(&scene.room, scene.copy.headers[0].value));
    /* The body is lent until the end of the exchange anyway. */
    cr_assert_eq(scene.copy.body.ptr, scene.request.body.ptr);
    slu_buf_fini(&scene.room);
}

Test(http_copy, leaves_no_secret_behind)
{
    struct scene scene;
    size_t len;

    start(&scene, slu_alloc_default(), SLU_HTTP_COPY_MAX);
    cr_assert_eq(copy(&scene), SLU_ERR_OK);
    len = scene.room.len;
    slu_http_request_wipe(&scene.room);
    cr_assert_eq(scene.room.len, 0);
    cr_assert_not_null(scene.room.ptr);
    for (size_t i = 0; i < len; i++) {
        cr_assert_eq(scene.room.ptr[i], 0);
    }
    slu_http_request_wipe(&scene.room);
    slu_buf_fini(&scene.room);
    slu_http_request_wipe(&scene.room);
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
    struct scene scene;
    struct failing_alloc failing;

    failing_alloc_init(&failing, 1);
    start(&scene, &failing.alloc, SLU_HTTP_COPY_MAX);
    cr_assert_eq(copy(&scene), SLU_ERR_NOMEM);
    cr_assert_eq(copy(&scene), SLU_ERR_OK);
    slu_buf_fini(&scene.room);
    cr_assert_eq(failing.live, 0);
    start(&scene, slu_alloc_default(), 20);
    cr_assert_eq(copy(&scene), SLU_ERR_LIMIT);
    slu_buf_fini(&scene.room);
}
