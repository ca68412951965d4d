#!/usr/bin/env bash
# A real Slurm on this machine alone, for tests: two nodes of processors and one with two pretended GPUs.
#
#   tests/slurm/cluster.sh run COMMAND...   start it in namespaces of its own, run the command, end everything
#   tests/slurm/cluster.sh start FOLDER     start it here, with all its files in FOLDER
#   tests/slurm/cluster.sh stop FOLDER      stop it again
#
# Needs root, and Debian's slurmctld, slurmd, slurm-client, slurm-wlm-basic-plugins and munge. The nodes claim
# more processors and memory than there are, so that requests meant for a cluster can be made.
set -euo pipefail

readonly NODES=(cpu1 cpu2 gpu1)

configure() {
    local root=$1 user
    user=$(id -un)
    mkdir -p "$root"/{etc,run,log,spool/ctld,spool/d,dev}
    head -c 1024 /dev/urandom >"$root/etc/munge.key"
    chmod 400 "$root/etc/munge.key"
    # A GPU must be a character device: copies of /dev/null pass for some.
    for gpu in 0 1; do mknod "$root/dev/gpu$gpu" c 1 3; done
    cat >"$root/etc/slurm.conf" <<CONF
ClusterName=robustag
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$root/run/munge.sock
SlurmctldPort=36817
SlurmctldPidFile=$root/run/slurmctld.pid
SlurmctldLogFile=$root/log/slurmctld.log
StateSaveLocation=$root/spool/ctld
SlurmdPidFile=$root/run/slurmd.%n.pid
SlurmdLogFile=$root/log/slurmd.%n.log
SlurmdSpoolDir=$root/spool/d/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
# A request that no node can meet is refused at once instead of waiting for ever.
EnforcePartLimits=ALL
ReturnToService=2
SlurmdTimeout=30
KillWait=2
# Finished jobs stay in the records for the whole test.
MinJobAge=7200
AccountingStorageType=accounting_storage/none
# A job above its memory is killed, as clusters do.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
GresTypes=gpu
# Nodes may claim more than the machine has.
SlurmdParameters=config_overrides
PropagateResourceLimits=NONE
NodeName=cpu[1-2] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[36821-36822] CPUs=32 RealMemory=256000
NodeName=gpu1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=36841 CPUs=32 RealMemory=256000 Gres=gpu:pretended:2
PartitionName=cpu Nodes=cpu[1-2] Default=YES MaxTime=2880 DefaultTime=5 State=UP
PartitionName=gpu Nodes=gpu1 MaxTime=2880 DefaultTime=5 State=UP
CONF
    cat >"$root/etc/gres.conf" <<CONF
AutoDetect=off
NodeName=gpu1 Name=gpu Type=pretended File=$root/dev/gpu[0-1]
CONF
    # slurmd starts a cgroup plugin even where no cgroup is used; this one bears any machine.
    printf 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n' >"$root/etc/cgroup.conf"
}

start() {
    local root=$1 file node
    configure "$root"
    # The plugin of Snakemake removes SLURM_CONF from the environment: the files must stand where Slurm looks.
    mkdir -p /etc/slurm
    for file in slurm gres cgroup; do ln -sfn "$root/etc/$file.conf" "/etc/slurm/$file.conf"; done
    munged --force --key-file="$root/etc/munge.key" --socket="$root/run/munge.sock" \
        --pid-file="$root/run/munged.pid" --log-file="$root/log/munged.log" --seed-file="$root/run/munge.seed"
    slurmctld -c -f "$root/etc/slurm.conf"
    for node in "${NODES[@]}"; do slurmd -N "$node" -f "$root/etc/slurm.conf"; done
    for _ in $(seq 300); do
        [ "$(timeout 3 sinfo -h -N -o %T 2>/dev/null | grep -c '^idle$')" = ${#NODES[@]} ] && return
        sleep 0.1
    done
    echo "the nodes of the test cluster do not come up:" >&2
    tail -n 20 "$root"/log/*.log >&2
    return 1
}

stop() {
    local root=$1 file pid
    timeout 5 scancel --user="$(id -un)" 2>/dev/null || true
    for file in "$root"/run/slurmd.*.pid "$root"/run/slurmctld.pid "$root"/run/munged.pid; do
        [ -f "$file" ] || continue
        pid=$(cat "$file")
        kill "$pid" 2>/dev/null || continue
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    done
    for file in slurm gres cgroup; do
        [ "$(readlink "/etc/slurm/$file.conf")" = "$root/etc/$file.conf" ] && rm "/etc/slurm/$file.conf"
    done
    return 0
}

inside() {
    local folder status=0
    ip link set lo up
    # With 127.0.0.1 alone Slurm finds no address to listen on.
    ip address add 10.99.0.1/32 dev lo
    folder=$(mktemp -d)
    mkdir -p "$folder/etc-slurm" /etc/slurm
    mount --bind "$folder/etc-slurm" /etc/slurm
    start "$folder/cluster"
    "$@" || status=$?
    stop "$folder/cluster"
    umount /etc/slurm
    rm -r "$folder"
    return $status
}

case ${1:-} in
    run) shift; exec unshare --mount --net --pid --ipc --fork --mount-proc "$0" inside "$@" ;;
    inside) shift; inside "$@" ;;
    start) mkdir -p "$2"; start "$(cd "$2" && pwd)" ;;
    stop) stop "$(cd "$2" && pwd)" ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
