#!/bin/sh
# In a clean system in which an older package of Sotto has just been installed: what its people then do.
set -eu
export LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd /

step() { printf '\n* %s\n' "$*"; }
fail() {
	printf 'FAILED: %s\n' "$*" >&2
	tail -n 20 /home/*/.local/state/sotto/sottod.log >&2 2>/dev/null || true
	exit 1
}
there() { for file; do [ -e "$file" ] || fail "$file is missing"; done; }
gone() { for file; do [ ! -e "$file" ] || fail "$file is left"; done; }
contains() { case "$1" in *"$2"*) ;; *) fail "'$2' is not in: $1" ;; esac; }
lacks() { case "$1" in *"$2"*) fail "'$2' is in: $1" ;; esac; }
# Runs a command as a person who has logged in.
as() {
	person=$1
	shift
	runuser -u "$person" -- env -i HOME="/home/$person" USER="$person" LC_ALL=C.UTF-8 \
		PATH="/home/$person/.local/bin:$PATH" XDG_RUNTIME_DIR="/run/user/$person" "$@"
}
process() { as "$1" sotto status --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p'; }

step "everything is there, and can be started"
for program in sottod sotto sotto-tray; do
	"$program" --version
	there "/usr/bin/$program" "/usr/share/man/man1/$program.1.gz"
done
lacks "$(ldd /usr/bin/sottod /usr/bin/sotto /usr/bin/sotto-tray)" "not found"
there /usr/share/man/man1/sotto-join.1.gz /usr/share/man/man1/sotto-tray-window.1.gz \
	/usr/share/bash-completion/completions/sotto /usr/share/zsh/vendor-completions/_sotto \
	/usr/share/fish/vendor_completions.d/sotto.fish \
	/usr/share/applications/alt.sotto.Sotto.desktop /usr/share/metainfo/alt.sotto.Sotto.metainfo.xml \
	/usr/share/dbus-1/services/alt.sotto.Sotto.service \
	/usr/share/icons/hicolor/scalable/apps/alt.sotto.Sotto.svg /usr/lib/systemd/user/sottod.service \
	/etc/ufw/applications.d/sotto /usr/lib/firewalld/services/sotto.xml /usr/share/doc/sotto/copyright
for size in 16 22 24 32 48 64 128 256; do
	there "/usr/share/icons/hicolor/${size}x$size/apps/alt.sotto.Sotto.png"
done
contains "$(cat /usr/lib/systemd/user/sottod.service)" "ExecStart=/usr/bin/sottod"
contains "$(cat /usr/share/dbus-1/services/alt.sotto.Sotto.service)" "Exec=/usr/bin/sotto-tray"
for library in libEGL.so.1 libGL.so.1 libfontconfig.so.1 libwayland-client.so.0 libwayland-egl.so.1 libxkbcommon.so.0 \
	libxkbcommon-x11.so.0 libX11.so.6 libX11-xcb.so.1 libXcursor.so.1 libXi.so.6; do
	ldconfig -p | grep -qF "$library" || fail "$library, which the window loads, came with no package"
done

step "nobody's daemon starts by itself"
gone /etc/systemd/user/default.target.wants/sottod.service /etc/xdg/autostart/alt.sotto.Sotto.desktop

step "an administrator enables it for everybody"
mkdir -p /etc/systemd/user/default.target.wants
ln -s /usr/lib/systemd/user/sottod.service /etc/systemd/user/default.target.wants/sottod.service

step "two people are in a meeting"
mkdir -p /run/user
for person in anna bao; do
	useradd --create-home "$person"
	install -d -m 700 -o "$person" -g "$person" "/run/user/$person"
	install -d -m 700 -o "$person" -g "$person" "/home/$person/.config" "/home/$person/.config/sotto"
	printf 'name = "%s"\n\n[network]\ninterfaces = ["lo"]\n\n[audio]\nbackend = "null"\n' "$person" \
		>"/home/$person/.config/sotto/config.toml"
	as "$person" sotto start
done
as anna sotto peers bao --wait=60s >/dev/null
as anna sotto meet Planning bao
as bao sotto join --wait=60s || as bao sotto join
before=$(process anna)
[ -n "$before" ] || fail "no process in the status"
lacks "$(as anna sotto status)" "restart to update"

step "a newer package comes, and disturbs nobody"
dpkg --install /root/newer.deb
[ "$(process anna)" = "$before" ] || fail "the daemon was restarted"
contains "$(as bao sotto roster)" anna
contains "$(as anna sotto status)" "Planning"
contains "$(as anna sotto status)" "restart to update"
contains "$(as anna sotto status --json)" '"restart_to_update": true'
there /etc/systemd/user/default.target.wants/sottod.service

step "anna restarts, and is in the meeting again"
as anna sotto restart
[ "$(process anna)" != "$before" ] || fail "the daemon was not restarted"
lacks "$(as anna sotto status)" "restart to update"
contains "$(as anna sotto meetings)" "Planning"

step "the package is installed once more over itself"
dpkg --install /root/newer.deb

step "the package is removed"
dpkg --remove sotto
gone /usr/bin/sottod /usr/bin/sotto /usr/bin/sotto-tray /usr/lib/systemd/user/sottod.service \
	/usr/share/applications/alt.sotto.Sotto.desktop
there /etc/ufw/applications.d/sotto /home/anna/.config/sotto/config.toml

step "the package is purged: only what is its people's stays"
dpkg --purge sotto
left=$(find /etc /usr /var -iname '*sotto*' -not -path '/var/log/*' -not -path '/var/cache/*' -not -path '/var/lib/apt/*')
[ -z "$left" ] || fail "left: $left"
there /home/anna/.config/sotto/config.toml /home/anna/.local/share/sotto/identity

# The shell looks anew where programs are.
hash -r
step "the tarball is installed, twice, for everybody"
mkdir /root/unpacked
tar -C /root/unpacked --strip-components=1 -xzf /root/sotto.tar.gz
echo "somebody else's" >/usr/local/bin/sotto
if /root/unpacked/install.sh --system 2>/tmp/said; then fail "a file of somebody else was overwritten"; fi
contains "$(cat /tmp/said)" /usr/local/bin/sotto
[ "$(cat /usr/local/bin/sotto)" = "somebody else's" ] || fail "a file of somebody else is gone"
gone /usr/local/bin/sottod
rm /usr/local/bin/sotto
/root/unpacked/install.sh --system
sotto --version
contains "$(cat /usr/local/share/systemd/user/sottod.service)" 'ExecStart="/usr/local/bin/sottod"'
contains "$(/root/unpacked/install.sh --system)" " 0 files written"
find /usr/local -type f -newer /tmp/said -path '*/bin/*' | grep -q sottod || fail "no program was written"

step "it is removed"
/usr/local/share/sotto-install/install.sh --uninstall --system
left=$(find /usr/local -iname '*sotto*')
[ -z "$left" ] || fail "left: $left"
# Folders that the system brought stay, empty or not.
there /usr/local/bin /usr/local/share/man

step "a folder's name may have whatever a service can be started from"
odd='/opt/a $b 50%'
mkdir -p /opt
if /root/unpacked/install.sh --prefix "/opt/o'clock" 2>/tmp/said; then fail "no service could start there"; fi
contains "$(cat /tmp/said)" "quotes or a backslash"
gone "/opt/o'clock"
/root/unpacked/install.sh --prefix "$odd" >/dev/null
"$odd/bin/sottod" --version
contains "$(cat "$odd/share/systemd/user/sottod.service")" 'ExecStart="/opt/a $b 50%%/bin/sottod"'
"$odd/share/sotto-install/install.sh" --uninstall --prefix "$odd"
gone "$odd/bin" "$odd/share"

hash -r
step "bao installs it alone, starts it, and removes it"
# His daemon still runs from the package that was purged.
for running in /proc/[0-9]*; do
	[ "$(cat "$running/comm" 2>/dev/null)" != sottod ] || kill "${running#/proc/}"
done
chmod -R go+rX /root /root/unpacked
as bao /root/unpacked/install.sh
as bao sotto start
contains "$(as bao sotto status)" bao
as bao sotto-tray install >/dev/null
there /home/bao/.config/autostart/alt.sotto.Sotto.desktop
as bao /home/bao/.local/share/sotto-install/install.sh --uninstall
gone /home/bao/.local/bin /home/bao/.config/autostart/alt.sotto.Sotto.desktop /home/bao/.local/share/applications
there /home/bao/.config/sotto/config.toml

step "done"
