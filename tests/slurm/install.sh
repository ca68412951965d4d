#!/usr/bin/env bash
# What the tests with a real Slurm need: Debian's packages, and Snakemake's plugins beside the environment.
set -euo pipefail
cd "$(dirname "$0")/../.."
# The cluster of the tests lives in namespaces, so that nothing of it stays.
unshare --mount --net --pid --ipc --fork true || { echo "no Slurm here: namespaces are not allowed" >&2; exit 1; }
if ! command -v slurmctld >/dev/null; then
    [ "$(id -u)" = 0 ] || { echo "no Slurm here, and only root can install it" >&2; exit 1; }
    command -v apt-get >/dev/null || { echo "no Slurm here, and no apt-get to install it with" >&2; exit 1; }
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends \
        slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge iproute2 >/dev/null
fi
.venv/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes --upgrade \
    --target .venv/cluster -r envs/cluster.lock
