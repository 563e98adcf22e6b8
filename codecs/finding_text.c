/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags depend on the finding and the rule only, and so do the comments of all
 * rules but SCAN: they are made for the first indicator and kept for its
 * siblings. A finding is known again by its address and its serial.
 */
#include "codecs/finding_text.h"

#include "codecs/buf.h"

/* The instance's tags or the scan's sources, "...:Blocked", private, public. */
#define NAMES_MAX (SLU_FINDING_TAGS_MAX + 3)

/* Whose texts are kept. serial 0: nobody's. */
struct key {
    const struct slu_finding *finding;
    uint64_t serial;
    enum slu_finding_rule rule;
};

struct slu_finding_text {
    const struct slu_alloc *alloc;
    struct slu_buf names;    /* struct slu_view: sorted names, then tags */
    struct slu_buf tags;     /* the tags' bytes */
    struct slu_buf comments; /* its bytes */
    struct key tags_key;
    struct key comments_key;
};

struct slu_finding_text *slu_finding_text_new(const struct slu_alloc *alloc,
                                              size_t record_max)
{
    struct slu_finding_text *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->alloc = alloc;
    slu_buf_init(&self->names, alloc, NAMES_MAX * sizeof(struct slu_view));
    slu_buf_init(&self->tags, alloc, record_max + SLU_FINDING_TEXT_EXTRA);
    slu_buf_init(&self->comments, alloc, record_max + SLU_FINDING_TEXT_EXTRA);
    return self;
}

void slu_finding_text_free(struct slu_finding_text *self)
{
    if (self != NULL) {
        slu_buf_fini(&self->names);
        slu_buf_fini(&self->tags);
        slu_buf_fini(&self->comments);
        slu_alloc_put(self->alloc, self, sizeof(*self));
    }
}

static struct key make_key(const struct slu_finding *finding,
                           enum slu_finding_rule rule)
{
    struct key key = {finding, finding->serial, rule};

    return key;
}

static bool is_same(const struct key *a, const struct key *b)
{
    return a->serial != 0 && a->serial == b->serial &&
           a->finding == b->finding && a->rule == b->rule;
}

/* --- tags --------------------------------------------------------------- */

static int compare_views(struct slu_view a, struct slu_view b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.ptr, b.ptr, len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Puts a name in its place among the sorted ones, once. They are few, and come
 * sorted more often than not. */
static enum slu_err add_name(struct slu_finding_text *self,
                             struct slu_view name)
{
    enum slu_err err = slu_buf_append(
        &self->names, slu_view_make((const char *)&name, sizeof(name)));
    struct slu_view *names = (void *)self->names.ptr;
    size_t count = self->names.len / sizeof(name);
    size_t at = count - 1;
    int order = 1;

    if (err != SLU_ERR_OK) {
        return err;
    }
    while (at > 0 && (order = compare_views(name, names[at - 1])) < 0) {
        at--;
    }
    if (order == 0) {
        self->names.len -= sizeof(name);
        return SLU_ERR_OK;
    }
    memmove(&names[at + 1], &names[at], (count - 1 - at) * sizeof(name));
    names[at] = name;
    return SLU_ERR_OK;
}

static enum slu_err add_names(struct slu_finding_text *self,
                              const struct slu_view *names, unsigned count)
{
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i < count && err == SLU_ERR_OK; i++) {
        err = add_name(self, names[i]);
    }
    return err;
}

static enum slu_err add_flag(struct slu_finding_text *self, bool is_set,
                             const char *name)
{
    return is_set ? add_name(self, slu_view_str(name)) : SLU_ERR_OK;
}

static enum slu_err collect_names(struct slu_finding_text *self,
                                  const struct slu_finding *finding,
                                  enum slu_finding_rule rule)
{
    static const char *const blocked[] = {
        [SLU_FINDING_RULE_NETWORK] = "NetworkConnectionAction:Blocked",
        [SLU_FINDING_RULE_PROBE] = "PortProbeAction:Blocked",
        [SLU_FINDING_RULE_DNS] = "DnsRequestAction:Blocked",
    };
    bool is_blocked =
        rule <= SLU_FINDING_RULE_DNS && (finding->blocked >> rule & 1) != 0;
    enum slu_err err;

    slu_buf_clear(&self->names);
    err =
        rule == SLU_FINDING_RULE_SCAN
            ? add_names(self, finding->scan_sources, finding->scan_source_count)
            : add_names(self, finding->instance_tags,
                        finding->instance_tag_count);
    if (err == SLU_ERR_OK && is_blocked) {
        err = add_name(self, slu_view_str(blocked[rule]));
    }
    if (err == SLU_ERR_OK) {
        err = add_flag(self, finding->has_private, "private");
    }
    return err == SLU_ERR_OK ? add_flag(self, finding->has_public, "public")
                             : err;
}

/* Turns the names into tags, in place. The bytes don't move, for their room is
 * reserved whole. */
static enum slu_err write_tags(struct slu_finding_text *self)
{
    static const struct slu_view prefix =
        SLU_VIEW_LITERAL(SLU_FINDING_TAG_PREFIX);
    struct slu_view *names = (void *)self->names.ptr;
    size_t count = self->names.len / sizeof(names[0]);
    size_t len = count * prefix.len;
    enum slu_err err;
    char *at;

    for (size_t i = 0; i < count; i++) {
        len += names[i].len;
    }
    slu_buf_clear(&self->tags);
    if (count == 0) {
        return SLU_ERR_OK;
    }
    err = slu_buf_reserve(&self->tags, len, &at);
    for (size_t i = 0; i < count && err == SLU_ERR_OK; i++) {
        size_t tag_len = prefix.len + names[i].len;

        memcpy(at, prefix.ptr, prefix.len);
        memcpy(at + prefix.len, names[i].ptr, names[i].len);
        names[i] = slu_view_make(at, tag_len);
        at += tag_len;
    }
    return err;
}

enum slu_err
slu_finding_text_tags(struct slu_finding_text *self,
                      const struct slu_finding *finding,
                      const struct slu_finding_indicator *indicator,
                      struct slu_finding_tags *out_tags)
{
    struct key key = make_key(finding, indicator->rule);
    enum slu_err err = SLU_ERR_OK;

    if (!is_same(&self->tags_key, &key)) {
        self->tags_key = (struct key){0};
        err = collect_names(self, finding, indicator->rule);
        if (err == SLU_ERR_OK) {
            err = write_tags(self);
        }
    }
    if (err != SLU_ERR_OK) {
        *out_tags = (struct slu_finding_tags){0};
        return err;
    }
    self->tags_key = key;
    out_tags->items = (const void *)self->names.ptr;
    out_tags->count = (unsigned)(self->names.len / sizeof(struct slu_view));
    return SLU_ERR_OK;
}

/* --- comments ----------------------------------------------------------- */

/* One part of a comment: its title, its value, and what stands for none. */
struct part {
    const char *title;
    struct slu_view value;
    const char *absent;
};

static enum slu_err write_parts(struct slu_buf *out, const struct part *parts,
                                unsigned count)
{
    enum slu_err err = SLU_ERR_OK;

    slu_buf_clear(out);
    for (unsigned i = 0; i < count && err == SLU_ERR_OK; i++) {
        err = slu_buf_append_str(out, parts[i].title);
        if (err == SLU_ERR_OK) {
            err = parts[i].value.ptr == NULL
                      ? slu_buf_append_str(out, parts[i].absent)
                      : slu_buf_append(out, parts[i].value);
        }
    }
    return err;
}

static enum slu_err write_comments(struct slu_buf *out,
                                   const struct slu_finding *finding)
{
    const struct part parts[] = {
        {"Finding ARN: ", finding->arn, "Not Found"},
        {", Finding Type: ", finding->type, "Not Found"},
        {", Description: ", finding->description, "None"},
    };

    return write_parts(out, parts, sizeof(parts) / sizeof(parts[0]));
}

static enum slu_err
write_file_comments(struct slu_buf *out, const struct slu_finding *finding,
                    const struct slu_finding_indicator *file)
{
    const struct part parts[] = {
        {"Finding Arn: ", finding->arn, "Not Found"},
        {", TriggerFindingId: ", finding->trigger_finding_id, "Not Found"},
        {", Name: ", file->file_name, "Not Found"},
        {", Filepath: ", file->file_path, "Not Found"},
        {", Description: ", finding->description, "Not Found"},
    };

    return write_parts(out, parts, sizeof(parts) / sizeof(parts[0]));
}

enum slu_err
slu_finding_text_comments(struct slu_finding_text *self,
                          const struct slu_finding *finding,
                          const struct slu_finding_indicator *indicator,
                          struct slu_view *out_comments)
{
    /* One form for all rules but one, so that they are one key. */
    struct key key = make_key(finding, SLU_FINDING_RULE_OTHER);
    enum slu_err err = SLU_ERR_OK;

    if (indicator->rule == SLU_FINDING_RULE_SCAN) {
        self->comments_key = (struct key){0};
        err = write_file_comments(&self->comments, finding, indicator);
    } else if (!is_same(&self->comments_key, &key)) {
        self->comments_key = (struct key){0};
        err = write_comments(&self->comments, finding);
        self->comments_key = err == SLU_ERR_OK ? key : self->comments_key;
    }
    *out_comments = err == SLU_ERR_OK ? slu_buf_view(&self->comments)
                                      : slu_view_make(NULL, 0);
    return err;
}

/* --- severity and type -------------------------------------------------- */

static const char *const severities[] = {"unknown", "low", "medium", "high",
                                         "critical"};

/* The bounds are those of the console, the upper ends open but the last. */
static const char *name_severity(const struct slu_finding *finding)
{
    double severity = finding->severity;
    bool is_most = severity == 10.0 && !finding->compat_netskope;

    if (!finding->has_severity || severity < 1 ||
        (severity >= 10 && !is_most)) {
        return severities[0];
    }
    return severities[1 + (severity >= 4) + (severity >= 7) + (severity >= 9)];
}

/* The word of the list that the text is, without regard to case. */
static const char *find_severity(struct slu_view text)
{
    for (unsigned i = 1; i < sizeof(severities) / sizeof(severities[0]); i++) {
        size_t len = strlen(severities[i]);
        size_t same = 0;

        while (text.len == len && same < len &&
               (text.ptr[same] | 0x20) == severities[i][same]) {
            same++;
        }
        if (same == len) {
            return severities[i];
        }
    }
    return severities[0];
}

const char *
slu_finding_text_severity(const struct slu_finding *finding,
                          const struct slu_finding_indicator *indicator)
{
    return indicator->rule == SLU_FINDING_RULE_SCAN
               ? find_severity(finding->scan_severity)
               : name_severity(finding);
}

const char *slu_finding_text_ce_type(enum slu_row_kind kind)
{
    return kind == SLU_ROW_SHA256 ? "sha256" : "url";
}
