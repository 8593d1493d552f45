# shellcheck shell=sh
# What only the operating system can give: a C compiler (some Rust crates hold C), pkg-config, curl, and some Python.
# Installed without questions where that is possible; otherwise one exact command is printed that covers all of it.

ensure_system() {
  case $(uname -s) in
    Darwin)
      xcode-select -p >/dev/null 2>&1 ||
        die "Apple's command line tools (compiler, make, Python) are missing.
Run this once, follow its window, then try again:

    xcode-select --install"
      ;;
    Linux)
      missing=
      have cc || missing="$missing build-essential"
      have pkg-config || missing="$missing pkg-config"
      have curl || missing="$missing curl ca-certificates"
      find_python "$PYTHON_TO_FETCH_WITH" >/dev/null || missing="$missing python3 python3-venv"
      # shellcheck disable=SC2086 # a list of packages
      [ -z "$missing" ] || install_packages $missing
      ;;
    *) die "these scripts know Linux and macOS. On Windows, use WSL." ;;
  esac
}

# A real keyring and a bus of its own, which the tests of the token's places run in.
ensure_keyring_for_tests() {
  [ "$(uname -s)" = Linux ] || return 0
  missing=
  have dbus-run-session && have dbus-send || missing="$missing dbus"
  have gnome-keyring-daemon || missing="$missing gnome-keyring"
  # shellcheck disable=SC2086 # a list of packages
  [ -z "$missing" ] || install_packages $missing
}

# What the desktop is built with, and what its tests run on a machine without a screen: pairs of what shows that a Debian
# package is there (a library of pkg-config, or a command) and its name.
DESKTOP_LIBRARIES='webkit2gtk-4.1:libwebkit2gtk-4.1-dev ayatana-appindicator3-0.1:libayatana-appindicator3-dev
  librsvg-2.0:librsvg2-dev dbus-1:libdbus-1-dev'
DESKTOP_TEST_COMMANDS='Xvfb:xvfb dbus-daemon:dbus xclip:xclip openbox:openbox wmctrl:wmctrl
  WebKitWebDriver:webkit2gtk-driver'

has_library() { pkg-config --exists "$1" 2>/dev/null; }

# missing_of HAS PAIR...: sets `missing` to the packages of those that HAS does not find.
missing_of() {
  has=$1
  shift
  missing=
  for pair in "$@"; do
    "$has" "${pair%%:*}" || missing="$missing ${pair#*:}"
  done
}

# macOS brings all of it.
ensure_desktop_system() {
  [ "$(uname -s)" = Linux ] || return 0
  # shellcheck disable=SC2086 # a list of pairs, and of packages
  missing_of has_library $DESKTOP_LIBRARIES
  # shellcheck disable=SC2086
  [ -z "$missing" ] || install_packages $missing
}

ensure_desktop_tests_system() {
  [ "$(uname -s)" = Linux ] || return 0
  # shellcheck disable=SC2086
  missing_of have $DESKTOP_TEST_COMMANDS
  # shellcheck disable=SC2086
  [ -z "$missing" ] || install_packages $missing fonts-dejavu-core
}

# The browser that the page is looked at in. Ubuntu has it only as a snap, which tests can't drive; without one, these
# tests are skipped, and it is said so.
ensure_browser_for_tests() {
  find_browser >/dev/null && return
  grep -qx 'ID=debian' /etc/os-release 2>/dev/null || return 0
  install_packages chromium
}

find_browser() {
  for browser in "${CHROMIUM:-}" chromium google-chrome \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    [ -n "$browser" ] && command -v "$browser" && return
  done
  return 1
}

# Whether the desktop can be built here without asking anybody for anything.
can_build_desktop() {
  [ "$(uname -s)" = Darwin ] && return
  # shellcheck disable=SC2086
  missing_of has_library $DESKTOP_LIBRARIES
  [ -z "$missing" ] || { have apt-get && is_administrator; }
}

# Whether packages can be installed without asking for a password.
is_administrator() { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }

# how_to_install PACKAGE...: by their Debian and Ubuntu names. Prints the line to run; one for each system that has no apt.
how_to_install() {
  if have apt-get; then
    printf '    sudo apt-get update && sudo apt-get install -y %s\n' "$*"
    return
  fi
  cat <<EOT
    Fedora:    sudo dnf install -y gcc make pkgconf-pkg-config curl python3 webkit2gtk4.1-devel libayatana-appindicator-gtk3-devel librsvg2-devel dbus-devel
    Arch:      sudo pacman -S --needed --noconfirm base-devel curl python webkit2gtk-4.1 libayatana-appindicator librsvg dbus
    openSUSE:  sudo zypper install -y gcc make pkg-config curl python3 webkit2gtk3-devel libayatana-appindicator3-devel librsvg-devel dbus-1-devel

These lines have all that the programs are built with. What is missing here, by its Debian names: $*
(xvfb, xclip, openbox, wmctrl, webkit2gtk-driver and gnome-keyring are for the tests alone, and not in these lines.)
EOT
}

# install_packages PACKAGE...: by their Debian and Ubuntu names.
install_packages() {
  have apt-get ||
    die "packages are missing here. Run the line for your system, then try again:

$(how_to_install "$@")"
  is_administrator ||
    die "packages are missing that only an administrator can install.
Run this once, then try again:

$(how_to_install "$@")"
  as_root=
  [ "$(id -u)" = 0 ] || as_root='sudo -n'
  say "Installing $*"
  # A new machine often runs its own updates in its first minutes: wait for apt's lock rather than fail.
  apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300"
  # A broken third-party source makes `update` fail though ours are fine; `install` is what counts.
  $apt update </dev/null || echo "apt-get update reported a problem; trying to install all the same" >&2
  $apt install -y --no-install-recommends "$@" </dev/null || die "apt-get could not install: $*"
}
