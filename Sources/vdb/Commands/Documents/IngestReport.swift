import JSON
import Synchronization
import TextBytes
import VectorDatabase

/// The progress and the summary of `vdb ingest`.
final class IngestReport: Sendable {
    private let source: SourceProgress
    private let isQuiet: Bool
    private let isVerbose: Bool
    private let rejects: RejectsFile?
    private let bar: ProgressLine
    /// The number of documents that the database rejected, with the first few messages.
    private let refused = Mutex<(count: Int, messages: [String])>((0, []))

    /// Messages that an earlier report has told.
    private let toldBefore: Set<String>?
    private let rate = Mutex(RecentRate())

    /// - Parameter told: with `--watch`, messages that need not be repeated; `nil` at first.
    init(
        _ source: SourceProgress, _ command: IngestCommand, _ rejects: RejectsFile?,
        told: Set<String>? = nil
    ) {
        self.source = source
        isQuiet = command.general.quiet
        isVerbose = command.verbose
        self.rejects = rejects
        toldBefore = told
        bar = ProgressLine(unit: "documents", isQuiet: isQuiet)
    }

    /// The messages told so far, of this report and earlier ones.
    var told: Set<String> {
        (toldBefore ?? []).union(source.failures.map(\.error.sentence))
    }

    var show: @Sendable (IngestProgress) -> Void {
        { [self] progress in
            bar.draw { _ in
                let total = progress.stage == .storing ? source.totalBytes : nil
                // Bytes of text are settled long after the file's were read.
                var share: Double?
                if let total, total > 0, progress.bytesRead > 0 {
                    share =
                        Double(progress.bytesStored) / Double(progress.bytesRead)
                        * Double(min(source.bytes, total)) / Double(total)
                }
                let left = rate.withLock { $0.secondsLeft(share: share, at: .now) }
                return IngestFigures.line(progress, share: share, total: total, left: left)
            }
        }
    }

    func fail(_ error: any Error, _ document: Document) {
        rejects?.add(error, document)
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

    /// - Parameter isPreview: whether nothing was done.
    func finish(_ summary: IngestSummary, prints: Bool, isPreview: Bool = false) {
        let line = summary.json
        if prints { line.print() }
        if isQuiet { return }
        tellLeftOut(summary)
        let sentence = IngestFigures.sentence(summary, isPreview: isPreview)
        Messages.line(Messages.isTerminal ? sentence : line.text)
    }

    private func tellLeftOut(_ summary: IngestSummary) {
        for reason in PassedOverFile.Reason.allCases where toldBefore == nil {
            tellPassedOver(source.passedOver.filter { $0.reason == reason }.map(\.path), reason)
        }
        let refused = refused.withLock { $0.messages }
        let messages = source.failures.map(\.error.sentence) + refused
        for message in messages.prefix(SourceProgress.failuresKept)
        where toldBefore?.contains(message) != true {
            Messages.error(message)
        }
        let rest = summary.failed - min(messages.count, SourceProgress.failuresKept)
        if rest > 0 {
            Messages.error(
                "and \(rest) more left out" + (rejects == nil ? "; --rejects lists all" : ""))
        }
        tellWarnings()
        if summary.truncated > 0 {
            let count = summary.truncated
            Messages.error(
                "\(count) \(count == 1 ? "document is" : "documents are") longer than the model "
                    + "reads, and only the beginning was encoded; without --chunk-tokens 0 they are "
                    + "split into passages")
        }
    }

    private func tellWarnings() {
        for case .unreadableFrontMatter(let path) in source.warnings {
            Messages.error(
                "\(path): the front matter is not in the part of YAML or TOML that is read, and stays "
                    + "part of the text")
        }
        for case .columnMissing(let path, let column) in source.warnings {
            Messages.error("\(path): has no column '\(column)', whose type --types gives")
        }
        let paths = source.warnings.compactMap { warning -> String? in
            if case .assumedWindows1252(let path) = warning { path } else { nil }
        }
        guard let first = paths.first else { return }
        let files = paths.count == 1 ? first : Self.listed(paths, all: isVerbose)
        Messages.error(
            "\(paths.count == 1 ? "1 file is" : "\(paths.count) files are") not UTF-8, and read as "
                + "Windows-1252 (pass --encoding if that is wrong): \(files)")
    }

    private func tellPassedOver(_ paths: [String], _ reason: PassedOverFile.Reason) {
        guard !paths.isEmpty else { return }
        if isVerbose {
            for path in paths { Messages.error("\(path): skipped: \(reason.words)") }
            return
        }
        if reason.isByRequest { return }
        let files = paths.count == 1 ? "1 file" : "\(paths.count) files"
        Messages.error(
            "\(files) skipped: \(reason.words)\(reason.remedy.map { " (\($0))" } ?? ""): "
                + Self.listed(paths, all: false))
    }

    private static func listed(_ paths: [String], all: Bool) -> String {
        let shown = all ? paths[...] : paths.prefix(3)
        return shown.joined(separator: ", ") + (paths.count > shown.count ? ", …" : "")
    }
}

extension PassedOverFile.Reason {
    /// Whether the user, or the folder's owner, asked for it, so that it is told only on request.
    fileprivate var isByRequest: Bool {
        switch self {
        case .ignored, .excluded, .hidden: true
        default: false
        }
    }

    fileprivate var words: String {
        switch self {
        case .name: "unrecognized extension"
        case .empty: "empty"
        case .noDocuments: "JSON or Parquet without documents"
        case .alreadyRead: "a link to what is read already"
        case .special: "not a regular file"
        case .ignored: "ignored by .gitignore or .ignore (--no-ignore reads it)"
        case .excluded: "left out by --include or --exclude"
        case .hidden: "hidden (--hidden reads it)"
        }
    }

    fileprivate var remedy: String? {
        switch self {
        case .name: "--include '*.EXT' reads them as text"
        case .noDocuments: "pass a file by name to see why"
        default: nil
        }
    }
}
