#!/usr/bin/env bash
# Makes the cluster's certificates: pki.sh FOLDER NODE_NAME NODE_ADDRESS API_SERVICE_ADDRESS
set -euo pipefail
umask 077
folder=$1 node=$2 address=$3 service=$4
rm -rf "$folder.part" && mkdir -p "$folder.part" && cd "$folder.part"

key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${key[@]}" -keyout ca.key -out ca.crt -days 3650 -subj /CN=sandbox-ca \
  -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign

# certificate NAME SUBJECT USAGE [ALTERNATIVE_NAMES]
certificate() {
  openssl req -new "${key[@]}" -keyout "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "0x$(openssl rand -hex 16)" -days 3650 \
    -out "$1.crt" -extfile <(printf '%s\n' "extendedKeyUsage=$3" "keyUsage=critical,digitalSignature" \
      "basicConstraints=critical,CA:false" ${4:+"subjectAltName=$4"})
  rm "$1.csr"
}

certificate apiserver /CN=kube-apiserver serverAuth \
  "IP:$address,IP:$service,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
certificate apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
certificate kubelet-server "/CN=$node" serverAuth "IP:$address,DNS:$node"
certificate kubelet "/O=system:nodes/CN=system:node:$node" clientAuth
certificate admin /O=system:masters/CN=sandbox-admin clientAuth
certificate kube-controller-manager /CN=system:kube-controller-manager clientAuth
certificate kube-scheduler /CN=system:kube-scheduler clientAuth
certificate kube-proxy /CN=system:kube-proxy clientAuth
# The API server and the controller manager sign and check service-account tokens with this one.
openssl genrsa -out service-account.key 2048

# A folder that has its final name is complete.
rm -rf "$folder" && mv "$folder.part" "$folder"
