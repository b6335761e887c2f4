extension IngestSummary {
    /// The summary as the command line and the server write it.
    package var json: JSONWriter {
        var line = JSONWriter()
        line.set("documents", documents)
        line.set("inserted", inserted)
        line.set("replaced", replaced)
        line.set("moved", moved)
        line.set("unchanged", unchanged)
        line.set("skipped", skipped)
        line.set("failed", failed)
        line.set("deleted", deleted)
        line.set("truncated", truncated)
        line.set("tokens", tokens)
        line.set("seconds", .number((seconds * 1000).rounded() / 1000))
        return line
    }
}
