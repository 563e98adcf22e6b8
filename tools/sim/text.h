/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: bytes that grow. Owner: whoever holds the struct; fini is safe on a
 * zeroed one.
 * Limits: none of its own; callers render at most one page or one slice.
 * Errors: none. The simulator is a test tool: without memory it says so and
 * ends.
 */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include <stddef.h>

struct sim_text {
    char *data;
    size_t len;
    size_t cap;
};

/* Memory or a clean end of the process; zeroed. */
void *sim_alloc(size_t bytes);

void sim_text_fini(struct sim_text *text);
void sim_text_clear(struct sim_text *text);

/* Makes room for `more` bytes after len and returns where they go. */
char *sim_text_reserve(struct sim_text *text, size_t more);
void sim_text_add(struct sim_text *text, const void *data, size_t len);
void sim_text_str(struct sim_text *text, const char *string);
void sim_text_byte(struct sim_text *text, char byte);
void sim_text_printf(struct sim_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `data` with everything outside A-Za-z0-9-._~ percent-encoded; a space
   becomes `+` when `plus` is set (the form the server itself writes). */
void sim_text_urlencode(struct sim_text *text, const char *data, int plus);

#endif
