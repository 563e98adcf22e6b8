/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/child.h"
#include "engine/count_alloc.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static struct run {
    struct event_base *base;
    struct count_alloc counting;
    unsigned ends;
    struct slu_child_end end;
    char output[2000];
    char diagnostics[200];
} run;

static void on_end(void *ctx, const struct slu_child_end *end)
{
    cr_assert_eq(ctx, &run);
    run.ends++;
    run.end = *end;
    (void)snprintf(run.output, sizeof(run.output), "%.*s",
                   SLU_VIEW_ARGS(end->output));
    (void)snprintf(run.diagnostics, sizeof(run.diagnostics), "%.*s",
                   SLU_VIEW_ARGS(end->diagnostics));
    (void)event_base_loopbreak(run.base);
}

static void set_up(void)
{
    memset(&run, 0, sizeof(run));
    count_alloc_init(&run.counting);
    run.base = event_base_new();
}

static void tear_down(void)
{
    event_base_free(run.base);
}

TestSuite(child, .init = set_up, .fini = tear_down);

static enum slu_err start(const char *const *argv, int64_t limit_ms,
                          struct slu_child **out, struct slu_error *out_error)
{
    const struct slu_child_options options = {
        .alloc = &run.counting.alloc,
        .base = run.base,
        .argv = (char *const *)argv,
        .output_max = 1000,
        .diagnostics_max = 20,
        .time_limit_ms = limit_ms,
    };

    return slu_child_start(&options, on_end, &run, out, out_error);
}

static void run_shell(const char *script, int64_t limit_ms)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct slu_child *child;
    struct slu_error error = {0};

    cr_assert_eq(start(argv, limit_ms, &child, &error), SLU_ERR_OK, "%s",
                 error.text);
    cr_assert_eq(run.ends, 0, "on_end came from inside start");
    (void)event_base_dispatch(run.base);
    cr_assert_eq(run.ends, 1);
    cr_assert_eq(run.counting.live, 0);
}

Test(child, gives_output_diagnostics_and_status)
{
    run_shell("echo out; echo err >&2; exit 3", 60000);
    cr_assert_eq(run.end.error.code, SLU_ERR_OK);
    cr_assert_eq(run.end.status, 3);
    cr_assert_str_eq(run.output, "out\n");
    cr_assert_str_eq(run.diagnostics, "err\n");
}

Test(child, has_no_input_and_no_other_descriptor)
{
    /* One that is not closed on exec, as an embedder's may be. */
    int open_one = dup(1);

    run_shell("cat; for fd in 3 4 5 6 7 8 9; do "
              "if ( : >&$fd ) 2>/dev/null; then echo $fd; fi; done",
              60000);
    (void)close(open_one);
    cr_assert_eq(run.end.status, 0);
    cr_assert_str_eq(run.output, "");
}

Test(child, a_signal_is_told_as_a_shell_tells_it)
{
    run_shell("kill -TERM $$", 60000);
    cr_assert_eq(run.end.error.code, SLU_ERR_OK);
    cr_assert_eq(run.end.status, 128 + SIGTERM);
}

Test(child, gets_its_signals_as_a_shell_gives_them)
{
    (void)signal(SIGTERM, SIG_IGN);
    run_shell("kill -TERM $$", 60000);
    cr_assert_eq(run.end.status, 128 + SIGTERM);
}

Test(child, arguments_are_not_read_by_a_shell)
{
    const char *const argv[] = {"echo", "$HOME", "a  b;c", "*", NULL};
    struct slu_child *child;

    cr_assert_eq(start(argv, 60000, &child, NULL), SLU_ERR_OK);
    (void)event_base_dispatch(run.base);
    cr_assert_str_eq(run.output, "$HOME a  b;c *\n");
}

Test(child, diagnostics_are_cut_and_output_is_not)
{
    run_shell("printf '%01000d' 0; printf '%05000d' 0 >&2", 60000);
    cr_assert_eq(run.end.error.code, SLU_ERR_OK);
    cr_assert_eq(run.end.output.len, 1000);
    cr_assert_eq(run.end.diagnostics.len, 20);
}

Test(child, too_much_output_is_an_error)
{
    run_shell("printf '%01001d' 0; sleep 100", 60000);
    cr_assert_eq(run.end.error.code, SLU_ERR_LIMIT);
    cr_assert_str_eq(run.end.error.text, "\"sh\" wrote more than 1000 bytes");
    cr_assert_eq(run.end.status, 128 + SIGKILL);
}

Test(child, what_does_not_end_is_ended)
{
    run_shell("echo begun; sleep 100", 1);
    cr_assert_eq(run.end.error.code, SLU_ERR_TIMEOUT);
    cr_assert_str_eq(run.end.error.text, "\"sh\" did not end within 0 s");
    cr_assert_eq(run.end.status, 128 + SIGKILL);
}

/* The pipe that a grandchild holds is closed only by its end. */
Test(child, what_it_started_ends_with_it)
{
    int ends[2];
    char script[100];
    char byte;

    cr_assert_eq(pipe(ends), 0);
    (void)snprintf(script, sizeof(script),
                   "sleep 100 & echo $!; exec >&- 2>&-; sleep 100");
    /* Until it had the time to say whom it has started. */
    for (int64_t ms = 200; run.output[0] == '\0'; ms *= 2) {
        run.ends = 0;
        run_shell(script, ms);
        cr_assert_eq(run.end.error.code, SLU_ERR_TIMEOUT);
    }
    (void)close(ends[1]);
    cr_assert_eq(read(ends[0], &byte, 1), 0);
    for (int i = 0; kill(atoi(run.output), 0) == 0; i++) {
        cr_assert_lt(i, 1000, "the grandchild lives");
        (void)usleep(10000);
    }
    cr_assert_eq(errno, ESRCH);
}

Test(child, a_program_that_is_not_there)
{
    const char *const argv[] = {"/nowhere/at-all", NULL};
    struct slu_child *child;
    struct slu_error error = {0};

    cr_assert_eq(start(argv, 60000, &child, &error), SLU_ERR_NOT_FOUND);
    cr_assert_str_eq(error.text, "\"/nowhere/at-all\" cannot be run: No such "
                                 "file or directory");
    cr_assert_null(child);
}

Test(child, a_program_that_may_not_be_run)
{
    const char *const argv[] = {"/dev/null", NULL};
    struct slu_child *child;
    struct slu_error error = {0};

    cr_assert_eq(start(argv, 60000, &child, &error), SLU_ERR_IO);
    cr_assert_str_eq(error.text,
                     "\"/dev/null\" cannot be run: Permission denied");
}

Test(child, cancel_tells_nobody)
{
    const char *const argv[] = {"sleep", "100", NULL};
    struct slu_child *child;

    cr_assert_eq(start(argv, 60000, &child, NULL), SLU_ERR_OK);
    slu_child_cancel(child);
    slu_child_cancel(NULL);
    (void)event_base_loop(run.base, EVLOOP_NONBLOCK);
    cr_assert_eq(run.ends, 0);
}

Test(child, output_is_wiped)
{
    run.counting.secret = "geheim";
    run_shell("echo geheim; echo geheim >&2", 60000);
    cr_assert_str_eq(run.output, "geheim\n");
    cr_assert_not(run.counting.freed_secret);
}

Test(child, no_memory_leaves_nothing_behind)
{
    const char *const argv[] = {"true", NULL};
    struct slu_child *child;
    struct slu_error error;

    for (unsigned long i = 1; i <= 3; i++) {
        run.counting.fail_at = run.counting.calls + i;
        cr_assert_eq(start(argv, 60000, &child, &error), SLU_ERR_NOMEM);
        cr_assert_eq(run.counting.live, 0);
    }
    run.counting.fail_at = run.counting.calls + 4;
    cr_assert_eq(start(argv, 60000, &child, &error), SLU_ERR_OK);
    (void)event_base_dispatch(run.base);
}

Test(child, one_that_leaves_another_with_its_pipes_ends_all_the_same)
{
    run_shell("sleep 1000 & echo out; exit 3", 60000);
    cr_assert_eq(run.end.error.code, SLU_ERR_OK, "%s", run.end.error.text);
    cr_assert_eq(run.end.status, 3);
    cr_assert_str_eq(run.output, "out\n");
}

Test(child, one_that_takes_its_time_is_waited_for)
{
    run_shell("sleep 1; echo out", 60000);
    cr_assert_eq(run.end.error.code, SLU_ERR_OK, "%s", run.end.error.text);
    cr_assert_str_eq(run.output, "out\n");
}
