#!/bin/sh
# on-a-clean-system.sh RELEASE MIRROR FOLDER OLDER.deb NEWER.deb TARBALL [boot]
#
# Makes a clean system of Debian below FOLDER, installs the older package as a person would, with apt, and goes on in it
# with 'story.sh', in a network that is loopback alone. With 'boot', systemd then boots that system, for 'logins.sh'. As root,
# or, without 'boot', as root over a range of ids.
set -eu

release=$1 mirror=$2 folder=$3 older=$4 newer=$5 tarball=$6 boot=${7:-}
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
	${boot:+--customize-hook='mkdir -p "$1/root/init/partial"' \
	--customize-hook='chroot "$1" apt-get install --yes --no-install-recommends --download-only --option Dir::Cache::archives=/root/init systemd-sysv libpam-systemd dbus-user-session'} \
	"$release" "$system" "$mirror"

rm -f "$system"/root/*.deb
cp "$newer" "$system/root/newer.deb"
cp "$tarball" "$system/root/sotto.tar.gz"
cp "$here/story.sh" "$system/root/story.sh"

# Runs a command in the system as it is, without any init.
inside() {
	unshare --net --mount --pid --fork --kill-child -- sh -euc '
		ip link set lo up
		mount -t proc proc "$1/proc"
		exec chroot "$@"
	' sh "$system" "$@"
}
inside sh /root/story.sh

if [ -n "$boot" ]; then
	printf '\n* the same system with systemd as its init, and the older package again\n'
	cp "$older" "$system/root/older.deb"
	cp "$here/logins.sh" "$system/root/logins.sh"
	inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends /root/init/*.deb /root/older.deb'
	sh "$here/boot.sh" "$system" logins.sh
fi

rm -rf --one-file-system "$system"
