# Lines reached, of lcov's records: a table of `shared` and of each function. Tests that stand in the sources do not count:
# neither a file tests.rs nor what follows `#[cfg(test)]`, which is the end of a file here.

function first_test(file,    line, number, text) {
    number = 0
    line = 0
    while ((getline text < file) > 0) {
        number++
        if (text == "#[cfg(test)]") { line = number; break }
    }
    close(file)
    return line ? line : 1000000000
}

function row(name, reached, all) {
    return sprintf("%-28s %6d of %6d lines  %5.1f %%", name, reached, all, all ? 100 * reached / all : 0)
}

function end_of_range() {
    if (from) printf "%s%d%s", ranges++ ? ", " : path ": ", from, (to > from ? "-" to : "") > missing
    from = 0
}

/^SF:/ {
    path = substr($0, 4)
    tests = first_test(path)
    if (index(path, root) == 1) path = substr(path, length(root) + 1)
    split(path, parts, "/")
    group = parts[1]
    counted = (group == "shared" || group == "functions") && path !~ /\/tests\.rs$/
    name = group == "functions" ? group "/" parts[2] : group
    from = 0
    ranges = 0
}

/^DA:/ && counted {
    split(substr($0, 4), data, ",")
    if (data[1] + 0 >= tests) next
    all[name]++
    total[group]++
    if (data[2] + 0 > 0) {
        reached[name]++
        of[group]++
        end_of_range()
    } else {
        if (!from) from = data[1] + 0
        to = data[1] + 0
    }
}

/^end_of_record/ {
    end_of_range()
    if (ranges) printf "\n" > missing
}

END {
    for (name in all) if (name != "shared") print row(name, reached[name], all[name]) | "sort"
    close("sort")
    print row("functions", of["functions"], total["functions"])
    print row("shared", of["shared"], total["shared"])
    print row("both", of["functions"] + of["shared"], total["functions"] + total["shared"])
    if (!total["functions"] || !total["shared"]) { print "nothing was measured"; exit 1 }
    for (group in total) {
        if (100 * of[group] < least * total[group]) {
            printf "less than %d %% of %s is reached\n", least, group
            failed = 1
        }
    }
    exit failed
}
