# SPDX-License-Identifier: Apache-2.0
# Compiler flags for every target of the tree, and the rule that makes one
# archive of one folder.

set(SLU_SERIES ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# Flags that hold for all our own code.
function(slu_flags target)
    target_compile_features(${target} PRIVATE c_std_11 cxx_std_17)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE
        SLU_VERSION="${PROJECT_VERSION}"
        SLU_VERSION_MAJOR_MINOR="${SLU_SERIES}"
        $<$<BOOL:${SLU_TEST_HOOKS}>:SLU_TEST_HOOKS>)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow
        -Wno-missing-field-initializers -fvisibility=hidden
        # Sentences are cut on purpose where they meet their buffer's end;
        # clang does not know the warning, and would warn of that.
        $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
        $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
        $<$<BOOL:${SLU_WERROR}>:-Werror>)
    if(SLU_SANITIZE)
        target_compile_options(${target} PRIVATE -fsanitize=${SLU_SANITIZE}
            -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
        target_link_options(${target} PUBLIC -fsanitize=${SLU_SANITIZE})
    endif()
endfunction()

# The tests are some 300 programs, each linked with all of the archive: gold,
# of Debian's binutils, takes two thirds of the time of the usual linker.
find_program(SLU_GOLD ld.gold)
if(SLU_TESTS AND SLU_GOLD AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_link_options(-fuse-ld=gold)
endif()

# slu_folder(NAME SOURCES... [LINK libraries...]): the archive slu_NAME, whose
# includes are <sluice/...> and "folder/file.h" from the top.
function(slu_folder name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_library(slu_${name} STATIC ${ARG_SOURCES})
    target_include_directories(slu_${name} PUBLIC
        ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
    target_link_libraries(slu_${name} PUBLIC ${ARG_LINK})
    slu_flags(slu_${name})
endfunction()
