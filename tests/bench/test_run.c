/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases as the program runs them, in processes of their own. A plain main():
 * what runs programs executes /proc/self/exe anew, which is this one.
 */
#include "bench/run.h"
#include "bench/run_private.h"
#include "codecs/buf.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MB ((size_t)1000000)

static unsigned failures;
static unsigned rounds_seen;

#define CHECK(holds, ...)                                                      \
    do {                                                                       \
        if (!(holds)) {                                                        \
            (void)fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);              \
            (void)fprintf(stderr, __VA_ARGS__);                                \
            (void)fputc('\n', stderr);                                         \
            failures++;                                                        \
        }                                                                      \
    } while (0)

static void see_round(void *ctx, unsigned rounds)
{
    (void)ctx;
    rounds_seen = rounds;
}

static struct slu_bench_result
run_sized(void (*run_it)(struct slu_bench *bench), const char *needs,
          enum slu_bench_size size, unsigned rounds)
{
    static struct slu_bench_case bench_case;
    struct slu_bench_result result;
    const struct slu_bench_wish wish = {.alloc = slu_alloc_default(),
                                        .size = size,
                                        .seed = 7,
                                        .rounds = rounds,
                                        .bin_dir = "/nowhere"};

    bench_case = (struct slu_bench_case){
        .name = "test", .title = "A test", .needs = needs, .run = run_it};
    slu_bench_run_case(&wish, &bench_case, see_round, NULL, &result);
    return result;
}

static struct slu_bench_result run(void (*run_it)(struct slu_bench *bench))
{
    return run_sized(run_it, "", SLU_BENCH_NORMAL, 0);
}

/* Runs a case that is to be right to its end. */
static void expect_right(void (*run_it)(struct slu_bench *bench))
{
    struct slu_bench_result result = run(run_it);

    CHECK(result.done, "it failed: %s", result.sentence);
    slu_bench_result_fini(&result);
}

/* Runs one that is to fail with just this sentence. */
static void expect_sentence(void (*run_it)(struct slu_bench *bench),
                            const char *sentence)
{
    struct slu_bench_result result = run(run_it);

    CHECK(!result.done && strcmp(result.sentence, sentence) == 0,
          "\"%s\" is said, not \"%s\"", result.sentence, sentence);
    CHECK(result.count == 0, "a failed case has figures");
    slu_bench_result_fini(&result);
}

/* ---- figures and rounds ---- */

static void give_figures(struct slu_bench *bench)
{
    char note[32] = "made here";
    struct slu_bench_figure figure = {
        .name = "a figure",
        .unit = "ns",
        .limit = 2.5,
        .note = note,
        .rivals = {{.name = "a rival"}},
    };

    while (slu_bench_round(bench, 5, 0)) {
        slu_bench_add(&figure.ours, figure.ours.count);
        slu_bench_add(&figure.rivals[0].series, bench->seed);
    }
    slu_bench_figure(bench, &figure);
    note[0] = '\0'; /* it was copied */
    figure.rivals[0].name = NULL;
    slu_bench_figure(bench, &figure);
}

static void test_figures(void)
{
    struct slu_bench_result result = run(give_figures);
    const struct slu_bench_figure *figure = result.figures[0].figure;

    CHECK(result.done && result.count == 2, "%u figures", result.count);
    CHECK(strcmp(figure->name, "a figure") == 0 &&
              strcmp(figure->unit, "ns") == 0 &&
              strcmp(figure->note, "made here") == 0,
          "the texts differ");
    CHECK(figure->limit == 2.5 && figure->ours.count == 5 &&
              figure->ours.values[4] == 4,
          "the values differ");
    CHECK(strcmp(figure->rivals[0].name, "a rival") == 0 &&
              figure->rivals[0].series.values[0] == 7 &&
              figure->rivals[1].name == NULL,
          "the rival differs");
    figure = result.figures[1].figure;
    CHECK(figure->note == NULL && figure->rivals[0].name == NULL,
          "an empty text is one");
    CHECK(rounds_seen == 5, "%u rounds were seen", rounds_seen);
    slu_bench_result_fini(&result);
}

static void count_rounds(struct slu_bench *bench)
{
    struct slu_bench_figure figure = {.name = "rounds", .unit = "x"};
    unsigned count = 0;
    unsigned again = 0;

    while (slu_bench_round(bench, 200, 0)) {
        count++;
    }
    while (slu_bench_round(bench, 1, 0)) {
        again++;
    }
    slu_bench_add(&figure.ours, count);
    slu_bench_add(&figure.ours, again);
    slu_bench_figure(bench, &figure);
}

static void expect_rounds(enum slu_bench_size size, unsigned wanted,
                          unsigned first, unsigned second)
{
    struct slu_bench_result result = run_sized(count_rounds, "", size, wanted);
    const struct slu_bench_figure *figure = result.figures[0].figure;

    CHECK(result.done && figure->ours.values[0] == first &&
              figure->ours.values[1] == second,
          "%g and %g rounds, not %u and %u", figure->ours.values[0],
          figure->ours.values[1], first, second);
    slu_bench_result_fini(&result);
}

static void give_nothing(struct slu_bench *bench)
{
    slu_bench_figure(bench,
                     &(struct slu_bench_figure){.name = "none", .unit = "s"});
}

/* ---- failures ---- */

static void require_in_vain(struct slu_bench *bench)
{
    give_figures(bench);
    slu_bench_require(bench, true, "not this");
    slu_bench_require(bench, false, "%d isn't %d", 1, 2);
    abort();
}

static void break_off(struct slu_bench *bench)
{
    give_figures(bench);
    (void)raise(SIGKILL);
}

static void leave(struct slu_bench *bench)
{
    (void)bench;
    _exit(0);
}

static void test_missing_program(void)
{
    struct slu_bench_result result =
        run_sized(give_figures, "sh no-such-program", SLU_BENCH_NORMAL, 0);

    CHECK(strcmp(result.sentence,
                 "no-such-program is not installed: apt-get install "
                 "no-such-program, or let tools/bench do it") == 0,
          "%s", result.sentence);
    slu_bench_result_fini(&result);
}

/* ---- files and programs ---- */

static void write_and_read(struct slu_bench *bench)
{
    char path[4096];
    struct slu_view bytes;

    slu_bench_write(bench, "a/b/c", slu_view_make("x\0y", 3));
    bytes = slu_bench_read(bench, "a/b/c");
    slu_bench_require(bench,
                      slu_view_equal(bytes, slu_view_make("x\0y", 3)) &&
                          bytes.ptr[3] == '\0',
                      "other bytes");
    slu_alloc_put(bench->alloc, (char *)(uintptr_t)bytes.ptr, bytes.len + 1);
    (void)snprintf(path, sizeof(path), "%s/a/b/c", bench->work_dir);
    slu_bench_require(bench, access(path, R_OK) == 0, "it is elsewhere");
}

static void read_nothing(struct slu_bench *bench)
{
    (void)slu_bench_read(bench, "/no/such/file");
}

/* The shell's words come from a file and go to one. */
static void spawn_shell(struct slu_bench *bench)
{
    static const char *const args[] = {
        "sh", "-c", "read line; echo $line $WORD; pwd; exit 3", NULL};
    static const char *const env[] = {"WORD=told", NULL};
    struct slu_bench_command command = {
        .args = args, .env = env, .stdin_path = "in", .stdout_path = "out"};
    struct slu_bench_cost cost = {0};
    char in[4096];
    char out[4096];
    char wanted[4200];
    struct slu_view said;

    (void)snprintf(in, sizeof(in), "%s/in", bench->work_dir);
    (void)snprintf(out, sizeof(out), "%s/out", bench->work_dir);
    command.stdin_path = in;
    command.stdout_path = out;
    slu_bench_write(bench, "in", slu_view_str("what was\n"));
    slu_bench_spawn(bench, &command, &cost);
    said = slu_bench_read(bench, "out");
    (void)snprintf(wanted, sizeof(wanted), "what was told\n%s\n",
                   bench->work_dir);
    slu_bench_require(bench, cost.status == 3, "status %d", cost.status);
    slu_bench_require(bench, slu_view_equal_str(said, wanted), "%s", said.ptr);
    slu_bench_require(bench, cost.wall_s > 0 && cost.wall_s < 60, "%g seconds",
                      cost.wall_s);
    slu_alloc_put(bench->alloc, (char *)(uintptr_t)said.ptr, said.len + 1);
}

/* What the case itself has in memory is not booked on what it starts. */
static void spawn_from_fat(struct slu_bench *bench)
{
    static const char *const args[] = {"true", NULL};
    const struct slu_bench_command command = {.args = args};
    struct slu_bench_cost cost = {0};
    char *fat = slu_alloc_get(bench->alloc, 300 * MB);

    memset(fat, 1, 300 * MB);
    slu_bench_keep(fat);
    slu_bench_spawn_well(bench, &command, &cost);
    slu_bench_require(bench, cost.peak_mb > 0.1 && cost.peak_mb < 200, "%g MB",
                      cost.peak_mb);
    slu_alloc_put(bench->alloc, fat, 300 * MB);
}

/* The kernel's account of a program that needs memory and time. */
static void spawn_fat(struct slu_bench *bench)
{
    static const char *const args[] = {"sh", "-c", "kill -TERM $$", NULL};
    static const char *const heavy[] = {
        "dd", "if=/dev/zero", "of=/dev/null", "bs=100000000", "count=1", NULL};
    struct slu_bench_command command = {.args = heavy};
    struct slu_bench_cost cost = {0};

    slu_bench_spawn_well(bench, &command, &cost);
    slu_bench_require(bench, cost.peak_mb > 99 && cost.cpu_s > 0, "%g MB, %g s",
                      cost.peak_mb, cost.cpu_s);
    command.args = args;
    slu_bench_spawn(bench, &command, &cost);
    slu_bench_require(bench, cost.status == 128 + SIGTERM, "status %d",
                      cost.status);
}

static void spawn_nothing(struct slu_bench *bench)
{
    static const char *const args[] = {"/no/such/program", NULL};
    const struct slu_bench_command command = {.args = args};
    struct slu_bench_cost cost;

    slu_bench_spawn(bench, &command, &cost);
}

static void spawn_badly(struct slu_bench *bench)
{
    static const char *const args[] = {
        "sh", "-c", "echo first >&2; echo last >&2; exit 9", NULL};
    const struct slu_bench_command command = {.args = args};
    struct slu_bench_cost cost;

    slu_bench_spawn_well(bench, &command, &cost);
}

/* ---- servers ---- */

static void serve(struct slu_bench *bench)
{
    static const char *const args[] = {"sh", "-c",
                                       "echo port $$; exec sleep 1000", NULL};
    const struct slu_bench_command command = {.args = args};
    char line[64];
    struct slu_bench_server *server =
        slu_bench_server_start(bench, &command, line, sizeof(line));
    pid_t pid = (pid_t)atoi(line + 5);

    slu_bench_require(bench, strncmp(line, "port ", 5) == 0, "%s", line);
    slu_bench_require(bench, slu_bench_server_cpu_s(bench, server) < 60,
                      "it was busy");
    slu_bench_server_stop(server);
    slu_bench_require(bench, kill(pid, 0) != 0, "it still runs");
    (void)slu_bench_server_start(bench, &command, line, sizeof(line));
}

static void serve_silently(struct slu_bench *bench)
{
    static const char *const args[] = {"sh", "-c", "echo no >&2", NULL};
    const struct slu_bench_command command = {.args = args};
    char line[64];

    (void)slu_bench_server_start(bench, &command, line, sizeof(line));
}

static double fetch(struct slu_bench *bench, const char *base,
                    const char *const *paths, size_t count, uint64_t *out_bytes)
{
    char urls[8][128];
    const char *list[8];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(urls[i], sizeof(urls[i]), "%s%s", base, paths[i]);
        list[i] = urls[i];
    }
    return slu_bench_fetch(bench, list, count, 2, out_bytes);
}

/* Bodies are appended. */
static void get_twice(struct slu_bench *bench, const char *base)
{
    struct slu_buf body;
    char url[96];

    slu_buf_init(&body, bench->alloc, 64);
    (void)snprintf(url, sizeof(url), "%s/a/b", base);
    slu_bench_get(bench, url, &body);
    slu_bench_get(bench, url, &body);
    slu_bench_require(
        bench, slu_view_equal_str(slu_buf_view(&body), "1234512345"),
        "the bodies are %.*s", SLU_VIEW_ARGS(slu_buf_view(&body)));
    slu_buf_fini(&body);
}

static void serve_pages(struct slu_bench *bench)
{
    static const char *const paths[] = {"/a/b", "/a/b?c=d&e=%2F", "/a/b?other",
                                        "/a/b"};
    char root[4096];
    char base[64];
    uint64_t bytes = 0;
    double seconds;

    slu_bench_write(bench, "root/a/b", slu_view_str("12345"));
    slu_bench_write(bench, "root/a/b?c=d&e=%2F", slu_view_str("123"));
    (void)snprintf(root, sizeof(root), "%s/root", bench->work_dir);
    (void)slu_bench_nginx(bench, root, base);
    seconds = fetch(bench, base, paths, 4, &bytes);
    slu_bench_require(bench, bytes == 5 + 3 + 5 + 5 && seconds > 0,
                      "%llu bytes in %g s", (unsigned long long)bytes, seconds);
    get_twice(bench, base);
}

static void serve_no_page(struct slu_bench *bench)
{
    static const char *const paths[] = {"/nothing"};
    char base[64];
    uint64_t bytes = 0;

    (void)slu_bench_nginx(bench, bench->work_dir, base);
    (void)fetch(bench, base, paths, 1, &bytes);
}

static void test_no_page(void)
{
    struct slu_bench_result result = run(serve_no_page);

    CHECK(strstr(result.sentence, "/nothing is answered with 404") != NULL,
          "%s", result.sentence);
    slu_bench_result_fini(&result);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--launch") == 0) {
        return slu_bench_launch(argc, argv);
    }
    test_figures();
    expect_rounds(SLU_BENCH_NORMAL, 0, SLU_BENCH_ROUNDS_MAX, 1);
    expect_rounds(SLU_BENCH_NORMAL, 4, 4, 4);
    expect_rounds(SLU_BENCH_SMOKE, 0, 2, 2);
    expect_sentence(give_nothing, "the figure \"none\" has no values");
    expect_sentence(require_in_vain, "1 isn't 2");
    expect_sentence(break_off, "the case broke off: signal 9 (Killed)");
    expect_sentence(leave, "the case broke off: exit code 0");
    test_missing_program();
    expect_right(write_and_read);
    expect_sentence(read_nothing, "cannot read /no/such/file: No such file or "
                                  "directory");
    expect_right(spawn_shell);
    expect_right(spawn_from_fat);
    expect_right(spawn_fat);
    expect_sentence(spawn_nothing,
                    "/no/such/program can't be run: No such file or directory");
    expect_sentence(spawn_badly, "sh ended with 9: last");
    expect_right(serve);
    expect_sentence(serve_silently, "sh doesn't say where it listens: no");
    expect_right(serve_pages);
    test_no_page();
    if (failures == 0) {
        (void)puts("bench: all promises kept");
    }
    return failures == 0 ? 0 : 1;
}
