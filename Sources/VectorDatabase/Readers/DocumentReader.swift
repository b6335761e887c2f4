/// Reads documents from files, folders and standard input, one by one in bounded memory.
///
/// ```swift
/// let documents = try DocumentReader(["notes", "corpus.jsonl.gz"])
/// let summary = try await notes.ingest(documents)
/// ```
///
/// Folders are walked by the initializer, as ``FileSelection`` says; files are opened one by one. A
/// file may be compressed with gzip, zstd, bzip2 or xz, whatever its name. Documents come in the order
/// of the paths; in a folder, in the byte order of file names, and links last; in a file, in its own
/// order.
///
/// Reading blocks its thread while the disk or a pipe is slow. A task that waits for a pipe can be
/// canceled.
///
/// If a named file or one of its records cannot be read, iteration throws ``SourceError``. A file
/// that was found in a folder, or a record in it, is skipped instead and listed in
/// ``SourceProgress/failures``, unless ``SourceOptions/stopsInFolders``. With
/// ``SourceOptions/skipsFailures`` named files are skipped, too.
public struct DocumentReader: AsyncSequence, Sendable {
    /// The sequence yields documents.
    public typealias Element = Document

    let files: [InputFile]
    /// All files that were found, whether they have changed or not.
    public let snapshot: SourceSnapshot
    /// The files of an earlier snapshot that are gone, as ``Document/Source/path`` names them.
    public let goneSources: [String]
    private let options: SourceOptions
    /// The progress of all iterations of this sequence together.
    public let progress: SourceProgress

    /// Finds the files to read.
    ///
    /// - Parameters:
    ///   - paths: files, folders, or `-` for standard input.
    ///   - options: the format, and what happens to what cannot be read.
    /// - Throws: `SourceError.missing`, or `.unreadable` for a folder.
    public init(_ paths: [String], options: SourceOptions = SourceOptions()) throws(SourceError) {
        try self.init(paths.map { SourcePath($0) }, options: options)
    }

    /// Finds the files to read, by paths that need not be UTF-8.
    ///
    /// - Parameters:
    ///   - paths: files, folders, or `-` for standard input.
    ///   - options: the format, and what happens to what cannot be read.
    ///   - earlier: files that have not changed since are left out.
    /// - Throws: `SourceError.missing`, or `.unreadable` for a folder.
    public init(
        _ paths: [SourcePath], options: SourceOptions = SourceOptions(),
        changedSince earlier: SourceSnapshot? = nil
    ) throws(SourceError) {
        let walk = try FileWalk(paths, options: options)
        snapshot = SourceSnapshot(walk)
        files = earlier.map { earlier in walk.files.filter { !earlier.has($0) } } ?? walk.files
        goneSources = earlier?.sources(missingIn: snapshot) ?? []
        self.options = options
        progress = SourceProgress(
            totalBytes: files.contains(where: \.isStream) ? nil : files.reduce(0) { $0 + $1.size },
            files: files.count, walk: walk, options: options)
    }

    /// The files to read, as ``Document/Source/path`` names them.
    public var sources: [String] { files.map(\.source) }

    /// Starts reading from the first file. Standard input can be read only once.
    public func makeAsyncIterator() -> Iterator {
        Iterator(reading: Reading(files: files, options: options, progress: progress))
    }

    /// Reads the files in order.
    public struct Iterator: AsyncIteratorProtocol {
        let reading: Reading

        /// The next document; `nil` after the last.
        ///
        /// - Throws: ``SourceError``; `CancellationError`.
        public mutating func next() async throws -> Document? {
            try Task.checkCancellation()
            return try reading.next()
        }
    }

    /// Calls `body` with each document, for synchronous callers.
    package func forEachDocument(_ body: (Document) throws -> Void) throws {
        let reading = Reading(files: files, options: options, progress: progress)
        while let document = try reading.next() { try body(document) }
    }

    /// The position of an iteration.
    final class Reading {
        private var files: ArraySlice<InputFile>
        private let options: SourceOptions
        private let progress: SourceProgress
        private var current: (any RecordReader)?
        private var currentFile: InputFile?
        private var finishedBytes = 0
        /// Documents and failures of the current file so far.
        private var recordsSeen = 0

        init(files: [InputFile], options: SourceOptions, progress: SourceProgress) {
            self.files = files[...]
            self.options = options
            self.progress = progress
        }

        func next() throws -> Document? {
            while true {
                do {
                    guard let reader = try openNext() else { return nil }
                    if var document = try reader.next() {
                        recordsSeen += 1
                        if document.id.isEmpty { document.id = InputFile.streamID(of: document) }
                        progress.advance(to: finishedBytes + reader.position)
                        return document
                    }
                    if let reader = reader as? WholeFileReader, reader.isBlank {
                        progress.passOver(PassedOverFile(path: reader.path, reason: .empty))
                    }
                    finish(reader)
                } catch let error as SourceError {
                    guard let file = currentFile else { throw error }
                    if recordsSeen == 0, file.mayBeNoDocuments, error.isOfOneRecord {
                        progress.passOver(PassedOverFile(path: file.path, reason: .noDocuments))
                        if let reader = current { finish(reader) }
                        continue
                    }
                    guard
                        options.skipsFailures || file.isFromFolder && !options.stopsInFolders
                    else { throw error }
                    recordsSeen += 1
                    progress.fail(
                        SourceFailure(
                            error: error, source: file.source, isFromFolder: file.isFromFolder))
                    if let reader = current, !error.isOfOneRecord { finish(reader) }
                }
            }
        }

        private func openNext() throws -> (any RecordReader)? {
            if current == nil, let file = files.popFirst() {
                currentFile = file
                recordsSeen = 0
                let reader = try file.open(options: options, warn: progress.warn)
                (reader as? JSONLinesReader)?.noteExport = progress.note
                current = reader
            }
            return current
        }

        private func finish(_ reader: any RecordReader) {
            finishedBytes += reader.position
            current = nil
        }
    }
}

extension DocumentReader {
    /// The source of documents read from a path: the value, or for a folder the leading part, of
    /// their ``Document/Source/path``. Use it for ``IngestOptions/synchronizedSources``.
    public static func source(ofPath path: String) -> String { source(ofPath: SourcePath(path)) }

    /// The source of documents read from a path that need not be UTF-8.
    public static func source(ofPath path: SourcePath) -> String {
        path == SourcePath("-") ? "-" : FileWalk.absolute("\(path)")
    }
}
