/* SPDX-License-Identifier: Apache-2.0 */
/* What: the certificate that a Roles Anywhere request brings, and whether it
   is to be believed (Roles Anywhere user guide, "Trust model"). */
#ifndef SIM_CERTIFICATE_H
#define SIM_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct sim_certificate {
    X509 *end;              /* the end entity's */
    STACK_OF(X509) * chain; /* intermediates, may be empty */
};

/* Base64 of DER, standard alphabet with padding; `chain` has several with
   commas between, or is NULL. NULL, or what is wrong. */
const char *sim_certificate_read(struct sim_certificate *certificate,
                                 const char *end, const char *chain);
void sim_certificate_fini(struct sim_certificate *certificate);

/* Its serial number in decimal, to be freed with OPENSSL_free. */
char *sim_certificate_serial(const struct sim_certificate *certificate);

/* NULL if it may sign in at `now`, else why not. */
const char *sim_certificate_judge(const struct sim_certificate *certificate,
                                  X509_STORE *anchor, int64_t now);

/* True if `hex` is its key's signature of `text` by this algorithm. */
bool sim_certificate_signed(const struct sim_certificate *certificate,
                            const char *algorithm, const struct sim_text *text,
                            const char *hex);

#endif
