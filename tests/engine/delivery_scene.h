/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of a delivery share: a cloud, a state, and one delivery at a
 * time, as a sync would use it. */
#ifndef TESTS_ENGINE_DELIVERY_SCENE_H
#define TESTS_ENGINE_DELIVERY_SCENE_H

#include "engine/delivery.h"
#include "engine/fake_cloud.h"
#include "engine/fake_pool.h"
#include "engine/store_support.h"

#include <criterion/criterion.h>

#define IP "threat-ip-1.txt"
#define OTHER "threat-ip-2.txt"
#define ENTITY "threat-entity-1.txt"
#define SIDE "exceeded_domain.txt"
#define KEY(path) "gd/" path
#define SET(stem) "gti-" stem
#define NOW 1754546400

static const char *const ip_paths[] = {IP, OTHER};
static const char *const entity_paths[] = {ENTITY};
static const char *const region = "eu-west-1";

static struct bench {
    char dir[64];
    struct cloud cloud;
    struct served served;
    struct fake_pool pool;
    struct slu_http_config http;
    struct slu_limits_config limits;
    struct slu_wake stop;
    struct slu_wake room;
    struct slu_store *store;
    struct slu_guard *guard;
    struct slu_lists_config lists;
    struct slu_publish_config publish;
    struct slu_delivery_options options;
    struct slu_delivery *delivery;
    struct slu_delivery_sets sets;
    struct slu_report report;
    struct slu_error error;
    char lines[1 << 15];
    char rows[1 << 13];
} bench;

static inline void note_line(void *ctx, enum slu_log_level level,
                             const char *text)
{
    size_t len = strlen(bench.lines);

    (void)ctx;
    (void)snprintf(bench.lines + len, sizeof(bench.lines) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

static inline void on_room(void *ctx)
{
    (void)ctx;
    slu_wake_raise(&bench.room);
}

static inline void open_store(void)
{
    struct slu_store_options options = {
        .alloc = slu_alloc_default(), .dir = bench.dir, .on_room = on_room};

    cr_assert_eq(slu_wake_open(&bench.room), SLU_ERR_OK);
    cr_assert_eq(slu_store_open(&options, &bench.store, &bench.error),
                 SLU_ERR_OK, "%s", bench.error.text);
}

static inline void configure(void)
{
    bench.http = served_http();
    bench.limits =
        (struct slu_limits_config){.connections = 4, .max_wait_ms = 5000};
    bench.lists = (struct slu_lists_config){
        .ip_files = {ip_paths, 2, false},
        .entity_files = {entity_paths, 1, false},
        .set_name_prefix = "gti-",
        .bucket = "lists",
        .prefix = "gd/",
        .bucket_owner = "",
        .kms_key_id = "",
        .allow_file = "",
    };
    bench.publish = (struct slu_publish_config){.regions = {&region, 1, false},
                                                .max_shrink = 30};
}

static inline void open_delivery(void)
{
    cr_assert_eq(
        slu_delivery_open(&bench.options, &bench.delivery, &bench.error),
        SLU_ERR_OK, "%s", bench.error.text);
}

static inline void start(void)
{
    struct slu_guard_options guard = {.cidr_min_prefix = 8};
    struct slu_pull_options pull;

    memset(&bench, 0, sizeof(bench));
    (void)make_folder(bench.dir);
    served_start(&bench.served, cloud_answer, &bench.cloud);
    fake_pool_use(&bench.pool, &pull, bench.served.url);
    cr_assert_eq(slu_wake_open(&bench.stop), SLU_ERR_OK);
    open_store();
    bench.guard = slu_guard_new(slu_alloc_default(), &guard);
    configure();
    bench.options = (struct slu_delivery_options){
        .run = {.alloc = slu_alloc_default(),
                .http = &bench.http,
                .limits = &bench.limits,
                .aws = pull.aws,
                .aws_port = pull.aws_port,
                .sign_in = pull.sign_in,
                .store = bench.store,
                .logger = {note_line, NULL, SLU_LOG_INFO},
                .stop = &bench.stop,
                .room = &bench.room},
        .state_dir = bench.dir,
        .lists = &bench.lists,
        .publish = &bench.publish,
        .detector = "auto",
        .sets = true,
    };
    open_delivery();
}

static inline void stop(void)
{
    slu_delivery_sets_fini(&bench.sets);
    slu_delivery_close(bench.delivery);
    (void)served_stop(&bench.served);
    slu_guard_free(bench.guard);
    slu_store_close(bench.store);
    slu_wake_close(&bench.stop);
    slu_wake_close(&bench.room);
    remove_tree(bench.dir);
}

/* ---- one sync ---- */

static inline struct slu_publish_options publish_options(void)
{
    return (struct slu_publish_options){
        .alloc = slu_alloc_default(),
        .store = bench.store,
        .lists = &bench.lists,
        .guard = bench.guard,
        .logger = {note_line, NULL, SLU_LOG_INFO},
        .verdicts = 1u << SLU_VERDICT_MALICIOUS,
        .now = NOW,
    };
}

/* "n" lines, each other ones for another tag. */
static inline const char *make_lines(const char *tag, unsigned count)
{
    static char text[1024];
    size_t len = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%s%u\n", tag, i);
    }
    return text;
}

static inline void add(const char *path, enum slu_artifact_role role,
                       const char *text)
{
    struct slu_artifact file = {
        .path = path,
        .role = role,
        .kind = strcmp(path, ENTITY) == 0 ? SLU_KIND_DOMAIN : SLU_KIND_IP,
        .index = strcmp(path, OTHER) == 0,
    };

    for (const char *at = text; *at != '\0'; at++) {
        file.lines += *at == '\n';
    }
    cr_assert_eq(slu_delivery_add(bench.delivery, &file, slu_view_str(text),
                                  &bench.error),
                 SLU_ERR_OK, "%s", bench.error.text);
}

/* The state is what it was; the rest of the process begins anew. */
static inline void begin_next(void)
{
    slu_delivery_close(bench.delivery);
    bench.cloud.log[0] = '\0';
    bench.cloud.gets = 0;
    bench.lines[0] = '\0';
    bench.report = (struct slu_report){0};
    open_delivery();
}

/* Takes over, surveys, and adds: an IP list, an empty one, names, and what
 * goes with them. */
static inline void prepare(const char *ips, const char *checkpoint)
{
    struct slu_publish_options options = publish_options();
    struct slu_checkpoint found_checkpoint;
    bool found;

    cr_assert_eq(slu_delivery_take_over(bench.delivery, &options,
                                        &found_checkpoint, &found,
                                        &bench.error),
                 SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(slu_delivery_survey(bench.delivery, &bench.error), SLU_ERR_OK,
                 "%s", bench.error.text);
    bench.cloud.gets = 0;
    add(IP, SLU_ARTIFACT_LIST, ips);
    add(OTHER, SLU_ARTIFACT_LIST, "");
    add(ENTITY, SLU_ARTIFACT_LIST, "a.example\nb.example\n");
    add(SIDE, SLU_ARTIFACT_SIDE, "c.example\n");
    add(SLU_CHECKPOINT_FILE, SLU_ARTIFACT_CHECKPOINT, checkpoint);
}

static inline enum slu_err send_all(void)
{
    enum slu_err err = slu_delivery_send(bench.delivery, &bench.error);

    slu_delivery_report(bench.delivery, &bench.report, &bench.sets);
    return err;
}

static inline enum slu_err sync_lists(const char *ips, const char *checkpoint)
{
    bench.error = (struct slu_error){0};
    prepare(ips, checkpoint);
    return send_all();
}

/* A sync that is fruitful, and the one behind it, that proves the sets. */
static inline void publish_well(const char *ips, const char *checkpoint)
{
    cr_assert_eq(sync_lists(ips, checkpoint), SLU_ERR_OK, "%s",
                 bench.error.text);
    begin_next();
    cr_assert_eq(sync_lists(ips, checkpoint), SLU_ERR_OK, "%s",
                 bench.error.text);
    slu_delivery_sweep(bench.delivery);
    begin_next();
}

static inline void assert_object(const char *key, const char *text)
{
    const struct cloud_object *object = cloud_find(&bench.cloud, key);

    cr_assert_not_null(object, "%s", key);
    cr_assert_str_eq(object->text, text, "%s: %s", key, object->text);
}

static inline void assert_error(enum slu_err err, enum slu_err wanted,
                                const char *text)
{
    cr_assert_eq(err, wanted, "%s: %s", slu_err_name(err), bench.error.text);
    cr_assert_not_null(strstr(bench.error.text, text), "%s", bench.error.text);
}

static inline const struct slu_report_set *find_row(const char *path)
{
    for (unsigned i = 0; i < bench.report.set_count; i++) {
        if (strcmp(bench.report.sets[i].path, path) == 0) {
            return &bench.report.sets[i];
        }
    }
    cr_assert_fail("no row of %s", path);
    return NULL;
}

#endif
