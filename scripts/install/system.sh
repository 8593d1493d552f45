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

# install_packages PACKAGE...: by their Debian and Ubuntu names.
install_packages() {
  have apt-get ||
    die "missing here, by their Debian names: $*.
Run the line for your system, then try again:

    Fedora:    sudo dnf install -y gcc make pkgconf-pkg-config curl python3
    Arch:      sudo pacman -S --needed --noconfirm base-devel curl python
    openSUSE:  sudo zypper install -y gcc make pkg-config curl python3"
  if [ "$(id -u)" = 0 ]; then
    as_root=
  elif have sudo && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
  else
    die "packages are missing that only an administrator can install.
Run this once, then try again:

    sudo apt-get update && sudo apt-get install -y $*"
  fi
  say "Installing $*"
  # A new machine often runs its own updates in its first minutes: wait for apt's lock rather than fail.
  apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300"
  # A broken third-party source makes `update` fail though ours are fine; `install` is what counts.
  $apt update </dev/null || echo "apt-get update reported a problem; trying to install all the same" >&2
  $apt install -y --no-install-recommends "$@" </dev/null || die "apt-get could not install: $*"
}
