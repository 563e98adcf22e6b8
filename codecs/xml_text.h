/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the little of XML that STS and S3 answer with: elements without
 * attributes that matter, text with the five entities and character
 * references. Not a general reader: no DTD, no CDATA, no namespaces.
 */
#ifndef SLU_CODECS_XML_TEXT_H
#define SLU_CODECS_XML_TEXT_H

#include "codecs/buf.h"

/*
 * Finds the next <name>...</name> (attributes allowed, "<name/>" is empty text)
 * at any depth in text from *in_out_at on, and moves *in_out_at behind it;
 * *out_inner is what stands between the tags, raw. False when there is none, or
 * it isn't closed.
 */
bool slu_xml_next(struct slu_view text, const char *name, size_t *in_out_at,
                  struct slu_view *out_inner);

/* The first one. */
bool slu_xml_find(struct slu_view text, const char *name,
                  struct slu_view *out_inner);

/* Appends raw text with its references resolved, as UTF-8; MALFORMED for a tag
 * or an unknown reference in it. */
SLU_MUST_CHECK enum slu_err slu_xml_unescape(struct slu_buf *buf,
                                             struct slu_view raw);

#endif
