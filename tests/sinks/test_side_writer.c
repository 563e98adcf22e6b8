/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/side_writer.h"

#include "sinks/lists_world.h"

#define IP SLU_KIND_IP
#define DOMAIN SLU_KIND_DOMAIN

/* One place, taken by 1.0.0.0; all that follow exceed it, in order. */
static void fill(struct world *world, unsigned count)
{
    world_init(world);
    world_set_files(world, 1, 1);
    world->config.ip_file_lines = 1;
    for (unsigned i = 0; i < count; i++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "%u.%u.%u.0", 1 + i / 65536,
                       i / 256 % 256, i % 256);
        world_add(world, SLU_RECORD_IP, text, 50);
    }
}

Test(side_writer, names_the_five_files)
{
    cr_assert_str_eq(slu_side_file_path(SLU_SIDE_INVALID_IP),
                     "invalid_iocs/invalid_ip_address.txt");
    cr_assert_str_eq(slu_side_file_path(SLU_SIDE_INVALID_DOMAIN),
                     "invalid_iocs/invalid_domain.txt");
    cr_assert_str_eq(slu_side_file_path(SLU_SIDE_EXCEEDED_IP),
                     "exceeded_ip_address.txt");
    cr_assert_str_eq(slu_side_file_path(SLU_SIDE_EXCEEDED_DOMAIN),
                     "exceeded_domain.txt");
    cr_assert_str_eq(slu_side_file_path(SLU_SIDE_REASONS),
                     "invalid_iocs/reasons.ndjson");
}

Test(side_writer, is_cut_at_a_whole_line_and_counts_the_rest)
{
    for (uint64_t cap = 0; cap <= 33; cap++) {
        struct world world;
        const char *whole = "1.0.1.0\n1.0.2.0\n1.0.3.0\n1.0.4.0\n";
        size_t lines = cap / 8 > 4 ? 4 : cap / 8;

        fill(&world, 1);
        world_add(&world, SLU_RECORD_IP, "1.0.1.0", 5);
        world_add(&world, SLU_RECORD_IP, "1.0.2.0", 5);
        world_add(&world, SLU_RECORD_IP, "1.0.3.0", 5);
        world_add(&world, SLU_RECORD_IP, "1.0.4.0", 5);
        world.config.side_file_bytes = cap;
        world_must_run(&world);
        cr_assert(
            slu_view_equal(slu_buf_view(&world.side[SLU_SIDE_EXCEEDED_IP]),
                           slu_view_make(whole, lines * 8)));
        cr_assert_eq(world.counts.side_omitted[SLU_SIDE_EXCEEDED_IP],
                     4 - lines);
        cr_assert_eq(world.counts.exceeded[IP], 4);
        world_fini(&world);
    }
}

Test(side_writer, a_cut_file_is_the_beginning_of_the_whole_one)
{
    struct world world;

    fill(&world, 1);
    world_add(&world, SLU_RECORD_IP, "101.100.100.100", 5);
    world_add(&world, SLU_RECORD_IP, "102.1.1.1", 5);
    world.config.side_file_bytes = 12;
    world_must_run(&world);
    /* The second would have fitted. */
    ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_IP, "");
    cr_assert_eq(world.counts.side_omitted[SLU_SIDE_EXCEEDED_IP], 2);
    world_fini(&world);
}

Test(side_writer, every_file_has_its_own_cap)
{
    struct world world;

    world_init(&world);
    world.config.side_file_bytes = 6;
    world_add(&world, SLU_RECORD_INVALID_IP, "abcde", 5);
    world_add(&world, SLU_RECORD_INVALID_IP, "abcdf", 5);
    world_add(&world, SLU_RECORD_INVALID_DOMAIN, "abcdef", 5);
    world_must_run(&world);
    ASSERT_SIDE(&world, SLU_SIDE_INVALID_IP, "abcde\n");
    ASSERT_SIDE(&world, SLU_SIDE_INVALID_DOMAIN, "");
    ASSERT_SIDE(&world, SLU_SIDE_REASONS, "");
    cr_assert_eq(world.counts.side_omitted[SLU_SIDE_INVALID_IP], 1);
    cr_assert_eq(world.counts.side_omitted[SLU_SIDE_INVALID_DOMAIN], 1);
    cr_assert_eq(world.counts.side_omitted[SLU_SIDE_REASONS], 3);
    world_fini(&world);
}

Test(side_writer, hands_on_in_pieces_and_loses_no_line)
{
    struct world world;
    const unsigned count = 5000;
    struct slu_view rest;

    fill(&world, count);
    world_must_run(&world);
    cr_assert_gt(world.pieces, 1);
    cr_assert_leq(world.pieces,
                  world.side[SLU_SIDE_EXCEEDED_IP].len / 32768 + 1);
    rest = slu_buf_view(&world.side[SLU_SIDE_EXCEEDED_IP]);
    for (unsigned i = 1; i < count; i++) {
        char line[32];
        size_t len = (size_t)snprintf(line, sizeof(line), "1.%u.%u.0\n",
                                      i / 256, i % 256);

        cr_assert_geq(rest.len, len);
        cr_assert_eq(memcmp(rest.ptr, line, len), 0, "line %u", i);
        rest = slu_view_make(rest.ptr + len, rest.len - len);
    }
    cr_assert_eq(rest.len, 0);
    world_fini(&world);
}

Test(side_writer, the_cap_counts_what_was_handed_on_before)
{
    struct world world;

    fill(&world, 5000);
    world.config.side_file_bytes = 40000;
    world_must_run(&world);
    cr_assert_leq(world.side[SLU_SIDE_EXCEEDED_IP].len, 40000);
    cr_assert_gt(world.side[SLU_SIDE_EXCEEDED_IP].len, 40000 - 16);
    cr_assert_gt(world.counts.side_omitted[SLU_SIDE_EXCEEDED_IP], 0);
    world_fini(&world);
}

Test(side_writer, the_longest_value_of_control_bytes_fits)
{
    struct world world;
    char value[SLU_RECORD_KEY_MAX];
    struct slu_side_writer writer;

    world_init(&world);
    world.options.config = &world.config;
    world.options.ctx = &world;
    memset(value, 1, sizeof(value));
    slu_side_writer_init(&writer, &world.options);
    for (unsigned i = 0; i < 40; i++) {
        struct slu_view view = slu_view_make(value, sizeof(value));

        cr_assert_eq(slu_side_writer_invalid(&writer, DOMAIN, view),
                     SLU_ERR_OK);
        cr_assert_eq(slu_side_writer_reason(&writer, DOMAIN, view,
                                            SLU_REASON_DOMAIN_CHARACTER,
                                            WORLD_NOW),
                     SLU_ERR_OK);
    }
    cr_assert_eq(slu_side_writer_flush(&writer), SLU_ERR_OK);
    cr_assert_eq(world.side[SLU_SIDE_INVALID_DOMAIN].len,
                 40 * (SLU_RECORD_KEY_MAX * 4 + 1));
    slu_side_writer_fini(&writer);
    world_fini(&world);
}

Test(side_writer, a_failure_to_write_comes_back)
{
    struct world world;

    fill(&world, 3);
    world.write_failure = SLU_ERR_IO;
    cr_assert_eq(world_run(&world), SLU_ERR_IO);
    world_fini(&world);
    fill(&world, 5000);
    world.write_failure = SLU_ERR_LIMIT;
    cr_assert_eq(world_run(&world), SLU_ERR_LIMIT);
    cr_assert_eq(world.pieces, 1);
    world_fini(&world);
}

Test(side_writer, fini_is_safe_on_a_zeroed_struct)
{
    struct slu_side_writer writer = {.max_bytes = 0};

    slu_side_writer_fini(&writer);
    cr_assert_null(writer.bufs[0].ptr);
}
