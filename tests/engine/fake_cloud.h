/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the least of S3 and GuardDuty that a delivery needs, for a server of
 * raw_server.h: one bucket "lists", addressed by path, with conditional writes;
 * one detector, and its sets, which become what the test says as soon as they
 * are activated. The strict ones are tests/sinks/fake_s3.h and sets_world.h,
 * and the simulator.
 * Threads: answers on the server's thread; the test looks, and changes things,
 * only while no request is under way.
 */
#ifndef TESTS_ENGINE_FAKE_CLOUD_H
#define TESTS_ENGINE_FAKE_CLOUD_H

#include "engine/served.h"

#define CLOUD_OBJECTS 16
#define CLOUD_SETS 16

struct cloud_object {
    char key[128];
    char text[2048];
    unsigned version; /* its ETag is "vN" */
};

struct cloud_set {
    bool entity;
    char name[64];
    char location[128];
    char status[20];
    unsigned updates;
    char said[2048]; /* what its object held when it was last activated */
};

struct cloud {
    struct cloud_object objects[CLOUD_OBJECTS];
    unsigned object_count;
    unsigned version;
    struct cloud_set sets[CLOUD_SETS]; /* their ids are "1", "2", ... */
    unsigned set_count;
    unsigned set_limit;  /* of each kind; 0: none */
    const char *refuses; /* contents with this text end in ERROR; NULL: none */
    bool denies;         /* 403 for all */
    bool denies_sets;    /* 403 for GuardDuty */
    bool slow;           /* sets stay ACTIVATING */
    char log[8192];      /* a line of each request that would write */
    unsigned gets;
};

/* ctx: struct cloud. */
struct raw_answer cloud_answer(void *ctx, const char *request);

/* NULL: there is none. */
struct cloud_object *cloud_find(struct cloud *self, const char *key);
struct cloud_set *cloud_find_set(struct cloud *self, const char *name);
/* As another program would. */
void cloud_put(struct cloud *self, const char *key, const char *text);
void cloud_add_set(struct cloud *self, bool entity, const char *name,
                   const char *location);

#endif
