/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/lists.h"

const char *slu_side_file_path(enum slu_side_file file)
{
    static const char *const paths[SLU_SIDE_FILE_COUNT] = {
        "invalid_iocs/invalid_ip_address.txt",
        "invalid_iocs/invalid_domain.txt",
        "exceeded_ip_address.txt",
        "exceeded_domain.txt",
        "invalid_iocs/reasons.ndjson",
    };

    return paths[file];
}
