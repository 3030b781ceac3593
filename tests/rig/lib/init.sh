#!/bin/sh
# The guest's first process: mounts, modules, network, then a shell that takes commands from
# the host. Each command comes as one line, base64; the answer is its exit code, the length
# of what it printed, and that.
export PATH=/bin:/usr/bin HOME=/tmp LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
while read -r module; do
	# One for instructions that this processor lacks has a slower brother in the list.
	insmod "/lib/modules/$module" 2>/run/insmod || echo "rig: no $module: $(cat /run/insmod)"
done </etc/modules.list
mount -t configfs none /sys/kernel/config 2>/dev/null
ip link set lo up
if [ -e /sys/class/net/eth0 ]; then
	ip link set eth0 up
	ip address add 10.0.2.15/24 dev eth0
	ip route add default via 10.0.2.2
fi
[ ! -e /etc/rig.start ] || . /etc/rig.start
echo "rig: up $(cut -d' ' -f1 /proc/uptime)"

serve() {
	echo "ready 0 0"
	while read -r command; do
		echo "$command" | base64 -d >/run/command
		sh /run/command >/run/output 2>&1 </dev/null
		code=$?
		echo "done $code $(stat -c %s /run/output)"
		cat /run/output
	done
}

while :; do
	port=/dev/vport0p1
	for p in /sys/class/virtio-ports/*; do
		[ "$(cat "$p/name")" = rig ] && port=/dev/${p##*/}
	done
	serve <>"$port" >&0
	sleep 1
done
