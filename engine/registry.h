/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the one place where the concrete sources and sinks are named. There
 * are no plugins.
 */
#ifndef SLU_ENGINE_REGISTRY_H
#define SLU_ENGINE_REGISTRY_H

#include "codecs/field.h"
#include "sinks/row_sink.h"
#include "sources/source.h"
#include <sluice/err.h>

/* NULL when there is no source of that name. */
const struct slu_source_ops *slu_registry_source(const char *name);

/* True when there is a source of that name ("gti"). */
bool slu_registry_has_source(const char *name);

/* True when there is a sink of that name ("files"). */
bool slu_registry_has_sink(const char *name);

/* NULL for a name that is none, or of a sink that takes lists. */
const struct slu_row_sink *slu_registry_row_sink(const char *name);

/* The sinks of lists, in the order of their chain: each needs the one before
 * it. NULL past the end. */
const char *slu_registry_list_sink(unsigned index);

/* The sinks that take what this source makes, for messages: "ndjson, csv,
 * stix". */
const char *slu_registry_sinks_of(const struct slu_source_ops *source);

/* Names for messages: "gti"; "files, ndjson". */
const char *slu_registry_source_names(void);
const char *slu_registry_sink_names(void);

/* The sections of the configuration, the engine's own first; NULL past the
 * end. */
const struct slu_section *slu_registry_section(unsigned index);

/* What no single field of a section can say. CONFIG with the sentence. */
SLU_MUST_CHECK enum slu_err
slu_registry_check(const struct slu_section *section, const void *values,
                   struct slu_error *out_error);

#endif
