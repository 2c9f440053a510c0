#!/usr/bin/env bash
# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

# One time box of training, some 9.5 minutes, on a bare GPU machine that has CUDA and torch and nothing to download from:
#   training/on_gpu.sh DIR [arguments of training.train]
# Checkpoint, report and log are copied to DIR while it learns: whatever stops it, the last evaluation's are there. The next
# box begins where the last one ended, with scenes that none has seen (a whole state does not fit through the door):
#   training/on_gpu.sh DIR --init robobrain_ros/checkpoints/tiny/model.safetensors --skip-seeds 400000 --decay 0.6
# .gl/ holds Debian packages of the OpenGL loaders and .whl/ the wheels of MuJoCo, where the machine has none.
set -u
[ $# -gt 0 ] || { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
OUT=$(mkdir -p "$1" && cd "$1" && pwd) || exit 1
shift
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
RUN=$(mktemp -d) SITE=$(mktemp -d)
export PYTHONUNBUFFERED=1 MUJOCO_GL=egl PYTHONPATH=$ROOT:$SITE HF_HUB_OFFLINE=1
cd "$ROOT" || exit 1

prepare() {
  local package
  for package in .gl/*.deb; do dpkg -x "$package" / || return 1; done
  [ ! -d .gl ] || ldconfig
  [ ! -d .whl ] || python3 -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --target "$SITE" .whl/*.whl
}

draws() { # a few scenes; their labels are checked against the geometry
  timeout 40 python3 -m training.render --to "$RUN/check" --first 20000 --scenes 32 2>&1 | tail -n 8 | cut -c1-300
  [ -n "$(ls "$RUN/check" 2>/dev/null)" ]
}

collect() {
  local name
  for name in checkpoint/{model.safetensors,config.json,preprocessor_config.json,robobrain.json} \
    {report.json,examples.txt,log.txt}; do
    [ ! -e "$RUN/$name" ] || cp "$RUN/$name" "$OUT"
  done
}

shopt -s nullglob
prepare || exit 1
if ! draws; then
  export __EGL_VENDOR_LIBRARY_FILENAMES=/usr/local/nvidia/share/glvnd/egl_vendor.d/10_nvidia.json
  export LD_LIBRARY_PATH=/usr/local/nvidia/lib64:${LD_LIBRARY_PATH:-}
  echo "EGL does not draw; once more with $__EGL_VENDOR_LIBRARY_FILENAMES"
  draws || { echo 'FAILED: no scenes, see above'; exit 1; }
fi
python3 -m training.train --run "$RUN" --compile 1 "$@" >"$RUN/log.txt" 2>&1 </dev/null &
trainer=$!
trap 'kill $trainer 2>/dev/null' EXIT
while sleep 5 && kill -0 $trainer 2>/dev/null; do
  collect
  [ $((SECONDS / 5 % 6)) -gt 0 ] || grep -F '] step' "$RUN/log.txt" | tail -n 1 | cut -c1-120
done
wait $trainer
code=$?
collect
tail -n 4 "$RUN/log.txt" | cut -c1-3500
exit $code
