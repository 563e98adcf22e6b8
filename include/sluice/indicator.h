/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one threat indicator as it moves through the engine: its canonical
 * value and what a source said of it.
 * Limits: a value is at most SLU_VALUE_MAX bytes.
 * Ownership: the value is borrowed, see view.h.
 */
#ifndef SLU_INDICATOR_H
#define SLU_INDICATOR_H

#include <sluice/api.h>
#include <sluice/view.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest canonical value: a domain name of 253 bytes and its "*.". */
#define SLU_VALUE_MAX 255

/* The two kinds of list that GuardDuty knows. An address or a CIDR range is
 * SLU_KIND_IP; a domain, with or without "*.", is SLU_KIND_DOMAIN. */
enum slu_kind {
    SLU_KIND_IP,
    SLU_KIND_DOMAIN,
};
#define SLU_KIND_COUNT 2

/*
 * GTI's verdicts in the order of their rank: a higher one is worse for the
 * indicator and better for its place in a list. NONE means that no assessment
 * came with the sighting (the API then implies VERDICT_UNKNOWN); it never
 * overrides a present one.
 */
#define SLU_VERDICT_MAP(X)                                                     \
    X(NONE, "")                                                                \
    X(UNKNOWN, "VERDICT_UNKNOWN")                                              \
    X(BENIGN, "VERDICT_BENIGN")                                                \
    X(UNDETECTED, "VERDICT_UNDETECTED")                                        \
    X(SUSPICIOUS, "VERDICT_SUSPICIOUS")                                        \
    X(MALICIOUS, "VERDICT_MALICIOUS")

enum slu_verdict {
#define SLU_VERDICT_MEMBER(name, text) SLU_VERDICT_##name,
    SLU_VERDICT_MAP(SLU_VERDICT_MEMBER)
#undef SLU_VERDICT_MEMBER
};

struct slu_indicator {
    enum slu_kind kind;
    struct slu_view value;    /* canonical: rules R1 and R2 */
    enum slu_verdict verdict; /* of the newest assessment */
    uint8_t score;            /* GTI threat score, 0-100 */
    uint32_t sources;         /* bit set; slu_source_name() in engine.h */
    uint32_t first_seen;      /* seconds since 1970, UTC */
    uint32_t last_seen;       /* seconds since 1970, UTC */
    uint32_t assessed_at;     /* last_modification_date, else the sighting */
};

/* "VERDICT_MALICIOUS" and so on; "" for SLU_VERDICT_NONE. Never NULL. */
SLU_API const char *slu_verdict_name(enum slu_verdict verdict);

/* False when the text is none of the five verdicts of the API. */
SLU_API bool slu_verdict_parse(struct slu_view text, enum slu_verdict *out);

/* "ip_address" or "domain", as the API and the side files spell it. */
SLU_API const char *slu_kind_name(enum slu_kind kind);

#ifdef __cplusplus
}
#endif
#endif
