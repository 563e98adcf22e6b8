/* SPDX-License-Identifier: Apache-2.0 */
/* The categories of the Categorised Threat Lists and the names of the source
 * bits. Source: the reference page "Get hourly threat list". */
#include "codecs/record.h"
#include "sources/gti.h"

/* Only these seven of the fourteen can hold IP addresses or domains. */
static const char *const categories[] = {
    "malicious-network-infrastructure",
    "malware",
    "threat-actor",
    "trending",
    "cryptominer",
    "phishing",
    "vulnerability-weaponization",
};

#define CATEGORY_COUNT (sizeof(categories) / sizeof(categories[0]))

const char *slu_gti_category(unsigned index)
{
    return index < CATEGORY_COUNT ? categories[index] : NULL;
}

const char *slu_gti_source_name(uint32_t bit)
{
    if (bit == SLU_SOURCE_TAKEN_OVER) {
        return "taken_over";
    }
    if (bit == SLU_SOURCE_STREAM) {
        return "stream";
    }
    for (unsigned i = 0; i < CATEGORY_COUNT; i++) {
        if (bit == SLU_SOURCE_LIST_FIRST << i) {
            return categories[i];
        }
    }
    return "list";
}
