/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows at full speed: the owner appends while the store's thread makes the
 * files durable. A plain program, so that it runs under ThreadSanitizer too.
 */
#include "engine/rows_bench.h"

#define ROUNDS 3
#define ANSWERS 400

static void check(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "stress_rows: %s\n", what);
        exit(1);
    }
}

static unsigned count_lines(const char *text)
{
    unsigned count = 0;

    for (; *text != '\0'; text++) {
        count += *text == '\n';
    }
    return count;
}

int main(void)
{
    static struct rows_bench bench;
    unsigned number = 0;

    rows_start(&bench);
    bench.sinks[1] = &slu_csv_sink;
    bench.sink_count = 2;
    for (unsigned round = 0; round < ROUNDS; round++) {
        check(rows_open(&bench) == SLU_ERR_OK, "open");
        for (unsigned i = 0; i < ANSWERS / ROUNDS; i++) {
            char id[16];

            (void)snprintf(id, sizeof(id), "f%u", number++);
            check(rows_one(&bench, id, number, "8.8.8.8") == SLU_ERR_OK,
                  "commit");
            (void)slu_store_full(bench.store);
        }
        check(slu_rows_finish(bench.rows, INT64_MIN, 0, &bench.error) ==
                  SLU_ERR_OK,
              "finish");
    }
    rows_close(&bench);
    check(count_lines(rows_read(&bench, "out/indicators.ndjson")) == number,
          "rows of NDJSON");
    check(count_lines(rows_read(&bench, "out/indicators.csv")) == number + 1,
          "rows of CSV");
    remove_tree(bench.dir);
    return 0;
}
