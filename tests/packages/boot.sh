#!/bin/sh
# boot.sh can
# boot.sh ROOT STORY
#
# Boots the system below ROOT with systemd as its process 1, in a network that is loopback alone, and has it run STORY, a
# script in its /root. Ends as the script does. As root. With 'can': says why this machine cannot do that, if so, and fails.
set -eu

# Puts itself into a place of its own in every hierarchy of cgroups, then goes on in namespaces of its own.
into_a_place='
place=$1
shift
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
	[ -e "$hierarchy/cgroup.procs" ] || continue
	mkdir "$hierarchy/$place"
	echo $$ >"$hierarchy/$place/cgroup.procs"
done
# Whoever hangs is not waited for: a system does not end because it is asked to.
exec timeout --signal=KILL 300 unshare --net --mount --pid --ipc --uts --cgroup --fork --kill-child -- sh -euc "$@"
'
# Ends what is left in that place, and removes it.
out_of_the_place() {
	for there in "/sys/fs/cgroup/systemd/$1" "/sys/fs/cgroup/unified/$1" "/sys/fs/cgroup/$1"; do
		[ -d "$there" ] || continue
		for try in 1 2 3 4 5 6 7 8 9 10; do
			find "$there" -name cgroup.procs -exec cat {} + | xargs -r kill -KILL 2>/dev/null || true
			find "$there" -depth -type d -exec rmdir {} + 2>/dev/null && break
			sleep 0.1
		done
	done
}

# Mounts what a system expects of whoever starts it (https://systemd.io/CONTAINER_INTERFACE), and becomes its process 1.
as_process_1='
root=$1
ip link set lo up multicast on
hostname clean
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for device in null zero full random urandom tty; do
	touch "$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
cd "$root"
pivot_root . mnt
umount -l /mnt
exec env -i container=sotto-tests PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init
'

place=sotto-system-$$
trap 'out_of_the_place "$place"' EXIT
trap 'exit 1' HUP INT TERM

if [ "$1" = can ]; then
	[ "$(id -u)" = 0 ] || { echo "only root can divide cgroups" && exit 1; }
	[ -e /sys/fs/cgroup/cgroup.controllers ] || [ -e /sys/fs/cgroup/unified/cgroup.controllers ] ||
		{ echo "there is no second version of cgroups in /sys/fs/cgroup" && exit 1; }
	# Root of a container may lack what it takes.
	sh -euc "$into_a_place" sh "$place" 'mount -t cgroup2 cgroup2 /mnt && mkdir /mnt/inner && rmdir /mnt/inner' 2>&1 || exit 1
	exit 0
fi

root=$1 story=$2
cat >"$root/etc/systemd/system/story.service" <<-END
	[Unit]
	Description=What is tried in this system
	After=multi-user.target
	SuccessAction=exit
	FailureAction=exit

	[Service]
	Type=exec
	ExecStart=/bin/sh /root/$story
	StandardOutput=file:/root/said
	StandardError=inherit
END
ln -sf ../story.service "$root/etc/systemd/system/multi-user.target.wants/story.service"
# The system's own number would be that of each copy.
: >"$root/etc/machine-id"
said=$root/root/said
rm -f "$said"
mkfifo "$said"
# Held open until the end, so that nobody waits for a system that says nothing.
exec 3<>"$said"
cat "$said" 3>&- &
sh -euc "$into_a_place" sh "$place" "$as_process_1" sh "$root" 3>&- && ended=0 || ended=$?
exec 3>&-
wait
exit "$ended"
