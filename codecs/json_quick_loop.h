/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the walk of the short way (json_quick.h), for a kernel file to include
 * behind json_scan_loop.h after it has defined
 *
 *     find_comma(text)   how many bytes before the first comma, 16 if none of
 *                        16 bytes is one
 *
 *     text     {"id":"a,b","x":[{}],"n":12}
 *     tokens   11  1 1   1 1 1 11111 1 1  1   one bit each
 *
 * Tokens are quotes and, outside of strings, brackets. What is between two of
 * them is looked at where it lies: a colon, a comma, a scalar. The walk enters
 * the objects that a path leads through; every other container is skipped by
 * counting brackets.
 *
 * Cost: some 20 instructions for 64 bytes and about ten for a token.
 */
#ifndef SLU_CODECS_JSON_QUICK_LOOP_H
#define SLU_CODECS_JSON_QUICK_LOOP_H

#include "codecs/json_quick.h"
#include "codecs/json_scan_loop.h"

INLINE unsigned find_comma(const char *text);

/* The tokens of one block. */
struct block {
    uint64_t tokens;
    uint64_t open;
    uint64_t close;
};

/* The text, and what a block leaves for the next. */
struct quick_text {
    const char *next; /* the next block */
    const char *end;
    uint64_t odd; /* not 0: there was a backslash, or a control or non-ASCII
                     byte in a string */
    struct slu_json_scan scan;
};

/* Where the walk is. Nobody else gets its address, so that it can stay in
 * registers. */
struct hop {
    struct quick_text *text;
    const char *base;  /* the block at hand */
    struct block left; /* what is not passed of it */
    const char *pos;   /* the last token */
};

/* What the walk knows besides. */
struct quick_walk {
    const struct slu_json_paths *paths;
    struct slu_json_quick *out;
    uint64_t wanted; /* fields not yet met */
    unsigned at;     /* the node of the object at hand */
    unsigned depth;
    unsigned outer[SLU_JSON_QUICK_DEPTH]; /* those of the objects around it */
};

/* The tokens of the next block, which there must be. */
static SCAN_TARGET __attribute__((noinline)) struct block
find_tokens(struct quick_text *text)
{
    size_t left = (size_t)(text->end - text->next);
    struct masks masks;
    struct block out;
    uint64_t quotes, strings;

    classify(text->next, &masks);
    if (left < BLOCK) {
        cut_masks(&masks, low_bits((unsigned)left));
    }
    text->next += left < BLOCK ? left : BLOCK;
    quotes = masks.quote & ~find_escaped(&text->scan, masks.backslash, BLOCK);
    strings = xor_prefix(quotes) ^ text->scan.in_string;
    text->scan.in_string = 0 - (strings >> (BLOCK - 1));
    text->odd |= masks.backslash | masks.high | (masks.control & strings);
    out.open = masks.open & ~strings;
    out.close = masks.close & ~strings;
    out.tokens = quotes | out.open | out.close;
    return out;
}

INLINE bool load_block(struct hop *hop)
{
    if (hop->text->next == hop->text->end) {
        return false;
    }
    hop->base = hop->text->next;
    hop->left = find_tokens(hop->text);
    return true;
}

/* Goes on to the next token; its byte, or 0 at the end of the text. */
INLINE char next_token(struct hop *hop)
{
    while (hop->left.tokens == 0) {
        if (!load_block(hop)) {
            return 0;
        }
    }
    hop->pos = hop->base + __builtin_ctzll(hop->left.tokens);
    hop->left.tokens &= hop->left.tokens - 1;
    return *hop->pos;
}

/* No control byte, no backslash, ASCII. */
static bool is_plain(struct slu_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c < 0x20 || c >= 0x80 || c == '\\') {
            return false;
        }
    }
    return true;
}

/* The string that the last token opens; the next one closes it. */
INLINE bool take_string(struct hop *hop, struct slu_view *out)
{
    const char *start = hop->pos + 1;

    if (next_token(hop) != '"') {
        return false;
    }
    *out = slu_view_make(start, (size_t)(hop->pos - start));
    return hop->text->odd == 0 || is_plain(*out);
}

/* Skips the container that the last token opens. A block with too few closing
 * brackets is passed at once. */
INLINE bool skip_container(struct hop *hop)
{
    uint64_t passed = low_bits((unsigned)(hop->pos - hop->base) + 1);
    int depth = 1;

    hop->left.open &= ~passed;
    hop->left.close &= ~passed;
    do {
        uint64_t brackets = hop->left.open | hop->left.close;

        if (__builtin_popcountll(hop->left.close) < depth) {
            depth += __builtin_popcountll(hop->left.open) -
                     __builtin_popcountll(hop->left.close);
            continue;
        }
        for (; brackets != 0; brackets &= brackets - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(brackets);

            depth += hop->left.close >> bit & 1 ? -1 : 1;
            if (depth == 0) {
                hop->pos = hop->base + bit;
                hop->left.tokens &= ~low_bits(bit + 1);
                return true;
            }
        }
    } while (load_block(hop));
    return false;
}

/* Behind a value that ends before ptr: the quote of the next name, the brace
 * that ends the object, or 0. */
INLINE char end_value(struct hop *hop, const char *ptr)
{
    bool comma = *ptr == ',';
    char token = next_token(hop);

    return hop->pos == ptr + comma && token == (comma ? '"' : '}') ? token : 0;
}

/* Passes by a scalar at ptr of which nobody wants to know what it is: up to the
 * brace, or the comma with a name behind it. */
INLINE char skip_scalar(struct hop *hop, const char *ptr)
{
    const char *comma = ptr + find_comma(ptr);
    char token = next_token(hop);

    if (token == '"') {
        /* With no comma in sight the quote isn't there: it is give up. */
        return hop->pos == comma + 1 ? token : 0;
    }
    return token == '}' && hop->pos <= comma ? token : 0;
}

INLINE char skip_value(struct hop *hop, const char *ptr)
{
    switch (*ptr) {
    case '"':
        return next_token(hop) == '"' && hop->pos == ptr &&
                       next_token(hop) == '"'
                   ? end_value(hop, hop->pos + 1)
                   : 0;
    case '{':
    case '[':
        (void)next_token(hop);
        return hop->pos == ptr && skip_container(hop)
                   ? end_value(hop, hop->pos + 1)
                   : 0;
    case '}':
    case ']':
    case ',':
    case ':':
        return 0;
    default:
        return skip_scalar(hop, ptr);
    }
}

/* Where the next value goes; NULL when there is no room. It is filled member by
 * member where it lies: a copy would wait for the stores it has to read. */
INLINE struct slu_json_value *start_value(struct quick_walk *walk,
                                          enum slu_json_kind kind)
{
    struct slu_json_value *value;

    if (walk->out->count == SLU_JSON_QUICK_MAX) {
        return NULL;
    }
    value = &walk->out->values[walk->out->count];
    value->kind = kind;
    value->boolean = false;
    value->integer = 0;
    value->number = 0;
    value->text = slu_view_make(NULL, 0);
    value->element = 0;
    return value;
}

/* Without a field the value was only looked at. */
INLINE void keep_value(struct quick_walk *walk, unsigned field)
{
    if (field != SLU_JSON_PATH_NONE) {
        walk->out->fields[walk->out->count++] = field;
        walk->wanted &= ~(UINT64_C(1) << field);
    }
}

/* A whole number of at most 18 digits. */
INLINE char read_number(struct hop *hop, struct quick_walk *walk,
                        unsigned field, const char *ptr)
{
    struct slu_json_value *value = start_value(walk, SLU_JSON_INT);
    uint64_t number = 0; /* has room for a digit too many */
    size_t len = 0;
    unsigned digit;

    while (len < 19 && (digit = (unsigned char)ptr[len] - (unsigned)'0') <= 9) {
        number = number * 10 + digit;
        len++;
    }
    if (value == NULL || len == 0 || len > 18 || (ptr[0] == '0' && len > 1)) {
        return 0;
    }
    value->integer = (int64_t)number;
    value->number = (double)number;
    keep_value(walk, field);
    return end_value(hop, ptr + len);
}

/* The string at ptr. */
INLINE char read_string(struct hop *hop, struct quick_walk *walk,
                        unsigned field, const char *ptr)
{
    struct slu_json_value *value = start_value(walk, SLU_JSON_STRING);

    if (value == NULL || next_token(hop) != '"' || hop->pos != ptr ||
        !take_string(hop, &value->text)) {
        return 0;
    }
    keep_value(walk, field);
    return end_value(hop, hop->pos + 1);
}

/* The object that the last token opens, if a path leads on. */
INLINE char enter_object(struct hop *hop, struct quick_walk *walk,
                         unsigned child)
{
    const char *inside = hop->pos + 1;
    char token;

    if (walk->depth == SLU_JSON_QUICK_DEPTH) {
        return 0;
    }
    walk->outer[walk->depth++] = walk->at;
    walk->at = child;
    token = next_token(hop);
    return (token == '"' || token == '}') && hop->pos == inside ? token : 0;
}

/* The object or array at ptr, which is a node's. */
INLINE char read_container(struct hop *hop, struct quick_walk *walk,
                           unsigned child, const char *ptr)
{
    const struct slu_json_path_node *node = &walk->paths->nodes[child];
    bool is_object = *ptr == '{';
    struct slu_json_value *value =
        start_value(walk, is_object ? SLU_JSON_OBJECT : SLU_JSON_ARRAY);

    (void)next_token(hop);
    if (value == NULL || hop->pos != ptr) {
        return 0;
    }
    keep_value(walk, node->field);
    if (is_object && node->child != SLU_JSON_PATH_NONE) {
        return enter_object(hop, walk, child);
    }
    return skip_container(hop) ? end_value(hop, hop->pos + 1) : 0;
}

/* The value of a node's member, which begins at ptr. */
INLINE char read_value(struct hop *hop, struct quick_walk *walk, unsigned child,
                       const char *ptr)
{
    unsigned field = walk->paths->nodes[child].field;

    switch (*ptr) {
    case '"':
        return read_string(hop, walk, field, ptr);
    case '{':
    case '[':
        return read_container(hop, walk, child, ptr);
    default:
        return read_number(hop, walk, field, ptr);
    }
}

/* The member whose name the last token opens. The token behind it, or the first
 * one inside of it: a quote or a brace that closes; 0 to give up. */
INLINE char read_member(struct hop *hop, struct quick_walk *walk)
{
    struct slu_view name;
    const char *ptr;
    unsigned child;

    if (!take_string(hop, &name)) {
        return 0;
    }
    ptr = hop->pos + 1;
    if (*ptr != ':') {
        return 0;
    }
    child = slu_json_paths_child(walk->paths, walk->at, name);
    ptr++;
    return child == SLU_JSON_PATH_NONE ? skip_value(hop, ptr)
                                       : read_value(hop, walk, child, ptr);
}

static SCAN_TARGET bool read_quick(const struct slu_json_paths *paths,
                                   struct slu_view view, uint64_t wanted,
                                   struct slu_json_quick *out)
{
    struct quick_text text = {.next = view.ptr, .end = view.ptr + view.len};
    struct hop hop = {.text = &text, .pos = view.ptr};
    struct quick_walk walk = {
        .paths = paths, .out = out, .wanted = wanted, .at = 0};
    char token;

    out->count = 0;
    /* Indented text is known at once. */
    if (view.len < 2 || view.ptr[0] != '{' || view.ptr[1] == '\n' ||
        next_token(&hop) != '{') {
        return false;
    }
    token = next_token(&hop);
    if (hop.pos != view.ptr + 1) {
        return false;
    }
    while (token == '"' || (token == '}' && walk.depth > 0)) {
        if (token == '"') {
            token = read_member(&hop, &walk);
            if (walk.wanted == 0 && token != 0) {
                return true;
            }
        } else {
            walk.at = walk.outer[--walk.depth];
            token = end_value(&hop, hop.pos + 1);
        }
    }
    /* What nobody looked into may be no text at all. */
    return token == '}' && hop.pos + 1 == text.end && text.odd == 0;
}

#endif
