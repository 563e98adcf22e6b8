/* SPDX-License-Identifier: Apache-2.0 */
/* What: the little of RFC 3986 that the sources need. */
#ifndef SLU_CODECS_URL_H
#define SLU_CODECS_URL_H

#include "codecs/buf.h"

struct slu_url {
    bool tls;               /* https */
    struct slu_view host;   /* without brackets, as given */
    unsigned port;          /* explicit, or 443 / 80 */
    bool loopback;          /* localhost, 127.0.0.0/8 or ::1 */
    struct slu_view origin; /* "https://host:port", as given */
};

/*
 * Parses "scheme://host[:port]" with nothing but an optional "/" behind it.
 * CONFIG with a sentence otherwise, and for http to a host that is not
 * loopback. Views point into text.
 */
SLU_MUST_CHECK enum slu_err slu_url_parse_base(struct slu_view text,
                                               struct slu_url *out_url,
                                               struct slu_error *out_error);

/* Splits "scheme://host[:port]rest", http to any host included: who may be
 * reached so is the caller's to say. CONFIG with a sentence. */
SLU_MUST_CHECK enum slu_err slu_url_split(struct slu_view text,
                                          struct slu_url *out_url,
                                          struct slu_view *out_rest,
                                          struct slu_error *out_error);

/* Appends the text with every byte but A-Z a-z 0-9 - . _ ~ percent-encoded. */
SLU_MUST_CHECK enum slu_err slu_url_append_encoded(struct slu_buf *buf,
                                                   struct slu_view text);

/* The same of a path, or of a key of S3: its slashes stay. */
SLU_MUST_CHECK enum slu_err slu_url_append_path(struct slu_buf *buf,
                                                struct slu_view path);

#endif
