/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/signin_world.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"

static struct world world;

static void set_up(void)
{
    world_init(&world);
}

static void tear_down(void)
{
    world_fini(&world);
}

TestSuite(signin_container, .init = set_up, .fini = tear_down);

/* The same members as of the metadata service, and more. */
static void answer_keys(void)
{
    world_answer(&world, 200, world_imds("ASIACONT"));
    world_expect_made(&world, "ASIACONT");
    world_expect_origin(&world, "the container's credentials endpoint");
}

Test(signin_container, of_ecs)
{
    world_set_env(&world, RELATIVE, "/v2/credentials/uuid?a=b");
    world_set_env(&world, FULL, "http://evil.example/");
    world_start(&world);
    world_expect_request(&world, "GET", "http://169.254.170.2",
                         "/v2/credentials/uuid?a=b");
    world_expect_header(&world, "Accept", "application/json");
    world_expect_header(&world, "Authorization", "");
    cr_assert(world.need.direct);
    cr_assert_eq(world.need.timeout_ms, 2000);
    answer_keys();
}

Test(signin_container, of_eks_with_a_token_read_each_time)
{
    world_set_env(&world, FULL, "http://169.254.170.23/v1/credentials");
    world_set_env(&world, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this");
    world_set_env(&world, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token");
    world_set_file(&world, "/token", "eyJ.geheim one");
    world_start(&world);
    world_expect_request(&world, "GET", "http://169.254.170.23",
                         "/v1/credentials");
    world_expect_header(&world, "Authorization", "eyJ.geheim one");
    world_answer(&world, 500, "");
    world_set_file(&world, "/token", "eyJ.geheim two");
    world_expect_wait(&world, 1000, 1000);
    world_expect_header(&world, "Authorization", "eyJ.geheim two");
    answer_keys();
}

Test(signin_container, hosts_that_may_be_asked)
{
    static const char *const good[][2] = {
        {"http://localhost:1234/a", "http://localhost:1234"},
        {"http://127.0.0.1/a", "http://127.0.0.1"},
        {"http://[::1]:80/a", "http://[::1]:80"},
        {"http://169.254.170.2/a", "http://169.254.170.2"},
        {"http://[fd00:ec2::23]/a", "http://[fd00:ec2::23]"},
        {"https://any.example/a", "https://any.example"},
    };
    static const char *const bad[] = {
        "http://169.254.170.24/a", "http://any.example/a",
        "http://127.0.0.1.evil.example/a", "http://169.254.169.254/a"};
    char text[300];

    for (size_t i = 0; i < 6; i++) {
        world_set_env(&world, FULL, good[i][0]);
        world_start(&world);
        world_expect_request(&world, "GET", good[i][1], "/a");
    }
    for (size_t i = 0; i < 4; i++) {
        world_set_env(&world, FULL, bad[i]);
        world_start(&world);
        (void)snprintf(text, sizeof(text),
                       FULL " \"%s\": http is only for this machine, "
                            "169.254.170.2, 169.254.170.23 and fd00:ec2::23; "
                            "use https",
                       bad[i]);
        world_expect_failed(&world, SLU_ERR_CONFIG, text);
    }
}

Test(signin_container, what_is_no_place)
{
    world_set_env(&world, FULL, "localhost");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        FULL ": \"localhost\" is not a base URL: expected "
                             "https://host or https://host:port");
    world_set_env(&world, FULL, "https://a.example?x");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        FULL " \"https://a.example?x\" is no URL with a path");
    world_set_env(&world, FULL, "https://a.example");
    world_start(&world);
    world_expect_request(&world, "GET", "https://a.example", "/");
    world_set_env(&world, RELATIVE, "creds");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        RELATIVE " \"creds\" is no path: expected one that "
                                 "begins with a slash");
}

Test(signin_container, a_token_that_would_break_the_header)
{
    world_set_env(&world, RELATIVE, "/a");
    world_set_env(&world, "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                  "geheim\r\nX: y");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN: the token holds "
                        "a line break or another byte that a header may not "
                        "have");
    world_set_env(&world, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token");
    world_set_file(&world, "/token", "geheim\n");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE /token: the "
                        "token holds a line break or another byte that a "
                        "header may not have");
    world_set_env(&world, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/none");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE /none: the "
                        "file cannot be read: No such file or directory");
}

Test(signin_container, a_refusal_is_told)
{
    world_set_env(&world, RELATIVE, "/a");
    world_start(&world);
    world_answer(&world, 404,
                 "{\"code\":\"InvalidId\",\"message\":\"no such id\"}");
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "the container's credentials endpoint answers HTTP "
                        "404: InvalidId no such id");
}

Test(signin_container, three_attempts)
{
    world_set_env(&world, RELATIVE, "/a");
    world_start(&world);
    world_answer_error(&world, SLU_ERR_NETWORK, "reset");
    world_expect_wait(&world, 1000, 1000);
    world_answer(&world, 200, "no JSON");
    world_expect_wait(&world, 1000, 1000);
    world_answer_error(&world, SLU_ERR_NETWORK, "reset");
    world_expect_failed(&world, SLU_ERR_NETWORK,
                        "the container's credentials endpoint: reset");
}
