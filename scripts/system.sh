# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

# What the machine must have before the Python packages: a Python, a compiler, some libraries, free disk space.
# shellcheck shell=bash

LIBRARIES='libegl1 libgl1 libgl1-mesa-dri libnuma1' # drawing without a display; what vLLM's CPU engine links to

unsuitable() { # why no environment can be made of Python $1; says nothing and fails if one can
  command -v "$1" >/dev/null 2>&1 || { echo 'there is no such program'; return; }
  ! "$1" -c '
import os, sys, sysconfig
header = os.path.join(sysconfig.get_path("include"), "Python.h")
if not (3, 11) <= sys.version_info < (3, 14):
    sys.exit("it is Python %d.%d, and 3.11 - 3.13 are supported" % sys.version_info[:2])
try:
    import ensurepip, venv
except ImportError:
    sys.exit("it has no module venv or ensurepip")
if not os.path.exists(header):
    sys.exit("it has no headers (%s)" % header)' 2>&1
}

check_chosen_python() {
  local why
  [ -n "${PYTHON:-}" ] || return 0
  if why=$(unsuitable "$PYTHON"); then
    case $why in it\ * | there\ *) ;; *) why='it does not start as a Python' ;; esac
    die "PYTHON is '$PYTHON', which cannot be used: $why"
  fi
}

find_python() { # the first Python that a venv with extension modules can be made of
  local python
  for python in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3; do
    if ! unsuitable "$python" >/dev/null; then command -v "$python" && return; fi
  done
  return 1
}

missing_packages() {
  local package version
  if [ ! -x "$VENV/bin/python" ] && ! find_python >/dev/null; then
    for version in 3.11 3.12 3.13; do
      apt-cache show "python$version-dev" >/dev/null 2>&1 && break
    done
    echo "python$version-venv" "python$version-dev"
  fi
  command -v c++ >/dev/null || echo g++
  for package in $LIBRARIES; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: .* installed$' || echo "$package"
  done
}

install_packages() {
  local packages sudo=''
  if ! command -v apt-get >/dev/null; then
    say 'no apt-get here: please install Python 3.11 - 3.13 with headers, a C++ compiler, EGL, OpenGL and libnuma yourself'
    return
  fi
  [ -n "$(missing_packages)" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    if ! sudo -n true 2>/dev/null && ! { [ -t 0 ] && command -v sudo >/dev/null; }; then
      # shellcheck disable=SC2046  # a list
      die 'system packages are missing, with neither root nor sudo to add them. By hand: apt-get install' $(missing_packages)
    fi
  fi
  # first: on a bare machine the lists are empty, and nothing says which Pythons there are
  $sudo apt-get update >>"$LOG" 2>&1 || say 'apt-get update failed; trying with the package lists that are here'
  packages=$(missing_packages | tr '\n' ' ')
  say "system packages, about 1 minute: $packages"
  # In the foreground, not as a step: sudo may ask for a password.
  # shellcheck disable=SC2086  # a list, and possibly no sudo
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages >>"$LOG" 2>&1 ||
    { tail -n 30 "$LOG" >&2; die "apt-get could not install them (the whole log is $LOG)"; }
}

free_mb() { df -Pm "$1" 2>/dev/null | awk 'NR == 2 { print $4 }'; }

check_disk() { # check_disk MB WHAT: is there room below $VENV, and for pip's downloads?
  local has free needed=$1
  has=$(du -sm "$VENV" 2>/dev/null | cut -f1) || has=0
  needed=$((needed - ${has:-0}))
  free=$(free_mb "$ROOT")
  if [ "$needed" -gt 0 ] && [ "${free:-$needed}" -lt "$needed" ]; then
    die "$2 needs $needed MB of disk space in $ROOT, and $free MB are free. Nothing was installed"
  fi
  needed=$(($1 / 4)) # wheels are downloaded before they are unpacked
  free=$(free_mb "${TMPDIR:-/tmp}")
  if [ "${free:-$needed}" -lt "$needed" ] && [ "${has:-0}" -lt "$1" ]; then
    die "$2 needs $needed MB in ${TMPDIR:-/tmp} for pip's downloads, and $free MB are free. TMPDIR chooses another folder"
  fi
}
