#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs into a folder of its own, then builds the README's program twice out
# of tree, by pkg-config and by find_package, and lets each pull from the
# simulator: it must print indicators and end with 0.
#
# usage: test_install.sh SOURCE_DIR BUILD_DIR CC FLAGS
set -eu
source_dir=$1
build_dir=$2
cc=$3
flags=$4

work=$(mktemp -d)
simulator=
clean_up() {
    if [ -n "$simulator" ]; then
        kill "$simulator" 2>/dev/null || true
        wait "$simulator" || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# A space in the prefix would break pkg-config's users, not us; the folder of
# the programs has one.
prefix=$work/prefix
apart="$work/out of tree"
mkdir -p "$apart"
cmake --install "$build_dir" --prefix "$prefix" >"$work/install.log" ||
    fail "cmake --install"
for file in bin/sluice bin/sluice-sim include/sluice/sluice.h; do
    [ -e "$prefix/$file" ] || fail "$file is not installed"
done
"$prefix/bin/sluice" --version | grep -q '^sluice [0-9]' || fail "--version"

# The first block of C in the README is the program.
awk '/^```c$/ { on = 1; next } /^```$/ { if (on) exit } on' \
    "$source_dir/README.md" >"$apart/embed.c"
grep -q slu_engine_sync "$apart/embed.c" || fail "no program in the README"

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name sluice.pc)")
export PKG_CONFIG_PATH
# The flags are words, so they are not quoted.
$cc $flags -std=c11 -Wall -Wextra -Werror -o "$apart/by-pkg-config" \
    "$apart/embed.c" $(pkg-config --cflags --libs sluice) ||
    fail "building by pkg-config"

cat >"$apart/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(embed LANGUAGES C)
find_package(sluice REQUIRED)
add_executable(by-cmake embed.c)
target_link_libraries(by-cmake PRIVATE sluice::sluice)
END
cmake -S "$apart" -B "$apart/build" "-DCMAKE_PREFIX_PATH=$prefix" \
    "-DCMAKE_C_COMPILER=$cc" "-DCMAKE_C_FLAGS=$flags" >"$work/cmake.log" \
    2>&1 && cmake --build "$apart/build" >>"$work/cmake.log" 2>&1 || {
    cat "$work/cmake.log" >&2
    fail "building by find_package"
}

"$prefix/bin/sluice-sim" --port-file "$work/port" --api-key installed \
    --stream-rate 2 --list-items 1 --list-days 1 >"$work/sim.log" 2>&1 &
simulator=$!
tries=0
until [ -s "$work/port" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 150 ] || fail "the simulator does not listen"
    sleep 0.1
done

# pull PROGRAM: into a state of its own.
pull() {
    cat >"$work/sluice.yaml" <<END
state_dir: $work/state-$(basename "$1")
gti:
    base_url: http://127.0.0.1:$(cat "$work/port")
    api_key: {env: SLU_INSTALL_TEST_KEY}
    lookback_days: 1
flows:
    - {name: print, source: gti, sinks: []}
END
    SLU_INSTALL_TEST_KEY=installed "$1" "$work/sluice.yaml" \
        >"$work/printed" || fail "$1 ended with $?"
    lines=$(wc -l <"$work/printed")
    [ "$lines" -ge 10 ] || fail "$1 printed only $lines lines"
    grep -qE '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+ [0-9]+$' "$work/printed" ||
        fail "$1 printed no address with its score"
}
pull "$apart/by-pkg-config"
pull "$apart/build/by-cmake"
echo "the README's program builds and pulls in both ways"
