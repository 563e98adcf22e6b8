/* SPDX-License-Identifier: Apache-2.0 */
/* Sample files that lie beside the project on some machines: found through
 * SLU_SHARED, else beside the working directory. */
#ifndef SLU_TESTS_SUPPORT_SHARED_H
#define SLU_TESTS_SUPPORT_SHARED_H

#include <dirent.h>
#include <sluice/view.h>
#include <stdio.h>
#include <stdlib.h>

#define SHARED_FILE_MAX (1u << 20)

/* The folder of samples of that name, or NULL with a word on stderr. */
static inline const char *shared_folder(const char *name, char out[1000])
{
    const char *const roots[] = {getenv("SLU_SHARED"), "../shared",
                                 "../../shared"};

    for (unsigned i = 0; i < 3; i++) {
        DIR *dir = NULL;

        if (roots[i] != NULL) {
            (void)snprintf(out, 1000, "%s/samples/%s", roots[i], name);
            dir = opendir(out);
        }
        if (dir != NULL) {
            (void)closedir(dir);
            return out;
        }
    }
    (void)fprintf(stderr, "skipped: the samples of %s are not here\n", name);
    return NULL;
}

/* The file's text, terminated, to free(); aborts when it can't be read. */
static inline char *shared_read(const char *folder, const char *name)
{
    char path[2000];
    char *text = calloc(1, SHARED_FILE_MAX);
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL || text == NULL) {
        perror(path);
        abort();
    }
    (void)fread(text, 1, SHARED_FILE_MAX - 1, file);
    (void)fclose(file);
    return text;
}

#endif
