/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: plain addresses as text, one a line, millions of them: read as long as
 * the lines are nothing else, and written.
 * Limits: nothing is allocated.
 */
#ifndef SLU_CODECS_IPV4_LINES_H
#define SLU_CODECS_IPV4_LINES_H

#include <sluice/view.h>
#include <stdint.h>

#define SLU_IPV4_LINE_MAX 16 /* "255.255.255.255\n" */

/* A line is looked at only when so many bytes are left: the text's end is the
 * caller's to read. */
#define SLU_IPV4_LINES_AHEAD 17

/*
 * Takes lines off the front of *text, "\n" or "\r\n" at their end, and puts
 * their addresses into out, up to `room` of them; returns how many. Stops
 * before a line that is anything but a plain address by rule R1, and before the
 * last SLU_IPV4_LINES_AHEAD bytes.
 */
size_t slu_ipv4_lines_read(struct slu_view *text, uint32_t *out, size_t room);

/* The texts of all octets with a dot behind them. */
struct slu_ipv4_octets {
    char texts[256][4];
    uint8_t lens[256]; /* the dot included */
};

void slu_ipv4_octets_init(struct slu_ipv4_octets *self);

/* Writes a line for each address and returns the length. There must be room for
 * SLU_IPV4_LINE_MAX bytes each. */
size_t slu_ipv4_lines_write(const struct slu_ipv4_octets *octets,
                            const uint32_t *addresses, size_t count, char *out);

#endif
