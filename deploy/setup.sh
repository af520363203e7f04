#!/usr/bin/env bash
# Prepares this checkout: `setup.sh run` makes .venv with what the server needs, `setup.sh test` adds what the tests need.
#
# Needs a Debian or Ubuntu with git, make and Python 3.11 or newer. Where a Debian package is missing it is installed,
# as root or through sudo; nothing that is installed here is started as a service of the system. A C compiler is one of
# them, for the core: without it everything works too, slower.
set -euo pipefail
cd "$(dirname "$0")/.."

WAIT_FOR_APT_S=300 # another apt (unattended upgrades on a fresh machine) may hold the locks for minutes

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# -- Debian packages ---------------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || [ -t 0 ]
}

apt() { # --no-remove: a mail server or a Redis of yours is never taken away to make room
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends --no-remove \
        -o "DPkg::Lock::Timeout=$WAIT_FOR_APT_S" -o Dpkg::Use-Pty=0 "$@"
}

refresh_lists() { # the lock of the lists has no time-out of its own
    local end=$((SECONDS + WAIT_FOR_APT_S))
    until apt update >"$log" 2>&1; do
        grep -q 'Could not get lock' "$log" && [ $SECONDS -lt $end ] || { cat "$log" >&2; return 1; }
        sleep 2
    done
}

keep_services_down() { # Debian starts what it installs, unless policy-rc.d forbids it
    [ -e /usr/sbin/policy-rc.d ] && return
    printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
    as_root chmod 755 /usr/sbin/policy-rc.d
    ours_policy=yes
}

let_services_up() {
    [ -n "${ours_policy:-}" ] && as_root rm -f /usr/sbin/policy-rc.d
    ours_policy=
}

install_packages() { # each alone if they cannot be had together, so that one that does not fit spares the others
    local package failed=0
    say "installing Debian packages: $*"
    keep_services_down
    refresh_lists || true
    if ! apt install "$@" >"$log" 2>&1; then
        for package in "$@"; do
            apt install "$package" >"$log" 2>&1 || { tail -n 3 "$log" >&2; say "could not install $package"; failed=1; }
        done
    fi
    let_services_up
    return $failed
}

install_missing() { # what it means to go on without, packages
    local without=$1
    shift
    [ $# -eq 0 ] && return
    if may_install; then
        install_packages "$@" || say "going on without: $without"
    else
        say "missing, and only root may install them: $*; $without"
    fi
}

# -- Python ------------------------------------------------------------------------------------------------------

find_python() { # the machine's own first; a name may be a shim without a Python behind it, so each is tried
    local name
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    return 1
}

make_venv() {
    local python version
    python=$(find_python) || die "no Python 3.11 or newer found; install one (Debian: apt-get install python3), or name it: make setup PYTHON=/path/to/python3"
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        may_install || die "Python $version cannot make a virtual environment; as root: apt-get install python$version-venv"
        install_packages "python$version-venv" || install_packages python3-venv || die "could not install python$version-venv"
    fi
    say "making .venv with Python $version"
    rm -rf .venv
    "$python" -m venv .venv || die "python -m venv failed"
}

pip_install() {
    .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input "$@"
}

install_python() { # lock
    .venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv
    say "installing what $1 names, each file checked by its hash"
    pip_install --require-hashes --requirement "$1"
    say "installing firstline itself, as it lies here, and building its pages"
    pip_install --no-deps --no-index --no-build-isolation --editable .
}

# -- what compiling the core needs --------------------------------------------------------------------------------

missing_for_c() { # the headers of a Python that is not Debian's came with it
    have "$(command -v gcc)" || echo gcc libc6-dev
    .venv/bin/python - <<'END'
import os, sys, sysconfig
if sys.base_prefix == "/usr" and not os.path.exists(sysconfig.get_path("include") + "/Python.h"):
    print("python%d.%d-dev" % sys.version_info[:2])
END
}

install_c() {
    install_missing "the core stays plain Python" $(missing_for_c)
}

# -- what the tests need besides ---------------------------------------------------------------------------------

missing_packages() {
    have "$(command -v ip)" || echo iproute2
    have /usr/sbin/dovecot || echo dovecot-imapd
    have /usr/lib/dovecot/lmtp || echo dovecot-lmtpd
    have /usr/sbin/smtpd || echo opensmtpd
    have "$(command -v redis-server)" || echo redis-server
    have /usr/lib/postgresql/*/bin/postgres || echo postgresql
    have "$(command -v chromium)" || echo chromium
    have "$(command -v node)" || echo nodejs
    have "$(command -v npm)" || echo npm
}

have() { [ -x "${1:-}" ]; }

install_servers() {
    install_missing "the tests that need them will say so" $(missing_packages)
}

install_node_modules() {
    local done=tests/node/node_modules/.package-lock.json
    have "$(command -v npm)" || return 0
    [ "$done" -nt tests/node/package-lock.json ] && return
    say "installing the official Socket.IO client for the tests"
    (cd tests/node && npm ci --silent --ignore-scripts --no-audit --no-fund)
    touch "$done"
}

log=$(mktemp)
trap 'let_services_up; rm -f "$log"' EXIT

case "${1:-}" in
run) install_python requirements.lock; install_c ;;
test) install_python requirements-dev.lock; install_c ;;
servers) install_servers && install_node_modules ;;
*) die "usage: setup.sh run|test|servers" ;;
esac
