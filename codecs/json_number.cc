/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_number.h"

#include <charconv>
#include <string_view>

namespace
{

size_t count_digits(std::string_view text, size_t at)
{
    size_t start = at;

    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        at++;
    }
    return at - start;
}

/* Length of the number of RFC 8259 that the text begins with; 0 for none. */
size_t measure_number(std::string_view text)
{
    size_t at = text.size() > 0 && text[0] == '-';
    size_t digits = count_digits(text, at);

    if (digits == 0 || (digits > 1 && text[at] == '0')) {
        return 0;
    }
    at += digits;
    if (at < text.size() && text[at] == '.') {
        digits = count_digits(text, at + 1);
        at += digits + 1;
        if (digits == 0) {
            return 0;
        }
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < text.size() && (text[at] == '+' || text[at] == '-');
        digits = count_digits(text, at);
        at += digits;
        if (digits == 0) {
            return 0;
        }
    }
    return at;
}

/* A number too small for a double is zero; one too large is no number here. */
bool is_underflow(std::string_view number)
{
    size_t exponent = number.find_first_of("eE");

    return exponent == std::string_view::npos || number[exponent + 1] == '-' ||
           number.substr(0, exponent).find_first_of("123456789") ==
               std::string_view::npos;
}

} // namespace

bool slu_json_number_parse(struct slu_view token, double *out_number)
{
    std::string_view text(token.ptr, token.len);
    size_t len = measure_number(text);

    if (len == 0 ||
        text.find_first_not_of(" \t\r\n", len) != std::string_view::npos) {
        return false;
    }
    if (std::from_chars(token.ptr, token.ptr + len, *out_number).ec ==
        std::errc()) {
        return true;
    }
    *out_number = 0;
    return is_underflow(text.substr(0, len));
}
