# Run by bash in a privileged container of kind's node image. Standard input is an archive of images, which the node shall
# have beside its own.
#
# All of them are unpacked here, once, instead of in every node when a pod first needs one. A node's /var is a volume, which
# Docker fills with what the image has there, file by file, and containerd lays its snapshots over each other with overlayfs,
# which the image lies on already. So a snapshot lies outside of /var, with a link where containerd looks for it; and it is
# one directory with an image's whole tree, for what a layer hides of those below cannot be told in a layer of Docker's. The
# snapshotter `native` makes such trees. The blobs stay, and serve a node that has another snapshotter than overlayfs.
set -euo pipefail

kept=/opt/plasma/snapshots
ctr() { command ctr --namespace=k8s.io "$@"; }
native() { CONTAINERD_SNAPSHOTTER=native ctr snapshots "$@"; }
# Where the files of a new snapshot lie, of the `mount -t bind DIRECTORY …` that is printed.
files() { awk '{print $4}'; }

containerd >/run/containerd.log 2>&1 &
finish() {
    code=$?
    set +e
    [ $code = 0 ] || grep level=fatal /run/containerd.log >&2
    kill %1
    wait
    exit $code
}
trap finish EXIT
for try in $(seq 100); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done

ctr images import --no-unpack - >/dev/null

# A pod's files are an overlay over the node's: where the kernel does not allow that, nodes unpack for themselves.
mount -t overlay -o lowerdir=/etc:/opt overlay /mnt || exit 0
umount /mnt

# Moves what `native` has unpacked to where a node's containerd finds it. The configuration of an image refers to the snapshot
# of its files, which is named after its layers.
keep() {
    ctr content ls | sed -n 's/^\(sha256:[0-9a-f]*\).*snapshot\.native=\(sha256:[0-9a-f]*\).*/\1 \2/p' >/run/unpacked
    while read -r configuration layers; do
        if ! ctr snapshots info "$layers" >/dev/null 2>&1; then
            from=$(native view --target / "view of $layers" "$layers" | files)
            to=$(ctr snapshots prepare --target / new | files)
            rmdir "$to"
            mv "$from" "$to"
            ctr snapshots commit "$layers" new
            link=$(dirname "$to")
            mkdir -p -m 700 "$kept"
            mv "$link" "$kept"
            ln -s "$kept/$(basename "$link")" "$link"
        fi
        ctr content label "$configuration" \
            "containerd.io/gc.ref.snapshot.overlayfs=$layers" containerd.io/gc.ref.snapshot.native= >/dev/null
    done </run/unpacked
    # Nothing refers to the trees of the layers below now, each of which is whole: the end of a lease waits until they are gone.
    ctr leases delete --sync "$(ctr leases create)" >/dev/null
}

for digest in $(ctr images ls | awk 'NR > 1 {print $3}' | sort --unique); do
    native unpack "$digest" >/dev/null
    keep
done
[ -d "$kept" ] || { echo "containerd does not say what it has unpacked" >&2; exit 1; }
