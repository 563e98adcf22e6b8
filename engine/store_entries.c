/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of one source or errand, under the names that it gave them. */
#include "engine/store.h"

#include <stdio.h>

#define PREFIX_MAX 32

struct reading {
    size_t prefix; /* bytes of each key before its own name */
    slu_store_entry_fn on_entry;
    void *ctx;
};

static enum slu_err hand_on(void *ctx, struct slu_view key,
                            struct slu_view value)
{
    const struct reading *self = ctx;

    return self->on_entry(
        self->ctx,
        slu_view_make(key.ptr + self->prefix, key.len - self->prefix), value);
}

enum slu_err slu_store_entries_of(struct slu_store *self, const char *name,
                                  slu_store_entry_fn on_entry, void *ctx,
                                  struct slu_error *out_error)
{
    struct reading reading = {strlen(name) + 1, on_entry, ctx};
    char prefix[PREFIX_MAX];
    enum slu_err err;

    (void)snprintf(prefix, sizeof(prefix), "%s/", name);
    err = slu_store_entries(self, prefix, hand_on, &reading);
    if (err == SLU_ERR_OK) {
        return SLU_ERR_OK;
    }
    if (slu_store_error(self)->code != SLU_ERR_OK) {
        *out_error = *slu_store_error(self);
        return err;
    }
    return slu_error_set(out_error, err, "cannot read what is stored of %s: %s",
                         name, slu_err_sentence(err));
}
