/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the machine as pure code asks it (sources/aws_settings.h): the
 * environment, and files as they are now. A file goes into the buffer that is
 * there, up to its maximum.
 * Errors of read_file: NOT_FOUND, IO, LIMIT (all with errno), NOMEM.
 */
#ifndef SLU_ENGINE_MACHINE_H
#define SLU_ENGINE_MACHINE_H

#include "sources/aws_settings.h"

extern const struct slu_aws_port slu_machine_port;

#endif
