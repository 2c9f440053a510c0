# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

# What ./run says, and how it starts what takes long: one line a step with the seconds, Ctrl-C ends all of it.
# shellcheck shell=bash

say() { printf 'run: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

CHILD=   # process group of the step that runs now
LOG=/dev/null

interrupted() { # $1: number of the signal
  trap '' INT TERM HUP
  local i
  if [ -n "$CHILD" ]; then
    kill -TERM -- "-$CHILD" 2>/dev/null || true
    for ((i = 0; i < 20; i++)); do
      kill -0 -- "-$CHILD" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$CHILD" 2>/dev/null || true
  fi
  [ ! -t 2 ] || printf '\r\033[K' >&2
  [ "$1" = 1 ] || say "interrupted${CHILD:+; what was installed stays, and the same command goes on from here}"
  exit $((128 + $1))
}
trap 'interrupted 2' INT
trap 'interrupted 15' TERM
trap 'interrupted 1' HUP

supervised() { # runs a command as a process group of its own, so that nothing is left of it when ./run is interrupted
  set -m
  "$@" </dev/null &
  CHILD=$!
  set +m
  local code=0 began=$SECONDS
  while kill -0 "$CHILD" 2>/dev/null; do # not `wait`, which would show no seconds
    if [ -t 2 ] && [ -n "${STEP:-}" ]; then printf '\r\033[Krun: %s ... %d s' "$STEP" $((SECONDS - began)) >&2; fi
    sleep 0.2
  done
  wait "$CHILD" 2>/dev/null || code=$?
  CHILD=
  return "$code"
}

attempt() { # attempt WORDS COMMAND...: runs it with its output in $LOG, and says how long it took
  local STEP=$1 began=$SECONDS code=0
  shift
  printf '\n$ %s\n' "$*" >>"$LOG"
  [ -t 2 ] || say "$STEP"
  supervised logged "$@" || code=$?
  [ ! -t 2 ] || printf '\r\033[K' >&2
  [ "$code" != 0 ] || say "$STEP: done after $((SECONDS - began)) s"
  return "$code"
}

logged() { "$@" >>"$LOG" 2>&1; }

step() { # as attempt, but ends ./run if the command fails, with the reason
  attempt "$@" || failed "${@:2}"
}

failed() { # failed COMMAND...: the end of its output, or what it means
  if tail -n 60 "$LOG" | grep -qE 'No space left on device|Errno 28|Disk quota exceeded|Errno 122'; then
    say 'the disk is full. These folders are written:'
    df -hP "$ROOT" "${TMPDIR:-/tmp}" "${PIP_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME}}" 2>/dev/null | awk '!seen[$0]++' >&2
    die "free some space and repeat the command (TMPDIR and PIP_CACHE_DIR choose pip's folders). Log: $LOG"
  fi
  tail -n 30 "$LOG" >&2
  die "this failed: $* (the whole log is $LOG). What was installed before stays: ./run setup goes on from here"
}
