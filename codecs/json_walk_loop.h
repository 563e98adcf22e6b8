/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the walk (json_walk.h), for a kernel file to include behind
 * json_index_loop.h after it has defined
 *
 *     find_string_end(text)   how many of 64 bytes are before the first quote
 *                             or backslash
 *     find_blanks(text)       which of 64 bytes are white space
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
INLINE uint64_t find_blanks(const char *text);
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
        uint64_t others = ~find_blanks(text);

        text += others == 0 ? BLOCK : (unsigned)__builtin_ctzll(others);
    }
    return text;
}

/* The last byte before text that is no white space; there is one. */
INLINE const char *find_before(const struct walk *walk, const char *text)
{
    uint64_t others = 0;

    while (others == 0 && text - walk->base >= (ptrdiff_t)BLOCK) {
        text -= BLOCK;
        others = ~find_blanks(text);
    }
    if (others != 0) {
        return text + BLOCK - 1 - __builtin_clzll(others);
    }
    text--;
    while (is_blank(*text)) {
        text--;
    }
    return text;
}

/*
 * Where what is between the value before and the token `at` begins, which is a
 * name or ends an object: behind that value; or with the brace that the object
 * begins with. NULL when there isn't one comma where there must be, and none
 * elsewhere.
 */
INLINE const char *find_begin(const struct walk *walk, token at)
{
    const char *text = walk->base + *at;
    const char *brace = walk->base + at[-1];
    const char *before = find_before(walk, text);

    if (before == brace && *brace == '{') {
        return brace;
    }
    if (*text == '"') {
        if (*before != ',') {
            return NULL;
        }
        before = find_before(walk, before);
    } else if (*brace == '{') {
        return NULL;
    }
    return is_separator(*before) || *before == '{' ? NULL : before + 1;
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

/* The child of a line at whose end the outermost object ends. */
#define WALK_END (SLU_JSON_PATH_NONE - 1)

/* Where the walk is in an object that was entered, and those inside of it. */
struct place {
    token at;
    unsigned top;     /* node of that object */
    unsigned node;    /* of the one at hand */
    unsigned child;   /* of the value at hand: its node, NONE or END */
    const char *text; /* that value */
    uint16_t *link;   /* where the memo has the next line */
};

/* Passes a brace that ends an object, and what is behind it up to the next
 * token. */
INLINE bool pass_close(const struct walk *walk, struct place *place)
{
    const struct slu_json_path_node *nodes = walk->task->paths->nodes;

    place->at++;
    place->text++;
    if (place->node == place->top) {
        place->child = WALK_END;
        return true;
    }
    place->node = nodes[place->node].parent;
    place->text = pass_blanks(place->text);
    if (*place->text == ',') {
        place->text = pass_blanks(place->text + 1);
        return *place->text == '"';
    }
    return *place->text == '}';
}

/* Passes a name and its colon, and a brace if what is inside is all that is
 * wanted of the value. */
INLINE bool pass_name(const struct walk *walk, struct place *place)
{
    const char *name = place->text + 1;
    const char *end = find_quote(name);

    /* An escape may hide a name that is wanted. */
    if (*end != '"') {
        return false;
    }
    place->at++;
    place->child =
        slu_json_paths_child(walk->task->paths, place->node,
                             slu_view_make(name, (size_t)(end - name)));
    end = pass_blanks(end + 1);
    if (*end != ':') {
        return false;
    }
    place->text = pass_blanks(end + 1);
    return true;
}

/* Whether the value at hand is an object of which only members are wanted. */
INLINE bool is_way(const struct walk *walk, const struct place *place)
{
    const struct slu_json_path_node *nodes = walk->task->paths->nodes;

    return *place->text == '{' && place->child != SLU_JSON_PATH_NONE &&
           place->child != WALK_END &&
           nodes[place->child].child != SLU_JSON_PATH_NONE &&
           nodes[place->child].field == SLU_JSON_PATH_NONE;
}

/* From a value to the next one, or the end. The text is at a token. */
INLINE bool pass_stretch(const struct walk *walk, struct place *place)
{
    place->child = SLU_JSON_PATH_NONE;
    while (*place->text == '}') {
        if (place->text != walk->base + *place->at ||
            !pass_close(walk, place)) {
            return false;
        }
        if (place->child == WALK_END) {
            return true;
        }
    }
    return *place->text == '"' && place->text == walk->base + *place->at &&
           pass_name(walk, place);
}

/* Into the object at hand. */
INLINE bool pass_open(const struct walk *walk, struct place *place)
{
    if (place->text != walk->base + *place->at) {
        return false;
    }
    place->at++;
    place->node = place->child;
    place->text = pass_blanks(place->text + 1);
    return *place->text == '"' || *place->text == '}';
}

/* Has the memo keep a stretch from begin, with its first token at text, to
 * `next`. The number of its line. */
INLINE uint16_t remember(struct slu_json_memo *memo, const struct place *place,
                         const char *text, const char *begin,
                         const struct place *next)
{
    struct slu_json_line line = {.before = (uint8_t)(text - begin),
                                 .after = (uint8_t)(next->text - text),
                                 .tokens = (uint8_t)(next->at - place->at),
                                 .node = next->node,
                                 .child = next->child};

    return next->text - begin > (ptrdiff_t)SLU_JSON_LINE_MAX
               ? 0
               : (uint16_t)slu_json_memo_find(memo, place->node, begin, &line);
}

/* When the memo has guessed wrong. */
static SCAN_TARGET __attribute__((noinline)) bool
look_up(const struct walk *walk, struct place *place)
{
    struct slu_json_memo *memo = walk->task->memo;
    const char *text = walk->base + *place->at;
    const char *begin = find_begin(walk, place->at);
    struct place next = *place;

    next.text = text;
    if ((*text != '"' && *text != '}') || begin == NULL ||
        !pass_stretch(walk, &next)) {
        return false;
    }
    /* As far as a line goes. */
    while (is_way(walk, &next)) {
        struct place inside = next;

        if (!pass_open(walk, &inside) || !pass_stretch(walk, &inside)) {
            return false;
        }
        if ((size_t)(inside.text - begin) > SLU_JSON_LINE_MAX) {
            break;
        }
        next = inside;
    }
    *place->link = remember(walk->task->memo, place, text, begin, &next);
    memo->nowhere = 0;
    next.link =
        *place->link == 0 ? &memo->nowhere : &memo->lines[*place->link].next;
    *place = next;
    return true;
}

/* What the memo guesses, if it is right. */
INLINE bool guess(const struct walk *walk, struct place *place)
{
    struct slu_json_line *line = &walk->task->memo->lines[*place->link];
    const char *text = walk->base + *place->at;
    const char *begin = text - line->before;

    if (text - walk->base < line->before || !equals_line(line, begin) ||
        (*begin != '{' &&
         ((unsigned char)begin[-1] <= ' ' || is_separator(begin[-1])))) {
        return false;
    }
    place->at += line->tokens;
    place->node = line->node;
    place->child = line->child;
    place->text = text + line->after;
    place->link = &line->next;
    return true;
}

/* Into the object at hand, which is a node's. */
INLINE bool enter_object(struct walk *walk, struct place *place)
{
    unsigned field = walk->task->paths->nodes[place->child].field;
    struct slu_json_value value = {.kind = SLU_JSON_OBJECT};

    if (place->text != walk->base + *place->at ||
        (field != SLU_JSON_PATH_NONE && !report_value(walk, field, &value))) {
        return false;
    }
    place->at++;
    place->node = place->child;
    place->link = &walk->task->memo->nodes[place->node].first;
    return true;
}

/* Behind the object whose first token, behind the brace, is `at`. */
static SCAN_TARGET token walk_object(struct walk *walk, token at, unsigned node)
{
    const struct slu_json_path_node *nodes = walk->task->paths->nodes;
    struct place place = {
        .at = at,
        .top = node,
        .node = node,
        .link = &walk->task->memo->nodes[node].first,
    };

    for (;;) {
        const char *end;

        if (!guess(walk, &place)) {
            /* A copy, so that the place itself can stay in registers. */
            struct place found = place;

            if (!look_up(walk, &found)) {
                return NULL;
            }
            place = found;
        }
        if (place.child == WALK_END) {
            return place.at;
        }
        if (place.child == SLU_JSON_PATH_NONE) {
            place.at = skip_member(walk, place.at, place.text);
        } else if (*place.text == '{' &&
                   nodes[place.child].child != SLU_JSON_PATH_NONE) {
            if (!enter_object(walk, &place)) {
                return NULL;
            }
        } else {
            place.at =
                take_value(walk, place.at, place.child, place.text, &end);
        }
        if (place.at == NULL) {
            return NULL;
        }
    }
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
