import JSON
import Synchronization
import TextBytes
import VectorDatabase

/// The progress and the summary of `vdb ingest`.
final class IngestReport: Sendable {
    private let source: SourceProgress
    private let isQuiet: Bool
    private let bar: ProgressLine
    /// The number of documents that the database rejected, with the first few messages.
    private let refused = Mutex<(count: Int, messages: [String])>((0, []))

    init(_ source: SourceProgress, isQuiet: Bool) {
        self.source = source
        self.isQuiet = isQuiet
        bar = ProgressLine(unit: "documents", isQuiet: isQuiet)
    }

    var show: @Sendable (IngestProgress) -> Void {
        { [self] progress in
            let done = progress.stored.documents
            // An estimate: remaining documents are assumed as long as those read so far.
            let total = source.totalBytes.flatMap { total -> Int? in
                let bytes = source.bytes
                guard bytes > 0, progress.read > 0 else { return nil }
                return max(progress.read, progress.read * total / bytes)
            }
            bar.update(
                done: done, total: total, note: progress.stage == .indexing ? "indexing" : nil)
        }
    }

    func fail(_ error: any Error) {
        let message = CommandFailure.message(of: error)
        refused.withLock { refused in
            refused.count += 1
            if refused.messages.count < SourceProgress.failuresKept {
                refused.messages.append(message)
            }
        }
    }

    func clear() { bar.clear() }

    var unreadableSources: Set<Identifier> { source.failedSources }

    func finish(_ summary: IngestSummary, prints: Bool) {
        var line = JSONWriter()
        line.set("documents", summary.documents)
        line.set("inserted", summary.inserted)
        line.set("replaced", summary.replaced)
        line.set("unchanged", summary.unchanged)
        line.set("skipped", summary.skipped)
        line.set("failed", summary.failed)
        line.set("deleted", summary.deleted)
        line.set("truncated", summary.truncated)
        line.set("tokens", summary.tokens)
        line.set("seconds", .number((summary.seconds * 1000).rounded() / 1000))
        if prints { line.print() }
        if isQuiet { return }
        tellLeftOut(summary)
        Messages.line(
            Messages.isTerminal
                ? Self.sentence(summary) : line.text)
    }

    /// `1,234 documents: 1,000 new, 234 unchanged; 56,789 tokens encoded in 0:12`
    static func sentence(_ summary: IngestSummary) -> String {
        let counts = [
            (summary.inserted, "new"), (summary.replaced, "replaced"),
            (summary.unchanged, "unchanged"), (summary.skipped, "skipped"),
            (summary.failed, "failed"), (summary.deleted, "deleted"),
        ].filter { $0.0 > 0 }.map { "\(Figures.grouped($0.0)) \($0.1)" }
        let documents = summary.documents
        return "\(Figures.grouped(documents)) document\(documents == 1 ? "" : "s")"
            + (counts.isEmpty ? "" : ": " + counts.joined(separator: ", "))
            + (summary.tokens > 0 ? "; \(Figures.grouped(summary.tokens)) tokens encoded" : ";")
            + " in \(Figures.duration(summary.seconds))"
    }

    /// Throws the first failure's status if a file in a folder could not be read.
    func throwFailureInFolder() throws {
        guard let first = source.firstFailureInFolder else { return }
        throw CommandFailure(
            first.error.status,
            "some files in the folders could not be read; everything else is stored")
    }

    private func tellLeftOut(_ summary: IngestSummary) {
        for reason in PassedOverFile.Reason.allCases {
            tellPassedOver(source.passedOver.filter { $0.reason == reason }.map(\.path), reason)
        }
        let refused = refused.withLock { $0.messages }
        let messages = source.failures.map(\.error.sentence) + refused
        for message in messages.prefix(SourceProgress.failuresKept) { Messages.error(message) }
        let rest = summary.failed - min(messages.count, SourceProgress.failuresKept)
        if rest > 0 { Messages.error("and \(rest) more left out") }
        if summary.truncated > 0 {
            let count = summary.truncated
            Messages.error(
                "\(count) \(count == 1 ? "document is" : "documents are") longer than the model "
                    + "reads, and only the beginning was encoded; --chunk-tokens 256 splits records "
                    + "into passages")
        }
    }

    private func tellPassedOver(_ paths: [String], _ reason: PassedOverFile.Reason) {
        guard !paths.isEmpty else { return }
        let files = paths.count == 1 ? "1 file" : "\(paths.count) files"
        let why =
            switch reason {
            case .name: "skipped: unrecognized extension (pass a file by name to read it anyway)"
            case .empty: "skipped: empty"
            case .linkToFolder: "skipped: a link to a folder (pass it by name to read it)"
            case .special: "skipped: not a regular file"
            }
        Messages.error(
            "\(files) \(why): " + paths.prefix(3).joined(separator: ", ")
                + (paths.count > 3 ? ", …" : ""))
    }
}
