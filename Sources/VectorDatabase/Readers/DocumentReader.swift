/// The documents of files, folders and standard input, one after another in bounded memory.
///
/// ```swift
/// let documents = try DocumentReader(["notes", "corpus.jsonl.gz"])
/// let summary = try await notes.ingest(documents)
/// ```
///
/// Paths are looked up at once, files are opened one by one. A file may be compressed by gzip or
/// zstd, whatever its name. Order is that of the paths, of a folder's names, of a file's lines.
///
/// Reading blocks the thread it runs on while the disk or a pipe is slow. A task that waits for a
/// pipe notices its cancellation.
///
/// A file that cannot be read ends the reading if it was named. One that was found in a folder is
/// left out, and so is a record in it: ``SourceProgress/failures`` has it. With
/// ``SourceOptions/skipsFailures`` the same holds for files that were named and their records.
public struct DocumentReader: AsyncSequence, Sendable {
    public typealias Element = Document

    let files: [InputFile]
    private let options: SourceOptions
    /// How far reading has come, in this sequence's iterations altogether.
    public let progress: SourceProgress

    /// - Parameters:
    ///   - paths: files, folders, or `-` for standard input.
    ///   - options: the format, and what happens to what cannot be read.
    /// - Throws: `SourceError.missing`, or `.unreadable` for a folder.
    public init(_ paths: [String], options: SourceOptions = SourceOptions()) throws(SourceError) {
        try self.init(paths.map { SourcePath($0) }, options: options)
    }

    /// - Parameters:
    ///   - paths: files, folders, or `-` for standard input; their names need not be UTF-8.
    ///   - options: the format, and what happens to what cannot be read.
    /// - Throws: `SourceError.missing`, or `.unreadable` for a folder.
    public init(
        _ paths: [SourcePath], options: SourceOptions = SourceOptions()
    ) throws(SourceError) {
        let walk = try FileWalk(paths, options: options)
        files = walk.files
        self.options = options
        progress = SourceProgress(
            totalBytes: files.contains { $0.size == 0 } ? nil : files.reduce(0) { $0 + $1.size },
            walk: walk)
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
        private var currentFile: InputFile?
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
                    if var document = try reader.next() {
                        if document.id.isEmpty { document.id = InputFile.streamID(of: document) }
                        progress.advance(to: finishedBytes + reader.position)
                        return document
                    }
                    if let reader = reader as? TextFileReader, reader.isBlank {
                        progress.passOver(PassedOverFile(path: reader.path, reason: .empty))
                    }
                    finish(reader)
                } catch let error as SourceError {
                    guard let file = currentFile, options.skipsFailures || file.isFromFolder else {
                        throw error
                    }
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
                let reader = try file.open(options: options)
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
    /// What `Document.Source.path` is for documents read from a path, or begins with for a folder:
    /// what `IngestOptions.synchronizedSources` wants to be told.
    public static func source(ofPath path: String) -> String { source(ofPath: SourcePath(path)) }

    public static func source(ofPath path: SourcePath) -> String {
        path == SourcePath("-") ? "-" : FileWalk.absolute("\(path)")
    }
}
