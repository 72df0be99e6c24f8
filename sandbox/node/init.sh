#!/usr/bin/env bash
# PID 1 of the node: prepares its namespaces, then keeps the daemons of Kubernetes running.
# From its environment: NODE_NAME, NODE_ADDRESS, HOST_ADDRESS, LINK, API_PORT, SERVICES, PLATFORM, PAUSE_IMAGE;
# open as descriptor 9: the host's network namespace.
set -euo pipefail
config=$PLATFORM/node pki=$PLATFORM/node/pki state=$PLATFORM/state logs=$PLATFORM/logs

# --- Files: what the daemons write outside the platform's folder goes to memory and ends with the node.
mount --make-rshared / # among the node and its pods; the host is no peer
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/netns /run/platform /run/var /run/var-work /run/etcd
mount --bind "$PLATFORM" /run/platform
mount -t overlay -o lowerdir=/var,upperdir=/run/var,workdir=/run/var-work overlay /var
case $PLATFORM in /var/*) mount --bind /run/platform "$PLATFORM" ;; esac
: > /run/resolv.conf

# --- /sys of this network namespace, and the cgroups below our own as if they were all there is.
mount -t sysfs sysfs /sys
if grep -qE '^[0-9]+:([^:]*,)?memory[,:]' /proc/self/cgroup; then
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  while IFS=: read -r _ controllers _; do
    [ -n "$controllers" ] || continue
    mkdir "/sys/fs/cgroup/${controllers#name=}"
    mount -t cgroup -o "${controllers/#name=/none,name=}" cgroup "/sys/fs/cgroup/${controllers#name=}"
  done < /proc/self/cgroup
else
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi

# --- The kubelet sets these for the whole machine; here it finds files that already say what it wants.
mkdir /run/sysctl
for setting in vm/overcommit_memory=1 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=/run/sysctl/$(basename "${setting%=*}")
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done

# --- Network: one link to the host. It ends with this namespace.
hostname "$NODE_NAME"
on_host() { nsenter --net=/proc/self/fd/9 "$@"; }
on_host ip link add "$LINK" type veth peer name eth0 netns 1
on_host ip address add "$HOST_ADDRESS/30" dev "$LINK"
on_host ip link set "$LINK" up
exec 9<&-
ip link set lo up
ip address add "$NODE_ADDRESS/30" dev eth0
ip link set eth0 up
ip route add default via "$HOST_ADDRESS"
echo 1 > /proc/sys/net/ipv4/ip_forward

# --- Daemons. A daemon that ends is started again; its log starts anew when it has become large.
supervise() {
  local name=$1 log=$logs/$1.log code
  shift
  while :; do
    if [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -gt 50000000 ]; then : > "$log"; fi
    code=0
    echo "$name starts"
    "$@" >> "$log" 2>&1 < /dev/null || code=$?
    echo "$name ended with code $code"
    sleep 1
  done
}

# etcd's socket is a file that no pod can reach. Data survive the end of any process without fsync; only a loss
# of power could damage them, and then the remedy is a new platform.
supervise etcd etcd --name "$NODE_NAME" --data-dir "$state/etcd" --unsafe-no-fsync \
  --listen-client-urls unix:///run/etcd/client.sock --advertise-client-urls unix:///run/etcd/client.sock \
  --listen-peer-urls unix:///run/etcd/peer.sock --initial-advertise-peer-urls unix:///run/etcd/peer.sock \
  --initial-cluster "$NODE_NAME=unix:///run/etcd/peer.sock" &

supervise containerd containerd --config "$config/containerd.toml" &

supervise kube-apiserver kube-apiserver --etcd-servers unix:///run/etcd/client.sock \
  --bind-address "$NODE_ADDRESS" --advertise-address "$NODE_ADDRESS" --secure-port "$API_PORT" \
  --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
  --client-ca-file "$pki/ca.crt" --anonymous-auth=false --authorization-mode Node,RBAC \
  --enable-admission-plugins NodeRestriction --allow-privileged \
  --kubelet-certificate-authority "$pki/ca.crt" --kubelet-preferred-address-types InternalIP \
  --kubelet-client-certificate "$pki/apiserver-kubelet-client.crt" \
  --kubelet-client-key "$pki/apiserver-kubelet-client.key" \
  --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$pki/service-account.key" \
  --service-account-signing-key-file "$pki/service-account.key" --service-cluster-ip-range "$SERVICES" &

# Those that follow would only ask in vain, and take the processor from those that they wait for.
until ctr version > /dev/null 2>&1; do sleep 0.1; done
ctr --namespace k8s.io images import "$PAUSE_IMAGE"
until (exec 3<> "/dev/tcp/$NODE_ADDRESS/$API_PORT") 2>/dev/null; do sleep 0.1; done

supervise kubelet kubelet --config "$config/kubelet.yaml" --kubeconfig "$config/kubelet.kubeconfig" \
  --root-dir "$state/kubelet" --hostname-override "$NODE_NAME" --node-ip "$NODE_ADDRESS" &

supervise kube-controller-manager kube-controller-manager --bind-address 127.0.0.1 --leader-elect=false \
  --kubeconfig "$config/kube-controller-manager.kubeconfig" --use-service-account-credentials \
  --service-account-private-key-file "$pki/service-account.key" --root-ca-file "$pki/ca.crt" &

supervise kube-scheduler kube-scheduler --bind-address 127.0.0.1 --leader-elect=false \
  --kubeconfig "$config/kube-scheduler.kubeconfig" &

supervise kube-proxy kube-proxy --config "$config/kube-proxy.yaml" &

wait
