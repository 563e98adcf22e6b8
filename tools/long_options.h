/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: getopt_long as all programs use it: a long option is given in full.
 * Left to itself getopt_long takes `--profil` for `--profile`, so that what a
 * script says would mean something else, or nothing, as soon as there is one
 * option more. Also the sentence for an option that is refused.
 *
 * Static functions, not a library: the simulator links nothing that the others
 * do, and has this header alone in common with them.
 *
 * Threads: none; getopt's state is global.
 */
#ifndef TOOLS_LONG_OPTIONS_H
#define TOOLS_LONG_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The row that a word like "--name" or "--name=value" stands for; NULL: none.
 * Unless in_full, the only row that begins with the name. */
static inline const struct option *
find_long_option(const struct option *rows, const char *word, bool in_full)
{
    const struct option *found = NULL;
    const char *name = word + 2;
    size_t len;

    if (strncmp(word, "--", 2) != 0) {
        return NULL;
    }
    len = strcspn(name, "=");
    for (const struct option *at = rows; at->name != NULL; at++) {
        if (strncmp(at->name, name, len) != 0) {
            continue;
        }
        if (at->name[len] == '\0') {
            return at;
        }
        if (!in_full && found != NULL) {
            return NULL;
        }
        found = in_full ? NULL : at;
    }
    return found;
}

/* As getopt_long, letters beginning with ':', but '?' with optopt 0 for an
 * abbreviation, as for a name that begins no option. */
static inline int read_option(int argc, char **argv, const char *letters,
                              const struct option *rows, int *out_row)
{
    int letter;
    const char *word;

    *out_row = -1;
    letter = getopt_long(argc, argv, letters, rows, out_row);
    if (letter == -1 || letter == '?' || (letter != ':' && *out_row < 0)) {
        return letter;
    }
    /* Behind the option, and behind its value where that is a word. */
    word = argv[optind - 1];
    if (letter != ':' && optarg == word) {
        word = argv[optind - 2];
    }
    if (strncmp(word, "--", 2) != 0 ||
        find_long_option(rows, word, true) != NULL) {
        return letter;
    }
    optopt = 0;
    optind -= optarg == argv[optind - 1];
    return '?';
}

/* What is wrong, behind a '?' or ':' of read_option. */
static inline void explain_option(char **argv, int letter,
                                  const struct option *rows, char *out,
                                  size_t size)
{
    const char *word = argv[optind - 1];
    const struct option *meant = find_long_option(rows, word, false);
    bool valued = meant != NULL && meant->has_arg == no_argument &&
                  strchr(word, '=') != NULL;
    int len = (int)strcspn(word, "=");

    if (letter == ':') {
        (void)snprintf(out, size, "a value is missing behind %s", word);
    } else if (optopt != 0 && !valued) {
        /* getopt stands on the word until its last letter is done. */
        (void)snprintf(out, size, "there is no option -%c", optopt);
    } else if (meant == NULL) {
        (void)snprintf(out, size, "there is no option %.*s", len, word);
    } else if (strlen(meant->name) + 2 != (size_t)len) {
        (void)snprintf(out, size,
                       "an option is written in full: --%s, not %.*s",
                       meant->name, len, word);
    } else {
        (void)snprintf(out, size, "--%s takes no value", meant->name);
    }
}

#endif
