/* SPDX-License-Identifier: Apache-2.0 */
/* The names and sentences of the public enums: errors, log levels, verdicts,
 * kinds. */
#include <sluice/err.h>
#include <sluice/indicator.h>
#include <sluice/log.h>

#include <stdarg.h>
#include <stdio.h>

struct err_entry {
    const char *name;
    const char *sentence;
    enum slu_retry_class retry;
};

static const struct err_entry err_table[] = {
#define ENTRY(name, sentence, retry) {#name, sentence, SLU_RETRY_##retry},
    SLU_ERR_MAP(ENTRY)
#undef ENTRY
};

#define ERR_COUNT (sizeof(err_table) / sizeof(err_table[0]))

static const struct err_entry *find_err(enum slu_err code)
{
    static const struct err_entry unknown = {"?", "an unknown error",
                                             SLU_RETRY_NO};

    return (size_t)code < ERR_COUNT ? &err_table[code] : &unknown;
}

const char *slu_err_name(enum slu_err code)
{
    return find_err(code)->name;
}

const char *slu_err_sentence(enum slu_err code)
{
    return find_err(code)->sentence;
}

enum slu_retry_class slu_err_retry_class(enum slu_err code)
{
    return find_err(code)->retry;
}

enum slu_err slu_error_set(struct slu_error *self, enum slu_err code,
                           const char *format, ...)
{
    struct slu_error made = {.code = code};
    va_list args;

    if (self == NULL) {
        return code;
    }
    /* Made aside: an error is often told again in terms of its own text. */
    va_start(args, format);
    (void)vsnprintf(made.text, sizeof(made.text), format, args);
    va_end(args);
    *self = made;
    return code;
}

const char *slu_log_level_name(enum slu_log_level level)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

    return (size_t)level < 4 ? names[level] : "?";
}

static const char *const verdict_names[] = {
#define NAME(name, text) text,
    SLU_VERDICT_MAP(NAME)
#undef NAME
};

#define VERDICT_COUNT (sizeof(verdict_names) / sizeof(verdict_names[0]))

const char *slu_verdict_name(enum slu_verdict verdict)
{
    return (size_t)verdict < VERDICT_COUNT ? verdict_names[verdict] : "";
}

bool slu_verdict_parse(struct slu_view text, enum slu_verdict *out)
{
    for (size_t i = SLU_VERDICT_UNKNOWN; i < VERDICT_COUNT; i++) {
        if (slu_view_equal_str(text, verdict_names[i])) {
            *out = (enum slu_verdict)i;
            return true;
        }
    }
    return false;
}

const char *slu_kind_name(enum slu_kind kind)
{
    return kind == SLU_KIND_IP ? "ip_address" : "domain";
}
