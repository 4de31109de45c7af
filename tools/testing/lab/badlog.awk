# SPDX-License-Identifier: GPL-2.0
#
# Prints the lines of a kernel log that match `bad`, except those announced with
# a pair of lines "tgbe-expect: REGEX" and "tgbe-expect-end". A report framed by
# "cut here" and "end trace" is one unit: expected if any of its lines matches, but for
# "Call Trace:", which every report has. A test that was killed announces no end: what it
# had announced ends with the next mark, "tgbe-test: NAME starts" or "ended". What fell
# into a test is headed by its name.

function complain(line)
{
	if (test != told) {
		print "during " test ":"
		told = test
	}
	print line
}

function expected(line)
{
	return expect != "" && line ~ expect
}

# Without its end, which line belongs to a report is not known: each is one.
function flush_report(whole,  i, ok)
{
	for (i = 1; whole && i <= n; i++)
		if (report[i] !~ /Call Trace:/ && expected(report[i]))
			ok = 1
	for (i = 1; i <= n; i++)
		if (report[i] ~ bad && !ok && (whole || !expected(report[i])))
			complain(report[i])
	n = 0
	framed = 0
}

{ sub(/\r$/, "") }

/tgbe-test: / { flush_report(); expect = ""; test = $0; sub(/.*tgbe-test: /, "", test); sub(/ (starts|ended)$/, "", test) }
/tgbe-expect-end/ { flush_report(); expect = ""; next }
/tgbe-expect: / { flush_report(); expect = $0; sub(/.*tgbe-expect: /, "", expect); next }
/cut here/ { flush_report(); framed = 1 }
framed { report[++n] = $0; if (/end trace/) flush_report(1); next }
$0 ~ bad && !expected($0) { complain($0) }
END { flush_report() }
