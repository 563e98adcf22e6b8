/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: an entry "a.b.example" is stored once, and its slot and those of
 * "b.example" and "example", which are its ends, point into the same bytes.
 * The slot of the entry is marked ALLOWED, those above it COVERS:
 *
 *   slots   hash | offset in names | length | marks
 *   names   a.b.examplec.orgd.org...
 *
 * A name is allowed when it or one of its ends is marked ALLOWED. "*.x" covers
 * an allowed name when x is marked COVERS, or when everything below x is
 * allowed anyway. Open addressing, at most three quarters full, so that a
 * look-up touches one or two slots; 16 bytes a slot.
 */
#include "codecs/allow_list.h"

#include "codecs/domain.h"

#include <stdlib.h>

#define MARK_ALLOWED 1u
#define MARK_COVERS 2u
#define FIRST_SLOTS 64
#define FIRST_RANGES 64
#define QUOTED_MAX 60 /* bytes of a bad line that an error shows */

struct slu_allow_name {
    uint32_t hash;
    uint32_t offset;
    uint32_t marks; /* 0: the slot is free */
    uint32_t len;
};

void slu_allow_list_init(struct slu_allow_list *self,
                         const struct slu_alloc *alloc)
{
    *self = (struct slu_allow_list){.alloc = alloc};
    slu_buf_init(&self->names, alloc, SLU_ALLOW_NAMES_MAX);
}

void slu_allow_list_fini(struct slu_allow_list *self)
{
    slu_alloc_put(self->alloc, self->ranges,
                  self->range_capacity * sizeof(*self->ranges));
    slu_alloc_put(self->alloc, self->slots,
                  self->slot_count * sizeof(*self->slots));
    slu_buf_fini(&self->names);
    *self = (struct slu_allow_list){.alloc = self->alloc};
}

/* FNV-1a, then a last mix, because its low bits alone are weak. */
static uint32_t hash_name(struct slu_view name)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

/* The slot that holds the name, or the free one where it would go. */
static struct slu_allow_name *find_slot(const struct slu_allow_list *self,
                                        struct slu_view name, uint32_t hash)
{
    size_t mask = self->slot_count - 1;

    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct slu_allow_name *slot = &self->slots[at];

        if (slot->marks == 0 ||
            (slot->hash == hash &&
             slu_view_equal(
                 slu_view_make(self->names.ptr + slot->offset, slot->len),
                 name))) {
            return slot;
        }
    }
}

static uint32_t find_marks(const struct slu_allow_list *self,
                           struct slu_view name)
{
    return self->slots == NULL ? 0
                               : find_slot(self, name, hash_name(name))->marks;
}

/* Moves every slot to where it belongs in a table of twice the size. */
static enum slu_err grow_slots(struct slu_allow_list *self)
{
    size_t count = self->slot_count == 0 ? FIRST_SLOTS : self->slot_count * 2;
    struct slu_allow_name *slots =
        slu_alloc_zero(self->alloc, count * sizeof(*slots));

    if (slots == NULL) {
        return SLU_ERR_NOMEM;
    }
    for (size_t i = 0; i < self->slot_count; i++) {
        size_t at = self->slots[i].hash & (count - 1);

        if (self->slots[i].marks == 0) {
            continue;
        }
        while (slots[at].marks != 0) {
            at = (at + 1) & (count - 1);
        }
        slots[at] = self->slots[i];
    }
    slu_alloc_put(self->alloc, self->slots,
                  self->slot_count * sizeof(*self->slots));
    self->slots = slots;
    self->slot_count = count;
    return SLU_ERR_OK;
}

/* Marks a name whose bytes are already in `names`, at offset. */
static enum slu_err mark_name(struct slu_allow_list *self, size_t offset,
                              size_t len, uint32_t mark)
{
    struct slu_view name = slu_view_make(self->names.ptr + offset, len);
    uint32_t hash = hash_name(name);
    struct slu_allow_name *slot;

    if ((self->slots_used + 1) * 4 > self->slot_count * 3) {
        enum slu_err err = grow_slots(self);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    slot = find_slot(self, name, hash);
    if (slot->marks == 0) {
        *slot = (struct slu_allow_name){
            .hash = hash, .offset = (uint32_t)offset, .len = (uint32_t)len};
        self->slots_used++;
    }
    slot->marks |= mark;
    return SLU_ERR_OK;
}

/* "*.example.com" is taken as "example.com": who writes it wants no line on
 * the lists about either. */
static struct slu_view drop_star(struct slu_view domain)
{
    if (domain.len > 2 && domain.ptr[0] == '*') {
        return slu_view_make(domain.ptr + 2, domain.len - 2);
    }
    return domain;
}

/* Moves *name to the next name above it; false when it was the last label. */
static bool go_up(struct slu_view *name)
{
    const char *dot = memchr(name->ptr, '.', name->len);

    if (dot == NULL) {
        return false;
    }
    name->len -= (size_t)(dot + 1 - name->ptr);
    name->ptr = dot + 1;
    return true;
}

static enum slu_err add_domain(struct slu_allow_list *self,
                               struct slu_view domain)
{
    struct slu_view name = drop_star(domain);
    size_t end = self->names.len + name.len;
    enum slu_err err;

    if (find_marks(self, name) & MARK_ALLOWED) {
        return SLU_ERR_OK;
    }
    if (self->name_count == SLU_ALLOW_ENTRIES_MAX) {
        return SLU_ERR_LIMIT;
    }
    self->name_count++;
    err = slu_buf_append(&self->names, name);
    if (err == SLU_ERR_OK) {
        err = mark_name(self, end - name.len, name.len, MARK_ALLOWED);
    }
    while (err == SLU_ERR_OK && go_up(&name)) {
        err = mark_name(self, end - name.len, name.len, MARK_COVERS);
    }
    return err;
}

static enum slu_err add_range(struct slu_allow_list *self, struct slu_cidr cidr)
{
    if (self->range_count == SLU_ALLOW_ENTRIES_MAX) {
        return SLU_ERR_LIMIT;
    }
    if (self->range_count == self->range_capacity) {
        size_t capacity =
            self->range_capacity == 0 ? FIRST_RANGES : self->range_capacity * 2;
        struct slu_allow_range *ranges = slu_alloc_resize(
            self->alloc, self->ranges, self->range_capacity * sizeof(*ranges),
            capacity * sizeof(*ranges));

        if (ranges == NULL) {
            return SLU_ERR_NOMEM;
        }
        self->ranges = ranges;
        self->range_capacity = capacity;
    }
    self->ranges[self->range_count++] =
        (struct slu_allow_range){cidr.address, slu_cidr_last(cidr)};
    return SLU_ERR_OK;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct slu_allow_range *left = a;
    const struct slu_allow_range *right = b;

    return (left->first > right->first) - (left->first < right->first);
}

/* Sorts the ranges and joins those that overlap or touch. */
static void join_ranges(struct slu_allow_list *self)
{
    struct slu_allow_range *ranges = self->ranges;
    size_t kept = 0;

    if (self->range_count == 0) {
        return;
    }
    qsort(ranges, self->range_count, sizeof(*ranges), compare_ranges);
    for (size_t i = 1; i < self->range_count; i++) {
        if (ranges[i].first > ranges[kept].last &&
            ranges[i].first - ranges[kept].last > 1) {
            ranges[++kept] = ranges[i];
        } else if (ranges[i].last > ranges[kept].last) {
            ranges[kept].last = ranges[i].last;
        }
    }
    self->range_count = kept + 1;
}

/* What a user can do about a line that is neither address nor domain. */
static const char *explain_entry(enum slu_reason as_ip,
                                 enum slu_reason as_domain)
{
    if (as_ip == SLU_REASON_IPV6) {
        return "is IPv6, and the lists hold IPv4 only: remove the line";
    }
    switch (as_domain == SLU_REASON_IP_AS_DOMAIN ? as_ip : as_domain) {
    case SLU_REASON_IP_LEADING_ZERO:
        return "has an octet with a leading zero";
    case SLU_REASON_IP_OCTET_RANGE:
        return "has an octet over 255";
    case SLU_REASON_CIDR_PREFIX:
        return "has a prefix that is not /0 to /32";
    case SLU_REASON_URL:
        return "is a URL: write the domain only";
    case SLU_REASON_DOMAIN_SINGLE_LABEL:
        return "has only one label: write a domain such as example.com";
    case SLU_REASON_DOMAIN_WILDCARD:
        return "has a '*' that is not a leading \"*.\"; a domain stands for "
               "every name below it anyway";
    case SLU_REASON_DOMAIN_SPACE:
        return "has a space in it: write one entry a line";
    default:
        return "is not an IPv4 address, a CIDR range or a domain";
    }
}

/* Shows the entry, cut and with what a terminal would act on replaced. */
static void quote_entry(struct slu_view entry, char out[QUOTED_MAX + 1])
{
    size_t len = entry.len < QUOTED_MAX ? entry.len : QUOTED_MAX;

    for (size_t i = 0; i < len; i++) {
        char byte = entry.ptr[i];

        out[i] = byte < 0x20 || byte > 0x7e ? '?' : byte;
    }
    out[len] = '\0';
}

static enum slu_err refuse_entry(struct slu_view entry, enum slu_reason as_ip,
                                 enum slu_reason as_domain, size_t line,
                                 struct slu_error *out_error)
{
    char quoted[QUOTED_MAX + 1];

    /* "1.2.3.4/33" is no URL, although the domain matcher sees one. */
    if (as_ip != SLU_REASON_IP_SYNTAX) {
        as_domain = SLU_REASON_IP_AS_DOMAIN;
    }
    quote_entry(entry, quoted);
    return slu_error_set(out_error, SLU_ERR_CONFIG, "line %zu: '%s' %s (%s)",
                         line, quoted, explain_entry(as_ip, as_domain),
                         slu_reason_name(as_domain == SLU_REASON_IP_AS_DOMAIN
                                             ? as_ip
                                             : as_domain));
}

static enum slu_err add_entry(struct slu_allow_list *self,
                              struct slu_view entry, size_t line,
                              struct slu_error *out_error)
{
    struct slu_cidr cidr;
    char domain[SLU_VALUE_MAX];
    size_t len;
    enum slu_reason as_ip = slu_ipv4_match(entry, &cidr, NULL);
    enum slu_reason as_domain;
    enum slu_err err;

    if (as_ip == SLU_REASON_NONE) {
        err = add_range(self, cidr);
    } else {
        as_domain = slu_domain_match(entry, domain, &len);
        if (as_domain != SLU_REASON_NONE) {
            return refuse_entry(entry, as_ip, as_domain, line, out_error);
        }
        err = add_domain(self, slu_view_make(domain, len));
    }
    if (err == SLU_ERR_LIMIT) {
        return slu_error_set(
            out_error, SLU_ERR_CONFIG,
            "line %zu: more than %d entries, or %u MiB of names", line,
            SLU_ALLOW_ENTRIES_MAX, SLU_ALLOW_NAMES_MAX >> 20);
    }
    return err == SLU_ERR_OK
               ? err
               : slu_error_set(out_error, err, "line %zu: out of memory", line);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The line without its comment and the blanks around. */
static struct slu_view trim_line(struct slu_view line)
{
    const char *comment =
        line.len == 0 ? NULL : memchr(line.ptr, '#', line.len);

    if (comment != NULL) {
        line.len = (size_t)(comment - line.ptr);
    }
    while (line.len > 0 && is_blank(line.ptr[line.len - 1])) {
        line.len--;
    }
    while (line.len > 0 && is_blank(line.ptr[0])) {
        line.ptr++;
        line.len--;
    }
    return line;
}

static enum slu_err add_lines(struct slu_allow_list *self, struct slu_view text,
                              struct slu_error *out_error)
{
    enum slu_err err = SLU_ERR_OK;
    size_t line = 1;

    for (size_t at = 0; at < text.len && err == SLU_ERR_OK; line++) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        size_t len =
            end == NULL ? text.len - at : (size_t)(end - (text.ptr + at));
        struct slu_view entry = trim_line(slu_view_make(text.ptr + at, len));

        if (entry.len > 0) {
            err = add_entry(self, entry, line, out_error);
        }
        if (err != SLU_ERR_OK && out_error != NULL) {
            out_error->offset = at;
        }
        at += len + 1;
    }
    return err;
}

/* Skips the byte order mark that some editors put before a UTF-8 text. */
static struct slu_view drop_byte_order_mark(struct slu_view text)
{
    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0) {
        return slu_view_make(text.ptr + 3, text.len - 3);
    }
    return text;
}

enum slu_err slu_allow_list_parse(struct slu_allow_list *self,
                                  struct slu_view text,
                                  struct slu_error *out_error)
{
    struct slu_view body = drop_byte_order_mark(text);
    enum slu_err err = add_lines(self, body, out_error);

    if (err != SLU_ERR_OK && out_error != NULL) {
        out_error->offset += text.len - body.len;
    }
    join_ranges(self);
    return err;
}

/* A binary search without a branch on what it finds. */
const struct slu_allow_range *
slu_allow_list_next(const struct slu_allow_list *self, uint32_t address)
{
    const struct slu_allow_range *range = self->ranges;
    size_t left = self->range_count;

    if (left == 0) {
        return NULL;
    }
    /* Ends at the first range that ends at or behind the address, or at the
     * last one. */
    while (left > 1) {
        size_t half = left / 2;

        range += range[half - 1].last < address ? half : 0;
        left -= half;
    }
    return range->last >= address ? range : NULL;
}

bool slu_allow_list_has_ip(const struct slu_allow_list *self,
                           struct slu_cidr cidr)
{
    const struct slu_allow_range *range =
        slu_allow_list_next(self, cidr.address);

    return range != NULL && range->first <= slu_cidr_last(cidr);
}

bool slu_allow_list_has_domain(const struct slu_allow_list *self,
                               struct slu_view domain)
{
    struct slu_view name = drop_star(domain);

    if (self->slots == NULL) {
        return false;
    }
    if (name.len < domain.len && (find_marks(self, name) & MARK_COVERS)) {
        return true;
    }
    do {
        if (find_marks(self, name) & MARK_ALLOWED) {
            return true;
        }
    } while (go_up(&name));
    return false;
}
