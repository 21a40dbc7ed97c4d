#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# envs/install-fairseq.sh PYTHON
#
# Builds fairseq for an environment that has envs/requirements.lock already.  Exit code 4: it could
# not be, and what to do about it; everything but translation works without it.
set -u
python=$1
list=$(dirname "$0")/fairseq.txt

# $1: what happened.  $2: what to do first.
without_fairseq() {
  cat >&2 << TEXT
error: $1
  without: the translation part of studies (the paper \`cats\`) does not run; all the rest does:
           studies without the part \`translation\`; take it out of demo or mini to run them
  do:      $2
           then: make fairseq
           a second way, with conda: envs/fairseq-conda.yaml
TEXT
  exit 4
}

# setuptools takes $CXX, or the compiler that Python was built with, by one of these names.
built() { "$python" -c 'from importlib.metadata import version; version("fairseq")' 2> /dev/null; }
for name in ${CXX:-c++ g++ clang++}; do
  command -v "$name" > /dev/null && compiler=$name && break
done
[ -n "${compiler:-}" ] || built || without_fairseq "there is no C++ compiler here, which fairseq needs" \
  "install one (Debian, Ubuntu: g++ and python3-dev; Fedora: gcc-c++ and python3-devel; macOS: xcode-select --install)"

"$python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$list" ||
  without_fairseq "fairseq could not be installed; pip's message is above" \
    "see what it names: often Python's headers (python3-dev), or a Python other than 3.11"
