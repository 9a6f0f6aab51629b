#!/usr/bin/env bash
# Makes a labelled recording in a virtual machine of its own, which nobody else's
# work disturbs: for hosts that are shared. On a quiet machine run workload directly.
#
#   vm.sh recording.csv
#
# Needs qemu-system-x86, busybox-static, stress-ng and e2fsprogs, a Debian
# kernel (the package linux-image-cloud-amd64, fetched with apt-get unless
# KERNEL names a directory with its boot and lib), and Go. Settings:
# ROWS (1200), RATE (55, see workload -rate), WARM (150s), CPUS (2), MEMORY (4G).
# With TMPDIR in memory, such as /dev/shm, other people's disk traffic isn't felt
# either; the guest's disk does 1500 operations and 80 MB a second in any case.
set -euo pipefail

out=$(realpath "$1")
cd "$(dirname "$0")"
[ ! -e "$out" ] || { echo "vm: $out exists" >&2; exit 2; }
dir=$(mktemp -d)
vm=
trap '[ -z "$vm" ] || kill "$vm" 2>/dev/null || true; rm -rf "$dir"' EXIT

if [ -z "${KERNEL:-}" ]; then
	KERNEL=$dir/kernel
	mkdir "$KERNEL"
	package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ {print $2}')
	(cd "$dir" && apt-get download -q "$package" && dpkg -x "$package"_*.deb kernel)
fi

# The guest's programs, and its init.
root=$dir/root
mkdir -p "$root"/{bin,data,dev,modules,proc,sys,tmp}
cp "$(command -v busybox)" "$root/bin"
CGO_ENABLED=0 go build -o "$root/bin/record" .
CGO_ENABLED=0 go build -o "$root/bin/workload" ./workload
for tool in stress-ng sort nice; do
	path=$(command -v "$tool")
	cp "$path" "$root/bin"
	ldd "$path" | grep -o '/[^ ]*' | while read -r lib; do
		mkdir -p "$root$(dirname "$lib")"
		cp -L "$lib" "$root$lib"
	done
done
modules=(virtio/virtio_ring virtio/virtio virtio/virtio_pci_modern_dev virtio/virtio_pci_legacy_dev virtio/virtio_pci block/virtio_blk)
for m in "${modules[@]}"; do
	cp "$KERNEL"/lib/modules/*/kernel/drivers/"$m".ko "$root/modules"
done
cat >"$root/init" <<EOF
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for m in ${modules[*]##*/}; do insmod /modules/\$m.ko; done
sleep 1
mount -t ext4 /dev/vda /data
ip link set lo up
cd /data
workload -rate ${RATE:-55} -warm ${WARM:-150s} -label fault -dir /data -- \\
	nice -n -10 record -net lo -n ${ROWS:-1200} -label fault -out recording.csv
cd / && umount /data
poweroff -f
EOF
chmod +x "$root/init"
(cd "$root" && find . | busybox cpio -o -H newc) >"$dir/initrd" 2>/dev/null
truncate -s 3G "$dir/disk"
mkfs.ext4 -q -F "$dir/disk"

# Emulated processors work everywhere. At real-time priority they don't feel
# the host's other work; qemu's own thread, which does the I/O, goes before them.
realtime=()
if chrt --rr 5 true 2>/dev/null; then realtime=(chrt --rr 5); fi
"${realtime[@]}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp "${CPUS:-2}" \
	-m "${MEMORY:-4G}" -mem-prealloc -nodefaults -no-user-config -nographic -no-reboot -serial stdio \
	-kernel "$KERNEL"/boot/vmlinuz-* -initrd "$dir/initrd" \
	-append "console=ttyS0 quiet panic=-1 mitigations=off" \
	-drive "file=$dir/disk,if=virtio,format=raw,cache=writeback,throttling.iops-total=1500,throttling.bps-total=80000000" </dev/null &
vm=$!
sleep 1
[ ${#realtime[@]} -eq 0 ] || chrt -r -p 8 "$vm"
wait "$vm"
vm=
debugfs -R "dump /recording.csv $out" "$dir/disk" 2>/dev/null
[ -s "$out" ] || { echo "vm: no recording was made" >&2; exit 1; }
