#!/usr/bin/env bash
# Trains on a bare GPU machine that has CUDA, torch and nothing to download from:
#   training/on_gpu.sh start [arguments of training.train]   installs, checks that EGL draws, starts; returns within a minute
#   training/on_gpu.sh wait SECONDS DIR                       follows the log so long, then copies what there is to DIR
# .gl/ holds Debian packages of the OpenGL loaders, .whl/ the wheels of MuJoCo. The training goes on between two calls.
set -u
RUN=/tmp/training_run SITE=/tmp/training_site CODE=/tmp/training_code
export PYTHONUNBUFFERED=1 MUJOCO_GL=egl PYTHONPATH=$CODE:$SITE HF_HUB_OFFLINE=1

start() {
  local root vendor
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  for package in "$root"/.gl/*.deb; do dpkg -x "$package" /; done
  ldconfig
  python3 -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade --target $SITE "$root"/.whl/*.whl ||
    exit 1
  rm -rf $CODE $RUN/done $RUN/check && mkdir -p $CODE $RUN && cp -r "$root/training" "$root/robobrain_ros" $CODE && cd $CODE || exit 1
  if ! draws; then
    vendor=/usr/local/nvidia/share/glvnd/egl_vendor.d/10_nvidia.json
    echo "EGL does not draw; once more with $vendor"
    export __EGL_VENDOR_LIBRARY_FILENAMES=$vendor LD_LIBRARY_PATH=/usr/local/nvidia/lib64:${LD_LIBRARY_PATH:-}
    draws || { echo 'FAILED: no EGL, so no scenes'; exit 1; }
  fi
  setsid nohup python3 -m training.train --run $RUN "$@" >$RUN/log.txt 2>&1 </dev/null &
  echo $! >$RUN/pid
  echo "started $(cat $RUN/pid)"
}

draws() {
  timeout 40 python3 -m training.render --to $RUN/check --first 20000 --scenes 32 2>&1 | tail -n 8 | cut -c1-300
  [ -n "$(ls $RUN/check 2>/dev/null)" ]
}

finish_waiting() {
  local seconds=$1 out=$2 shown=0 lines
  touch $RUN/log.txt
  while [ $SECONDS -lt "$seconds" ] && [ ! -e $RUN/done ]; do
    sleep 3
    lines=$(wc -l <$RUN/log.txt)
    [ "$lines" = "$shown" ] || tail -n +$((shown + 1)) $RUN/log.txt | grep -v 'ms each' | cut -c1-1500
    shown=$lines
    kill -0 "$(cat $RUN/pid)" 2>/dev/null || break
  done
  nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader
  mkdir -p "$out"
  for name in model.safetensors config.json preprocessor_config.json robobrain.json; do
    cp $RUN/checkpoint/$name "$out"
  done
  cp $RUN/report.json $RUN/examples.txt $RUN/log.txt "$out"
  ls -la "$out"
}

case ${1:-} in
  start) shift; start "$@" ;;
  wait) finish_waiting "$2" "$3" ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
