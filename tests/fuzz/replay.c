/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main() that stands in for libFuzzer's: hands every file of the given
 * folders to the target, whole and cut off at every byte (of long ones, at
 * their first 256). Fails when a folder is missing or empty, so that a
 * misspelt corpus is no silent success.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1u << 20)
#define PREFIX_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each text in its own allocation, so that AddressSanitizer sees its end. */
static void replay_bytes(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int replay_file(const char *path)
{
    static uint8_t data[FILE_MAX];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (file == NULL) {
        perror(path);
        return 1;
    }
    size = fread(data, 1, sizeof(data), file);
    (void)fclose(file);
    for (size_t len = 0; len < size && len < PREFIX_MAX; len++) {
        replay_bytes(data, len);
    }
    replay_bytes(data, size);
    return 0;
}

static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    unsigned count = 0;
    int status = 0;

    if (dir == NULL) {
        perror(folder);
        return 1;
    }
    while ((entry = readdir(dir)) != NULL) {
        char path[4096];

        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        status |= replay_file(path);
        count++;
    }
    (void)closedir(dir);
    printf("%s: %u files replayed\n", folder, count);
    return count == 0 ? 1 : status;
}

int main(int argc, char **argv)
{
    int status = argc < 2;

    for (int i = 1; i < argc; i++) {
        status |= replay_folder(argv[i]);
    }
    return status;
}
