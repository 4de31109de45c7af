#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's tests of traffic control, tdc, with the cases of txpath. One case more:
# when they are over nothing holds the module.

set -euo pipefail

TDC=$(realpath "$(dirname "$0")/../../../tc-testing")
CASES=${TXPATH_CASES:-/tgbe/tools/testing/selftests/tc-testing/tc-tests/qdiscs/txpath.json}
BUILD=${TGBE_BUILD:?}
MODULE=$BUILD/net/sched/sch_txpath.ko

# tdc reads it; it starts every command with this environment alone, and waits for it
# for so many seconds.
config()
{
	cat <<-END
	ENVIR = {"TC_LIB_DIR": "$BUILD", "PATH": "$PATH"}
	EXTRA_NAMES = {"TIMEOUT": $((24 * ${TGBE_SLOWDOWN:-1}))}
	END
}

# In a network of its own, which goes with all that was left in it; tdc puts one end of
# each veth where process 1 is. When it is done it deletes every namespace it finds.
run_tdc()
{
	# shellcheck disable=SC2016  # expanded in there
	unshare --net --mount --pid --fork --kill-child --mount-proc bash -e -c '
		mkdir -p /run/netns
		mount -t tmpfs tmpfs /run/netns
		cd "$1"
		python3 tdc.py -J "$2" -f "$3" --outfile tap' tdc "$DIR" "$(nproc)" "$CASES"
}

# tdc's TAP with one case more. What was skipped for another reason than that the
# kernel lacks something, after a case that could not be set up, has failed.
ktap()
{
	jq -r '.[] | select(.dependsOn) | "\(.id) \(.dependsOn)"' "$CASES" | awk '
		needing { needs[$1] = substr($0, length($1) + 2); next }
		/^1\.\.[0-9]+/ { cases = substr($1, 4) + 0; print "1.." cases + 1; next }
		/^ok .* # skipped - probe command/ {
			sub(/ # skipped - .*/, "")
			print $0 " # SKIP this fails: " needs[$3]
			next
		}
		/^ok .* # skipped - / { sub(/ # skipped - /, ": "); print "not " $0; next }
		/^(not )?ok / { print; next }
		NF { print "# " $0 }' needing=1 - needing=0 "$DIR/tap"
}

# The last namespaces are still going.
unload()
{
	local end=$((SECONDS + 60))
	until [[ ! -d /sys/module/sch_txpath ]] || rmmod sch_txpath 2> "$DIR/rmmod"; do
		((SECONDS < end)) || { sed 's/^/# /' "$DIR/rmmod"; return 1; }
		sleep 0.2
	done
}

[[ -f $TDC/tdc.py ]] || { echo "not ok 1 $TDC is there"; exit 1; }
[[ ! -d /sys/module/sch_txpath ]] || { echo "not ok 1 sch_txpath is not in use"; exit 1; }
DIR=$(mktemp -d)
trap 'unload; rm -rf "$DIR"' EXIT
cp -r "$TDC"/*.py "$TDC/plugins" "$TDC/plugin-lib" "$DIR"
config > "$DIR/tdc_config_local.py"
# without devices of their own making, which would appear beside the cards
modprobe dummy numdummies=0
modprobe ifb numifbs=0
insmod "$MODULE"

echo "TAP version 13"
rc=0
run_tdc > "$DIR/log" 2>&1 || rc=$?
if ((rc)); then
	sed 's/^/# /' "$DIR/log"
fi
[[ -s $DIR/tap ]] || { echo "not ok 1 tdc ran"; exit 1; }
ktap | tee "$DIR/ktap"
number=$(jq length "$CASES")
told=$(grep -cE '^(not )?ok ' "$DIR/ktap") || :
if ((told != number)); then
	echo "# tdc says what became of $told cases, of $number"
	rc=1
fi
if unload; then
	echo "ok $((number + 1)) the module can be removed"
else
	echo "not ok $((number + 1)) the module can be removed"
fi | tee -a "$DIR/ktap"
((rc == 0)) && ! grep -q '^not ok' "$DIR/ktap"
