#!/usr/bin/env bash
# Installs what the throw-away Slurm needs (Debian packages), or says why it cannot.
set -euo pipefail
command -v slurmctld slurmd squeue munged > /dev/null && exit 0
fail() {
  echo "error: the tests on a real Slurm cannot run here: $1"
  echo "  allowed: slurmctld, slurmd, slurm-client and munge installed; or Debian with apt, as root"
  echo "  do:      apt-get install slurmctld slurmd slurm-client munge, or run them in a container"
  exit 4
}
[ "$(id -u)" = 0 ] || fail "not root, and the packages are missing"
command -v apt-get > /dev/null || fail "there is no apt-get, and the packages are missing"
apt-get update -qq || fail "apt-get update failed"
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  slurmctld slurmd slurm-client munge > /dev/null || fail "apt-get install failed"
