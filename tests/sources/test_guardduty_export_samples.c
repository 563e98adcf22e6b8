/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real findings in the form of the wire, bare or in EventBridge's envelope,
 * where the folder of samples is there: as one exported object they give the
 * values that the Netskope plugin 1.1.0 found in each (plugin_golden.jsonl).
 * Tags, comments and dates of the rows are the extraction's own tests.
 */
#include "sources/export_world.h"

#include "support/json_dom.h"
#include "support/shared.h"

#include <criterion/criterion.h>

/* The plugin drops a finding whose dates have no fraction; this one of them has
 * an indicator. */
#define FAULT_SAMPLE "custodian/ec2-duty-event.json"
#define FAULT_VALUE "example.com"

struct golden {
    char values[20000]; /* "value id\n", as the world writes rows */
    unsigned count;
    unsigned samples;
};

static char *find_id(const char *text)
{
    char *id = json_dom_get(slu_view_str(text), "detail.id");

    return id != NULL ? id : json_dom_get(slu_view_str(text), "id");
}

static void add_value(struct golden *golden, const char *value, const char *id)
{
    size_t len = strlen(golden->values);

    (void)snprintf(golden->values + len, sizeof(golden->values) - len,
                   "%s %s\n", value, id);
    golden->count++;
}

static void add_golden(struct golden *golden, struct slu_view line,
                       const char *name, const char *id)
{
    char *indicators = json_dom_elements(line, "indicators");

    for (char *at = indicators; *at != '\0';) {
        char *end = strchr(at, '\n');
        char *value =
            json_dom_get(slu_view_make(at, (size_t)(end - at)), "value");

        add_value(golden, value, id);
        free(value);
        at = end + 1;
    }
    free(indicators);
    if (strcmp(name, FAULT_SAMPLE) == 0) {
        add_value(golden, FAULT_VALUE, id);
    }
    golden->samples++;
}

/* The samples as lines of one text; what each is worth is added to golden. */
static char *make_object(const char *folder, struct golden *golden)
{
    char *file = shared_read(folder, "plugin_golden.jsonl");
    char *text = calloc(1, SHARED_FILE_MAX);

    for (char *line = strtok(file, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        struct slu_view view = slu_view_str(line);
        char *form = json_dom_get(view, "form");
        char *name = json_dom_get(view, "sample");

        if (strcmp(form, "wire") == 0) {
            char *sample = shared_read(folder, name);
            char *small = json_dom_minify(slu_view_str(sample));
            char *id = find_id(small);

            add_golden(golden, view, name, id);
            strcat(strcat(text, small), "\n");
            free(id);
            free(small);
            free(sample);
        }
        free(name);
        free(form);
    }
    free(file);
    return text;
}

Test(guardduty_export_samples, one_object_gives_what_the_plugin_found)
{
    static const char *groups[] = {"network_connection", "port_probe",
                                   "dns_request", "ebs_volume_scan"};
    static struct golden golden;
    char folder[1000];
    struct world world;
    char *text;

    if (shared_folder("guardduty", folder) == NULL) {
        cr_skip_test("skipped: no samples here");
    }
    text = make_object(folder, &golden);
    world_init(&world, "/data");
    world.config.indicators = (struct slu_strings){.items = groups, .count = 4};
    world.config.include_samples = true;
    world.config.include_archived = true;
    world_put_text(&world, "samples.jsonl.gz", text);
    cr_assert_eq(world_run(&world), SLU_ERR_OK);
    cr_assert_eq(world.result.failed_units, 0, "%s", world.result.first.text);
    cr_assert_geq(golden.samples, 4);
    cr_assert_gt(golden.count, 0);
    cr_assert_str_eq(world.rows, golden.values);
    free(text);
    world_fini(&world);
}
