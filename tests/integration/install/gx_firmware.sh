#!/bin/sh
# firmware.sh MACHINE: write what a firmware brings in /etc and /opt, as far as we meet it. Run in the root of a fake GX.
set -eu
mkdir -p etc/venus opt/victronenergy/service
echo v3.60 >opt/victronenergy/version
echo "$1" >etc/venus/machine
echo root:x:0:0::/data:/bin/sh >etc/passwd
# As far as we meet serial-starter: it stops what runs on a tty, and tries it no more.
mkdir -p opt/victronenergy/serial-starter
cat >opt/victronenergy/serial-starter/stop-tty.sh <<'SCRIPT'
#!/bin/sh
echo "$1" >>/run/stopped-ttys
rm -f "/dev/serial-starter/$1"
for service in /service/*."$1"; do
    [ -d "$service" ] || continue
    hidden=/service/.${service##*/}
    mv "$service" "$hidden" && svc -dx "$hidden"
    while svok "$hidden"; do sleep 1; done
    rm -r "$hidden"
done
SCRIPT
chmod 755 opt/victronenergy/serial-starter/stop-tty.sh
mkdir -p opt/victronenergy/service/dbus-modbus-client
printf '#!/bin/sh\nexec sleep 1000000\n' >opt/victronenergy/service/dbus-modbus-client/run
chmod 755 opt/victronenergy/service/dbus-modbus-client/run
