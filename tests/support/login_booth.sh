#!/usr/bin/env bash
# A booth as far as logging in goes, in a mount namespace of its own: the shipped files where a booth has
# them, systemd's part played by systemd-socket-activate, and sshd in front.
# login_booth.sh REPOSITORY PYTHON FOLDER PORT SSHD
#
# FOLDER has what `edge-lpr configure` renders (login/), and gets the record (audit/), what was run
# instead of systemctl (systemctl.log), and sshd's own lines (sshd.log).
set -euo pipefail
repository=$1 python=$2 folder=$3 port=$4 sshd=$5

mkdir -p /opt/edge-lpr
mount -t tmpfs -o mode=0755 tmpfs /opt/edge-lpr
mkdir -p /opt/edge-lpr/{bin,repository,python}
# The user technician may not be let into the folders above the repository, or above Python.
base=$("$python" -c 'import sys; print(sys.base_prefix)')
mount --bind "$repository" /opt/edge-lpr/repository
mount --bind "$base" /opt/edge-lpr/python
case $python in "$repository"/*) python=/opt/edge-lpr/repository/${python#"$repository/"} ;; esac
repository=/opt/edge-lpr/repository
if ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$base/bin"; then
    mount -t tmpfs -o mode=0755 tmpfs "/$(cut -d/ -f2 <<<"$base")"
    mkdir -p "$base"
    mount --bind /opt/edge-lpr/python "$base"
fi
# What others have written is stood for by one line each; this part is real.
cat >/opt/edge-lpr/bin/edge-lpr <<EOF
#!/bin/sh
if [ "\$1" = "diagnose" ]; then echo "camera good"; exit 0; fi
if [ "\$1 \$2" = "progress --once" ]; then exit 0; fi
if [ "\$1 \$2" = "update status" ]; then echo "no update yet"; exit 0; fi
if [ "\$1 \$2" = "update install" ]; then echo "\$(wc -c) bytes came"; exit 3; fi
if [ "\$1" = "--version" ]; then echo "edge-lpr 0"; exit 0; fi
# The one word here that needs settings; there is no /etc/edge-lpr.
if [ "\$1" = "aim" ]; then shift; set -- aim --settings $repository/firmware_config/booth.toml "\$@"; fi
PYTHONPATH=$repository PYTHONDONTWRITEBYTECODE=1 exec $python -m edge_lpr "\$@"
EOF
chmod 755 /opt/edge-lpr/bin/edge-lpr

mkdir -p /usr/lib/edge-lpr
mount -t tmpfs tmpfs /usr/lib/edge-lpr
install -m 755 "$repository/firmware_config/ssh/technician-shell" /usr/lib/edge-lpr/technician-shell
printf '#!/bin/sh\necho "$@" >>%s/systemctl.log\necho "systemctl was run"\n' "$folder" >"$folder/systemctl"
chmod 755 "$folder/systemctl"
mount --bind "$folder/systemctl" /usr/bin/systemctl

# The users of the shipped file, in copies of this machine's own lists.
root=$folder/root
mkdir -p "$root/etc"
for list in passwd group shadow gshadow; do
    grep -v '^technician:' "/etc/$list" >"$root/etc/$list" || touch "$root/etc/$list"
done
systemd-sysusers --root="$root" "$repository/systemd/edge-lpr.sysusers.conf"
# As scripts/build_image does: no password, but not locked, which sshd would take for a closed account.
sed -i 's/^technician:[^:]*:/technician:*:/' "$root/etc/shadow"
for list in passwd group shadow gshadow; do
    mount --bind "$root/etc/$list" "/etc/$list"
done

mkdir -p /run/sshd
mkdir -p /run/edge-lpr
mount -t tmpfs -o mode=0755 tmpfs /run/edge-lpr
mkdir /run/edge-lpr/ssh
cp "$folder"/login/* /run/edge-lpr/ssh/
chmod 644 /run/edge-lpr/ssh/*
# Folders of the booth's own; what a test puts into them stays in here.
for own in aim told metrics; do
    mkdir -p "/run/edge-lpr-$own"
    mount -t tmpfs -o mode=0755 tmpfs "/run/edge-lpr-$own"
done
mkdir -p /var/lib/edge-lpr
mount -t tmpfs -o mode=0755 tmpfs /var/lib/edge-lpr
mkdir -m 700 /var/lib/edge-lpr/ssh
mkdir -m 700 -p "$folder/audit" /var/lib/edge-lpr/audit
mount --bind "$folder/audit" /var/lib/edge-lpr/audit
/opt/edge-lpr/bin/edge-lpr technician --host-key >"$folder/host-key.fingerprint"

systemd-socket-activate --accept --seqpacket --listen=/run/edge-lpr/technician.sock \
    /opt/edge-lpr/bin/edge-lpr technician --door 2>"$folder/door.log" &
for _ in $(seq 100); do
    [ -S /run/edge-lpr/technician.sock ] && break
    sleep 0.05
done
chgrp technician /run/edge-lpr/technician.sock
chmod 660 /run/edge-lpr/technician.sock
"$sshd" -t -f "$repository/firmware_config/ssh/sshd_config"
# Options on the command line come before the file's.
exec "$sshd" -D -e -p "$port" -o ListenAddress=127.0.0.1 -o UnusedConnectionTimeout=2s \
    -f "$repository/firmware_config/ssh/sshd_config" 2>"$folder/sshd.log"
