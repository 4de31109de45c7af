#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# testptp.sh DEVICE: what the kernel's testptp, which judges nothing, says of a PTP
# clock. Installed beside it.

HERE=$(dirname "$(realpath "$0")")
# shellcheck disable=SC1091  # the kernel's
. "$HERE/../kselftest/ktap_helpers.sh"
device=$1

testptp() { "$HERE/testptp" -d "$device" "$@" 2>&1; }
seconds() { testptp -g | sed -n 's/^clock time: \([0-9]*\).*/\1/p'; }

adjustable() { (($(testptp -c | sed -n 's/ *\([0-9]*\) maximum frequency adjustment.*/\1/p') > 0)); }

# A time within a minute of the one wanted: between two calls the clock runs on.
near() { local now; now=$(seconds); ((now >= $1 && now < $1 + 60)); }

settime() { testptp -T 1000000 > /dev/null && near 1000000; }
shift_time() { testptp -t 5000 > /dev/null && near 1005000; }
frequency() { testptp -f 1000 | grep -q 'adjustment okay' && testptp -f 0 | grep -q 'adjustment okay'; }
system_offset() { testptp -k 3 | grep -q 'offset request okay'; }

ktap_print_header
if [[ ! -c $device ]]; then
	ktap_skip_all "no PTP clock"
	exit "$KSFT_SKIP"
fi
ktap_set_plan 5
ktap_test_result capabilities adjustable
ktap_test_result settime settime
ktap_test_result shift shift_time
ktap_test_result frequency frequency
ktap_test_result "system offset" system_offset
ktap_finished
