/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical path and query of any bytes: encoded strictly, sorted, without
 * dot segments; a canonical query is its own canonical form.
 */
#include "codecs/sigv4_pairs.h"
#include "fuzz/demand.h"

#define OUT_MAX (8u << 20)

/* Nothing but unreserved bytes, %XX in upper case, and the extra ones. */
static void check_encoding(struct slu_view text, const char *extra)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];

        demand(byte != '\0', "no zero byte");
        if (byte == '%') {
            demand(i + 2 < text.len &&
                       strchr(digits, text.ptr[i + 1]) != NULL &&
                       strchr(digits, text.ptr[i + 2]) != NULL,
                   "a whole escape");
            i += 2;
        } else {
            demand(strchr(plain, byte) != NULL || strchr(extra, byte) != NULL,
                   "bytes that need no escape");
        }
    }
}

static bool holds(struct slu_view text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static bool ends_with(struct slu_view text, const char *part)
{
    size_t len = strlen(part);

    return text.len >= len && memcmp(text.ptr + text.len - len, part, len) == 0;
}

static void check_path(struct slu_view path)
{
    struct slu_buf out;
    struct slu_view got;

    slu_buf_init(&out, slu_alloc_default(), OUT_MAX);
    demand(slu_sigv4_path_append(&out, path, true, true) == SLU_ERR_OK,
           "a path has a form");
    got = slu_buf_view(&out);
    check_encoding(got, "/");
    demand(got.len > 0 && got.ptr[0] == '/', "a slash at the front");
    demand(!holds(got, "//") && !holds(got, "/./") && !holds(got, "/../") &&
               !ends_with(got, "/.") && !ends_with(got, "/.."),
           "no dot segment");
    slu_buf_clear(&out);
    demand(slu_sigv4_path_append(&out, path, false, false) == SLU_ERR_OK,
           "a raw path has a form");
    demand(path.len == 0 || slu_view_equal(slu_buf_view(&out), path),
           "a raw path stays as it is");
    slu_buf_fini(&out);
}

static void check_query(struct slu_view query)
{
    struct slu_buf out;
    struct slu_buf again;
    struct slu_buf scratch;
    enum slu_err err;

    slu_buf_init(&out, slu_alloc_default(), OUT_MAX);
    slu_buf_init(&again, slu_alloc_default(), OUT_MAX);
    slu_buf_init(&scratch, slu_alloc_default(), OUT_MAX);
    err = slu_sigv4_query_append(&out, &scratch, query);
    if (err == SLU_ERR_OK) {
        check_encoding(slu_buf_view(&out), "=&");
        demand(slu_sigv4_query_append(&again, &scratch, slu_buf_view(&out)) ==
                   SLU_ERR_OK,
               "a canonical query has a form");
        demand(slu_view_equal(slu_buf_view(&out), slu_buf_view(&again)),
               "a canonical query is its own");
    } else {
        demand(err == SLU_ERR_LIMIT, "only a limit stops it");
    }
    slu_buf_fini(&scratch);
    slu_buf_fini(&again);
    slu_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view text = slu_view_make((const char *)data, size);
    const char *mark = size == 0 ? NULL : memchr(data, '?', size);
    size_t path_len = mark == NULL ? size : (size_t)(mark - text.ptr);

    if (size > 0 && data[0] == '/') {
        check_path(slu_view_make(text.ptr, path_len));
    }
    check_query(mark == NULL ? text
                             : slu_view_make(mark + 1, size - path_len - 1));
    return 0;
}
