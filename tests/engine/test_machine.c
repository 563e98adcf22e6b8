/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/machine.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct slu_aws_port *const port = &slu_machine_port;

Test(machine, tells_the_environment)
{
    (void)setenv("SLU_TEST_VARIABLE", "a value", 1);
    cr_assert_str_eq(port->env(port->ctx, "SLU_TEST_VARIABLE"), "a value");
    (void)unsetenv("SLU_TEST_VARIABLE");
    cr_assert_null(port->env(port->ctx, "SLU_TEST_VARIABLE"));
}

Test(machine, appends_a_file_to_the_buffer)
{
    char path[] = "/tmp/slu-machine-XXXXXX";
    int fd = mkstemp(path);
    struct slu_buf buf;
    int sys = -1;

    cr_assert_eq(write(fd, "12345", 5), 5);
    (void)close(fd);
    slu_buf_init(&buf, slu_alloc_default(), 6);
    cr_assert_eq(slu_buf_append_str(&buf, "0"), SLU_ERR_OK);
    cr_assert_eq(port->read_file(port->ctx, path, &buf, &sys), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf), "012345"));
    /* There is no room for it a second time. */
    cr_assert_eq(port->read_file(port->ctx, path, &buf, &sys), SLU_ERR_LIMIT);
    cr_assert_eq(sys, EFBIG);
    (void)unlink(path);
    cr_assert_eq(port->read_file(port->ctx, path, &buf, &sys),
                 SLU_ERR_NOT_FOUND);
    cr_assert_eq(sys, ENOENT);
    slu_buf_clear(&buf);
    cr_assert_eq(port->read_file(port->ctx, "/tmp", &buf, &sys), SLU_ERR_IO);
    cr_assert_eq(sys, EISDIR);
    slu_buf_fini(&buf);
}
