/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mailbox.h"

#include <criterion/criterion.h>
#include <poll.h>

static bool is_readable(const struct slu_mailbox *self)
{
    struct pollfd fd = {.fd = self->wake.fd, .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

Test(mailbox, keeps_the_order_of_its_letters)
{
    struct slu_mailbox mailbox;
    struct slu_letter letters[3];
    const struct slu_letter *taken;

    cr_assert_eq(slu_mailbox_open(&mailbox), SLU_ERR_OK);
    for (int i = 0; i < 3; i++) {
        slu_mailbox_push(&mailbox, &letters[i]);
    }
    taken = slu_mailbox_take(&mailbox);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(taken, &letters[i]);
        taken = taken->next;
    }
    cr_assert_null(taken);
    cr_assert_null(slu_mailbox_take(&mailbox));
    slu_mailbox_push(&mailbox, &letters[1]);
    taken = slu_mailbox_take(&mailbox);
    cr_assert_eq(taken, &letters[1]);
    cr_assert_null(taken->next);
    slu_mailbox_close(&mailbox);
}

Test(mailbox, is_readable_while_there_are_letters)
{
    struct slu_mailbox mailbox;
    struct slu_letter letters[2];

    cr_assert_eq(slu_mailbox_open(&mailbox), SLU_ERR_OK);
    cr_assert_not(is_readable(&mailbox));
    slu_mailbox_push(&mailbox, &letters[0]);
    slu_mailbox_push(&mailbox, &letters[1]);
    cr_assert(is_readable(&mailbox));
    cr_assert_not_null(slu_mailbox_take(&mailbox));
    cr_assert_not(is_readable(&mailbox));
    slu_mailbox_push(&mailbox, &letters[0]);
    cr_assert(is_readable(&mailbox));
    slu_mailbox_close(&mailbox);
}

Test(mailbox, may_be_woken_without_a_letter)
{
    struct slu_mailbox mailbox;

    cr_assert_eq(slu_mailbox_open(&mailbox), SLU_ERR_OK);
    slu_wake_raise(&mailbox.wake);
    cr_assert(is_readable(&mailbox));
    cr_assert_null(slu_mailbox_take(&mailbox));
    cr_assert_not(is_readable(&mailbox));
    slu_mailbox_close(&mailbox);
}

Test(mailbox, may_be_closed_before_it_was_opened_and_twice)
{
    struct slu_mailbox mailbox = {0};

    slu_mailbox_close(&mailbox);
    cr_assert_eq(slu_mailbox_open(&mailbox), SLU_ERR_OK);
    slu_mailbox_close(&mailbox);
    slu_mailbox_close(&mailbox);
}

/* ---- many senders ---- */

#define SENDERS 4
#define LETTERS 2000

struct numbered {
    struct slu_letter letter;
    unsigned sender;
    unsigned number;
};

struct sender {
    struct slu_mailbox *mailbox;
    struct numbered letters[LETTERS];
};

static void *send_all(void *ctx)
{
    struct sender *self = ctx;

    for (unsigned i = 0; i < LETTERS; i++) {
        slu_mailbox_push(self->mailbox, &self->letters[i].letter);
    }
    return NULL;
}

Test(mailbox, loses_nothing_of_many_senders)
{
    static struct sender senders[SENDERS];
    struct slu_mailbox mailbox;
    pthread_t threads[SENDERS];
    unsigned next[SENDERS] = {0};
    unsigned total = 0;

    cr_assert_eq(slu_mailbox_open(&mailbox), SLU_ERR_OK);
    for (unsigned s = 0; s < SENDERS; s++) {
        senders[s].mailbox = &mailbox;
        for (unsigned i = 0; i < LETTERS; i++) {
            senders[s].letters[i].sender = s;
            senders[s].letters[i].number = i;
        }
        cr_assert_eq(pthread_create(&threads[s], NULL, send_all, &senders[s]),
                     0);
    }
    while (total < SENDERS * LETTERS) {
        struct pollfd fd = {.fd = mailbox.wake.fd, .events = POLLIN};
        const struct slu_letter *letter;

        cr_assert_eq(poll(&fd, 1, 60000), 1, "a letter without a wake");
        for (letter = slu_mailbox_take(&mailbox); letter != NULL;
             letter = letter->next) {
            const struct numbered *mine = (const struct numbered *)letter;

            cr_assert_eq(mine->number, next[mine->sender]++);
            total++;
        }
    }
    for (unsigned s = 0; s < SENDERS; s++) {
        (void)pthread_join(threads[s], NULL);
    }
    slu_mailbox_close(&mailbox);
}
