/* SPDX-License-Identifier: Apache-2.0 */
#include "disk_image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define ENTRIES_MAX 256
#define PATH_ROOM 512

/* What becomes of what wasn't waited for. */
enum fate {
    FATE_LOST,
    FATE_KEPT,
    FATE_MOMENT,  /* all up to one, the last of it torn */
    FATE_ANY,     /* any of the operations, some of them torn */
    FATE_SECTORS, /* each sector as it was at a moment of its own */
    FATE_COUNT,
};

/* What a file has where bytes haven't come. */
enum gap {
    GAP_END, /* it ends before, if nothing is behind; else zeros */
    GAP_ZEROS,
    GAP_RUBBISH,
    GAP_COUNT,
};

struct entry {
    char name[DISK_NAME_MAX];
    unsigned node;
};

/* Of one node, as it is on the disk for sure. */
struct durable {
    char *bytes;
    size_t len;
    size_t room;
    struct entry *entries; /* of a folder */
    size_t entry_count;
    size_t *pending; /* operations that weren't waited for */
    size_t pending_count;
    size_t pending_room;
};

struct disk_replay {
    bool deaf;
    size_t count;
    struct durable nodes[DISK_NODES_MAX];
};

/* How an image is drawn. */
struct draw {
    uint64_t seed;
    enum fate fate; /* FATE_COUNT: of each node another */
    size_t moment;  /* FATE_MOMENT: the operation that is torn */
    enum gap gap;
};

/* ---- chance ---- */

/* SplitMix64's last steps (Steele, Lea and Flood 2014): every bit of the
 * numbers counts. */
static uint64_t mix(uint64_t seed, uint64_t a, uint64_t b)
{
    uint64_t x =
        seed + a * 0x9e3779b97f4a7c15u + b * 0xd1b54a32d192ed03u + 0x1234567u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void *must_have(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* ---- bytes ---- */

static void make_room(struct durable *self, size_t len)
{
    if (len > self->room) {
        self->room = len * 2;
        self->bytes = must_have(realloc(self->bytes, self->room));
    }
}

static void fill_gap(struct durable *self, size_t len, const struct draw *draw)
{
    if (len <= self->len) {
        return;
    }
    make_room(self, len);
    for (size_t i = self->len; i < len; i++) {
        self->bytes[i] = draw != NULL && draw->gap == GAP_RUBBISH
                             ? (char)(mix(draw->seed, i / 8, 77) >> (i % 8 * 8))
                             : 0;
    }
    self->len = len;
}

static void put_bytes(struct durable *self, const struct disk_op *op,
                      size_t from, size_t to, const struct draw *draw)
{
    size_t at = (size_t)op->at + from;

    fill_gap(self, at, draw);
    make_room(self, at + to - from);
    memcpy(self->bytes + at, op->bytes + from, to - from);
    if (self->len < at + to - from) {
        self->len = at + to - from;
    }
}

/* ---- names ---- */

static void unset_entry(struct durable *self, const char *name)
{
    for (size_t i = 0; i < self->entry_count; i++) {
        if (strcmp(self->entries[i].name, name) == 0) {
            self->entries[i] = self->entries[--self->entry_count];
            return;
        }
    }
}

static void set_entry(struct durable *self, const char *name, unsigned node)
{
    unset_entry(self, name);
    if (self->entries == NULL) {
        self->entries = must_have(malloc(ENTRIES_MAX * sizeof(*self->entries)));
    }
    if (self->entry_count == ENTRIES_MAX) {
        abort();
    }
    self->entries[self->entry_count].node = node;
    memcpy(self->entries[self->entry_count++].name, name, DISK_NAME_MAX);
}

/* ---- operations ---- */

static void apply_whole(struct durable *self, const struct disk_op *op,
                        const struct draw *draw)
{
    switch (op->kind) {
    case DISK_MAKE_FILE:
    case DISK_MAKE_FOLDER:
        set_entry(self, op->name, op->node);
        break;
    case DISK_RENAME:
        unset_entry(self, op->name);
        set_entry(self, op->to_name, op->node);
        break;
    case DISK_REMOVE:
        unset_entry(self, op->name);
        break;
    case DISK_WRITE:
        put_bytes(self, op, 0, op->len, draw);
        break;
    case DISK_CUT:
        fill_gap(self, (size_t)op->at, draw);
        self->len = (size_t)op->at;
        break;
    default:
        break;
    }
}

/* Whether a sector of an operation has come to the disk. */
static bool has_come(const struct draw *draw, const struct durable *node,
                     size_t number, uint64_t sector)
{
    size_t op = node->pending[number];
    uint64_t chance = mix(draw->seed, op, 1);

    switch (draw->fate) {
    case FATE_KEPT:
        return true;
    case FATE_MOMENT:
        return op < draw->moment ||
               (op == draw->moment && mix(draw->seed, sector, 2) % 2 == 0);
    case FATE_ANY:
        return chance % 4 == 3 ? mix(draw->seed, op, sector + 3) % 2 == 0
                               : chance % 2 == 0;
    case FATE_SECTORS:
        return number < mix(draw->seed, sector, 5) % (node->pending_count + 1);
    default:
        return false;
    }
}

static void apply_sectors(struct durable *self, const struct durable *node,
                          size_t number, const struct draw *draw)
{
    const struct disk_op *op = disk_log_at(node->pending[number]);
    size_t from = 0;

    while (from < op->len) {
        uint64_t sector = (op->at + from) / SECTOR;
        size_t to = (size_t)((sector + 1) * SECTOR - op->at);

        to = to < op->len ? to : op->len;
        if (has_come(draw, node, number, sector)) {
            put_bytes(self, op, from, to, draw);
        } else if (draw->gap != GAP_END) {
            fill_gap(self, (size_t)op->at + to, draw);
        }
        from = to;
    }
}

/* ---- going on ---- */

static void add_pending(struct durable *self, size_t index)
{
    if (self->pending_count == self->pending_room) {
        self->pending_room = self->pending_room * 2 + 16;
        self->pending = must_have(realloc(
            self->pending, self->pending_room * sizeof(*self->pending)));
    }
    self->pending[self->pending_count++] = index;
}

static void settle(struct durable *self)
{
    for (size_t i = 0; i < self->pending_count; i++) {
        apply_whole(self, disk_log_at(self->pending[i]), NULL);
    }
    self->pending_count = 0;
}

static void take_op(struct disk_replay *self, size_t index)
{
    const struct disk_op *op = disk_log_at(index);

    switch (op->kind) {
    case DISK_WRITE:
    case DISK_CUT:
        add_pending(&self->nodes[op->node], index);
        break;
    case DISK_SYNC:
        if (!self->deaf || index < disk_log_begin()) {
            settle(&self->nodes[op->node]);
        }
        break;
    case DISK_NOTE:
        break;
    default:
        add_pending(&self->nodes[op->folder], index);
    }
}

/* What memory it has is used again. */
static void rewind_replay(struct disk_replay *self)
{
    for (size_t i = 0; i < DISK_NODES_MAX; i++) {
        self->nodes[i].len = 0;
        self->nodes[i].entry_count = 0;
        self->nodes[i].pending_count = 0;
    }
    self->count = 0;
}

void disk_replay_to(struct disk_replay *self, size_t count)
{
    if (count < self->count) {
        rewind_replay(self);
    }
    for (; self->count < count; self->count++) {
        take_op(self, self->count);
    }
}

struct disk_replay *disk_replay_new(bool deaf)
{
    struct disk_replay *self = must_have(calloc(1, sizeof(*self)));

    self->deaf = deaf;
    return self;
}

void disk_replay_free(struct disk_replay *self)
{
    for (size_t i = 0; i < DISK_NODES_MAX; i++) {
        free(self->nodes[i].bytes);
        free(self->nodes[i].entries);
        free(self->nodes[i].pending);
    }
    free(self);
}

/* ---- an image ---- */

static struct draw draw_image(const struct disk_replay *self, uint64_t seed)
{
    /* The two plain ones are two of many; mostly each file has its own. */
    static const enum fate fates[] = {FATE_LOST,   FATE_KEPT,  FATE_MOMENT,
                                      FATE_MOMENT, FATE_COUNT, FATE_COUNT,
                                      FATE_COUNT,  FATE_COUNT};
    struct draw draw = {.seed = mix(seed, self->count, 0)};

    draw.fate = fates[draw.seed % 8];
    draw.gap = (enum gap)(mix(draw.seed, 1, 1) % GAP_COUNT);
    draw.moment = self->count - (size_t)(mix(draw.seed, 2, 2) %
                                         (self->count < 40 ? self->count : 40));
    return draw;
}

static bool is_folder(unsigned node)
{
    for (size_t i = 0; i < disk_log_count(); i++) {
        const struct disk_op *op = disk_log_at(i);

        if (op->kind == DISK_MAKE_FOLDER && op->node == node) {
            return true;
        }
    }
    return node == DISK_ROOT;
}

static struct draw draw_node(const struct draw *image, unsigned node)
{
    struct draw draw = *image;

    draw.seed = mix(image->seed, node, 3);
    if (image->fate == FATE_COUNT) {
        draw.fate = (enum fate)(draw.seed % FATE_COUNT);
    }
    /* A name has no sectors, and there are few that are under way at once. */
    if (image->fate == FATE_COUNT && is_folder(node) &&
        (draw.fate == FATE_SECTORS || draw.fate == FATE_MOMENT)) {
        draw.fate = FATE_ANY;
    }
    return draw;
}

/* A copy of what is there for sure with what has come besides. */
static struct durable make_node(const struct disk_replay *self, unsigned number,
                                const struct draw *image)
{
    const struct durable *node = &self->nodes[number];
    const struct draw draw = draw_node(image, number);
    struct durable made = {0};

    make_room(&made, node->len + 1);
    memcpy(made.bytes, node->len == 0 ? "" : node->bytes, node->len);
    made.len = node->len;
    for (size_t i = 0; i < node->entry_count; i++) {
        set_entry(&made, node->entries[i].name, node->entries[i].node);
    }
    for (size_t i = 0; i < node->pending_count; i++) {
        const struct disk_op *op = disk_log_at(node->pending[i]);

        if (op->kind == DISK_WRITE) {
            apply_sectors(&made, node, i, &draw);
        } else if (has_come(&draw, node, i, 0)) {
            apply_whole(&made, op, &draw);
        }
    }
    return made;
}

static void free_node(struct durable *self)
{
    free(self->bytes);
    free(self->entries);
}

static bool is_shared_memory(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, "-shm") == 0;
}

static void write_file(const char *path, const struct durable *made)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, made->bytes, made->len) != (ssize_t)made->len) {
        abort();
    }
    (void)close(fd);
}

/* A folder's before what is in it. */
static void write_node(const struct disk_replay *self, unsigned number,
                       const struct draw *image, const char *path)
{
    struct durable made = make_node(self, number, image);

    if (!is_folder(number)) {
        write_file(path, &made);
    } else if (mkdir(path, 0755) != 0) {
        abort();
    }
    for (size_t i = 0; i < made.entry_count; i++) {
        char below[PATH_ROOM];

        if (!is_shared_memory(made.entries[i].name)) {
            (void)snprintf(below, sizeof(below), "%s/%s", path,
                           made.entries[i].name);
            write_node(self, made.entries[i].node, image, below);
        }
    }
    free_node(&made);
}

void disk_replay_image(const struct disk_replay *self, uint64_t seed,
                       const char *folder)
{
    const struct draw image = draw_image(self, seed);

    write_node(self, DISK_ROOT, &image, folder);
}
