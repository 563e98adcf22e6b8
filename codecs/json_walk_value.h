/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the values that the walk (json_walk_loop.h) reads and reports; of
 * strings json_walk_text.h knows. Private to it.
 */
#ifndef SLU_CODECS_JSON_WALK_VALUE_H
#define SLU_CODECS_JSON_WALK_VALUE_H

#include "codecs/json_walk_text.h"

/* False when that was all. */
INLINE bool report_value(struct walk *walk, unsigned field,
                         struct slu_json_value *value)
{
    const struct slu_json_walk_task *task = walk->task;

    value->element = walk->element;
    walk->reported++;
    walk->wanted &= ~(UINT64_C(1) << field % 64);
    walk->is_done = !task->on_value(task->ctx, field, value) ||
                    (walk->wanted == 0 && task->wanted != 0);
    return !walk->is_done;
}

struct digits {
    uint64_t number;
    unsigned len;
};

/* At most 19. */
INLINE struct digits take_digits(const char *text, uint64_t number)
{
    struct digits out = {number, 0};
    unsigned digit;

    while (out.len < 19 &&
           (digit = (unsigned char)text[out.len] - (unsigned)'0') <= 9) {
        out.number = out.number * 10 + digit;
        out.len++;
    }
    return out;
}

/* Digits behind an E, with a sign or not; returns their end, or NULL. */
INLINE const char *take_exponent(const char *text, int *io_power)
{
    bool minus = *text == '-';
    struct digits digits;

    text += minus || *text == '+';
    digits = take_digits(text, 0);
    if (digits.len == 0 || digits.len > 3) {
        return NULL;
    }
    *io_power += minus ? -(int)digits.number : (int)digits.number;
    return text + digits.len;
}

/*
 * What is behind the whole digits: a point and digits, an exponent, or both.
 * Both the number without the point and the power of ten are exact in a double
 * when the one has no more than 15 digits and the other no more than 22, so
 * that the product or quotient is the nearest double.
 */
static SCAN_TARGET const char *take_fraction(const char *text,
                                             struct digits whole, bool minus,
                                             struct slu_json_value *out)
{
    static const double powers[] = {
        1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct digits part = {whole.number, 0};
    double number;
    int power;

    if (*text == '.') {
        part = take_digits(text + 1, whole.number);
        if (part.len == 0) {
            return NULL;
        }
        text += 1 + part.len;
    }
    power = -(int)part.len;
    if ((*text | 0x20) == 'e') {
        text = take_exponent(text + 1, &power);
    }
    if (text == NULL || whole.len + part.len > 15 || power < -22 ||
        power > 22) {
        return NULL;
    }
    number = power < 0 ? (double)part.number / powers[-power]
                       : (double)part.number * powers[power];
    out->kind = SLU_JSON_DOUBLE;
    out->number = minus ? -number : number;
    out->integer = number < 9.2e18 ? (int64_t)out->number : 0;
    return text;
}

/* Returns its end, or NULL. */
INLINE const char *take_number(const char *text, struct slu_json_value *out)
{
    bool minus = *text == '-';
    struct digits whole = take_digits(text + minus, 0);
    const char *end = text + minus + whole.len;

    if (whole.len == 0 || whole.len > 18 ||
        (whole.len > 1 && text[minus] == '0')) {
        return NULL;
    }
    if (*end == '.' || (*end | 0x20) == 'e') {
        return take_fraction(end, whole, minus, out);
    }
    out->kind = SLU_JSON_INT;
    out->integer = minus ? -(int64_t)whole.number : (int64_t)whole.number;
    out->number = (double)out->integer;
    return end;
}

INLINE const char *take_word(const char *text, const char *word, unsigned len)
{
    return memcmp(text, word, len) == 0 ? text + len : NULL;
}

/* Whether a scalar ends before text, and nothing else is between it and the
 * comma or bracket. */
INLINE bool ends_value(const char *text)
{
    if (is_blank(*text)) {
        text = pass_blanks(text);
    }
    return *text == ',' || is_close((uint8_t)*text);
}

/* A scalar; returns its end, or NULL. */
INLINE const char *take_scalar(const char *text, struct slu_json_value *out)
{
    const char *end;

    switch (*text) {
    case 'n':
        out->kind = SLU_JSON_NULL;
        end = take_word(text, "null", 4);
        break;
    case 't':
        out->kind = SLU_JSON_BOOL;
        out->boolean = true;
        end = take_word(text, "true", 4);
        break;
    case 'f':
        out->kind = SLU_JSON_BOOL;
        end = take_word(text, "false", 5);
        break;
    default:
        end = take_number(text, out);
    }
    return end != NULL && ends_value(end) ? end : NULL;
}

#endif
