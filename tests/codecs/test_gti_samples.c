/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real answers of GTI, where the folder of samples is there: each is split and
 * read whole, byte by byte and at random cuts, and every item is compared with
 * what simdjson's DOM finds in it.
 */
#include "codecs/gti.h"
#include "support/json_dom.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (1u << 20)

struct sample {
    char *text;
    size_t len;
    bool is_stream; /* else a threat list */
};

static const char *find_folder(char out[1000])
{
    const char *const roots[] = {getenv("SLU_SHARED"), "../shared",
                                 "../../shared"};

    for (unsigned i = 0; i < 3; i++) {
        DIR *dir;

        if (roots[i] == NULL) {
            continue;
        }
        (void)snprintf(out, 1000, "%s/samples/gti", roots[i]);
        dir = opendir(out);
        if (dir != NULL) {
            (void)closedir(dir);
            return out;
        }
    }
    return NULL;
}

/* Files that hold the bare items get the answer around them. */
static bool load_sample(const char *folder, const char *name,
                        struct sample *sample)
{
    char path[2000];
    const char *around = "";
    FILE *file;

    sample->is_stream = strncmp(name, "ioc_stream", 10) == 0;
    if (!sample->is_stream && strncmp(name, "threat_list", 11) != 0) {
        return false;
    }
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    cr_assert_not_null(file);
    sample->text = calloc(1, FILE_MAX);
    if (fgetc(file) == '[') {
        around = sample->is_stream ? "{\"data\":" : "{\"iocs\":";
    }
    rewind(file);
    sample->len = strlen(around);
    memcpy(sample->text, around, sample->len);
    sample->len +=
        fread(sample->text + sample->len, 1, FILE_MAX - sample->len - 1, file);
    if (around[0] != '\0') {
        sample->text[sample->len++] = '}';
    }
    (void)fclose(file);
    return true;
}

static int64_t get_number(struct slu_view item, const char *path)
{
    char *text = json_dom_get(item, path);
    int64_t number = text == NULL ? 0 : atoll(text);

    free(text);
    return number;
}

static void check_string(struct slu_view got, struct slu_view item,
                         const char *path)
{
    char *want = json_dom_get(item, path);

    cr_assert(slu_view_equal(got, slu_view_str(want)), "%s: %.*s, not %s", path,
              SLU_VIEW_ARGS(got), want);
    free(want);
}

/* Without a value in it, an assessment is VERDICT_UNKNOWN. */
static void check_verdict(const struct slu_gti_item *got, struct slu_view item)
{
    char *whole = json_dom_get(item, "attributes.gti_assessment");
    char *value = json_dom_get(item, "attributes.gti_assessment.verdict.value");
    const char *want = value;

    if (value == NULL) {
        want = whole != NULL && whole[0] == '{' ? "VERDICT_UNKNOWN" : "";
    }
    cr_assert_str_eq(slu_verdict_name(got->verdict), want);
    free(whole);
    free(value);
}

static void check_type(const struct slu_gti_item *got, struct slu_view item)
{
    static const char *const names[] = {NULL, "ip_address", "domain"};
    char *want = json_dom_get(item, "type");

    cr_assert_not_null(want);
    for (unsigned i = SLU_GTI_IP_ADDRESS; i <= SLU_GTI_DOMAIN; i++) {
        cr_assert_eq(got->type == i, strcmp(want, names[i]) == 0);
    }
    free(want);
}

/* One element, minified by the DOM, against what was read of it. */
static void check_item(const struct slu_gti_item *got, struct slu_view element,
                       bool is_stream)
{
    char *data = is_stream ? NULL : json_dom_get(element, "data");
    struct slu_view item = is_stream ? element : slu_view_str(data);

    check_type(got, item);
    check_verdict(got, item);
    check_string(got->id, item, "id");
    cr_assert(got->id.len > 0);
    cr_assert_eq(got->score,
                 get_number(item, "attributes.gti_assessment.threat_score."
                                  "value"));
    cr_assert_eq(got->last_modification_date,
                 get_number(item, "attributes.last_modification_date"));
    if (is_stream) {
        check_string(got->notification_id, item,
                     "context_attributes.notification_id");
        cr_assert_eq(got->notification_date,
                     get_number(item, "context_attributes.notification_date"));
    }
    free(data);
}

struct check {
    struct slu_json_split *split;
    struct slu_gti_reader *reader;
    const struct sample *sample;
    const char *element; /* the next one that the DOM found */
    unsigned items;
};

static void check_event(struct check *check, enum slu_json_event_kind kind,
                        const struct slu_json_event *event)
{
    struct slu_gti_item item;
    struct slu_error error;
    const char *end;

    if (kind != SLU_JSON_RECORD) {
        return;
    }
    cr_assert_eq(slu_gti_read_item(check->reader,
                                   check->sample->is_stream
                                       ? SLU_GTI_STREAM_ITEM
                                       : SLU_GTI_LIST_ITEM,
                                   event, &item, &error),
                 SLU_ERR_OK, "%s", error.text);
    end = strchr(check->element, '\n');
    cr_assert_not_null(end);
    check_item(&item,
               slu_view_make(check->element, (size_t)(end - check->element)),
               check->sample->is_stream);
    check->element = end + 1;
    check->items++;
}

static void check_meta(const struct check *check,
                       const struct slu_json_event *event)
{
    struct slu_view whole =
        slu_view_make(check->sample->text, check->sample->len);
    struct slu_gti_meta meta;
    char *count = json_dom_get(whole, "meta.count");

    cr_assert_eq(slu_gti_read_meta(check->reader, event->text, &meta, NULL),
                 SLU_ERR_OK);
    cr_assert_eq(meta.has_count, count != NULL);
    cr_assert_eq(meta.count, count == NULL ? 0 : atoll(count));
    if (meta.has_cursor) {
        check_string(meta.cursor, whole, "meta.cursor");
    }
    free(count);
}

static void feed_piece(struct check *check, const char *ptr, size_t len)
{
    struct slu_json_event event;
    enum slu_json_event_kind kind;
    char *copy = malloc(len);

    memcpy(copy, ptr, len);
    slu_json_split_feed(check->split, slu_view_make(copy, len));
    do {
        kind = slu_json_split_next(check->split, &event);
        check_event(check, kind, &event);
        if (kind == SLU_JSON_MEMBER) {
            check_meta(check, &event);
        }
    } while (kind == SLU_JSON_RECORD || kind == SLU_JSON_MEMBER);
    free(copy);
}

/* piece_max 0: whole. */
static unsigned check_sample(const struct sample *sample, size_t piece_max)
{
    const char *array = sample->is_stream ? "data" : "iocs";
    char *elements =
        json_dom_elements(slu_view_make(sample->text, sample->len), array);
    struct check check = {.split =
                              json_split_make(array, "meta", NULL, FILE_MAX),
                          .reader = slu_gti_reader_new(slu_alloc_default()),
                          .sample = sample,
                          .element = elements};
    uint32_t state = (uint32_t)sample->len | 1;

    cr_assert_not_null(elements);
    for (size_t pos = 0; pos < sample->len;) {
        size_t left = sample->len - pos;
        size_t len =
            piece_max == 0 ? left : json_random(&state) % piece_max + 1;

        len = len < left ? len : left;
        feed_piece(&check, sample->text + pos, len);
        pos += len;
    }
    cr_assert_eq(slu_json_split_finish(check.split), SLU_ERR_OK);
    cr_assert_eq(*check.element, '\0', "an element was missed");
    slu_json_split_free(check.split);
    slu_gti_reader_free(check.reader);
    free(elements);
    return check.items;
}

Test(gti_samples, are_read_whole_and_in_pieces_with_nothing_lost)
{
    char room[1000];
    const char *folder = find_folder(room);
    DIR *dir = folder == NULL ? NULL : opendir(folder);
    struct dirent *entry;
    unsigned items = 0;

    if (dir == NULL) {
        cr_skip_test("skipped: no samples here");
    }
    while ((entry = readdir(dir)) != NULL) {
        struct sample sample = {0};

        if (!load_sample(folder, entry->d_name, &sample)) {
            continue;
        }
        items += check_sample(&sample, 0);
        (void)check_sample(&sample, 1);
        (void)check_sample(&sample, 90);
        (void)check_sample(&sample, 5000);
        free(sample.text);
    }
    (void)closedir(dir);
    cr_assert(items >= 30, "%u items in all", items);
}

static void check_error_sample(struct slu_gti_reader *reader,
                               const char *folder, const char *name,
                               enum slu_gti_error_code code,
                               const char *message)
{
    char path[2000];
    char body[2000];
    struct slu_gti_error error;
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    len = fread(body, 1, sizeof(body), file);
    (void)fclose(file);
    slu_gti_read_error(reader, slu_view_make(body, len), &error);
    cr_assert_eq(error.code, code, "%s", name);
    cr_assert_eq(strncmp(error.message, message, strlen(message)), 0, "%s: %s",
                 name, error.message);
}

Test(gti_samples, of_errors_are_read)
{
    char room[1000];
    const char *folder = find_folder(room);
    struct slu_gti_reader *reader = slu_gti_reader_new(slu_alloc_default());

    if (folder == NULL) {
        slu_gti_reader_free(reader);
        cr_skip_test("skipped: no samples here");
    }
    check_error_sample(
        reader, folder, "error_400_ioc_stream_bad_origin_official_docs.json",
        SLU_GTI_ERROR_BAD_REQUEST, "origin \"notHunting\" is not valid. Valid");
    check_error_sample(
        reader, folder, "error_401_missing_key_official_docs.json",
        SLU_GTI_ERROR_AUTHENTICATION_REQUIRED, "X-Apikey header is missing");
    check_error_sample(reader, folder, "error_404_official_docs.json",
                       SLU_GTI_ERROR_NOT_FOUND, "URL \"thisurlid");
    check_error_sample(reader, folder, "error_429_quota_vtpy_test.json",
                       SLU_GTI_ERROR_QUOTA_EXCEEDED, "Quota exceeded");
    check_error_sample(reader, folder,
                       "error_429_ioc_stream_delete_official_docs.txt",
                       SLU_GTI_ERROR_TOO_MANY_REQUESTS,
                       "Notifications already being deleted.");
    check_error_sample(reader, folder, "error_429_edge_html_vtpy_test.html",
                       SLU_GTI_ERROR_UNKNOWN, "<title>429</title>429 Too");
    slu_gti_reader_free(reader);
}
