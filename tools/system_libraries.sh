#!/bin/sh
# Install what Qt and a virtual display need on Debian and its relatives.
# As root it installs them; otherwise it prints the line to run and stops.
set -eu
python=${1:-python3}

command -v dpkg-query >/dev/null 2>&1 || exit 0

wanted="xvfb xauth libgl1 libgl1-mesa-dri libglx-mesa0 libegl1 libdbus-1-3
libfontconfig1 libglib2.0-0 libx11-xcb1 libxkbcommon0 libxkbcommon-x11-0
libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
libxcb-render-util0 libxcb-shape0 libxcb-xkb1 fonts-dejavu-core"
"$python" -c "import ensurepip" 2>/dev/null || wanted="$wanted python3-venv"

missing=""
for package in $wanted; do
    state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    case "$state" in
        *"ok installed") ;;
        *)  # Newer releases add a suffix to some names (libglib2.0-0t64).
            state=$(dpkg-query -W -f '${Status}' "${package}t64" 2>/dev/null || true)
            case "$state" in *"ok installed") ;; *) missing="$missing $package" ;; esac ;;
    esac
done
[ -n "$missing" ] || exit 0

line="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" -eq 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $line >/dev/null
else
    echo "Some system libraries are missing. Run this, then the same make again:" >&2
    echo "    sudo $line" >&2
    exit 1
fi
