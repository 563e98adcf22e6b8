/* SPDX-License-Identifier: Apache-2.0 */
#include "support/failing_new.h"

#include <cstdlib>
#include <new>

static long countdown;
static bool happened;

void failing_new_at(long nth)
{
    countdown = nth;
    happened = false;
}

bool failing_new_happened(void)
{
    return happened;
}

static void *allocate(std::size_t len)
{
    if (countdown > 0 && --countdown == 0) {
        happened = true;
        return nullptr;
    }
    return std::malloc(len == 0 ? 1 : len);
}

#pragma GCC visibility push(default)

void *operator new(std::size_t len, const std::nothrow_t &) noexcept
{
    return allocate(len);
}

void *operator new[](std::size_t len, const std::nothrow_t &) noexcept
{
    return allocate(len);
}

void *operator new(std::size_t len)
{
    void *ptr = std::malloc(len == 0 ? 1 : len);

    if (ptr == nullptr) {
        std::abort();
    }
    return ptr;
}

void *operator new[](std::size_t len)
{
    return operator new(len);
}

void operator delete(void *ptr) noexcept
{
    std::free(ptr);
}

void operator delete[](void *ptr) noexcept
{
    std::free(ptr);
}

void operator delete(void *ptr, std::size_t) noexcept
{
    std::free(ptr);
}

void operator delete[](void *ptr, std::size_t) noexcept
{
    std::free(ptr);
}

#pragma GCC visibility pop
