#!/bin/sh
# In a clean system that systemd has booted, in which an older package of Sotto has just been installed: people log in, type
# commands, log out and in again, under a real manager of each user's services, a real logind and a real journal.
set -eu
export LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd /

step() { printf '\n* %s\n' "$*"; }
fail() {
	printf 'FAILED: %s\n' "$*" >&2
	tail -n 30 /run/screen >&2 2>/dev/null || true
	loginctl --no-pager list-sessions >&2 || true
	journalctl --no-pager --lines=40 _COMM=sottod >&2 || true
	exit 1
}
contains() { case "$1" in *"$2"*) ;; *) fail "'$2' is not in: $1" ;; esac; }
lacks() { case "$1" in *"$2"*) fail "'$2' is in: $1" ;; esac; }
# Waits until a command succeeds, for at most so many seconds, and says how long it took.
within() {
	seconds=$1 what=$2 begin=$(date +%s%N)
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$(($(date +%s%N) - begin))" -lt "${seconds}000000000" ] || fail "not within $seconds s: $what"
		sleep 0.05
	done
	printf '  %s: after %s ms\n' "$what" "$((($(date +%s%N) - begin) / 1000000))"
}
# Runs a command as a person without a session: what it finds is what the person's session has started.
as() {
	person=$1
	shift
	runuser -u "$person" -- env -i HOME="/home/$person" USER="$person" LC_ALL=C.UTF-8 PATH="$PATH" \
		XDG_RUNTIME_DIR="/run/user/$(id -u "$person")" "$@"
}
process() { as "$1" sotto status --json 2>/dev/null | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p'; }
# Succeeds when 'bao' sees somebody in the meeting as said.
sees() {
	as bao sotto roster --json | tr -d ' \n' |
		grep -q "\"name\":\"$1\",\"label\":\"$1\",\"presence\":{\"state\":\"$2"
}

# Logs a person in on a terminal of its own, at which something can be typed. What runuser(1) and su(1) open stands for the
# sessions of a console and of a display manager, which are the same to PAM and logind. (login(1) hangs its terminal up.)
log_in() {
	case "$1" in
	console) program="runuser --login $2" ;;
	screen) program="su --login $2" ;;
	esac
	rm -f /run/typed
	mkfifo /run/typed
	: >/run/screen
	systemd-run --quiet --collect --property=KillMode=process --property=StandardInput=file:/run/typed \
		--property=StandardOutput=append:/run/screen -- script --quiet --flush --return --command "$program" /dev/null &
	exec 3<>/run/typed
	wait $!
	within 10 "$2 logs in at a $1" shows '[$#] *$'
}
shows() { grep -q "$1" /run/screen; }
type_in() { printf '%s\n' "$*" >&3; }
# Types a command, and waits for its end.
do_in() {
	: >/run/screen
	type_in "$*; echo 'ended ''with' \$?"
	within 20 "$*" shows 'ended with [0-9]'
	shows 'ended with 0' || fail "'$*' failed: $(cat /run/screen)"
}
log_out() {
	type_in exit
	exec 3>&-
}
# Prints the session of a person. Newer versions of systemd have one for the person's manager, too.
session_of() {
	for session in $(loginctl --no-legend list-sessions | awk '{ print $1 }'); do
		contents=$(loginctl show-session "$session")
		case "$contents" in *"Name=$1"*Class=user*) printf '%s\n' "$session" && return ;; esac
	done
}

mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\nUserStopDelaySec=3s\n' >/etc/systemd/logind.conf.d/tests.conf
systemctl restart systemd-logind
for session in su-l:x11 runuser-l:tty; do
	printf '%s\n' 'auth sufficient pam_rootok.so' 'account required pam_permit.so' 'session required pam_unix.so' \
		"session required pam_systemd.so class=user type=${session#*:}" >"/etc/pam.d/${session%:*}"
done
# Each daemon has ports of its own: one that finds its ports taken waits for them.
port=26606
for person in anna bao chen; do
	id "$person" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$person"
	install -d -m 700 -o "$person" -g "$person" "/home/$person/.config" "/home/$person/.config/sotto"
	printf 'name = "%s"\n\n[network]\ninterfaces = ["lo"]\nlisten_port = %s\nmedia_port = %s\n\n[audio]\nbackend = "null"\n' \
		"$person" "$port" "$((port + 1))" >"/home/$person/.config/sotto/config.toml"
	port=$((port + 10))
done

step "bao's services run without a login; nobody's daemon starts by itself"
loginctl enable-linger bao
within 10 "bao's manager runs" as bao systemctl --user is-active default.target
[ "$(as bao systemctl --user is-active sottod || true)" = inactive ] || fail "a daemon started by itself"
as bao sotto start

step "anna logs in, and starts her daemon"
log_in screen anna
do_in sotto service status
shows "does not run" || fail "$(cat /run/screen)"
do_in sotto start
shows "It starts with your login from now on" || fail "$(cat /run/screen)"
do_in sotto service status
shows "has been running" || fail "$(cat /run/screen)"
do_in sotto service logs
shows "Started" || fail "the journal shows her nothing: $(cat /run/screen)"
do_in sotto peers bao --wait=20s
do_in sotto meet Planning bao
within 10 "bao joins" as bao sotto join
within 10 "bao sees anna" sees anna online
before=$(process anna)

step "a newer package comes while she is in the meeting, and disturbs nobody"
systemctl --global --quiet enable sottod
dpkg --install /root/newer.deb
[ "$(process anna)" = "$before" ] || fail "the daemon was restarted"
sees anna online || fail "bao does not see anna"
do_in sotto status
shows "restart to update" || fail "$(cat /run/screen)"
[ "$(systemctl --global is-enabled sottod)" = enabled ] || fail "what the administrator said is forgotten"

step "she follows the log, and restarts"
: >/run/screen
type_in sotto service logs --lines=1 --follow
within 10 "the log's last line" shows sottod
as anna sotto restart
within 10 "that it stops" shows "stopping"
within 10 "that it has started" shows "Started"
printf '\003' >&3
do_in sotto status
if shows "restart to update"; then fail "it still waits for a restart"; fi
do_in sotto join Planning
within 10 "bao sees anna" sees anna online
after=$(process anna)
[ "$after" != "$before" ] || fail "the daemon was not restarted"

step "she logs out, a program is left behind, and her services run on: others see it at once"
loginctl enable-linger anna
# As long as somebody sits at a machine before that: logind has told of nothing for a while.
type_in 'sleep 300 & echo $! >left'
sleep 6
log_out
within 2 "bao sees that she has gone" sees anna offline
[ "$(loginctl show-session --property=State --value "$(session_of anna)")" = closing ] || fail "no program was left behind"
[ "$(process anna)" = "$after" ] || fail "the daemon did not run on"
kill "$(cat /home/anna/left)"

step "she is back with the next login, in the meeting, muted"
log_in console anna
within 10 "bao sees anna" sees anna online
[ "$(process anna)" = "$after" ] || fail "the daemon did not run on"
contains "$(as anna sotto status)" "muted"

step "her session is ended for her, and nothing is left of her"
loginctl disable-linger anna
loginctl terminate-session "$(session_of anna)"
exec 3>&-
within 2 "bao sees that she has gone" sees anna offline
within 20 "her services have ended" test ! -e "/run/user/$(id -u anna)"

step "her daemon starts with the next login, and so does chen's, as the administrator wants it for everybody"
log_in console anna
within 10 "anna's daemon runs" as anna sotto status
[ "$(process anna)" != "$after" ] || fail "the daemon is the same"
log_out
log_in screen chen
within 10 "chen's daemon runs" as chen sotto status
do_in systemctl --user is-active sottod

step "the journal is kept in memory, where it is not chen's to read"
rm -rf /var/log/journal
systemctl restart systemd-journald
do_in sotto service restart
: >/run/screen
type_in sotto service logs
within 10 "that is said" shows "may not be read by you"

step "the package is removed and purged: it stops everybody's daemon first"
within 10 "there are daemons" pidof sottod
dpkg --remove sotto
if pidof sottod; then fail "a daemon runs on"; fi
[ ! -e /usr/bin/sottod ] || fail "the package is there"
dpkg --purge sotto
left=$(find /etc /var/lib/systemd -name '*sottod*')
[ -z "$left" ] || fail "left: $left"
log_out

step "bao installs the archive in a folder with an odd name, from which his manager starts it"
hash -r
odd='/home/bao/a $b 50%'
mkdir -p /root/archive
tar -C /root/archive --strip-components=1 -xzf /root/sotto.tar.gz
chmod -R go+rX /root /root/archive
as bao /root/archive/install.sh --prefix "$odd" >/dev/null
as bao mkdir -p /home/bao/.config/systemd/user
as bao cp "$odd/share/systemd/user/sottod.service" /home/bao/.config/systemd/user/
as bao systemctl --user daemon-reload
as bao systemctl --user start sottod
[ "$(readlink "/proc/$(pidof sottod)/exe")" = "$odd/bin/sottod" ] || fail "another program runs"

step "done"
