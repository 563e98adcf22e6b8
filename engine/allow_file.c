/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/allow_file.h"

#include "engine/read_file.h"

#define ALLOW_FILE_BYTES_MAX ((size_t)64 << 20)

enum slu_err slu_allow_file_read(const struct slu_alloc *alloc,
                                 const char *name, const char *path,
                                 struct slu_guard *guard,
                                 struct slu_error *out_error)
{
    struct slu_buf buf;
    struct slu_error why = {0};
    int sys = 0;
    enum slu_err err;

    slu_buf_init(&buf, alloc, ALLOW_FILE_BYTES_MAX);
    err = slu_file_read_all(path, &buf, &sys);
    if (sys != 0) {
        (void)slu_error_set(&why, err, "cannot be read: %s", strerror(sys));
    } else if (err == SLU_ERR_OK) {
        err = slu_guard_allow(guard, slu_buf_view(&buf), &why);
    }
    slu_buf_fini(&buf);
    if (err != SLU_ERR_OK) {
        (void)slu_error_set(out_error, err, "%s %.100s: %.180s", name, path,
                            why.text[0] != '\0' ? why.text
                                                : slu_err_sentence(err));
    }
    return err;
}
