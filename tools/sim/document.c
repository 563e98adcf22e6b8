/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mix.h"

struct reader {
    struct sim_document *document;
    const char *at;
    const char *end;
    unsigned depth;
};

static bool fail(struct reader *reader, const char *why)
{
    reader->document->wrong = why;
    return false;
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4)) {
        reader->at++;
    }
}

static bool take(struct reader *reader, char byte)
{
    skip_space(reader);
    if (reader->at >= reader->end || *reader->at != byte) {
        return false;
    }
    reader->at++;
    return true;
}

static uint32_t add_node(struct sim_document *document, enum sim_node_kind kind)
{
    if (document->count == document->cap) {
        document->cap = document->cap > 0 ? document->cap * 2 : 256;
        document->node =
            realloc(document->node, document->cap * sizeof(*document->node));
        if (document->node == NULL) {
            abort();
        }
    }
    document->node[document->count] = (struct sim_node){.kind = kind};
    return (uint32_t)document->count++;
}

static int read_hex4(const char *at, const char *end)
{
    int value = 0;

    if (end - at < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *digit = at[i] != '\0' ? strchr(digits, at[i]) : NULL;
        int nibble;

        if (digit == NULL) {
            return -1;
        }
        nibble = (int)(digit - digits);
        value = value * 16 + (nibble > 15 ? nibble - 6 : nibble);
    }
    return value;
}

static void add_code_point(struct sim_text *out, int point)
{
    if (point < 0x80) {
        sim_text_byte(out, (char)point);
        return;
    }
    if (point < 0x800) {
        sim_text_byte(out, (char)(0xc0 | point >> 6));
    } else if (point < 0x10000) {
        sim_text_byte(out, (char)(0xe0 | point >> 12));
        sim_text_byte(out, (char)(0x80 | (point >> 6 & 0x3f)));
    } else {
        sim_text_byte(out, (char)(0xf0 | point >> 18));
        sim_text_byte(out, (char)(0x80 | (point >> 12 & 0x3f)));
        sim_text_byte(out, (char)(0x80 | (point >> 6 & 0x3f)));
    }
    sim_text_byte(out, (char)(0x80 | (point & 0x3f)));
}

/* The four digits after `\u`, with the second half of a surrogate pair. */
static bool read_unicode(struct reader *reader)
{
    int point = read_hex4(reader->at, reader->end);

    if (point <= 0) {
        return fail(reader, "a bad \\u escape");
    }
    reader->at += 4;
    if (point >= 0xd800 && point < 0xe000) {
        bool pair = point < 0xdc00 && reader->end - reader->at >= 6 &&
                    memcmp(reader->at, "\\u", 2) == 0;
        int low = pair ? read_hex4(reader->at + 2, reader->end) : -1;

        if (low < 0xdc00 || low > 0xdfff) {
            return fail(reader, "a lone surrogate");
        }
        reader->at += 6;
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    add_code_point(&reader->document->strings, point);
    return true;
}

static bool read_escape(struct reader *reader)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (reader->at >= reader->end) {
        return fail(reader, "a string without end");
    }
    if (*reader->at == 'u') {
        reader->at++;
        return read_unicode(reader);
    }
    found = memchr(from, *reader->at, 8);
    if (found == NULL) {
        return fail(reader, "an unknown escape");
    }
    reader->at++;
    sim_text_byte(&reader->document->strings, to[found - from]);
    return true;
}

/* One character of two to four bytes; overlong forms and surrogates are
   refused by the range of its second byte (Unicode's table 3-7). */
static bool read_utf8(struct reader *reader)
{
    const unsigned char *byte = (const unsigned char *)reader->at;
    size_t left = (size_t)(reader->end - reader->at);
    size_t len = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
    unsigned low = byte[0] == 0xe0 ? 0xa0 : byte[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = byte[0] == 0xed ? 0x9f : byte[0] == 0xf4 ? 0x8f : 0xbf;

    if (byte[0] < 0xc2 || byte[0] > 0xf4 || left < len || byte[1] < low ||
        byte[1] > high) {
        return fail(reader, "broken UTF-8");
    }
    for (size_t i = 2; i < len; i++) {
        if (byte[i] < 0x80 || byte[i] > 0xbf) {
            return fail(reader, "broken UTF-8");
        }
    }
    sim_text_add(&reader->document->strings, reader->at, len);
    reader->at += len;
    return true;
}

/* The rest of a string whose quote has been taken. The texts are reserved at
   the start, for they never move. */
static bool read_string(struct reader *reader, const char **out, size_t *len)
{
    struct sim_text *strings = &reader->document->strings;
    size_t start = strings->len;

    while (reader->at < reader->end && *reader->at != '"') {
        unsigned char byte = (unsigned char)*reader->at;
        bool good = true;

        if (byte < 0x20) {
            return fail(reader, "a control character in a string");
        }
        if (byte == '\\') {
            reader->at++;
            good = read_escape(reader);
        } else if (byte >= 0x80) {
            good = read_utf8(reader);
        } else {
            sim_text_byte(strings, *reader->at++);
        }
        if (!good) {
            return false;
        }
    }
    if (reader->at >= reader->end) {
        return fail(reader, "a string without end");
    }
    reader->at++;
    *out = strings->data + start;
    *len = strings->len - start;
    sim_text_byte(strings, '\0');
    return true;
}

static size_t count_digits(struct reader *reader)
{
    size_t count = 0;

    while (reader->at < reader->end && *reader->at >= '0' &&
           *reader->at <= '9') {
        reader->at++;
        count++;
    }
    return count;
}

static bool read_number(struct reader *reader, struct sim_node *node)
{
    const char *start = reader->at;
    struct sim_text *strings = &reader->document->strings;
    const char *digits = start + (*start == '-');
    size_t count;

    reader->at = digits;
    count = count_digits(reader);
    if (count == 0 || (count > 1 && *digits == '0')) {
        return fail(reader, "a bad number");
    }
    if (reader->at < reader->end && *reader->at == '.') {
        reader->at++;
        if (count_digits(reader) == 0) {
            return fail(reader, "a bad number");
        }
    }
    if (reader->at < reader->end && (*reader->at | 0x20) == 'e') {
        reader->at++;
        reader->at += reader->at < reader->end &&
                      (*reader->at == '+' || *reader->at == '-');
        if (count_digits(reader) == 0) {
            return fail(reader, "a bad number");
        }
    }
    node->len = (size_t)(reader->at - start);
    node->text = strings->data + strings->len;
    sim_text_add(strings, start, node->len);
    sim_text_byte(strings, '\0');
    return true;
}

static bool read_word(struct reader *reader, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(reader->end - reader->at) < len ||
        memcmp(reader->at, word, len) != 0) {
        return fail(reader, "no JSON value");
    }
    reader->at += len;
    return true;
}

static bool read_value(struct reader *reader, uint32_t *out);

static bool has_member(const struct sim_document *document, uint32_t parent,
                       const char *name)
{
    return sim_document_member(document, &document->node[parent], name) != NULL;
}

/* One element or member, hung behind `*last`. */
static bool read_child(struct reader *reader, uint32_t parent, uint32_t *last)
{
    struct sim_document *document = reader->document;
    bool object = document->node[parent].kind == SIM_NODE_OBJECT;
    const char *name = NULL;
    size_t len = 0;
    uint32_t child;

    if (object && (!take(reader, '"') || !read_string(reader, &name, &len) ||
                   strlen(name) != len || !take(reader, ':'))) {
        return fail(reader, "a member without a name and a colon");
    }
    if (object && has_member(document, parent, name)) {
        return fail(reader, "a repeated member");
    }
    if (!read_value(reader, &child)) {
        return false;
    }
    document->node[child].name = name;
    if (*last == 0) {
        document->node[parent].child = child;
    } else {
        document->node[*last].next = child;
    }
    document->node[parent].count++;
    *last = child;
    return true;
}

static bool read_container(struct reader *reader, uint32_t self, char close)
{
    uint32_t last = 0;

    if (++reader->depth > SIM_DOCUMENT_DEPTH) {
        return fail(reader, "nested too deeply");
    }
    reader->at++;
    if (!take(reader, close)) {
        do {
            if (!read_child(reader, self, &last)) {
                return false;
            }
        } while (take(reader, ','));
        if (!take(reader, close)) {
            return fail(reader, "a container without end");
        }
    }
    reader->depth--;
    return true;
}

static bool read_scalar(struct reader *reader, struct sim_node *node)
{
    switch (*reader->at) {
    case '"':
        node->kind = SIM_NODE_STRING;
        reader->at++;
        return read_string(reader, &node->text, &node->len);
    case 't':
        node->kind = SIM_NODE_TRUE;
        return read_word(reader, "true");
    case 'f':
        node->kind = SIM_NODE_FALSE;
        return read_word(reader, "false");
    case 'n':
        return read_word(reader, "null");
    default:
        node->kind = SIM_NODE_NUMBER;
        if (*reader->at != '-' && (*reader->at < '0' || *reader->at > '9')) {
            return fail(reader, "no JSON value");
        }
        return read_number(reader, node);
    }
}

static bool read_value(struct reader *reader, uint32_t *out)
{
    skip_space(reader);
    if (reader->at >= reader->end) {
        return fail(reader, "no JSON value");
    }
    *out = add_node(reader->document, SIM_NODE_NULL);
    if (*reader->at == '{' || *reader->at == '[') {
        bool object = *reader->at == '{';

        reader->document->node[*out].kind =
            object ? SIM_NODE_OBJECT : SIM_NODE_ARRAY;
        return read_container(reader, *out, object ? '}' : ']');
    }
    return read_scalar(reader, &reader->document->node[*out]);
}

bool sim_document_read(struct sim_document *document, const char *data,
                       size_t len)
{
    struct reader reader = {document, data, data + len, 0};
    uint32_t root;

    sim_text_clear(&document->strings);
    sim_text_reserve(&document->strings, len * 2 + 64);
    document->count = 0;
    document->wrong = NULL;
    if (!read_value(&reader, &root)) {
        return false;
    }
    skip_space(&reader);
    return reader.at == reader.end || fail(&reader, "text after the value");
}

void sim_document_fini(struct sim_document *document)
{
    sim_text_fini(&document->strings);
    free(document->node);
    memset(document, 0, sizeof(*document));
}

const struct sim_node *sim_document_next(const struct sim_document *document,
                                         const struct sim_node *node)
{
    return node->next != 0 ? &document->node[node->next] : NULL;
}

const struct sim_node *sim_document_child(const struct sim_document *document,
                                          const struct sim_node *node)
{
    return node->child != 0 ? &document->node[node->child] : NULL;
}

const struct sim_node *sim_document_member(const struct sim_document *document,
                                           const struct sim_node *node,
                                           const char *name)
{
    if (node->kind != SIM_NODE_OBJECT) {
        return NULL;
    }
    for (node = sim_document_child(document, node); node != NULL;
         node = sim_document_next(document, node)) {
        if (node->name != NULL && strcmp(node->name, name) == 0) {
            return node;
        }
    }
    return NULL;
}

bool sim_document_integer(const struct sim_node *node, int64_t *out)
{
    char *end;

    if (node->kind != SIM_NODE_NUMBER) {
        return false;
    }
    errno = 0;
    *out = strtoll(node->text, &end, 10);
    return errno == 0 && *end == '\0';
}

uint64_t sim_document_hash(const struct sim_document *document,
                           const struct sim_node *node, const char *skip)
{
    uint64_t hash = sim_mix2(node->kind, node->len);
    uint64_t place = 0;

    if (node->text != NULL) {
        hash = sim_mix_bytes(hash, node->text, node->len);
    }
    for (const struct sim_node *child = sim_document_child(document, node);
         child != NULL; child = sim_document_next(document, child)) {
        uint64_t one = sim_document_hash(document, child, NULL);

        if (child->name == NULL) {
            hash += sim_mix2(one, ++place);
        } else if (skip == NULL || strcmp(child->name, skip) != 0) {
            hash += sim_mix_bytes(one, child->name, strlen(child->name));
        }
    }
    return sim_mix(hash);
}
