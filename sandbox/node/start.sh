#!/usr/bin/env bash
# start.sh CGROUP...: joins the node's cgroups, makes its namespaces and becomes the parent of its PID 1, init.sh.
# Killing this one process ends everything of the node: PID 1 dies with it, and all others with PID 1.
set -euo pipefail
for cgroup in "$@"; do echo 0 > "$cgroup/cgroup.procs"; done
exec 9< /proc/self/ns/net # the host's network namespace, for the host's end of the link

# Ours is the root of what the node sees: the kubelet's cgroups can only come below it. With cgroup v2 a group
# that hands controllers down holds no process itself, so the node's own move to a leaf.
# shellcheck disable=SC2016
exec unshare --cgroup bash -euo pipefail -c '
  if [ -e "$1/cgroup.controllers" ]; then
    mkdir -p "$1/node" && echo 0 > "$1/node/cgroup.procs"
    for controller in $(cat "$1/cgroup.controllers"); do echo "+$controller" > "$1/cgroup.subtree_control"; done
  fi
  exec unshare --mount --pid --net --ipc --uts --fork --mount-proc --kill-child=KILL bash "$0/init.sh"
' "$(dirname "$0")" "$1"
