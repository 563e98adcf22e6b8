/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/simulator.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_WAIT_MS 15000
#define STOP_WAIT_MS 3000
#define POLL_MS 10

static void sleep_ms(long ms)
{
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};

    (void)nanosleep(&wait, NULL);
}

/* The program's own folder and the simulator's name. */
static enum slu_err find_program(char path[PATH_MAX], struct slu_error *error)
{
    static const char name[] = "sluice-sim";
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - sizeof(name));
    char *slash;

    if (len <= 0) {
        return slu_error_set(error, SLU_ERR_IO,
                             "cannot find the own program: %s",
                             strerror(errno));
    }
    path[len] = '\0';
    slash = strrchr(path, '/');
    memcpy(slash + 1, name, sizeof(name));
    if (access(path, X_OK) != 0) {
        return slu_error_set(error, SLU_ERR_NOT_FOUND,
                             "the simulator %.200s is not there; build or "
                             "install it beside sluice",
                             path);
    }
    return SLU_ERR_OK;
}

/* In the child: never returns. */
static _Noreturn void
become_simulator(const char *program, const char *log, const char *port_file,
                 const struct slu_cli_simulator_keys *keys, pid_t parent)
{
    const char *const arguments[] = {program,
                                     "--listen",
                                     "127.0.0.1:0",
                                     "--port-file",
                                     port_file,
                                     "--api-key",
                                     keys->api_key,
                                     "--latency",
                                     "60",
                                     "--jitter",
                                     "60",
                                     "--hole-every",
                                     "50",
                                     "--aws-key",
                                     keys->aws_key_id,
                                     "--aws-secret",
                                     keys->aws_secret,
                                     "--aws-account",
                                     keys->aws_account,
                                     "--aws-role",
                                     keys->aws_role,
                                     "--gd-accounts",
                                     keys->aws_accounts,
                                     "--gd-regions",
                                     keys->aws_regions,
                                     "--gd-findings",
                                     "1200",
                                     "--s3-bucket",
                                     keys->aws_bucket,
                                     "--gd-activation-delay",
                                     "0",
                                     NULL};
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) {
        _exit(1); /* the parent died before the line above */
    }
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) {
        _exit(126);
    }
    (void)signal(SIGPIPE, SIG_DFL);
    (void)execv(program, (char *const *)arguments);
    _exit(127);
}

/* 0 until the whole line stands in the file. */
static unsigned read_port(const char *path)
{
    char text[16] = "";
    FILE *file = fopen(path, "re");
    unsigned port = 0;

    if (file == NULL) {
        return 0;
    }
    if (fgets(text, sizeof(text), file) != NULL && strchr(text, '\n')) {
        port = (unsigned)strtoul(text, NULL, 10);
    }
    (void)fclose(file);
    return port <= 65535 ? port : 0;
}

static enum slu_err wait_for_port(struct slu_cli_simulator *self,
                                  const char *port_file, const char *log,
                                  struct slu_error *error)
{
    for (int waited = 0; waited < START_WAIT_MS; waited += POLL_MS) {
        int status;

        self->port = read_port(port_file);
        if (self->port != 0) {
            return SLU_ERR_OK;
        }
        if (waitpid(self->pid, &status, WNOHANG) == self->pid) {
            self->pid = 0;
            return slu_error_set(error, SLU_ERR_IO,
                                 "the simulator ended at once; %.200s says why",
                                 log);
        }
        sleep_ms(POLL_MS);
    }
    slu_cli_simulator_stop(self);
    return slu_error_set(error, SLU_ERR_TIMEOUT,
                         "the simulator did not listen within %d s; see %.200s",
                         START_WAIT_MS / 1000, log);
}

enum slu_err slu_cli_simulator_start(struct slu_cli_simulator *self,
                                     const char *dir,
                                     const struct slu_cli_simulator_keys *keys,
                                     struct slu_error *out_error)
{
    char program[PATH_MAX];
    char log[PATH_MAX];
    char port_file[PATH_MAX];
    pid_t parent = getpid();
    enum slu_err err = find_program(program, out_error);

    *self = (struct slu_cli_simulator){0, 0};
    if (err != SLU_ERR_OK) {
        return err;
    }
    (void)snprintf(log, sizeof(log), "%s/simulator.log", dir);
    (void)snprintf(port_file, sizeof(port_file), "%s/simulator.port", dir);
    (void)unlink(port_file);
    self->pid = fork();
    if (self->pid < 0) {
        self->pid = 0;
        return slu_error_set(out_error, SLU_ERR_IO,
                             "cannot start the simulator: %s", strerror(errno));
    }
    if (self->pid == 0) {
        become_simulator(program, log, port_file, keys, parent);
    }
    err = wait_for_port(self, port_file, log, out_error);
    (void)unlink(port_file);
    return err;
}

void slu_cli_simulator_stop(struct slu_cli_simulator *self)
{
    if (self->pid == 0) {
        return;
    }
    (void)kill(self->pid, SIGTERM);
    for (int waited = 0; waited < STOP_WAIT_MS; waited += POLL_MS) {
        if (waitpid(self->pid, NULL, WNOHANG) != 0) {
            self->pid = 0;
            return;
        }
        sleep_ms(POLL_MS);
    }
    (void)kill(self->pid, SIGKILL);
    (void)waitpid(self->pid, NULL, 0);
    self->pid = 0;
}
