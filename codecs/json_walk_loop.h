/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the walk (json_walk.h), for a kernel file to include behind
 * json_index_loop.h after it has defined
 *
 *     find_string_end(text)   how many of 64 bytes are before the first quote
 *                             or backslash
 *     count_blanks(text)      how many of the 64 bytes before are white space
 *     equals_line(line, text) whether text begins with the line
 *
 *     text       { "id" : "a" , "x" : [ 1 , 2 ] , "n" : 12 }
 *     tokens     {  "     "      "    [       ]    "       }
 *
 * It enters the containers that a path leads through; every other one is
 * skipped by looking for its depth. In an object the colon is looked for behind
 * a name, and the comma before the next one, so that the values between needn't
 * be passed byte by byte: all that can lie between two tokens is the rest of a
 * string, one scalar, white space, commas and colons. The elements of an array
 * are passed one behind the other, for scalars are no tokens.
 */
#ifndef SLU_CODECS_JSON_WALK_LOOP_H
#define SLU_CODECS_JSON_WALK_LOOP_H

#include "codecs/json_index_loop.h"
#include "codecs/json_walk.h"

/* What all of the walk shares. The token at hand goes from function to function
 * in a register: a pointer to its start, or NULL when the walk is over. */
struct walk {
    const struct slu_json_walk_task *task;
    const struct slu_json_index *index;
    const char *base;
    uint64_t wanted; /* fields not yet met */
    unsigned reported;
    uint32_t element; /* ordinal of the innermost element */
    bool is_done;     /* over, and all is well */
};

typedef const uint32_t *token;

INLINE unsigned find_string_end(const char *text);
INLINE unsigned count_blanks(const char *text);
INLINE bool equals_line(const struct slu_json_line *line, const char *text);

/* --- characters --------------------------------------------------------- */

INLINE bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

INLINE bool is_open(uint8_t c)
{
    return (c | 0x20) == '{';
}

INLINE bool is_close(uint8_t c)
{
    return (c | 0x20) == '}';
}

INLINE bool is_separator(char c)
{
    return c == ',' || c == ':';
}

INLINE const char *pass_blanks(const char *text)
{
    while (is_blank(*text)) {
        text++;
    }
    return text;
}

/* The last byte before text that is no white space; there is one. */
INLINE const char *find_before(const struct walk *walk, const char *text)
{
    unsigned blanks = BLOCK;

    while (blanks == BLOCK && text - walk->base >= (ptrdiff_t)BLOCK) {
        blanks = count_blanks(text);
        text -= blanks;
    }
    text--;
    while (is_blank(*text)) {
        text--;
    }
    return text;
}

/* The one comma before text, where a name begins, or NULL. */
INLINE const char *find_comma(const struct walk *walk, const char *text)
{
    const char *before;

    text--;
    if (is_blank(*text)) {
        text = find_before(walk, text);
    }
    before = text - 1;
    if (is_blank(*before)) {
        before = find_before(walk, before);
    }
    return *text == ',' && !is_separator(*before) ? text : NULL;
}

/* Whether there is none before text, where an object ends. */
INLINE bool follows_value(const struct walk *walk, const char *text)
{
    text--;
    if (is_blank(*text)) {
        text = find_before(walk, text);
    }
    return !is_separator(*text);
}

/* --- values ------------------------------------------------------------- */

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

/* The closing quote of the string that begins at text, or a backslash. */
INLINE const char *find_quote(const char *text)
{
    unsigned len = find_string_end(text);

    while (len == BLOCK) {
        text += BLOCK;
        len = find_string_end(text);
    }
    return text + len;
}

/* text: its opening quote. Returns its end, or NULL. */
INLINE const char *take_string(const struct walk *walk, const char *text,
                               struct slu_view *out)
{
    const char *end = find_quote(text + 1);

    if (*end != '"') {
        return walk->task->unescape(walk->task->unescape_ctx, text + 1, out);
    }
    *out = slu_view_make(text + 1, (size_t)(end - text) - 1);
    return end + 1;
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

/*
 * Digits with a point among them. Both the number without the point and the
 * power of ten are exact in a double when they have no more than 15 digits, so
 * that the quotient is the nearest double.
 */
static SCAN_TARGET const char *take_fraction(const char *text,
                                             struct digits whole, bool minus,
                                             struct slu_json_value *out)
{
    static const double powers[] = {1,    1e1,  1e2,  1e3, 1e4,  1e5,
                                    1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15};
    struct digits part = take_digits(text, whole.number);
    double number;

    if (part.len == 0 || whole.len + part.len > 15) {
        return NULL;
    }
    number = (double)part.number / powers[part.len];
    out->kind = SLU_JSON_DOUBLE;
    out->number = minus ? -number : number;
    out->integer = (int64_t)out->number;
    return text + part.len;
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
    if (*end == '.') {
        return take_fraction(end + 1, whole, minus, out);
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

/* --- containers --------------------------------------------------------- */

/* Behind the container that `at` opens. */
INLINE token skip_container(const struct walk *walk, token at)
{
    const uint8_t *depths = walk->index->depths + (at - walk->index->starts);
    unsigned depth = *depths++;
    uint64_t hits = match_depths(depths, depth);

    while (hits == 0) {
        depths += 64;
        hits = match_depths(depths, depth);
    }
    return walk->index->starts + (depths - walk->index->depths) +
           __builtin_ctzll(hits) + 1;
}

static SCAN_TARGET token walk_object(struct walk *walk, token at,
                                     unsigned node);
static SCAN_TARGET token walk_array(struct walk *walk, token at, unsigned node);

/* Behind the container that `at` opens and a node stands for: entered if a path
 * leads on. */
INLINE token take_container(struct walk *walk, token at, unsigned node,
                            bool is_object)
{
    const struct slu_json_path_node *self = &walk->task->paths->nodes[node];

    if (self->field != SLU_JSON_PATH_NONE) {
        struct slu_json_value value = {.kind = is_object ? SLU_JSON_OBJECT
                                                         : SLU_JSON_ARRAY};

        if (!report_value(walk, self->field, &value)) {
            return NULL;
        }
    }
    if (is_object) {
        return self->child == SLU_JSON_PATH_NONE
                   ? skip_container(walk, at)
                   : walk_object(walk, at + 1, node);
    }
    return self->each == SLU_JSON_PATH_NONE
               ? skip_container(walk, at)
               : walk_array(walk, at + 1, self->each);
}

/*
 * Behind the value at text, that a node stands for; `at` is the first token not
 * before it. *out_end: where a scalar ends.
 */
INLINE token take_value(struct walk *walk, token at, unsigned node,
                        const char *text, const char **out_end)
{
    struct slu_json_value value = {0};
    unsigned field = walk->task->paths->nodes[node].field;

    if (is_open((uint8_t)*text)) {
        return text == walk->base + *at
                   ? take_container(walk, at, node, *text == '{')
                   : NULL;
    }
    if (*text == '"') {
        if (text != walk->base + *at) {
            return NULL;
        }
        at++;
        value.kind = SLU_JSON_STRING;
        *out_end = take_string(walk, text, &value.text);
    } else {
        *out_end = take_scalar(text, &value);
    }
    if (*out_end == NULL) {
        return NULL;
    }
    return field == SLU_JSON_PATH_NONE || report_value(walk, field, &value)
               ? at
               : NULL;
}

/* The same for a member of which nobody wants to know what it is. */
INLINE token skip_member(const struct walk *walk, token at, const char *text)
{
    uint8_t byte = (uint8_t)*text;

    if (byte != '"' && !is_open(byte)) {
        return is_separator(*text) || is_close(byte) ? NULL : at;
    }
    if (text != walk->base + *at) {
        return NULL;
    }
    return byte == '"' ? at + 1 : skip_container(walk, at);
}

/* --- objects ------------------------------------------------------------ */

/* What the walk wants to know of a name. */
struct name {
    unsigned child;
    const char *value;
    uint16_t *link; /* where the memo has the next name */
};

/* The name at `text`, with so many bytes from the comma on before it, when the
 * memo has guessed wrong. link: where it guessed. */
static SCAN_TARGET __attribute__((noinline)) bool
look_up(const struct slu_json_walk_task *task, unsigned node, const char *text,
        size_t before, uint16_t *link, struct name *out)
{
    struct slu_json_memo *memo = task->memo;
    const char *end = find_quote(text + 1);

    /* An escape may hide a name that is wanted. */
    if (*end != '"') {
        return false;
    }
    out->child = slu_json_paths_child(
        task->paths, node, slu_view_make(text + 1, (size_t)(end - text) - 1));
    end = pass_blanks(end + 1);
    if (*end != ':') {
        return false;
    }
    out->value = pass_blanks(end + 1);
    *link = (uint16_t)slu_json_memo_find(
        memo, node, text, before, (size_t)(out->value - text), out->child);
    memo->nowhere = 0;
    out->link = *link == 0 ? &memo->nowhere : &memo->lines[*link].next;
    return true;
}

/* The name at text; at the first one of an object link is the node's. */
INLINE bool take_name(const struct walk *walk, unsigned node, const char *text,
                      uint16_t *link, struct name *out)
{
    struct slu_json_memo *memo = walk->task->memo;
    struct slu_json_line *line = &memo->lines[*link];
    size_t start = (size_t)(text - walk->base) - line->before;
    const char *comma = text - line->before;
    bool is_first = link == &memo->nodes[node].first;

    out->child = line->child;
    out->value = text + line->after;
    out->link = &line->next;
    if ((ptrdiff_t)start > 0 && equals_line(line, comma) &&
        (is_first ||
         ((unsigned char)comma[-1] > ' ' && !is_separator(comma[-1])))) {
        return true;
    }
    comma = is_first ? text : find_comma(walk, text);
    return *text == '"' && comma != NULL &&
           look_up(walk->task, node, text, (size_t)(text - comma), link, out);
}

/* Behind the object whose first token, behind the bracket, is `at`. */
static SCAN_TARGET token walk_object(struct walk *walk, token at, unsigned node)
{
    uint16_t *link = &walk->task->memo->nodes[node].first;
    const char *base = walk->base;
    const char *text = base + *at;

    if (pass_blanks(base + at[-1] + 1) != text) {
        return NULL;
    }
    while (*text != '}') {
        struct name name;
        const char *end;

        if (!take_name(walk, node, text, link, &name)) {
            return NULL;
        }
        link = name.link;
        at = name.child == SLU_JSON_PATH_NONE
                 ? skip_member(walk, at + 1, name.value)
                 : take_value(walk, at + 1, name.child, name.value, &end);
        if (at == NULL) {
            return NULL;
        }
        text = base + *at;
    }
    return follows_value(walk, text) ? at + 1 : NULL;
}

/* --- arrays and the whole ----------------------------------------------- */

/* Behind the array whose first token, behind the bracket, is `at`; a node
 * stands for its elements. */
static SCAN_TARGET token walk_array(struct walk *walk, token at, unsigned node)
{
    const char *base = walk->base;
    const char *text = pass_blanks(base + at[-1] + 1);
    uint32_t outer = walk->element;
    uint32_t ordinal = 0;
    bool goes_on = *text != ']';

    while (goes_on) {
        const char *end = NULL;

        walk->element = ordinal++;
        at = take_value(walk, at, node, text, &end);
        if (at == NULL) {
            return NULL;
        }
        text = pass_blanks(end != NULL ? end : base + at[-1] + 1);
        goes_on = *text == ',';
        if (goes_on) {
            text = pass_blanks(text + 1);
        }
    }
    walk->element = outer;
    return *text == ']' && text == base + *at ? at + 1 : NULL;
}

static SCAN_TARGET bool walk_tokens(const struct slu_json_walk_task *task,
                                    const struct slu_json_index *index,
                                    unsigned first, unsigned *out_reported)
{
    struct walk walk = {.task = task,
                        .index = index,
                        .base = index->base,
                        .wanted = task->wanted};
    token at = index->starts + first;
    unsigned each = task->paths->nodes[0].each;

    slu_json_memo_start(task->memo);
    if (index->bytes[first] == '{') {
        at = walk_object(&walk, at + 1, 0);
    } else if (index->bytes[first] == '[' && each != SLU_JSON_PATH_NONE) {
        at = walk_array(&walk, at + 1, each);
    } else {
        at = NULL;
    }
    *out_reported = walk.reported;
    return at != NULL || walk.is_done;
}

#endif
