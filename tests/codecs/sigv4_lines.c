/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For test_sigv4_botocore.py: signs the requests on standard input and prints
 * each Authorization. One request a line, fields parted by tabs:
 * method host path query region service time hash key secret token
 * name:value...
 */
#include "codecs/sigv4.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 65536
#define FIELDS 11
#define HEADERS_MAX 16

struct line {
    struct slu_view fields[FIELDS];
    struct slu_sigv4_pair headers[HEADERS_MAX];
    size_t header_count;
};

static void read_line(char *text, struct line *out)
{
    char *rest = text;
    char *field;
    unsigned count = 0;

    *out = (struct line){0};
    text[strcspn(text, "\n")] = '\0';
    while ((field = strsep(&rest, "\t")) != NULL) {
        char *colon = strchr(field, ':');

        if (count < FIELDS) {
            out->fields[count++] = slu_view_str(field);
        } else if (colon != NULL && out->header_count < HEADERS_MAX) {
            out->headers[out->header_count++] = (struct slu_sigv4_pair){
                slu_view_make(field, (size_t)(colon - field)),
                slu_view_str(colon + 1)};
        }
    }
}

static bool sign_line(struct slu_sigv4 *signer, const struct line *line,
                      struct slu_buf *out)
{
    const struct slu_sigv4_request request = {
        .method = line->fields[0],
        .host = line->fields[1],
        .path = line->fields[2],
        .query = line->fields[3],
        .region = line->fields[4],
        .service = line->fields[5],
        .now_seconds = atoll(line->fields[6].ptr),
        .payload_hash = line->fields[7],
        .headers = line->headers,
        .header_count = line->header_count,
    };
    const struct slu_sigv4_credentials credentials = {
        line->fields[8], line->fields[9], line->fields[10]};
    struct slu_sigv4_added added;

    slu_buf_clear(out);
    if (slu_sigv4_sign(signer, &request, &credentials, out, &added) !=
        SLU_ERR_OK) {
        return false;
    }
    printf("%.*s\n", SLU_VIEW_ARGS(added.headers[added.count - 1].value));
    return true;
}

int main(void)
{
    static char text[LINE_MAX_BYTES];
    struct slu_sigv4 *signer = slu_sigv4_new(slu_alloc_default());
    struct slu_buf out;
    struct line line;
    bool good = signer != NULL;

    slu_buf_init(&out, slu_alloc_default(), LINE_MAX_BYTES);
    while (good && fgets(text, sizeof(text), stdin) != NULL) {
        read_line(text, &line);
        good = sign_line(signer, &line, &out);
    }
    slu_buf_fini(&out);
    slu_sigv4_free(signer);
    return good ? 0 : 1;
}
