/* SPDX-License-Identifier: Apache-2.0 */
/* What: text as XML. Elements are few and fixed, so that their tags are
   written as they are; only what stands between them needs care. */
#ifndef SIM_XML_H
#define SIM_XML_H

#include <stdint.h>

#include "text.h"

/* Escapes & < > " and control bytes (as &#x..;). */
void sim_xml_text(struct sim_text *out, const char *text);

/* <name>text</name> */
void sim_xml_put(struct sim_text *out, const char *name, const char *text);
void sim_xml_put_int(struct sim_text *out, const char *name, int64_t value);

#endif
