/* SPDX-License-Identifier: Apache-2.0 */
/* What: everything public, in one include. */
#ifndef SLU_SLUICE_H
#define SLU_SLUICE_H

#include <sluice/alloc.h>
#include <sluice/api.h>
#include <sluice/check.h>
#include <sluice/engine.h>
#include <sluice/err.h>
#include <sluice/indicator.h>
#include <sluice/log.h>
#include <sluice/pack.h>
#include <sluice/profile.h>
#include <sluice/row.h>
#include <sluice/view.h>

#endif
