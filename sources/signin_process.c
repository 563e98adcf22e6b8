/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential_process: a command that prints credentials. It is split as a POSIX
 * shell splits words, and as botocore does (Python's shlex), but nothing is
 * expanded and no shell runs:
 *
 *     a b         two words        "a b" 'a b' a\ b   one
 *     "a\"b\\c"   a"b\c            'a\b'  "a\b"       a\b
 */
#include "sources/signin_state.h"

#include "codecs/plain_text.h"

#include <stdio.h>

#define DIAGNOSTICS_MAX 160

bool slu_signin_try_process(struct slu_signin *self)
{
    if (!self->has_profile || self->profile.credential_process[0] == '\0') {
        return false;
    }
    slu_signin_set_origin(self, "credential_process of profile %.100s",
                          self->profile.name);
    slu_signin_ask(self, &slu_signin_process);
    return true;
}

/* ---- splitting ---- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* One byte of a word, or none, from *text, which moves on; the quote that is
 * open is in *quote. False at the end of the word. */
static bool take_byte(const char **text, char *quote, char **out)
{
    char byte = **text;

    if (byte == '\0' || (*quote == '\0' && is_blank(byte))) {
        return false;
    }
    (*text)++;
    if (byte == *quote) {
        *quote = '\0';
    } else if (*quote == '\0' && (byte == '"' || byte == '\'')) {
        *quote = byte;
    } else if (byte == '\\' && *quote == '\0' && **text != '\0') {
        *(*out)++ = *(*text)++;
    } else if (byte == '\\' && *quote == '"' &&
               (**text == '"' || **text == '\\')) {
        *(*out)++ = *(*text)++;
    } else if (byte == '\\' && *quote == '\0') {
        *quote = '\\'; /* nothing is behind it: never closed */
    } else {
        *(*out)++ = byte;
    }
    return true;
}

/* Words into room (as long as the command, and a zero more) and argv; a
 * sentence's end when it can't be, else NULL. */
static const char *split(const char *command, char *room,
                         char *argv[SLU_SIGNIN_ARGS_MAX + 1])
{
    unsigned count = 0;
    char quote = '\0';

    for (;;) {
        while (is_blank(*command)) {
            command++;
        }
        if (*command == '\0') {
            break;
        }
        if (count == SLU_SIGNIN_ARGS_MAX) {
            return "has too many arguments";
        }
        argv[count++] = room;
        while (take_byte(&command, &quote, &room)) {
        }
        if (quote != '\0') {
            return "has a quote or backslash with nothing to match";
        }
        *room++ = '\0';
    }
    argv[count] = NULL;
    return count == 0 ? "is empty" : NULL;
}

static void prepare(struct slu_signin *self)
{
    const char *command = self->profile.credential_process;
    const char *fault = "is too long";
    char *room;

    slu_signin_begin(self, NULL);
    /* A word is never longer than what it is written as, and its zero takes
     * the place of the blank behind it. */
    if (slu_buf_reserve(&self->work->target, strlen(command) + 1, &room) ==
        SLU_ERR_OK) {
        fault = split(command, room, self->work->argv);
    }
    if (fault != NULL) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\": credential_process %s",
                        self->profile.name, fault);
        return;
    }
    self->need.argv = self->work->argv;
    slu_signin_send(self);
}

/* ---- the answer ---- */

static struct slu_view first_line(struct slu_view text)
{
    size_t len = 0;

    while (text.len > 0 && (unsigned char)text.ptr[0] <= 0x20) {
        text.ptr++;
        text.len--;
    }
    while (len < text.len && text.ptr[len] != '\n') {
        len++;
    }
    return slu_view_make(text.ptr, len);
}

static void fail_to_run(struct slu_signin *self,
                        const struct slu_signin_answer *answer)
{
    enum slu_err err = answer->err;

    if (err == SLU_ERR_NOT_FOUND || err == SLU_ERR_IO || err == SLU_ERR_LIMIT) {
        err = SLU_ERR_CONFIG; /* it would do the same again */
    } else if (err == SLU_ERR_TIMEOUT) {
        err = SLU_ERR_SERVER;
    }
    slu_signin_fail(self, err, "%s: %s", self->origin,
                    answer->error == NULL ? slu_err_sentence(answer->err)
                                          : answer->error->text);
}

static void take_answer(struct slu_signin *self,
                        const struct slu_signin_answer *answer)
{
    char words[DIAGNOSTICS_MAX];
    struct slu_error error = {0};
    enum slu_err err;

    if (answer->err != SLU_ERR_OK) {
        fail_to_run(self, answer);
        return;
    }
    if (answer->status != 0) {
        slu_plain_text_copy_hiding(first_line(answer->diagnostics), words,
                                   sizeof(words));
        slu_signin_fail(self, SLU_ERR_AUTH, "%s ended with status %d%s%s",
                        self->origin, answer->status,
                        words[0] == '\0' ? "" : ": ", words);
        return;
    }
    err = slu_aws_keys_read(self->options.alloc, SLU_AWS_KEYS_PROCESS,
                            answer->body, &self->work->keys, &error);
    if (err == SLU_ERR_OK) {
        slu_signin_keep(self);
    } else {
        slu_signin_fail(self, err == SLU_ERR_NOMEM ? err : SLU_ERR_CONFIG,
                        "%s: %s", self->origin, error.text);
    }
}

const struct slu_signin_provider slu_signin_process = {prepare, take_answer,
                                                       true};
