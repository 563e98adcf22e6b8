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
 * skipped by looking for its depth. From a value to the next one is a stretch:
 * braces that end objects, a comma, a name, a colon, braces that begin them.
 * The memo (json_memo.h) mostly knows it; else it is taken apart. A value's end
 * needn't be known for that, since all that can lie between two tokens is the
 * rest of a string, one scalar, white space, commas and colons: the stretch is
 * looked at from its first token backwards. The elements of an array are passed
 * one behind the other, for scalars are no tokens.
 */
#ifndef SLU_CODECS_JSON_WALK_LOOP_H
#define SLU_CODECS_JSON_WALK_LOOP_H

#include "codecs/json_walk_value.h"

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
        *out_end = field == SLU_JSON_PATH_NONE
                       ? pass_string(text)
                       : take_string(walk, text, &value.text);
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
    struct slu_json_line line = {.from = place->node,
                                 .before = (uint8_t)(text - begin),
                                 .after = (uint8_t)(next->text - text),
                                 .tokens = (uint8_t)(next->at - place->at),
                                 .node = next->node,
                                 .child = next->child};

    return next->text - begin > (ptrdiff_t)SLU_JSON_LINE_MAX
               ? 0
               : (uint16_t)slu_json_memo_find(memo, begin, &line);
}

/* When the memo doesn't know it. */
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

/* By that line, if the text is equal. */
INLINE bool follow(const struct walk *walk, struct place *place, unsigned at)
{
    struct slu_json_line *line = &walk->task->memo->lines[at];
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

/* By what came here the last time. */
INLINE bool guess(const struct walk *walk, struct place *place)
{
    return follow(walk, place, *place->link);
}

/* By what came anywhere in an object of this node. Lines that begin with its
 * brace are for its first token, and others aren't. */
INLINE bool recall(const struct walk *walk, struct place *place)
{
    const struct slu_json_memo *memo = walk->task->memo;
    const char *text = walk->base + *place->at;
    unsigned at = memo->buckets[slu_json_memo_bucket(place->node, text)];

    bool is_first = walk->base[place->at[-1]] == '{';

    for (; at != 0; at = memo->lines[at].sibling) {
        const struct slu_json_line *line = &memo->lines[at];
        uint16_t *link = place->link;

        if (line->from == place->node && (line->text[0] == '{') == is_first &&
            follow(walk, place, at)) {
            *link = (uint16_t)at;
            return true;
        }
    }
    return false;
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
    place->link = &walk->task->memo->firsts[place->node];
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
        .link = &walk->task->memo->firsts[node],
    };

    for (;;) {
        const char *end;

        if (!guess(walk, &place) && !recall(walk, &place)) {
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
