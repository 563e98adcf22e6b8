# SPDX-License-Identifier: Apache-2.0
# What the scripts of this folder share; sourced with `top` set to the root of
# the tree. Quiet on success; on failure the log is shown.

# run_quietly LOG COMMAND...: the output goes to LOG, which is shown when the
# command fails.
run_quietly() {
    quiet_log=$1
    shift
    mkdir -p "$(dirname "$quiet_log")"
    if ! "$@" >"$quiet_log" 2>&1; then
        tail -n 60 "$quiet_log" >&2
        echo "failed: $*" >&2
        echo "the whole log: $quiet_log" >&2
        return 1
    fi
}

# build PRESET [TARGET...]: configures and builds, always: an old build is
# brought up to date, one of a tree that was moved or copied is thrown away.
build() {
    build_preset=$1
    shift
    build_dir=$top/build/$build_preset
    if [ -f "$build_dir/CMakeCache.txt" ] &&
        ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$top" \
            "$build_dir/CMakeCache.txt"; then
        rm -rf "$build_dir"
    fi
    if [ ! -d "$build_dir" ]; then
        echo "building $build_preset; log: build/$build_preset.build.log" >&2
    fi
    (
        cd "$top"
        run_quietly "$top/build/$build_preset.configure.log" \
            cmake --preset "$build_preset"
        if [ $# -gt 0 ]; then
            run_quietly "$top/build/$build_preset.build.log" \
                cmake --build "$build_dir" --parallel "$(nproc)" --target "$@"
        else
            run_quietly "$top/build/$build_preset.build.log" \
                cmake --build "$build_dir" --parallel "$(nproc)"
        fi
    )
}
