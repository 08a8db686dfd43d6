#!/bin/sh
# on-a-clean-system.sh RELEASE MIRROR FOLDER OLDER.deb NEWER.deb TARBALL
#
# Makes a clean system of Debian below FOLDER, installs the older package as a person would, with apt, and goes on in it
# with 'story.sh', in a network that is loopback alone. As root, or as root over a range of ids.
set -eu

release=$1 mirror=$2 folder=$3 older=$4 newer=$5 tarball=$6
here=$(cd -- "$(dirname -- "$0")" && pwd)
system=$folder/$release

mkdir -p "$folder"
# Nothing is mounted in it: mounts live and end with the namespace below.
rm -rf --one-file-system "$system"

# The packages' own lists are thrown away by mmdebstrap in the end, so apt installs before that.
mmdebstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
	--dpkgopt=force-unsafe-io --skip=check/qemu \
	--aptopt='APT::Sandbox::User "root"' \
	--customize-hook="copy-in '$older' /root" \
	--customize-hook='chroot "$1" sh -c "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends /root/sotto_*.deb"' \
	"$release" "$system" "$mirror"

rm -f "$system"/root/*
cp "$newer" "$system/root/newer.deb"
cp "$tarball" "$system/root/sotto.tar.gz"
cp "$here/story.sh" "$system/root/story.sh"

unshare --net --mount --pid --fork --kill-child -- sh -euc '
	ip link set lo up
	mount -t proc proc "$1/proc"
	exec chroot "$1" sh /root/story.sh
' sh "$system"

rm -rf --one-file-system "$system"
