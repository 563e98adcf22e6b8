/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/folder.h"
#include "store_support.h"

#include <criterion/criterion.h>
#include <errno.h>

#define NOBODY 65534

static char dir[64];

static void set_up(void)
{
    (void)make_folder(dir);
}

static void tear_down(void)
{
    remove_tree(dir);
}

TestSuite(folder, .init = set_up, .fini = tear_down);

static const char *below(const char *name)
{
    static char path[160];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

Test(folder, is_made_with_those_above)
{
    struct stat info;

    cr_assert_eq(slu_folder_make(below("a/b/c"), 0700), 0);
    cr_assert_eq(stat(below("a/b/c"), &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0700);
    cr_assert_eq(slu_folder_make(below("a/b/c"), 0700), 0, "it is there");
}

Test(folder, is_no_file)
{
    FILE *file = fopen(below("file"), "w");

    cr_assert_not_null(file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(slu_folder_make(below("file"), 0700), ENOTDIR);
    cr_assert_eq(slu_folder_make(below("file/x"), 0700), ENOTDIR);
    cr_assert_eq(slu_folder_make("", 0700), ENOENT);
}

/* As /home of others is: it may be gone through, not read. */
Test(folder, may_be_empty_below_one_that_cannot_be_read)
{
    bool is_root = geteuid() == 0;

    cr_assert_eq(mkdir(below("own"), 0700), 0);
    if (is_root) {
        cr_assert_eq(chown(below("own"), NOBODY, NOBODY), 0);
    }
    cr_assert_eq(chmod(dir, 0311), 0);
    if (is_root) {
        cr_assert_eq(seteuid(NOBODY), 0);
    }
    cr_assert_eq(slu_folder_make(below("own"), 0700), 0);
    if (is_root) {
        cr_assert_eq(slu_folder_make(below("other"), 0700), EACCES);
        cr_assert_eq(seteuid(0), 0);
    }
    cr_assert_eq(chmod(dir, 0700), 0);
}
