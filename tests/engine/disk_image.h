/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what a power cut would have left of the files that disk_log.h watched.
 *
 * All that was waited for is there: a file's bytes as they were when it was
 * last synced, a folder's names likewise. Of what came later any part is there,
 * chosen by a seed: nothing, everything (as after kill -9), all up to some
 * moment, any of the operations, or for each sector of 512 bytes whatever it
 * has been since; an operation is torn at a sector's border. A rename is done
 * or not, never half, whatever became of the others. Where a file has grown and
 * the bytes have not come, it ends before them, or there are zeros, or what was
 * on the disk from another time.
 *
 * SQLite's -shm is left out: SQLite makes it anew when nobody has it open.
 */
#ifndef TESTS_ENGINE_DISK_IMAGE_H
#define TESTS_ENGINE_DISK_IMAGE_H

#include "disk_log.h"

struct disk_replay;

/* deaf: a disk that says it has synced and has not, for a test that its checks
 * see what is lost. */
struct disk_replay *disk_replay_new(bool deaf);
void disk_replay_free(struct disk_replay *self);

/* Goes to where so many operations have been made; on from where it is, where
 * it can. */
void disk_replay_to(struct disk_replay *self, size_t count);

/* Writes what a cut there leaves into a folder, which is made. */
void disk_replay_image(const struct disk_replay *self, uint64_t seed,
                       const char *folder);

#endif
