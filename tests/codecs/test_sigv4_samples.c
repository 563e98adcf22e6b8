/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors, where the folder of samples is there: AWS's official suite, the S3
 * reference's examples, and requests that botocore signed.
 */
#include "codecs/sigv4.h"
#include "support/json_dom.h"
#include "support/shared.h"

#include <criterion/criterion.h>

#define HEADERS_MAX 16

/* One case; texts are cut in place and freed together. */
struct vector {
    char *kept[64];
    unsigned kept_count;
    struct slu_sigv4_pair headers[HEADERS_MAX];
    struct slu_sigv4_request request;
    struct slu_sigv4_rules rules;
    struct slu_sigv4_credentials credentials;
    struct slu_view body;
    char hash[SLU_SHA256_HEX_LEN];
};

static char *keep(struct vector *self, char *text)
{
    cr_assert_lt(self->kept_count, 64);
    self->kept[self->kept_count++] = text;
    return text;
}

static void drop_vector(struct vector *self)
{
    for (unsigned i = 0; i < self->kept_count; i++) {
        free(self->kept[i]);
    }
}

/* The value at the path; the empty view when it is absent or null. */
static struct slu_view get(struct vector *self, struct slu_view json,
                           const char *path)
{
    char *text = json_dom_get(json, path);

    if (text == NULL || strcmp(text, "null") == 0) {
        free(text);
        return slu_view_str("");
    }
    return slu_view_str(keep(self, text));
}

static bool is_true(struct vector *self, struct slu_view json, const char *path)
{
    return slu_view_equal_str(get(self, json, path), "true");
}

static void add_header(struct vector *self, struct slu_view name,
                       struct slu_view value)
{
    cr_assert_lt(self->request.header_count, HEADERS_MAX);
    self->headers[self->request.header_count++] =
        (struct slu_sigv4_pair){name, value};
    self->request.headers = self->headers;
}

/* Host is the request's own, and the signer adds the rest of x-amz-*. */
static void take_header(struct vector *self, struct slu_view name,
                        struct slu_view value)
{
    static const char *const added[] = {"x-amz-date", "x-amz-security-token",
                                        "x-amz-content-sha256"};

    for (unsigned i = 0; i < 3; i++) {
        if (name.len == strlen(added[i]) &&
            strncasecmp(name.ptr, added[i], name.len) == 0) {
            return;
        }
    }
    if (name.len == 4 && strncasecmp(name.ptr, "host", 4) == 0) {
        self->request.host = value;
    } else {
        add_header(self, name, value);
    }
}

/* "Name:value" lines; one that begins with a blank goes on with the last. */
static void read_lines(struct vector *self, char *text)
{
    char *line = text;

    while (*line != '\0' && *line != '\n') {
        char *colon = strchr(line, ':');
        char *end = line;

        do {
            end = strchr(end, '\n');
            cr_assert_not_null(end);
            end++;
        } while (*end == ' ');
        take_header(self, slu_view_make(line, (size_t)(colon - line)),
                    slu_view_make(colon + 1, (size_t)(end - colon - 2)));
        line = end;
    }
    self->body = slu_view_str(*line == '\n' ? line + 1 : line);
}

/* "METHOD path?query HTTP/1.1"; a path may hold a blank. */
static void read_request(struct vector *self, char *text)
{
    char *path = strchr(text, ' ') + 1;
    char *end = strstr(path, " HTTP/1.1\n");
    char *query;

    cr_assert_not_null(end);
    *end = '\0';
    query = strchr(path, '?');
    self->request.method = slu_view_make(text, (size_t)(path - text - 1));
    self->request.path = query == NULL
                             ? slu_view_str(path)
                             : slu_view_make(path, (size_t)(query - path));
    self->request.query = slu_view_str(query == NULL ? "" : query + 1);
    read_lines(self, end + strlen(" HTTP/1.1\n"));
}

static void read_context(struct vector *self, struct slu_view json)
{
    self->credentials = (struct slu_sigv4_credentials){
        get(self, json, "credentials.access_key_id"),
        get(self, json, "credentials.secret_access_key"),
        get(self, json, "credentials.token")};
    if (is_true(self, json, "omit_session_token")) {
        self->credentials.session_token = slu_view_str("");
    }
    self->request.region = get(self, json, "region");
    self->request.service = get(self, json, "service");
    self->request.now_seconds = 1440938160;
    cr_assert(slu_view_equal_str(get(self, json, "timestamp"),
                                 "2015-08-30T12:36:00Z"));
    self->rules = (struct slu_sigv4_rules){
        .normalize_path = is_true(self, json, "normalize"),
        .encode_path = true,
        .send_payload_hash = is_true(self, json, "sign_body"),
        .sign_all_headers = true};
    self->request.rules = &self->rules;
}

static void check_file(struct vector *self, const char *folder,
                       const char *name, struct slu_view got)
{
    char *want = keep(self, shared_read(folder, name));

    cr_assert(slu_view_equal_str(got, want), "%s/%s: %.*s\nnot\n%s", folder,
              name, SLU_VIEW_ARGS(got), want);
}

/* Each line that the signer made is a line of the signed request. */
static void check_signed_request(struct vector *self, const char *folder,
                                 const struct slu_sigv4_added *added)
{
    char *want = keep(self, shared_read(folder, "header-signed-request.txt"));

    for (unsigned i = 0; i < added->count; i++) {
        char line[4000];

        (void)snprintf(line, sizeof(line), "\n%.*s:%.*s\n",
                       SLU_VIEW_ARGS(added->headers[i].name),
                       SLU_VIEW_ARGS(added->headers[i].value));
        cr_assert_not_null(strcasestr(want, line), "%s: %s", folder, line);
    }
}

static void run_official(struct slu_sigv4 *signer, const char *folder)
{
    struct vector it = {0};
    struct slu_sigv4_added added;
    struct slu_buf out;
    struct slu_view last;

    slu_buf_init(&out, slu_alloc_default(), 1 << 16);
    read_context(&it,
                 slu_view_str(keep(&it, shared_read(folder, "context.json"))));
    read_request(&it, keep(&it, shared_read(folder, "request.txt")));
    if (it.rules.send_payload_hash) {
        slu_sigv4_hash_payload(signer, it.body, it.hash);
        it.request.payload_hash = slu_view_make(it.hash, sizeof(it.hash));
    }
    cr_assert_eq(
        slu_sigv4_sign(signer, &it.request, &it.credentials, &out, &added),
        SLU_ERR_OK);
    check_file(&it, folder, "header-canonical-request.txt",
               slu_sigv4_canonical_request(signer));
    check_file(&it, folder, "header-string-to-sign.txt",
               slu_sigv4_string_to_sign(signer));
    last = added.headers[added.count - 1].value;
    check_file(&it, folder, "header-signature.txt",
               slu_view_make(last.ptr + last.len - 64, 64));
    check_signed_request(&it, folder, &added);
    slu_buf_fini(&out);
    drop_vector(&it);
}

Test(sigv4_samples, official_suite)
{
    struct slu_sigv4 *signer = slu_sigv4_new(slu_alloc_default());
    char root[1000];
    struct dirent *entry;
    unsigned count = 0;
    DIR *dir;

    if (shared_folder("sigv4/v4", root) == NULL) {
        slu_sigv4_free(signer);
        cr_skip("no samples");
    }
    dir = opendir(root);
    while ((entry = readdir(dir)) != NULL) {
        char folder[2000];

        if (entry->d_name[0] != '.') {
            (void)snprintf(folder, sizeof(folder), "%s/%s", root,
                           entry->d_name);
            run_official(signer, folder);
            count++;
        }
    }
    (void)closedir(dir);
    cr_assert_eq(count, 38);
    slu_sigv4_free(signer);
}

/* The elements of a bare array, one a line. */
static char *list_elements(struct vector *self, struct slu_view array)
{
    char *text = malloc(array.len + 16);
    char *lines;

    (void)snprintf(text, array.len + 16, "{\"a\":%.*s}", SLU_VIEW_ARGS(array));
    lines = json_dom_elements(slu_view_str(text), "a");
    free(text);
    cr_assert_not_null(lines);
    return keep(self, lines);
}

/* The bytes of a JSON string. */
static struct slu_view read_string(struct vector *self, const char *text)
{
    char around[4000];

    (void)snprintf(around, sizeof(around), "{\"a\":%s}", text);
    return get(self, slu_view_str(around), "a");
}

/* ["Name", "value"] or "Name: value". */
static void read_header(struct vector *self, const char *line)
{
    char *rest = NULL;

    if (line[0] == '[') {
        char *parts = list_elements(self, slu_view_str(line));
        char *name = strtok_r(parts, "\n", &rest);
        char *value = strtok_r(NULL, "\n", &rest);

        take_header(self, read_string(self, name), read_string(self, value));
    } else {
        struct slu_view text = read_string(self, line);
        const char *colon = strchr(text.ptr, ':');

        take_header(self, slu_view_make(text.ptr, (size_t)(colon - text.ptr)),
                    slu_view_str(colon + 2));
    }
}

static void read_case(struct vector *self, struct slu_view json)
{
    char *rest = NULL;
    char *lines = list_elements(self, get(self, json, "headers_to_sign"));

    for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        read_header(self, line);
    }
    self->credentials = (struct slu_sigv4_credentials){
        get(self, json, "access_key_id"), get(self, json, "secret_access_key"),
        get(self, json, "session_token")};
    self->request.method = get(self, json, "method");
    self->request.path = get(self, json, "path");
    self->request.query = get(self, json, "query");
    self->request.region = get(self, json, "region");
    self->request.service = get(self, json, "service");
    self->request.payload_hash = get(self, json, "payload_hash");
    self->body = get(self, json, "body");
    self->request.now_seconds =
        slu_view_equal_str(get(self, json, "amz_date"), "20150830T123600Z")
            ? 1440938160
            : 1369353600;
}

/* all_headers: the S3 examples sign Range and Date too. */
static void run_case(struct slu_sigv4 *signer, struct slu_view json,
                     bool all_headers)
{
    struct vector it = {0};
    struct slu_sigv4_added added;
    struct slu_view signature;
    struct slu_view want;
    struct slu_buf out;

    slu_buf_init(&out, slu_alloc_default(), 1 << 16);
    read_case(&it, json);
    it.rules = slu_sigv4_rules_of(it.request.service);
    it.rules.sign_all_headers = all_headers;
    it.request.rules = all_headers ? &it.rules : NULL;
    cr_assert_eq(
        slu_sigv4_sign(signer, &it.request, &it.credentials, &out, &added),
        SLU_ERR_OK);
    want = get(&it, json, "canonical_request");
    cr_assert(slu_view_equal(slu_sigv4_canonical_request(signer), want),
              "%.*s\nnot\n%s",
              SLU_VIEW_ARGS(slu_sigv4_canonical_request(signer)), want.ptr);
    signature = added.headers[added.count - 1].value;
    want = get(&it, json, all_headers ? "signature" : "authorization");
    if (all_headers) {
        signature = slu_view_make(signature.ptr + signature.len - 64, 64);
    }
    cr_assert(slu_view_equal(signature, want), "%s", out.ptr);
    slu_buf_fini(&out);
    drop_vector(&it);
}

static void run_file(const char *name, bool all_headers, unsigned want)
{
    struct slu_sigv4 *signer = slu_sigv4_new(slu_alloc_default());
    struct vector kept = {0};
    char folder[1000];
    unsigned count = 0;
    char *rest = NULL;
    char *lines;

    if (shared_folder("sigv4", folder) == NULL) {
        slu_sigv4_free(signer);
        cr_skip("no samples");
    }
    lines = list_elements(&kept,
                          slu_view_str(keep(&kept, shared_read(folder, name))));
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        run_case(signer, slu_view_str(line), all_headers);
        count++;
    }
    cr_assert_eq(count, want);
    drop_vector(&kept);
    slu_sigv4_free(signer);
}

Test(sigv4_samples, requests_that_botocore_signed)
{
    run_file("botocore-generated.json", false, 24);
}

Test(sigv4_samples, examples_of_the_s3_reference)
{
    run_file("s3-doc-examples.json", true, 4);
}
