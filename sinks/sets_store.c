/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is stored of a list in a region: four words, "-" for none:
 *
 *     sets/us-east-1/guard_duty/threat-ip-1.txt
 *     ID ASKED ACTIVE REJECTED
 *
 *     asked      the content of the last Update or Create; none when newer
 *                content was put while the set was busy, as nobody knows then
 *                which of the two it reads
 *     active     the last that was asked for and then ACTIVE
 *     rejected   the last that was asked for and then in ERROR, until another
 *                content is asked for that is no stand-in for it. A stand-in
 *                that ends in ERROR takes its place: it was ACTIVE before, and
 *                so it isn't the content that GuardDuty refuses
 */
#include "sinks/sets_parts.h"

#include "codecs/view_take.h"

#include <stdio.h>

static bool take_word(struct slu_view *text, char *out, size_t room)
{
    struct slu_view word;

    if (!slu_view_take_until(text, ' ', &word)) {
        word = *text;
        *text = slu_view_make(text->ptr, 0);
    }
    if (word.len == 0 || word.len >= room) {
        return false;
    }
    if (slu_view_equal_str(word, "-")) {
        word.len = 0;
    }
    memcpy(out, word.ptr, word.len);
    out[word.len] = '\0';
    return true;
}

static bool take_content(struct slu_view *text, struct slu_content_name *out)
{
    if (!take_word(text, out->text, sizeof(out->text))) {
        return false;
    }
    return out->text[0] == '\0' || strlen(out->text) == SLU_CONTENT_NAME_LEN;
}

static struct slu_sets_stored *find(const struct slu_sets *self,
                                    struct slu_view key)
{
    struct slu_sets_stored *stored = self->stored;

    while (stored != NULL && !slu_view_equal_str(key, stored->key)) {
        stored = stored->next;
    }
    return stored;
}

static enum slu_err add(struct slu_sets *self, struct slu_view key,
                        struct slu_sets_stored **out)
{
    struct slu_sets_stored *stored = find(self, key);

    if (stored == NULL) {
        if (key.len > SLU_SETS_KEY_MAX ||
            self->stored_count == SLU_SETS_STORED_MAX) {
            return SLU_ERR_LIMIT;
        }
        stored = slu_alloc_zero(self->alloc, sizeof(*stored));
        if (stored == NULL) {
            return SLU_ERR_NOMEM;
        }
        memcpy(stored->key, key.ptr, key.len);
        stored->next = self->stored;
        self->stored = stored;
        self->stored_count++;
    }
    stored->gone = false;
    *out = stored;
    return SLU_ERR_OK;
}

static bool read_value(struct slu_view value, struct slu_set_known *out)
{
    return take_word(&value, out->id, sizeof(out->id)) &&
           take_content(&value, &out->asked) &&
           take_content(&value, &out->active) &&
           take_content(&value, &out->rejected) && value.len == 0;
}

bool slu_sets_read_entry(struct slu_view key, struct slu_view value,
                         struct slu_set_known *out)
{
    struct slu_view region;

    *out = (struct slu_set_known){0};
    if (!slu_view_take_until(&key, '/', &region) || region.len == 0 ||
        region.len >= sizeof(out->region) || key.len == 0 ||
        key.len >= sizeof(out->path)) {
        return false;
    }
    memcpy(out->region, region.ptr, region.len);
    memcpy(out->path, key.ptr, key.len);
    return read_value(value, out);
}

enum slu_err slu_sets_load(struct slu_sets *self, struct slu_view key,
                           struct slu_view value)
{
    struct slu_set_known read = {0};
    struct slu_sets_stored *stored;
    enum slu_err err;

    if (!read_value(value, &read)) {
        return SLU_ERR_STATE;
    }
    err = add(self, key, &stored);
    if (err == SLU_ERR_OK) {
        memcpy(stored->id, read.id, sizeof(stored->id));
        stored->asked = read.asked;
        stored->active = read.active;
        stored->rejected = read.rejected;
    }
    return err;
}

static void write_key(const char *region, const char *path,
                      char out[SLU_SETS_KEY_MAX + 1])
{
    (void)snprintf(out, SLU_SETS_KEY_MAX + 1, "%.*s/%s",
                   SLU_SETS_KEY_MAX - 1 - SLU_OBJECT_PATH_MAX, region, path);
}

struct slu_sets_stored *slu_sets_find_stored(const struct slu_sets *self,
                                             const char *region,
                                             const char *path)
{
    char key[SLU_SETS_KEY_MAX + 1];
    struct slu_sets_stored *stored;

    write_key(region, path, key);
    stored = find(self, slu_view_str(key));
    return stored != NULL && stored->gone ? NULL : stored;
}

void slu_sets_free_stored(struct slu_sets *self)
{
    while (self->stored != NULL) {
        struct slu_sets_stored *stored = self->stored;

        self->stored = stored->next;
        slu_alloc_put(self->alloc, stored, sizeof(*stored));
    }
    self->stored_count = 0;
}

/* ---- notes ---- */

static const char *choose_word(const char *text)
{
    return text[0] == '\0' ? "-" : text;
}

static enum slu_err put(struct slu_sets_entry *entry, struct slu_unit *unit)
{
    const struct slu_errand_port *port = &entry->unit.region->sets->port;
    const struct slu_sets_stored *stored = entry->stored;
    char value[SLU_SET_ID_MAX + 3 * SLU_CONTENT_NAME_LEN + 8];

    (void)snprintf(value, sizeof(value), "%s %s %s %s", choose_word(stored->id),
                   choose_word(stored->asked.text),
                   choose_word(stored->active.text),
                   choose_word(stored->rejected.text));
    return port->put(port->ctx, unit, slu_view_str(stored->key),
                     slu_view_str(value));
}

/* Makes sure that there is something to store into, of the present set. */
static enum slu_err ensure(struct slu_sets_entry *entry)
{
    const struct slu_sets_region *region = entry->unit.region;
    enum slu_err err = SLU_ERR_OK;

    if (entry->stored == NULL) {
        char key[SLU_SETS_KEY_MAX + 1];

        write_key(region->name, entry->list->path, key);
        err = add(region->sets, slu_view_str(key), &entry->stored);
    }
    if (err == SLU_ERR_OK) {
        (void)snprintf(entry->stored->id, sizeof(entry->stored->id), "%s",
                       entry->set->id);
    }
    return err;
}

enum slu_err slu_sets_note_asked(struct slu_sets_entry *entry,
                                 struct slu_unit *unit)
{
    const struct slu_set_list *want = &entry->list->want;
    enum slu_err err = ensure(entry);

    if (err != SLU_ERR_OK) {
        return err;
    }
    entry->stored->asked = want->content;
    entry->stored->rejected =
        want->restored ? want->rejected : (struct slu_content_name){""};
    return put(entry, unit);
}

enum slu_err slu_sets_note_deactivated(struct slu_sets_entry *entry,
                                       struct slu_unit *unit)
{
    enum slu_err err = ensure(entry);

    if (err != SLU_ERR_OK) {
        return err;
    }
    entry->stored->asked.text[0] = '\0';
    entry->stored->active.text[0] = '\0';
    entry->stored->rejected.text[0] = '\0';
    return put(entry, unit);
}

enum slu_err slu_sets_forget(struct slu_sets_entry *entry,
                             struct slu_unit *unit)
{
    const struct slu_errand_port *port = &entry->unit.region->sets->port;
    struct slu_sets_stored *stored = entry->stored;

    entry->stored = NULL;
    stored->gone = true;
    return port->put(port->ctx, unit, slu_view_str(stored->key),
                     slu_view_make("", 0));
}

/* Newer content lies there while the set may still be reading, or has read. */
static bool is_overtaken(const struct slu_sets_entry *entry)
{
    const struct slu_sets_list *list = entry->list;
    const struct slu_content_name *asked = &entry->stored->asked;

    if (entry->unit.region->sets->mode == SLU_SETS_SURVEYS) {
        return list->object.text[0] != '\0' &&
               !slu_content_name_equal(asked, &list->object);
    }
    return list->wanted && !slu_content_name_equal(asked, &list->want.content);
}

/* Something was asked for, and of the present set. */
static bool has_asked(const struct slu_sets_entry *entry)
{
    const struct slu_sets_stored *stored = entry->stored;

    return stored != NULL && stored->asked.text[0] != '\0' &&
           strcmp(stored->id, entry->set->id) == 0;
}

bool slu_sets_knows_error(const struct slu_sets_entry *entry)
{
    return has_asked(entry) && entry->set->is.status == SLU_THREAT_ERROR &&
           slu_content_name_equal(&entry->stored->rejected,
                                  &entry->stored->asked);
}

enum slu_err slu_sets_note_status(struct slu_sets_entry *entry,
                                  struct slu_unit *unit)
{
    struct slu_sets_stored *stored = entry->stored;
    enum slu_threat_status status = entry->set->is.status;

    if (!has_asked(entry)) {
        return SLU_ERR_OK;
    }
    if (is_overtaken(entry)) {
        if (!slu_sets_is_busy(status)) {
            return SLU_ERR_OK;
        }
        stored->asked.text[0] = '\0';
        return put(entry, unit);
    }
    if (status == SLU_THREAT_ACTIVE &&
        !slu_content_name_equal(&stored->active, &stored->asked)) {
        stored->active = stored->asked;
        return put(entry, unit);
    }
    if (status == SLU_THREAT_ERROR &&
        !slu_content_name_equal(&stored->rejected, &stored->asked)) {
        stored->rejected = stored->asked;
        return put(entry, unit);
    }
    return SLU_ERR_OK;
}
