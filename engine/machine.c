/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/machine.h"

#include "engine/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char *ask_env(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

static enum slu_err append_file(void *ctx, const char *path,
                                struct slu_buf *out, int *out_sys)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum slu_err err;

    (void)ctx;
    if (fd < 0) {
        *out_sys = errno;
        return errno == ENOENT ? SLU_ERR_NOT_FOUND : SLU_ERR_IO;
    }
    err = slu_fd_read_all(fd, out, out_sys);
    (void)close(fd);
    if (err == SLU_ERR_LIMIT) {
        *out_sys = EFBIG;
    }
    return err;
}

const struct slu_aws_port slu_machine_port = {NULL, ask_env, append_file};
