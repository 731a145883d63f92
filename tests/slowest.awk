# SPDX-License-Identifier: GPL-2.0-or-later
# Passes on what ctest says, with a table of the slowest twenty tests before its closing lines.
/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: .* sec/ {
  name = $0
  sub(/^.*Test +#[0-9]+: /, "", name)
  time = name
  sub(/[ .]*(Passed|\*+[^.]*|Skipped).*$/, "", name)
  sub(/ sec.*$/, "", time)
  sub(/^.* /, "", time)
  seconds[name] = time + 0
}
/^[0-9]+% tests passed/ {
  print "The slowest twenty, in seconds:"
  for (rank = 1; rank <= 20; rank++) {
    slowest = ""
    for (name in seconds)
      if (slowest == "" || seconds[name] > seconds[slowest]) slowest = name
    if (slowest == "") break
    printf "  %7.1f  %s\n", seconds[slowest], slowest
    delete seconds[slowest]
  }
  print ""
}
{ print; fflush() }
