/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a power cut is tried: a folder that is watched (disk_log.h), and one
 * for what a cut has left of it (disk_image.h). Both are in memory where there
 * is such a folder, for what is cut is not that disk.
 */
#ifndef TESTS_ENGINE_POWER_SCENE_H
#define TESTS_ENGINE_POWER_SCENE_H

#include "disk_image.h"
#include "store_support.h"

/* What a test notes: the run or step that was begun, and the one that was said
 * to be durable. */
enum channel { CHANNEL_BEGUN, CHANNEL_DURABLE };

static char root[64];
static char image[80];

UNUSED_FN static void prepare_power(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    (void)snprintf(root, sizeof(root), "%s" TEST_FOLDER "power-%ld", base,
                   (long)getpid());
    (void)snprintf(image, sizeof(image), "%s-image", root);
    if (mkdir(root, 0700) != 0) {
        abort();
    }
}

UNUSED_FN static void clear_power(void)
{
    disk_log_stop();
    disk_log_free();
    remove_tree(root);
}

/* Behind the next note that something is durable: where least has been done
 * since. */
UNUSED_FN static size_t find_promise(size_t cut)
{
    for (size_t i = cut; i < disk_log_count(); i++) {
        const struct disk_op *op = disk_log_at(i);

        if (op->kind == DISK_NOTE && op->node == CHANNEL_DURABLE) {
            return i + 1;
        }
    }
    return cut;
}

/* Where the image number `i` of so many is cut: all over the first `calls`
 * calls, and the last quarter of them behind promises. */
UNUSED_FN static size_t place_cut(size_t calls, unsigned i, unsigned images)
{
    unsigned plain = images - images / 4;
    size_t begin = disk_log_begin() + 1;

    return i < plain
               ? begin + calls * i / plain
               : find_promise(begin + calls * (i - plain) / (images - plain));
}

UNUSED_FN static unsigned noted(enum channel channel, size_t cut)
{
    return (unsigned)disk_log_noted(channel, cut);
}

#endif
