#!/bin/sh
# gx_root.sh ROOT FILES PYTHON_PREFIX DATA_KB: run under `unshare --mount --pid --net --fork`. Makes ROOT the root of a GX: read-only
# but for RAM disks and a small /data; its PATH has what Venus has. Becomes the first process there, which does nothing.
set -eu
ROOT=$1
FILES=$2 # what the tests bring along: bus.conf, mosquitto.conf, applets, programs
PYTHON_PREFIX=$3
DATA_KB=$4

mount -t tmpfs -o size=64m gx "$ROOT"
cd "$ROOT"
mkdir -p bin dev data service run tmp proc var gx usr ".$PYTHON_PREFIX"
for directory in lib lib64 lib32 sbin; do
    if [ -L "/$directory" ]; then ln -s "$(readlink "/$directory")" "$directory"; elif [ -d "/$directory" ]; then
        mkdir "$directory" && mount -o bind,ro "/$directory" "$directory"
    fi
done
mount -o bind,ro /usr usr
case $PYTHON_PREFIX in /usr | /usr/*) ;; *) mount --rbind "$PYTHON_PREFIX" ".$PYTHON_PREFIX" ;; esac
# Of its own, so that a test can plug adapters in; ptys are those of outside, where simulated devices have theirs.
mount -t tmpfs -o size=1m dev dev
for node in null zero full random urandom tty; do : >dev/$node && mount -o bind /dev/$node dev/$node; done
mkdir -p dev/pts dev/shm dev/serial/by-id dev/serial-starter
mount -o bind /dev/pts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t proc proc proc
mount -t tmpfs -o "size=${DATA_KB}k" data data
mount -t tmpfs -o size=1m service service
mount -t tmpfs -o size=16m run run
mount -t tmpfs -o size=16m tmp tmp
mkdir -p data/log data/drivers data/conf
ln -s ../data/log var/log
ln -s ../run var/run
ln -s ../tmp var/tmp
cp -R "$FILES"/. gx
busybox=$(command -v busybox)
while read -r name; do ln -s "$busybox" "bin/$name"; done <gx/applets
while read -r name; do ln -sf "$(command -v "$name")" "bin/$name"; done <gx/programs
ln -sf "$(command -v bash)" bin/sh
printf '#!/bin/sh\necho "$*" >>/run/udevadm\n' >bin/udevadm
chmod 755 bin/udevadm
sh gx/firmware.sh einstein
"$busybox" ip link set lo up
mount -o remount,ro "$ROOT"
echo ready
exec chroot "$ROOT" /bin/sh -c 'trap : TERM INT HUP; while :; do sleep 3600; done'
