/* SPDX-License-Identifier: Apache-2.0 */
#include "xml.h"

void sim_xml_text(struct sim_text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        switch (byte) {
        case '&':
            sim_text_str(out, "&amp;");
            break;
        case '<':
            sim_text_str(out, "&lt;");
            break;
        case '>':
            sim_text_str(out, "&gt;");
            break;
        case '"':
            sim_text_str(out, "&quot;");
            break;
        default:
            if (byte < 0x20) {
                sim_text_printf(out, "&#x%x;", byte);
            } else {
                sim_text_byte(out, (char)byte);
            }
        }
    }
}

void sim_xml_put(struct sim_text *out, const char *name, const char *text)
{
    sim_text_printf(out, "<%s>", name);
    sim_xml_text(out, text);
    sim_text_printf(out, "</%s>", name);
}

void sim_xml_put_int(struct sim_text *out, const char *name, int64_t value)
{
    sim_text_printf(out, "<%s>%lld</%s>", name, (long long)value, name);
}
