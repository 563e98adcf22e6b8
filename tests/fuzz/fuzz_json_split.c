/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The splitter must say the same however the text is cut; and what simdjson's
 * DOM accepts, it must accept with the same records and members. The other way
 * round it may accept more: it doesn't look inside records.
 */
#include "fuzz/demand.h"
#include "support/json_dom.h"
#include "support/json_run.h"

#define RECORD_MAX 400

static struct slu_json_split *split;

static void check_cuts(struct slu_view text, const struct json_log *whole,
                       struct json_cuts cuts)
{
    struct json_log log = json_run(split, text, cuts);

    demand(log.len == whole->len && memcmp(log.text, whole->text, log.len) == 0,
           "the same events however the text is cut");
    free(log.text);
}

/* The lines of the log that begin with the letter: text minified, joined. */
static char *join_lines(const struct json_log *log, char letter)
{
    char *out = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&out, &len);
    const char *line = log->text;

    demand(file != NULL, "memory");
    while (*line != '\0' && strchr("RM", *line) != NULL) {
        /* The DOM accepted the text, so a raw line feed is white space, and
         * the event's end is where the next event begins: the lines of one
         * are joined first. */
        const char *text = strchr(line, ' ') + 1;
        const char *end = strchr(text, '\n');
        char *small;

        while ((small = json_dom_minify(
                    slu_view_make(text, (size_t)(end - text)))) == NULL) {
            end = strchr(end + 1, '\n');
            demand(end != NULL, "an event's text is what the DOM accepts");
        }
        if (*line == letter) {
            (void)fprintf(file, "%s\n", small);
        }
        free(small);
        line = end + 1;
    }
    (void)fclose(file);
    return out;
}

static void check_accepted(struct slu_view text, const struct json_log *log)
{
    char *want = json_dom_elements(text, "iocs");
    char *got = join_lines(log, 'R');

    demand(strcmp(got, want == NULL ? "" : want) == 0, "the same records");
    demand((int)log->members == json_dom_count_members(text, "meta"),
           "the same number of members");
    free(want);
    free(got);
    got = join_lines(log, 'M');
    want = log->members == 0 ? NULL : json_dom_member(text, "meta", 0);
    demand(want == NULL || strncmp(got, want, strlen(want)) == 0,
           "the same member");
    free(want);
    free(got);
}

/* Faults that are none for the DOM: the caps, and an array member that isn't
 * one or is there twice. */
static bool is_our_own_rule(struct slu_view text, const struct json_log *log)
{
    char *member;
    bool other;

    if (log->error.code == SLU_ERR_LIMIT ||
        json_dom_count_members(text, "iocs") > 1) {
        return true;
    }
    member = json_dom_member(text, "iocs", 0);
    other = member != NULL && member[0] != '[' && strcmp(member, "null") != 0;
    free(member);
    return other;
}

static void check_dom(struct slu_view text, const struct json_log *log)
{
    if (json_dom_count_members(text, "iocs") < 0) {
        return;
    }
    if (log->error.code == SLU_ERR_OK) {
        check_accepted(text, log);
    } else {
        demand(is_our_own_rule(text, log), "what the DOM accepts is accepted");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view text = slu_view_make((const char *)data, size);
    uint32_t seed = (uint32_t)size;
    struct json_log whole;

    if (split == NULL) {
        split = json_split_make("iocs", "meta", NULL, RECORD_MAX);
    }
    for (size_t i = 0; i < size; i++) {
        seed = seed * 31 + data[i];
    }
    whole = json_run(split, text, (struct json_cuts){0});
    check_cuts(text, &whole, (struct json_cuts){1, 0});
    check_cuts(text, &whole, (struct json_cuts){7, seed});
    check_cuts(text, &whole, (struct json_cuts){200, seed});
    check_dom(text, &whole);
    free(whole.text);
    return 0;
}
