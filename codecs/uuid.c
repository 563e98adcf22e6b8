/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 is what RFC 9562 asks for; nothing here rests on its strength.
 * OpenSSL's plain functions, for the reason that sha256.c gives. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "codecs/uuid.h"

#include "codecs/sha256.h"

#include <openssl/sha.h>

void slu_uuid5_format(const unsigned char space[SLU_UUID_LEN],
                      struct slu_view name, char out[SLU_UUID_TEXT_LEN])
{
    static const unsigned parts[] = {4, 2, 2, 2, 6}; /* bytes */
    unsigned char digest[SHA_DIGEST_LENGTH];
    const unsigned char *at = digest;
    SHA_CTX ctx;

    (void)SHA1_Init(&ctx);
    (void)SHA1_Update(&ctx, space, SLU_UUID_LEN);
    (void)SHA1_Update(&ctx, name.ptr, name.len);
    (void)SHA1_Final(digest, &ctx);
    digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x50);
    digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (i > 0) {
            *out++ = '-';
        }
        slu_hex_format(at, parts[i], out);
        at += parts[i];
        out += (size_t)parts[i] * 2;
    }
}
