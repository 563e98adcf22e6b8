/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the files of the source "guardduty_export" share. Private to them.
 *
 *     listing    the unit that lists: one FOLDER, or pages of ListObjectsV2
 *     queue      what was listed and is not yet read
 *     object     a unit that reads one object: its bytes, gunzipped
 *     text       its text: split, extract
 *     answer     one answer under way, and what became of it
 *     done       the objects that earlier runs have committed
 *     parts      how far giant objects are committed
 *
 * An object counts whole or not at all: its rows and its key in `done` are one
 * commit. Only of a giant one a part is committed whenever SLU_EXPORT_PART_*
 * are reached, with a key in `parts`, for its rows can't all be in memory: what
 * is cut or damaged behind that counts not at all. A line that is no finding is
 * left out, told, and makes the run incomplete, once. What was listed in S3 and
 * is not read yet is at most two pages, of a folder at most
 * SLU_EXPORT_QUEUE_MAX bytes: beyond, the folder is listed again from there on.
 * Objects are pooled; in steady state nothing is allocated.
 */
#ifndef SLU_SOURCES_GUARDDUTY_EXPORT_H
#define SLU_SOURCES_GUARDDUTY_EXPORT_H

#include "codecs/aws_error.h"
#include "codecs/inflate.h"
#include "codecs/line_split.h"
#include "codecs/sha256.h"
#include "codecs/value_split.h"
#include "sources/guardduty.h"

#define SLU_EXPORT_NAME_MAX 4096u   /* of a path; a key has at most 1,024 */
#define SLU_EXPORT_VERSION_MAX 100u /* of an ETag, or of size and time */
#define SLU_EXPORT_QUEUE_MAX (32u << 20)
#define SLU_EXPORT_PAGE_MAX (8u << 20) /* 1,000 encoded keys are 3.4 MB */
#define SLU_EXPORT_TOKEN_MAX (8u << 10)
#define SLU_EXPORT_ERROR_BODY_MAX (64u << 10)
#define SLU_EXPORT_OBJECT_MAX (UINT64_C(64) << 30) /* inflated */
/* A part ends with the first finding behind so much text, or rows. */
#define SLU_EXPORT_PART_TEXT (32u << 20)
#define SLU_EXPORT_PART_ROWS (4u << 20)
#define SLU_EXPORT_PARTS_MAX 4096u
/* Several objects of a folder share one disk and one processor; those of S3
 * wait for answers, and the lane knows how many it bears. */
#define SLU_EXPORT_FILES_AT_ONCE 4
#define SLU_EXPORT_OBJECTS_AT_ONCE 64
#define SLU_EXPORT_DONE_MAX (8u << 20)
/* So many refusals, and nothing else, mean that the rest would be refused. */
#define SLU_EXPORT_REFUSALS_MAX 16

enum slu_export_lane {
    SLU_EXPORT_LANE_LIST,
    SLU_EXPORT_LANE_GET,
    SLU_EXPORT_LANES,
};

/* ---- guardduty_export_queue.c ---- */

struct slu_export_entry {
    struct slu_view name;    /* key, or path below the folder */
    struct slu_view version; /* changes with the content */
    uint64_t size;           /* bytes of a bucket's object; 0: not known */
};

struct slu_export_queue {
    struct slu_buf bytes;
    size_t head;
    size_t count;
};

void slu_export_queue_init(struct slu_export_queue *self,
                           const struct slu_alloc *alloc);
void slu_export_queue_fini(struct slu_export_queue *self);
void slu_export_queue_clear(struct slu_export_queue *self);

/* LIMIT when it is full, NOMEM. */
SLU_MUST_CHECK enum slu_err
slu_export_queue_push(struct slu_export_queue *self,
                      const struct slu_export_entry *entry);

/* False when empty. Views die with the next push. */
bool slu_export_queue_pop(struct slu_export_queue *self,
                          struct slu_export_entry *out_entry);

/* ---- guardduty_export_done.c ---- */

#define SLU_EXPORT_HASH_LEN 16
#define SLU_EXPORT_KEY_LEN (5 + 2 * SLU_EXPORT_HASH_LEN) /* "done/..." */

struct slu_export_mark {
    unsigned char name[SLU_EXPORT_HASH_LEN]; /* of SHA-256 */
    uint64_t version;                        /* of SHA-256; 0: a free place */
};

struct slu_export_done {
    const struct slu_alloc *alloc;
    struct slu_sha256 *sha256;
    struct slu_export_mark *marks; /* open addressing, at most half full */
    size_t capacity;
    size_t count;
};

SLU_MUST_CHECK enum slu_err slu_export_done_init(struct slu_export_done *self,
                                                 const struct slu_alloc *alloc);
void slu_export_done_fini(struct slu_export_done *self);

/* place and name together are the object's name. Not terminated. */
void slu_export_done_key(struct slu_export_done *self, struct slu_view place,
                         struct slu_view name, char out[SLU_EXPORT_KEY_LEN]);

/* One stored key and value. STATE when it is none of ours, LIMIT beyond
 * SLU_EXPORT_DONE_MAX, NOMEM. */
SLU_MUST_CHECK enum slu_err slu_export_done_add(struct slu_export_done *self,
                                                struct slu_view key,
                                                struct slu_view version);

bool slu_export_done_has(struct slu_export_done *self, struct slu_view key,
                         struct slu_view version);

/* ---- guardduty_export_parts.c ---- */

/* The front of an object's text whose findings are committed. */
struct slu_export_part {
    uint64_t bytes;
    uint64_t records;
};

/* Makes the part's key of the one in `done`. */
void slu_export_part_key(char key[SLU_EXPORT_KEY_LEN]);
bool slu_export_is_part(struct slu_view key);

/* One stored key and value. STATE when it is none of ours, LIMIT beyond
 * SLU_EXPORT_PARTS_MAX, NOMEM. */
SLU_MUST_CHECK enum slu_err slu_export_parts_add(struct slu_buf *parts,
                                                 struct slu_view key,
                                                 struct slu_view value);

/* What is stored of the object; of another version nothing is committed. False:
 * no such key. */
bool slu_export_parts_find(const struct slu_buf *parts, struct slu_view key,
                           struct slu_view version,
                           struct slu_export_part *out_part);

/* The value to store, behind what *out has. */
SLU_MUST_CHECK enum slu_err
slu_export_part_write(const struct slu_export_part *part,
                      struct slu_view version, struct slu_buf *out);

/* ---- guardduty_export_answer.c ---- */

struct slu_export_answer {
    int status;
    char error_type[128];
    char region[64];        /* of the head */
    struct slu_buf body;    /* of a refusal, cut */
    struct slu_error error; /* why reading stopped */
    unsigned region_serial; /* of the region that was asked */
};

enum slu_export_outcome {
    SLU_EXPORT_GOOD,
    SLU_EXPORT_AGAIN, /* at once: its bucket is in another region */
    SLU_EXPORT_RETRY,
    SLU_EXPORT_GONE,
    SLU_EXPORT_DENIED,
    SLU_EXPORT_NO_SIGN_IN,
    SLU_EXPORT_FAILED,
};

void slu_export_answer_begin(struct slu_export_answer *self,
                             const struct slu_source *source);
void slu_export_answer_head(struct slu_export_answer *self,
                            const struct slu_answer_head *head);
/* Keeps what it may of a refusal's body. */
SLU_MUST_CHECK enum slu_err
slu_export_answer_body(struct slu_export_answer *self, struct slu_view bytes);

/* Where the source is S3: sends the request to its bucket instead. */
void slu_export_address(const struct slu_source *source,
                        struct slu_request *request);

/* What was asked, for the sentence. */
struct slu_export_asked {
    const char *action; /* "s3:GetObject" */
    const char *thing;  /* its whole name */
    unsigned attempts;  /* before */
};

enum slu_export_outcome slu_export_judge(struct slu_source *source,
                                         const struct slu_export_answer *answer,
                                         const struct slu_export_asked *asked,
                                         const struct slu_answer_end *end,
                                         struct slu_step *out_step);

/* ---- guardduty_export_listing.c ---- */

enum slu_export_state {
    SLU_EXPORT_IDLE, /* of an object: free */
    SLU_EXPORT_READY,
    SLU_EXPORT_ASKED,
    SLU_EXPORT_OVER, /* of the listing */
};

struct slu_export_listing {
    struct slu_unit unit; /* first, for the engine has its address */
    enum slu_export_state state;
    struct slu_export_answer answer;
    struct slu_buf target;
    struct slu_buf page;         /* of S3 */
    struct slu_buf token;        /* of S3: of the next page */
    struct slu_line_split lines; /* of a folder */
    struct slu_buf last;         /* of a folder: the last name queued */
    bool overflowed;             /* of a folder: list again from `last` on */
    unsigned pages;
};

void slu_export_listing_init(struct slu_export_listing *self,
                             struct slu_source *source);
void slu_export_listing_fini(struct slu_export_listing *self);
/* True: there is room for what its next answer may bring. */
bool slu_export_listing_wants(const struct slu_export_listing *self,
                              const struct slu_source *source);
SLU_MUST_CHECK enum slu_err
slu_export_listing_request(struct slu_export_listing *self,
                           struct slu_source *source,
                           struct slu_request *out_request);
SLU_MUST_CHECK enum slu_err
slu_export_listing_body(struct slu_export_listing *self,
                        struct slu_source *source, struct slu_view bytes);
void slu_export_listing_end(struct slu_export_listing *self,
                            struct slu_source *source,
                            const struct slu_answer_end *end,
                            struct slu_step *out_step);

/* guardduty_export_page.c: queues the keys of a page of ListObjectsV2 and takes
 * its token. MALFORMED with a sentence, NOMEM. */
SLU_MUST_CHECK enum slu_err
slu_export_page_read(struct slu_export_listing *listing,
                     struct slu_source *source, struct slu_error *out_error);

/* ---- guardduty_export_object.c ---- */

enum slu_export_form {
    SLU_EXPORT_FORM_UNKNOWN,
    SLU_EXPORT_FORM_PLAIN,
    SLU_EXPORT_FORM_GZIP,
};

/* What was left out since the last part. */
struct slu_export_faults {
    uint64_t count;
    uint64_t number; /* of the first: its line, or object */
    char why[160];
};

struct slu_export_object {
    struct slu_unit unit; /* first, for the engine has its address */
    enum slu_export_state state;
    struct slu_export_answer answer;
    struct slu_buf name;
    struct slu_buf version;
    struct slu_buf target;
    uint64_t size;     /* as listed; 0: not known */
    uint64_t received; /* of the answer under way */
    enum slu_export_form form;
    bool held; /* the first byte was 0x1f; the second decides */
    struct slu_inflate *inflate;
    bool by_line; /* else by object: see value_split.h */
    struct slu_line_split lines;
    struct slu_value_split values;
    bool has_part;               /* a key in `parts` */
    struct slu_export_part part; /* committed */
    uint64_t skip;               /* bytes of text that are still of it */
    uint64_t text_bytes;         /* with what was skipped */
    size_t row_bytes;            /* since the last part */
    uint64_t findings;           /* the same */
    struct slu_export_faults faults;
    bool probed; /* of a check: a byte has come */
};

/* NULL when out of memory. */
struct slu_export_object *slu_export_object_new(struct slu_source *source);
void slu_export_object_free(struct slu_export_object *self,
                            const struct slu_alloc *alloc);
SLU_MUST_CHECK enum slu_err
slu_export_object_take(struct slu_export_object *self,
                       struct slu_source *source,
                       const struct slu_export_entry *entry);
void slu_export_object_request(struct slu_export_object *self,
                               struct slu_source *source,
                               struct slu_request *out_request);
SLU_MUST_CHECK enum slu_err
slu_export_object_body(struct slu_export_object *self,
                       struct slu_source *source, struct slu_view bytes);
void slu_export_object_end(struct slu_export_object *self,
                           struct slu_source *source,
                           const struct slu_answer_end *end,
                           struct slu_step *out_step);

/* ---- guardduty_export_text.c ---- */

/* Before the text's first byte. */
void slu_export_text_begin(struct slu_export_object *self);
/* NOMEM, LIMIT, and what committing a part says; answer.error has the sentence.
 */
SLU_MUST_CHECK enum slu_err slu_export_text_take(struct slu_export_object *self,
                                                 struct slu_source *source,
                                                 struct slu_view bytes);
/* The last line, and findings behind the last part. */
SLU_MUST_CHECK enum slu_err
slu_export_text_finish(struct slu_export_object *self,
                       struct slu_source *source);
/* Tells what was left out, when its answer counts. */
void slu_export_text_tell(struct slu_export_object *self,
                          struct slu_source *source);

/* ---- guardduty_export.c ---- */

struct slu_source {
    const struct slu_alloc *alloc;
    struct slu_guardduty_config config;
    struct slu_source_port port;
    struct slu_extract *extract;
    bool s3;
    char bucket[64];
    struct slu_view prefix; /* of keys */
    struct slu_buf place;   /* "s3://bucket/", or the folder with its slash */
    char region[64];        /* "": aws.region */
    unsigned region_serial; /* how often it was corrected */
    struct slu_export_listing listing;
    struct slu_export_queue queue;
    struct slu_export_done done;
    struct slu_buf parts;
    struct slu_export_object *objects[SLU_EXPORT_OBJECTS_AT_ONCE];
    unsigned objects_at_once;
    struct slu_source_result result;
    uint64_t findings;
    unsigned read;    /* objects committed */
    unsigned known;   /* of an earlier run */
    unsigned others;  /* names that are no findings' */
    unsigned gone;    /* listed, and not there any more */
    unsigned refused; /* objects */
    unsigned failures_told;
    unsigned damaged; /* objects, or parts, of which lines are left out */
    uint64_t faults;  /* those lines */
    bool done_full_told;
    bool summed_up;
    bool broken;
};

/* guardduty_export_listing.c: a listed name: counts it, or queues it for
 * reading. LIMIT when the queue is full, NOMEM. */
SLU_MUST_CHECK enum slu_err
slu_export_offer(struct slu_source *self, const struct slu_export_entry *entry);

/* ---- guardduty_export_words.c ---- */

/* Notes and tells why a unit is not done. */
void slu_export_note_failure(struct slu_source *self,
                             const struct slu_error *error);

/* The run has a gap that it can't close. */
void slu_export_note_gap(struct slu_source *self,
                         const struct slu_error *error);

/* For a check. */
void slu_export_tell(const struct slu_source *self, enum slu_check_kind kind,
                     const char *text);

#endif
