/* SPDX-License-Identifier: Apache-2.0 */
/* `demo`: both flows against the simulator, in ./sluice-demo, whose state,
 * lists and rows are kept, so that a second run is incremental. */
#include "tools/sluice/session.h"
#include "tools/sluice/simulator.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEMO_DIR "sluice-demo"
#define DEMO_CONFIG DEMO_DIR "/sluice.yaml"
#define DEMO_KEY_FILE DEMO_DIR "/api-key"

#define DEMO_BUCKET "sluice-demo"
#define DEMO_SECRET_FILE DEMO_DIR "/aws-secret"
#define DEMO_KEY_ID_FILE DEMO_DIR "/aws-key-id"

/* Open nothing but a simulator on loopback. */
static const struct slu_cli_simulator_keys demo_keys = {
    .api_key =
        "de40000000000000000000000000000000000000000000000000000000005141",
    .aws_key_id = "AKIASLUICEDEMO000000",
    .aws_secret = "sluice/demo/not/a/real/secret/0000000000",
    .aws_account = "111111111111",
    .aws_accounts = "111111111111,222222222222",
    .aws_role = "arn:aws:iam::222222222222:role/reader,external-id:demo",
    .aws_regions = "us-east-1,eu-west-1",
    .aws_bucket = DEMO_BUCKET,
};

static int fail(const char *path)
{
    (void)fprintf(stderr, "[ERROR] cannot write %s: %s\n", path,
                  strerror(errno));
    return 2;
}

static int write_file(const char *path, mode_t mode, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    size_t len = strlen(text);
    ssize_t put;

    if (fd < 0) {
        return fail(path);
    }
    put = write(fd, text, len);
    if (close(fd) != 0 || put != (ssize_t)len) {
        return fail(path);
    }
    return 0;
}

static int write_config(unsigned port)
{
    char text[2000];

    (void)snprintf(text, sizeof(text),
                   "# Written by `sluice demo`. The simulator ran on this port "
                   "only during the demo.\n"
                   "state_dir: ./" DEMO_DIR "/state\n"
                   "output_dir: ./" DEMO_DIR "/out\n"
                   "gti:\n"
                   "    base_url: http://127.0.0.1:%u\n"
                   "    api_key: {file: ./" DEMO_KEY_FILE "}\n"
                   "aws:\n"
                   "    endpoint_url: http://127.0.0.1:%u\n"
                   "    region: us-east-1\n"
                   "    auth: static\n"
                   "    static:\n"
                   "        access_key_id: {file: ./" DEMO_KEY_ID_FILE "}\n"
                   "        secret_access_key: {file: ./" DEMO_SECRET_FILE "}\n"
                   "        session_token: {env: SLUICE_DEMO_NO_TOKEN}\n"
                   "guardduty:\n"
                   "    accounts:\n"
                   "        - {id: '111111111111'}\n"
                   "        - {id: '222222222222', external_id: demo,\n"
                   "           role_arn: 'arn:aws:iam::222222222222:role/"
                   "reader'}\n"
                   "    regions: [us-east-1, eu-west-1]\n"
                   "    initial_range_days: 30\n"
                   "lists:\n"
                   "    bucket: " DEMO_BUCKET "\n"
                   "publish:\n"
                   "    regions: [us-east-1, eu-west-1]\n"
                   "    wait: 30s\n"
                   "flows:\n"
                   "    - {name: lists, source: gti, sinks: [files, s3, "
                   "guardduty]}\n"
                   "    - {name: findings, source: guardduty, sinks: [ndjson, "
                   "csv, stix]}\n",
                   port, port);
    return write_file(DEMO_CONFIG, 0644, text);
}

static int write_keys(void)
{
    int exit_code = write_file(DEMO_KEY_FILE, 0600, demo_keys.api_key);

    if (exit_code == 0) {
        exit_code = write_file(DEMO_KEY_ID_FILE, 0600, demo_keys.aws_key_id);
    }
    if (exit_code == 0) {
        exit_code = write_file(DEMO_SECRET_FILE, 0600, demo_keys.aws_secret);
    }
    return exit_code;
}

static int prepare(struct slu_cli_simulator *simulator)
{
    struct slu_error error = {0};
    enum slu_err err;
    int exit_code;

    if (mkdir(DEMO_DIR, 0755) != 0 && errno != EEXIST) {
        return fail(DEMO_DIR);
    }
    exit_code = write_keys();
    if (exit_code != 0) {
        return exit_code;
    }
    err = slu_cli_simulator_start(simulator, DEMO_DIR, &demo_keys, &error);
    if (err != SLU_ERR_OK) {
        (void)fprintf(stderr, "[ERROR] %s\n", error.text);
        return slu_exit_code(err);
    }
    return write_config(simulator->port);
}

/* check, then sync; with --json only the report is on stdout. */
static int run_flows(struct slu_cli_session *session, bool json)
{
    int exit_code = 0;

    if (!json) {
        (void)printf("Check\n");
        exit_code = slu_cli_session_check(session, stdout, true);
        (void)fputc('\n', stdout);
    }
    for (unsigned i = 0; exit_code == 0 && !slu_cli_session_stopped() &&
                         i < slu_engine_flow_count(session->engine);
         i++) {
        exit_code = slu_cli_session_sync(session, i, json);
    }
    return exit_code;
}

static void print_ending(int exit_code)
{
    if (exit_code == 0) {
        (void)printf("\nLists and rows are in ./" DEMO_DIR
                     "/out, made by " DEMO_CONFIG
                     ".\nRun it again to see an incremental pull.");
    } else {
        (void)printf("\nIt did not come to its end. Run it again to go on.");
    }
    (void)printf(" To start over: rm -r " DEMO_DIR "\n");
}

int slu_cli_demo(const struct slu_cli_options *options)
{
    struct slu_cli_options quiet = *options;
    struct slu_cli_simulator simulator = {0, 0};
    struct slu_cli_session session;
    bool again = access(DEMO_DIR "/state", F_OK) == 0;
    int exit_code = prepare(&simulator);

    /* The report says it all; the log would only push it up. */
    if (!quiet.log_level_given) {
        quiet.log_level = SLU_LOG_WARN;
    }
    if (exit_code == 0) {
        exit_code = slu_cli_session_open(&session, &quiet, DEMO_CONFIG);
    }
    if (exit_code == 0) {
        if (!quiet.json) {
            (void)printf(
                "sluice demo, %s: simulated GTI and AWS on 127.0.0.1:%u, "
                "60-120 ms\n%s\n",
                again ? "incremental" : "first run", simulator.port,
                again ? "The simulated bucket and GuardDuty start empty each "
                        "time: all is put again.\n"
                      : "");
            (void)fflush(stdout);
        }
        exit_code = run_flows(&session, quiet.json);
        slu_cli_session_close(&session);
        if (!quiet.json) {
            print_ending(exit_code);
        }
    }
    slu_cli_simulator_stop(&simulator);
    return slu_cli_flush(exit_code);
}
