#!/bin/sh
# Installs Sotto from this folder, for one user or for everybody, and removes it again. Nothing is started.
#
# Every file that it writes is noted with its checksum, so that a second run changes nothing, a newer version takes the
# place of an older one, and what somebody else wrote or changed is neither overwritten nor removed without a word.
set -eu

usage() {
	cat <<-'END'
		Usage: ./install.sh [OPTION]

		  (nothing)      install for you alone, below ~/.local
		  --system       install for everybody, below /usr/local; as root
		  --prefix DIR   install below DIR
		  --force        overwrite files that are not Sotto's; each is kept as FILE.before-sotto
		  --uninstall    remove what was installed there; settings and meetings stay
		  --help         this

		Sotto is not started, and an update restarts nothing: 'sotto status' says when a restart is due.
	END
}

say() { printf '%s\n' "$*"; }
warn() { printf 'install.sh: %s\n' "$*" >&2; }
die() {
	warn "$*"
	exit 1
}

here=$(cd -- "$(dirname -- "$0")" && pwd -P)
prefix='' system=no force=no uninstall=no
while [ $# -gt 0 ]; do
	case "$1" in
	--system) system=yes ;;
	--prefix)
		[ $# -ge 2 ] || die "--prefix needs a folder"
		prefix=$2
		shift
		;;
	--prefix=*) prefix=${1#--prefix=} ;;
	--force) force=yes ;;
	--uninstall) uninstall=yes ;;
	--help | -h)
		usage
		exit 0
		;;
	*)
		warn "there is no option '$1'"
		usage >&2
		exit 2
		;;
	esac
	shift
done

if [ "$system" = yes ]; then
	[ -z "$prefix" ] || die "--system means --prefix /usr/local; say only one of them"
	[ "$(id -u)" = 0 ] || die "--system writes to /usr/local: run it as root, or without --system for you alone"
	prefix=/usr/local
elif [ -z "$prefix" ]; then
	[ "$(id -u)" != 0 ] ||
		die "you are root: say --system to install for everybody, or run it as the user who will speak"
	[ -n "${HOME:-}" ] || die "HOME is not set; say --prefix DIR"
	prefix=$HOME/.local
fi
case "$prefix" in
/*) ;;
*) prefix=$(pwd -P)/$prefix ;;
esac
prefix=${prefix%/}
# A line break would end a line of the list below.
case "$prefix" in
*'
'*) die "a folder whose name has a line break cannot be used" ;;
esac

# systemd takes none of these in the path of a program, however they are written.
case "$prefix" in
*\"* | *\'* | *\\*) die "a folder whose name has quotes or a backslash cannot be used: no service could start a program there" ;;
esac

own=$prefix/share/sotto-install
list=$own/files
# The checksums of those named files below a folder that are there, each with the name behind two spaces. No name of ours
# has a space.
sums() { (cd -- "$1" 2>/dev/null && xargs sha256sum 2>/dev/null) || true; }
name_of='substr($0, 67)'

# The folders below a prefix that the files of a list with checksums are in, the innermost first.
folders_of() { cut -c67- "$1" | awk '{ while (sub("/[^/]*$", "")) print }' | LC_ALL=C sort -ru; }

# Removes files below the prefix, of a list with checksums, unless somebody has changed them, and those folders that this
# script made, if they are empty then.
forget() {
	cut -c67- "$1" | sums "$prefix" >"$1.found"
	awk "NR == FNR { noted[$name_of] = \$1; next } noted[$name_of] != \$1 { print $name_of }" "$1" "$1.found" >"$1.changed"
	while IFS= read -r name; do
		warn "$prefix/$name was changed, so it stays; remove it by hand"
	done <"$1.changed"
	(
		cd -- "$prefix"
		cut -c67- "$1" | grep -vxF -f "$1.changed" | xargs rm -f --
		folders_of "$1" | grep -xF -f "$2" | xargs rmdir -- 2>/dev/null || true
	)
}

reload() {
	# Panels look again for icons, and the service manager for units, where there are any.
	[ ! -d "$prefix/share/icons/hicolor" ] || touch -c "$prefix/share/icons/hicolor" 2>/dev/null || true
	[ "$(id -u)" = 0 ] || systemctl --user daemon-reload >/dev/null 2>&1 || true
}

if [ "$uninstall" = yes ]; then
	[ -f "$list" ] || die "nothing was installed below $prefix by this script"
	if [ "$(id -u)" != 0 ]; then
		# Of whoever removes it; what others still run goes on until they end it.
		unit=$(systemctl --user show --property=FragmentPath --value sottod.service 2>/dev/null || true)
		[ "$unit" != "$prefix/share/systemd/user/sottod.service" ] ||
			systemctl --user disable --now sottod.service >/dev/null 2>&1 || true
		"$prefix/bin/sotto" quit >/dev/null 2>&1 || true
		"$prefix/bin/sotto-tray" uninstall >/dev/null 2>&1 || true
	fi
	stage=$(mktemp -d)
	trap 'rm -rf -- "$stage"' EXIT
	cp -- "$list" "$stage/list"
	cp -- "$own/folders" "$stage/folders"
	rm -f -- "$list" "$own/folders" "$own/install.sh"
	rmdir -- "$own"
	forget "$stage/list" "$stage/folders"
	reload
	say "Sotto is removed from $prefix. Settings, identity and meetings of its users are where they were."
	exit 0
fi

# Will it run here at all?
[ -x "$here/bin/sottod" ] || die "there is no program beside this script; unpack the whole archive, and run it there"
[ "$(uname -s)" = Linux ] || die "these programs are for Linux"
for tool in sha256sum awk xargs install mktemp; do
	command -v "$tool" >/dev/null || die "'$tool' is needed, and not there"
done
missing=$(ldd "$here"/bin/* 2>&1 | sed -n 's/^[[:space:]]*\(lib[^ ]*\) => not found.*/\1/p' | sort -u)
if [ -n "$missing" ]; then
	warn "libraries are missing:" $missing
	die "install them first; libasound.so.2 is in libasound2 (Debian), alsa-lib (Fedora, Arch, openSUSE: libasound2)"
fi
if ! answer=$("$here/bin/sottod" --version 2>&1); then
	warn "$answer"
	case "$answer" in
	*GLIBC_*) die "this system's C library is too old for these programs; build Sotto from source, see README.md" ;;
	*) die "the programs do not run here; is this a $(uname -m) machine's archive? build Sotto from source, see README.md" ;;
	esac
fi

stage=$(mktemp -d)
trap 'rm -rf -- "$stage"' EXIT
trap 'exit 1' HUP INT TERM
cp -R -- "$here/bin" "$here/share" "$stage/"
cp -- "$here/install.sh" "$stage/install.sh"
# Where the programs will be: in the launcher, the service of the session's bus, and the unit.
"$here/bin/sotto-tray" share --program "$prefix/bin/sotto-tray" "$stage/own"
cp -- "$stage/own/applications"/* "$stage/share/applications/"
cp -- "$stage/own/dbus-1/services"/* "$stage/share/dbus-1/services/"
daemon=$(printf '%s' "$prefix/bin/sottod" | sed -e 's/%/%%/g')
while IFS= read -r line; do
	case "$line" in
	ExecStart=*) printf 'ExecStart="%s"\n' "$daemon" ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$here/share/systemd/user/sottod.service" >"$stage/share/systemd/user/sottod.service"
# zsh looks for what is not from a distribution's package elsewhere.
if [ -d "$stage/share/zsh/vendor-completions" ]; then
	mv -- "$stage/share/zsh/vendor-completions" "$stage/share/zsh/site-functions"
fi
(cd -- "$stage" && find bin share -type f | LC_ALL=C sort) >"$stage/names"

# What is there, and whose is it?
sums "$stage" <"$stage/names" >"$stage/wanted"
sums "$prefix" <"$stage/names" >"$stage/found"
if [ -f "$list" ]; then cp -- "$list" "$stage/noted"; else : >"$stage/noted"; fi
awk "FILENAME == ARGV[1] { noted[$name_of] = \$1; next }
	FILENAME == ARGV[2] { found[$name_of] = \$1; next }
	{
		name = $name_of
		state = \"write\"
		if (found[name] == \$1) state = \"same\"
		else if (found[name] != \"\" && noted[name] == \"\") state = \"foreign\"
		else if (found[name] != \"\" && noted[name] != found[name]) state = \"changed\"
		print state, name
	}" "$stage/noted" "$stage/found" "$stage/wanted" >"$stage/plan"
if [ "$force" = no ] && grep -q '^foreign ' "$stage/plan"; then
	warn "these files are there, and are not from an installation by this script:"
	sed -n "s|^foreign |  $prefix/|p" "$stage/plan" >&2
	die "nothing was written; move them away, or say --force to keep each as FILE.before-sotto"
fi

if [ -f "$own/folders" ]; then cp -- "$own/folders" "$stage/folders"; else : >"$stage/folders"; fi
folders_of "$stage/wanted" | while read -r folder; do
	[ -d "$prefix/$folder" ] || printf '%s\n' "$folder"
done >>"$stage/folders"
mkdir -p -- "$own" "$prefix/bin" 2>/dev/null && [ -w "$own" ] && [ -w "$prefix/bin" ] ||
	die "cannot write to $prefix; choose another folder with --prefix, or see who owns it"
cp -- "$stage/folders" "$own/folders"
while read -r state name; do
	file=$prefix/$name
	[ ! -d "$file" ] || die "$file is a folder, where a file of Sotto's belongs; move it away"
	case "$state" in
	same) continue ;;
	foreign | changed)
		mv -- "$file" "$file.before-sotto"
		warn "$file was not as this script left it; it is kept as $file.before-sotto"
		;;
	esac
	case "$name" in
	bin/*)
		# Beside, and then in its place in one step: a program that runs goes on with the file that it has.
		install -m 755 -- "$stage/$name" "$file.new-sotto"
		mv -f -- "$file.new-sotto" "$file"
		;;
	*) install -D -m 644 -- "$stage/$name" "$file" ;;
	esac
done <"$stage/plan"
cp -- "$stage/wanted" "$list.new" && mv -f -- "$list.new" "$list"
# What an older version had and this one has not.
awk "NR == FNR { wanted[$name_of] = 1; next } !wanted[$name_of]" "$stage/wanted" "$stage/noted" >"$stage/older"
[ ! -s "$stage/older" ] || forget "$stage/older" "$stage/folders"
same=$(grep -c '^same ' "$stage/plan" || true)
new=$(($(wc -l <"$stage/plan") - same))
cmp -s -- "$stage/install.sh" "$own/install.sh" || cp -- "$stage/install.sh" "$own/install.sh"
chmod 755 "$own/install.sh"
reload

say "Sotto ${answer##* } is installed below $prefix: $new files written, $same as they were."

# What would be missed later.
libraries='' place=''
for library in libEGL.so.1 libGL.so.1 libfontconfig.so.1 libwayland-client.so.0 libwayland-egl.so.1 libxkbcommon.so.0 \
	libxkbcommon-x11.so.0 libX11.so.6 libX11-xcb.so.1 libXcursor.so.1 libXi.so.6; do
	found=no
	for place in $(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | sed -n "s|^[[:space:]]*$library (.*) => ||p") \
		"/usr/lib/$library" "/usr/lib64/$library" "/lib/$(uname -m)-linux-gnu/$library"; do
		[ ! -e "$place" ] || found=yes
	done
	[ "$found" = yes ] || libraries="$libraries $library"
done
[ -z "$libraries" ] || say "
The window of sotto-tray needs libraries that were not found:$libraries
  Debian, Ubuntu: apt install libegl1 libgl1 libgl1-mesa-dri libfontconfig1 libwayland-egl1 libxkbcommon-x11-0 libx11-xcb1 libxcursor1 libxi6
  Fedora: dnf install mesa-libEGL mesa-libGL fontconfig libwayland-egl libxkbcommon-x11 libX11-xcb libXcursor libXi
  Arch: pacman -S mesa fontconfig wayland libxkbcommon-x11 libx11 libxcursor libxi
Daemon, command line and icon do without."
case ":$PATH:" in
*":$prefix/bin:"*) ;;
*) say "
$prefix/bin is not in your PATH: add it there, or write $prefix/bin/sotto." ;;
esac
for other in $(command -v sotto 2>/dev/null || true); do
	[ "$other" = "$prefix/bin/sotto" ] || [ "$(cd -- "$(dirname -- "$other")" && pwd -P)" = "$prefix/bin" ] ||
		say "
There is another Sotto, which a shell finds first: $other"
done
if ! command -v systemctl >/dev/null 2>&1; then
	say "
This system has no systemd: 'sotto start' starts the daemon as a program of yours."
fi
say "
Next: 'sotto start' starts your daemon, 'sotto-tray install' shows its icon in each of your sessions.
Firewalls: $prefix/share/doc/sotto/firewall has profiles for ufw and firewalld.
To undo this: $own/install.sh --uninstall$(case "$prefix" in
	"${HOME:-}/.local") ;;
	/usr/local) printf ' --system' ;;
	*) printf " --prefix '%s'" "$prefix" ;;
	esac)"
