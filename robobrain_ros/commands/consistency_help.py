# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain consistency --help`` says: examples, verdicts and exit codes."""

DESCRIPTION = """\
Find out whether two stacks (engines, kernels, precisions, servers) answer the
same questions alike: ask each one, compare the answers question by question,
and say what that proves."""
EXAMPLES = """\
examples:
  robobrain consistency data mini mini --scenes 100
  robobrain consistency run mini --engine tiny --to native --name tiny-native
  robobrain consistency run mini --engine tiny --to native_again
  robobrain consistency run mini --engine http://localhost:9010 --to served --name tiny-served
  robobrain consistency compare native served --again native_again --gate margin=5

robobrain consistency COMMAND --help describes each."""
RUN = """\
Ask one stack all questions of the sets in a folder that has FlagEvalMM's
layout, greedily, and write FlagEvalMM's files. A run that was cut off goes on
where it was when it is started again."""
RUN_EXAMPLES = """\
examples:
  robobrain consistency run DATA --to native --engine /models/8B,flaggems=off --name 8B-CUDA
  robobrain consistency run DATA --to flagos --engine /models/8B,flaggems=full --name 8B-FlagOS
  robobrain consistency run DATA --to served --engine http://host:9010 --sets erqa,SAT

exit codes:
  0    every question has an answer
  1    some have none (run the same line again to ask those), or nothing could
       be asked
  2    the command line is wrong
  130  interrupted by Ctrl-C; what was answered is kept"""
COMPARE = """\
Compare the answers of two stacks, folders of "run" or of FlagEvalMM, question
by question. Errors and missing answers are wrong answers. Writes
consistency.json, table.md and consistency.png."""
COMPARE_EXAMPLES = """\
verdicts, for each set and for all:
  consistent            the difference is shown to be within the margin
  different             a difference was found that is not shown to be within it
  not enough questions  neither was shown

exit codes:
  0    compared; with --gate: consistent
  1    with --gate: different
  2    with --gate: not enough questions, or a set that only one of them has;
       always: folders that cannot be compared, or a wrong command line"""
THROUGHPUT_EXAMPLES = """\
examples:
  robobrain consistency throughput /models/8B,flaggems=off /models/8B,flaggems=full
  robobrain consistency throughput http://native:9010 http://flagos:9010 --at 1,16 --gate 90

exit codes:
  0    the other stack makes enough of the native tokens a second each time
  1    it does not
  2    they cannot be compared, or the command line is wrong"""
