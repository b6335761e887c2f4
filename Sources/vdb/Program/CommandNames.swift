import ArgumentParser

/// Checks the words of a command line that should name a command.
struct CommandNames {
    /// The subcommand of that name. The descriptions of those after it are left unmade.
    static func find(
        _ name: String, below command: any ParsableCommand.Type
    ) -> (any ParsableCommand.Type)? {
        command.configuration.subcommands.first { $0.configuration.commandName == name }
    }

    /// A message if a word is not a command, else nil.
    static func problem(in arguments: [String]) -> String? {
        var words = arguments[...]
        var command: any ParsableCommand.Type = VDB.self
        var path = ["vdb"]
        let asksForHelp = words.first == "help"
        if asksForHelp { words.removeFirst() }
        while let word = words.popFirst(), !word.hasPrefix("-") {
            let subcommands = command.configuration.subcommands
            if subcommands.isEmpty { return nil }
            guard let next = find(word, below: command) else {
                if path.count == 1, word == "help" { return nil }
                let names = subcommands.map { $0.configuration.commandName ?? "" }
                let synonyms = path.count == 1 ? others : [:]
                let known = nearest(
                    to: word,
                    in: names + synonyms.keys.sorted() + (asksForHelp ? HelpTopics.names : [])
                ).map { name in
                    let words = path.dropFirst() + [synonyms[name] ?? name]
                    return "did you mean '\(words.joined(separator: " "))'?"
                }
                let help =
                    path.count > 1
                    ? "vdb help " + path.dropFirst().joined(separator: " ") : "vdb help"
                return "'\((path + [word]).joined(separator: " "))' is not a command; "
                    + (known ?? "see '\(help)'")
            }
            command = next
            path.append(word)
        }
        return nil
    }

    /// Names of similar commands in other programs.
    private static let others = [
        "search": "query", "find": "query", "add": "ingest", "import": "ingest", "put": "ingest",
        "load": "ingest", "show": "get", "cat": "get", "ls": "list", "remove": "delete",
        "rm": "delete", "dump": "export", "info": "stats", "status": "stats", "verify": "check",
        "repair": "check", "vacuum": "compact", "copy": "backup", "encode": "embed",
        "evaluate": "eval",
    ]

    /// The name with the smallest edit distance, if that is small.
    static func nearest(to word: String, in names: [String]) -> String? {
        let distances = names.map { (name: $0, distance: distance(word, $0)) }
        guard let best = distances.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, word.count / 3)
        else { return nil }
        return best.name
    }

    /// The Damerau-Levenshtein distance (optimal string alignment): insertions, deletions,
    /// substitutions, and transpositions of adjacent letters.
    static func distance(_ one: String, _ other: String) -> Int {
        let (a, b) = (Array(one), Array(other))
        var rows = [Array(0...b.count)]
        for i in 1...max(1, a.count) where i <= a.count {
            var row = [i]
            for j in 1...max(1, b.count) where j <= b.count {
                var least = min(
                    rows[i - 1][j] + 1, row[j - 1] + 1,
                    rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    least = min(least, rows[i - 2][j - 2] + 1)
                }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
