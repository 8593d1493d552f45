# shellcheck shell=sh
# Python for the tests, in the project's own .venv and .venv-others. Some older Python is also what fetches Node where
# that is missing.

PYTHON_WANTED=3.10
PYTHON_TO_FETCH_WITH=3.8
UV_PINNED=0.13.9

# find_python WANT: prints the first interpreter of at least that version that can make a virtual environment.
# Debian's python3 cannot before python3-venv is installed: it lacks ensurepip.
find_python() {
  for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10 "$TOOLS"/python/*/bin/python3; do
    version=$("$python" -c 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    at_least "$version" "$1" && command -v "$python" && return
  done
  return 1
}

# A system whose own Python is older than the tests' (macOS has 3.9) gets a newer one inside the project, through uv.
install_python() {
  say "Installing Python 3.12 into .tools/python"
  "$(find_python "$PYTHON_TO_FETCH_WITH")" -m venv --clear "$TOOLS/uv" &&
    "$TOOLS/uv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_PINNED" &&
    "$TOOLS/uv/bin/uv" python install --no-bin --install-dir "$TOOLS/python" 3.12
}

# unlink_folder PATH: `venv --clear` would empty what a link leads to, which is not this folder's to empty.
unlink_folder() { [ ! -L "$1" ] || rm "$1"; }

# The tests' packages, exactly as pinned.
ensure_python() {
  fresh python tests/python/requirements.txt && "$VENV/bin/python" -c '' 2>/dev/null && return
  find_python "$PYTHON_WANTED" >/dev/null || install_python || true
  python=$(find_python "$PYTHON_WANTED") ||
    die "Python $PYTHON_WANTED or newer is needed and could not be installed here.
Install it with your system's packages or from https://www.python.org, then try again."
  say "Installing the Python test packages into .venv"
  unlink_folder "$VENV"
  "$python" -m venv --clear "$VENV"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r tests/python/requirements.txt
  stamp python tests/python/requirements.txt
}

# The frameworks that cannot stand beside the tests' `openai`, with an older one. They are many files: what is never
# imported is not compiled either, which saves a third of the time and of the space.
ensure_python_others() {
  fresh python-others tests/python/others/requirements.txt && "$VENV_OTHERS/bin/python" -c '' 2>/dev/null && return
  ensure_python
  say "Installing the frameworks that need an older openai into .venv-others"
  unlink_folder "$VENV_OTHERS"
  "$VENV/bin/python" -m venv --clear "$VENV_OTHERS"
  "$VENV_OTHERS/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
    --only-binary :all: --require-hashes -r tests/python/others/requirements.txt
  stamp python-others tests/python/others/requirements.txt
}
