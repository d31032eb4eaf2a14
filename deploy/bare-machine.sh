#!/usr/bin/env bash
# Proves that a bare Debian 12 is enough: makes one in a folder (git, make, python3 with pip,
# certificates and this machine's Rust toolchain, nothing else), clones the checkout into it and
# runs make there.
#
#   sudo deploy/bare-machine.sh FOLDER [TARGET…]      targets of make: demo (the default), test
#
# FOLDER needs about 6 GB. The base in FOLDER/base is made once; each run works on a fresh copy of
# it, so that nothing of an earlier run is there: no crates, no apt packages, no models. KEEP=1
# leaves the copy in FOLDER/root afterwards. The working tree is cloned as committed; COMMIT=…
# takes another commit.
set -euo pipefail

fail() { printf 'bare-machine: %s\n' "$*" >&2; exit 1; }

[ $# -ge 1 ] || fail "usage: $0 FOLDER [TARGET…]"
[ "$(id -u)" = 0 ] || fail "chroot and mount need root; run it with sudo"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
command -v rustup >/dev/null || fail "rustup is missing: its toolchain is what is copied"

checkout="$(cd "$(dirname "$0")/.." && pwd)"
mkdir -p "$1"
folder="$(cd "$1" && pwd)"
shift
targets=("${@:-demo}")
base="$folder/base" root="$folder/root"

make_base() {
  local toolchain draft="$folder/base.part"
  rm -rf "$draft"
  debootstrap --variant=minbase --include=git,make,python3,python3-pip,ca-certificates \
    bookworm "$draft" >"$folder/debootstrap.log" 2>&1 \
    || fail "debootstrap failed; see $folder/debootstrap.log"
  # How this machine reaches its registries: mirrors, certificates, pip's settings.
  rm -f "$draft/etc/apt/sources.list"
  cp -a /etc/apt/sources.list.d/. "$draft/etc/apt/sources.list.d/"
  [ ! -e /etc/apt/sources.list ] || cp /etc/apt/sources.list "$draft/etc/apt/"
  [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$draft/etc/"
  for file in /etc/apt/apt.conf.d/99*; do
    [ ! -e "$file" ] || cp "$file" "$draft/etc/apt/apt.conf.d/"
  done
  cp -a /usr/local/share/ca-certificates/. "$draft/usr/local/share/ca-certificates/"
  chroot "$draft" update-ca-certificates >/dev/null 2>&1
  # The toolchain alone: no crates, no build products.
  toolchain="$(rustc --print sysroot)"
  mkdir -p "$draft/opt/rust"
  cp -a "$toolchain/bin" "$toolchain/lib" "$draft/opt/rust/"
  mv "$draft" "$base"
}

unmount() {
  for point in dev/shm dev proc; do
    ! mountpoint -q "$root/$point" || umount "$root/$point"
  done
}

inside() {
  env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" CI="${CI:-}" \
    PATH=/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$root" "$@"
}

[ -d "$base" ] || make_base
unmount
rm -rf --one-file-system "$root"
cp -a "$base" "$root"
trap unmount EXIT
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
# What is mounted below stays here, and what is unmounted here stays elsewhere.
mount --make-private "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
git clone --quiet --no-hardlinks "file://$checkout" "$root/root/offhook"
git -C "$root/root/offhook" -c advice.detachedHead=false \
  checkout --quiet "$(git -C "$checkout" rev-parse "${COMMIT:-HEAD}")"

echo "bare-machine: Debian $(cat "$root/etc/debian_version"), $(inside rustc --version), $(inside python3 -m pip --version | cut -d' ' -f1,2), no compiler: $(inside sh -c 'command -v cc || echo none')"
for target in "${targets[@]}"; do
  began="$SECONDS"
  status=0
  inside make -C /root/offhook "$target" </dev/null || status=$?
  echo "bare-machine: make $target: exit code $status after $((SECONDS - began)) s"
  [ "$status" = 0 ] || exit "$status"
done
# Mounted no longer, the copy may go.
if [ -z "${KEEP:-}" ]; then
  unmount
  rm -rf --one-file-system "$root"
fi
