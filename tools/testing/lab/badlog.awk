# SPDX-License-Identifier: GPL-2.0
#
# Prints the lines of a kernel log that match `bad`, except those announced with
# a pair of lines "tgbe-expect: REGEX" and "tgbe-expect-end". A report framed by
# "cut here" and "end trace" is one unit: expected if any of its lines matches.
# What fell into a test is headed by its name ("tgbe-test: NAME starts").

function complain(line)
{
	if (test != told) {
		print "during " test ":"
		told = test
	}
	print line
}

function flush_report(  i, ok)
{
	for (i = 1; i <= n; i++)
		if (expect != "" && report[i] ~ expect)
			ok = 1
	if (!ok)
		for (i = 1; i <= n; i++)
			if (report[i] ~ bad)
				complain(report[i])
	n = 0
	framed = 0
}

{ sub(/\r$/, "") }

/tgbe-test: / { flush_report(); test = $0; sub(/.*tgbe-test: /, "", test); sub(/ (starts|ended)$/, "", test) }
/tgbe-expect-end/ { flush_report(); expect = ""; next }
/tgbe-expect: / { flush_report(); expect = $0; sub(/.*tgbe-expect: /, "", expect); next }
/cut here/ { flush_report(); framed = 1 }
framed { report[++n] = $0; if (/end trace/) flush_report(); next }
$0 ~ bad && !(expect != "" && $0 ~ expect) { complain($0) }
END { flush_report() }
