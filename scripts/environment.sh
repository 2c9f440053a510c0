# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

# The Python environment of ./run: vLLM, ROS 2 as wheels, MuJoCo and this package, in .venv or a sibling of it.
# shellcheck shell=bash

REQUIREMENTS=$ROOT/requirements
TORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu # where torch==...+cpu is, if pip is not configured to find it

choose_environment() { # sets VENV, DISTRO and LOCKS from --gpu and ROS_DISTRO
  local sourced=${AMENT_PREFIX_PATH:-} note=
  case ${ROS_DISTRO:-jazzy} in
    jazzy | kilted) DISTRO=${ROS_DISTRO:-jazzy} ;;
    *)
      DISTRO=jazzy note=" (there are none of $ROS_DISTRO)"
      [ -n "$sourced" ] || die "ROS_DISTRO is '$ROS_DISTRO', but must be jazzy or kilted: there are no wheels of others" ;;
  esac
  VENV=$ROOT/.venv${GPU:+-gpu}
  LOCKS=(ros.lock)
  if [ "$DISTRO" != jazzy ]; then VENV+=-$DISTRO LOCKS=("ros-$DISTRO.lock"); fi
  LOCKS+=(sim.lock build.lock commands.lock dev.lock)
  if [ -n "$sourced" ] && [ "$sourced" != "$VENV" ]; then
    say "a ROS is sourced (AMENT_PREFIX_PATH=$sourced). ./run does not use it, but the wheels of $DISTRO$note in ${VENV##*/}"
    unset LD_LIBRARY_PATH
  fi
  [ -z "${_ROS_WHEELS_BOOTSTRAP_COMPLETE:-}" ] || unset LD_LIBRARY_PATH # set by the ROS wheels of some venv
  unset PYTHONPATH PYTHONHOME _ROS_WHEELS_BOOTSTRAP_COMPLETE CMAKE_PREFIX_PATH COLCON_PREFIX_PATH RMW_IMPLEMENTATION
  export VIRTUAL_ENV=$VENV PATH=$VENV/bin:$PATH AMENT_PREFIX_PATH=$VENV ROS_DISTRO=$DISTRO
}

hash_of() { (cd "$ROOT" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum); }
is_current() { [ "$(cat "$VENV/.$1" 2>/dev/null)" = "$2" ]; }

# The place is part of both: a venv and an editable install name it, so a moved repository is set up again.
requirements_state() {
  local engine=(cpu.lock torchvision_cpu_ops.py torchvision_cpu_ops.pth)
  [ -z "$GPU" ] || engine=(gpu.txt flaggems.txt)
  echo "$ROOT $(cd "$REQUIREMENTS" && cat "${engine[@]}" "${LOCKS[@]}" mcp.lock | sha256sum)"
}
interfaces_state() { echo "$ROOT $(hash_of CMakeLists.txt package.xml setup.py cmake msg srv action)"; }
is_ready() { is_current requirements "$(requirements_state)" && is_current interfaces "$(interfaces_state)"; }

must_be_writable() { # $1: what would be written; $2: why
  local existing=$1
  while [ ! -e "$existing" ]; do existing=$(dirname "$existing"); done
  [ -w "$existing" ] || die "$2, but $(id -un) cannot write to $existing (it belongs to $(stat -c %U "$existing")). \
Let its owner run ./run setup, or make a clone of your own"
}

# Bytecode is compiled at the end on all cores: without it, and with PYTHONDONTWRITEBYTECODE set, each engine process
# would spend 30 s on imports.
pip_install() { # pip_install WORDS ARGUMENTS...
  local words=$1
  shift
  step "$words" python -m pip install --no-compile --disable-pip-version-check --progress-bar off "$@"
}

install_cpu_engine() {
  local torch
  torch=$(grep '^torch==' "$REQUIREMENTS/cpu.lock")
  if ! attempt '1/5 PyTorch for the CPU' python -m pip install --no-deps --no-compile --progress-bar off "$torch"; then
    tail -n 20 "$LOG" | grep -q 'No matching distribution found' || failed "pip install $torch"
    pip_install "1/5 PyTorch for the CPU, from $TORCH_CPU_INDEX" --no-deps --extra-index-url "$TORCH_CPU_INDEX" "$torch"
  fi
  pip_install '2/5 vLLM for the CPU (about 1 minute)' --no-deps -r "$REQUIREMENTS/cpu.lock"
  cp "$REQUIREMENTS/torchvision_cpu_ops.py" "$REQUIREMENTS/torchvision_cpu_ops.pth" "$1"
}

install_gpu_engine() {
  pip_install '1/5 PyTorch and vLLM for CUDA (several minutes, 10 GB)' -r "$REQUIREMENTS/gpu.txt"
  pip_install '2/5 FlagGems' --no-deps -r "$REQUIREMENTS/flaggems.txt"
}

compile_bytecode() { python -m compileall -q -j 0 "$1" || true; } # some packages hold templates that are not Python

install_requirements() {
  local site lock files=()
  if [ ! -x "$VENV/bin/python" ]; then
    step "a virtual environment in ${VENV##*/}" "$(find_python || echo python3)" -m venv "$VENV"
  fi
  site=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  if [ -n "$GPU" ]; then install_gpu_engine; else install_cpu_engine "$site"; fi
  for lock in "${LOCKS[@]}"; do files+=(-r "$REQUIREMENTS/$lock"); done
  pip_install "3/5 ROS 2 ${DISTRO^}, MuJoCo, tools (about 30 seconds)" --no-deps "${files[@]}"
  pip_install '3/5 the Model Context Protocol' --no-deps -r "$REQUIREMENTS/mcp.lock" # with hashes: not in one call with others
  step '4/5 bytecode (about 30 seconds)' compile_bytecode "$site"
}

build() {
  pip_install '5/5 the ROS interfaces of this package (about 1 minute)' --compile --no-deps --no-build-isolation \
    --editable "$ROOT"
}

share_files() { # copies, so that edits of these take effect without a build: pip would follow links when it removes files
  local folder copy
  for folder in config launch worlds; do
    copy=$VENV/share/robobrain_ros/$folder
    ! diff -rq -x __pycache__ "$ROOT/$folder" "$copy" >/dev/null 2>&1 || continue
    must_be_writable "$copy" "$folder/ has changed since ./run setup copied it to ${VENV##*/}"
    rm -rf "$copy"
    cp -R "$ROOT/$folder" "$copy"
  done
}

only_one() { # until fd 9 is closed, no other ./run writes this environment
  exec 9>"$VENV/.lock"
  flock -n 9 || {
    say "another ./run is setting up ${VENV##*/}: waiting for it"
    supervised flock 9
  }
}

setup() {
  local requirements interfaces started=$SECONDS
  requirements=$(requirements_state) interfaces=$(interfaces_state)
  if ! is_ready; then
    must_be_writable "$VENV" "the environment ${VENV##*/} is not there or out of date"
    check_disk "$([ -n "$GPU" ] && echo 11000 || echo 2700)" "./run setup"
    mkdir -p "$VENV"
    only_one
  fi
  if ! is_ready; then # also after another one has done it
    LOG=$VENV/setup.log
    say "setting up ${VENV##*/} (log: $LOG)"
    if ! is_current requirements "$requirements"; then
      install_packages
      install_requirements
      echo "$requirements" >"$VENV/.requirements"
    fi
    build
    echo "$interfaces" >"$VENV/.interfaces"
    say "the environment is ready after $((SECONDS - started)) s"
  fi
  exec 9>&-
  share_files
}

install_beside() { # install_beside NAME MB WORDS PIP_ARGUMENTS...: requirements/NAME.lock in a folder of its own, $VENV/NAME
  local name=$1 mb=$2 words=$3 lock
  shift 3
  lock=$(hash_of "requirements/$name.lock")
  ! is_current "$name" "$lock" || return 0
  must_be_writable "$VENV/$name" "$words must be installed"
  check_disk "$((mb + $(du -sm "$VENV" | cut -f1)))" "$words"
  LOG=$VENV/setup.log
  rm -rf "${VENV:?}/$name"
  pip_install "$words" --no-deps --target "$VENV/$name" -r "$REQUIREMENTS/$name.lock" "$@"
  echo "$lock" >"$VENV/.$name"
}
