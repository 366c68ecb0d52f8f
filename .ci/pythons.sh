# The Pythons of this machine, for .ci/run and .ci/long, which read this file.
is_python() { # path or name, minor version
    "$1" -c "import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, $2))" 2>/dev/null
}
find_pythons() { # paths, the oldest version first
    local minor python
    for minor in 11 12 13 14; do
        for python in ~/.pyenv/versions/3.$minor.*/bin/python3 "python3.$minor" python3; do
            if is_python "$python" "$minor"; then
                command -v "$python"
                break
            fi
        done
    done
}
