# shellcheck shell=sh
# The installers together. Each `ensure_…` returns at once if the thing is there, and ends the script with a message
# that says what to install if it cannot be got.

. scripts/install/system.sh
. scripts/install/rust.sh
. scripts/install/python.sh
. scripts/install/node.sh
. scripts/install/cargo_tools.sh

ensure_for_rust() {
  ensure_system
  ensure_rust
}

# Everything to build the desktop, and the page in its window.
ensure_for_desktop() {
  ensure_for_rust
  ensure_desktop_system
  ensure_node
  ensure_npm ui
}

ensure_for_tests() {
  ensure_for_desktop
  ensure_desktop_tests_system
  ensure_keyring_for_tests
  ensure_browser_for_tests
  ensure_rust_checks
  ensure_python
  ensure_python_others
  ensure_node
  ensure_codex
  ensure_earlier_codexes
  ensure_npm tests/node
  ensure_deny
}
