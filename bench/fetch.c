/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: T, the rival of every pull: the same URLs by libcurl's multi interface
 * as its documentation shows it, the bytes counted and thrown away. Handles are
 * used again, connections too, and the buffer has the size of the engine's.
 */
#include "bench/bench.h"

#include "codecs/buf.h"
#include <curl/curl.h>
#include <stdio.h>

#define PARALLEL_MAX 256
#define BUFFER_BYTES 65536L
#define WAIT_MS 1000

struct fetch {
    struct slu_bench *bench;
    CURLM *multi;
    CURL *easy[PARALLEL_MAX];
    const char *const *urls;
    size_t count;
    size_t next;
    size_t done;
    uint64_t bytes;
};

static size_t drop(char *bytes, size_t size, size_t count, void *ctx)
{
    struct fetch *self = ctx;

    (void)bytes;
    self->bytes += size * count;
    return size * count;
}

static void start_next(struct fetch *self, CURL *easy)
{
    if (self->next < self->count) {
        (void)curl_easy_setopt(easy, CURLOPT_URL, self->urls[self->next++]);
        (void)curl_multi_add_handle(self->multi, easy);
    }
}

static void open_all(struct fetch *self, unsigned parallel)
{
    self->multi = curl_multi_init();
    slu_bench_require(self->bench, self->multi != NULL, "out of memory");
    (void)curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)parallel);
    for (unsigned i = 0; i < parallel; i++) {
        self->easy[i] = curl_easy_init();
        slu_bench_require(self->bench, self->easy[i] != NULL, "out of memory");
        (void)curl_easy_setopt(self->easy[i], CURLOPT_WRITEFUNCTION, drop);
        (void)curl_easy_setopt(self->easy[i], CURLOPT_WRITEDATA, self);
        (void)curl_easy_setopt(self->easy[i], CURLOPT_BUFFERSIZE, BUFFER_BYTES);
        (void)curl_easy_setopt(self->easy[i], CURLOPT_NOPROXY, "*");
        (void)curl_easy_setopt(self->easy[i], CURLOPT_NOSIGNAL, 1L);
        start_next(self, self->easy[i]);
    }
}

static void take_ended(struct fetch *self)
{
    CURLMsg *message;
    int left = 0;

    while ((message = curl_multi_info_read(self->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        const char *url = "";
        long status = 0;

        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
        slu_bench_require(self->bench, result == CURLE_OK && status == 200,
                          "%s is answered with %ld (%s)", url, status,
                          curl_easy_strerror(result));
        (void)curl_multi_remove_handle(self->multi, easy);
        self->done++;
        start_next(self, easy);
    }
}

double slu_bench_fetch(struct slu_bench *bench, const char *const *urls,
                       size_t count, unsigned parallel, uint64_t *out_bytes)
{
    struct fetch self = {.bench = bench, .urls = urls, .count = count};
    double began = slu_bench_wall_s();
    double seconds;
    int running = 0;

    slu_bench_require(bench, parallel > 0 && parallel <= PARALLEL_MAX,
                      "%u connections are too many", parallel);
    open_all(&self, parallel);
    while (self.done < count) {
        (void)curl_multi_perform(self.multi, &running);
        take_ended(&self);
        if (self.done < count) {
            (void)curl_multi_poll(self.multi, NULL, 0, WAIT_MS, NULL);
        }
    }
    seconds = slu_bench_wall_s() - began;
    for (unsigned i = 0; i < parallel; i++) {
        curl_easy_cleanup(self.easy[i]);
    }
    (void)curl_multi_cleanup(self.multi);
    *out_bytes = self.bytes;
    return seconds;
}

/* ---- one body, kept ---- */

static size_t keep(char *bytes, size_t size, size_t count, void *ctx)
{
    struct slu_buf *body = ctx;

    return slu_buf_append(body, slu_view_make(bytes, size * count)) ==
                   SLU_ERR_OK
               ? size * count
               : 0;
}

void slu_bench_get(struct slu_bench *bench, const char *url,
                   struct slu_buf *io_body)
{
    static CURL *easy; /* of the case's process, for its connection */
    CURLcode result;
    long status = 0;

    easy = easy == NULL ? curl_easy_init() : easy;
    slu_bench_require(bench, easy != NULL, "out of memory");
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, io_body);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    result = curl_easy_perform(easy);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    slu_bench_require(bench, result == CURLE_OK && status == 200,
                      "%s is answered with %ld (%s)", url, status,
                      curl_easy_strerror(result));
}
