import Synchronization

/// The documents of files, folders and standard input, one after another in bounded memory.
///
/// ```swift
/// let documents = try DocumentReader(["notes", "corpus.jsonl.gz"])
/// let summary = try await database.ingest(documents)
/// ```
///
/// Paths are looked up at once, files are opened one by one. A file may be compressed by gzip or
/// zstd, whatever its name. Order is that of the paths, of a folder's names, of a file's lines.
///
/// Reading blocks the thread it runs on while the disk or a pipe is slow. A task that waits for a
/// pipe notices its cancellation.
public struct DocumentReader: AsyncSequence, Sendable {
    public typealias Element = Document

    let files: [InputFile]
    private let options: SourceOptions
    /// How far reading has come, in this sequence's iterations altogether.
    public let progress: SourceProgress

    /// - Parameter paths: files, folders, or `-` for standard input.
    /// - Throws: `SourceError.missing`, or `.unreadable` for a folder.
    public init(_ paths: [String], options: SourceOptions = SourceOptions()) throws(SourceError) {
        let walk = try FileWalk(paths, options: options)
        files = walk.files
        self.options = options
        progress = SourceProgress(
            totalBytes: files.contains { $0.size == 0 } ? nil : files.reduce(0) { $0 + $1.size },
            files: files.count, passedOver: walk.passedOver)
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(reading: Reading(files: files, options: options, progress: progress))
    }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let reading: Reading

        public mutating func next() async throws -> Document? {
            try Task.checkCancellation()
            return try reading.next()
        }
    }

    /// Calls `body` with each document, for a caller that is no task.
    package func forEachDocument(_ body: (Document) throws -> Void) throws {
        let reading = Reading(files: files, options: options, progress: progress)
        while let document = try reading.next() { try body(document) }
    }

    /// The place in the files at which an iteration is.
    fileprivate final class Reading {
        private var files: ArraySlice<InputFile>
        private let options: SourceOptions
        private let progress: SourceProgress
        private var current: (any RecordReader)?
        private var currentSource = ""
        private var finishedBytes = 0

        init(files: [InputFile], options: SourceOptions, progress: SourceProgress) {
            self.files = files[...]
            self.options = options
            self.progress = progress
        }

        func next() throws -> Document? {
            while true {
                do {
                    guard let reader = try openNext() else { return nil }
                    if let document = try reader.next() {
                        progress.advance(to: finishedBytes + reader.position)
                        return document
                    }
                    finishedBytes += reader.position
                    current = nil
                } catch let error as SourceError where options.skipsFailures && error.isOfOneRecord
                {
                    progress.fail(error, in: currentSource)
                }
            }
        }

        private func openNext() throws -> (any RecordReader)? {
            if current == nil, let file = files.popFirst() {
                currentSource = file.source
                current = try file.open(options: options)
            }
            return current
        }
    }
}

/// How far a `DocumentReader` has come. Safe to look at from any thread.
public final class SourceProgress: Sendable {
    /// Bytes of all files as they lie on disk; `nil` where that cannot be known.
    public let totalBytes: Int?
    /// Files that are read.
    public let files: Int
    /// Files in folders that were passed over since their names do not say that they are text.
    public let passedOver: [String]

    private struct State {
        var bytes = 0
        var failed = 0
        var failures: [SourceError] = []
        var failedSources: Set<String> = []
    }

    private let state = Mutex(State())

    /// Failures that are kept to be shown.
    public static let failuresKept = 5

    init(totalBytes: Int?, files: Int, passedOver: [String]) {
        self.totalBytes = totalBytes
        self.files = files
        self.passedOver = passedOver
    }

    /// Bytes read so far.
    public var bytes: Int { state.withLock { $0.bytes } }
    /// Records left out because they could not be read.
    public var failed: Int { state.withLock { $0.failed } }
    /// The first few of them.
    public var failures: [SourceError] { state.withLock { $0.failures } }

    /// The files that they are in, as `Document.Source.path` names them.
    public var failedSources: Set<String> { state.withLock { $0.failedSources } }

    fileprivate func advance(to bytes: Int) {
        state.withLock { $0.bytes = max($0.bytes, bytes) }
    }

    fileprivate func fail(_ error: SourceError, in source: String) {
        state.withLock { state in
            state.failed += 1
            state.failedSources.insert(source)
            if state.failures.count < Self.failuresKept { state.failures.append(error) }
        }
    }
}

extension DocumentReader {
    /// What `Document.Source.path` is for documents read from a path, or begins with for a folder:
    /// what `IngestOptions.synchronizedSources` wants to be told.
    public static func source(ofPath path: String) -> String {
        path == "-" ? path : FileWalk.absolute(path)
    }
}
