import FileFormat
import Foundation

/// A file of ready-made vectors, read row by row.
protocol VectorSource: AnyObject {
    /// The number of rows, if the file says so at its start.
    var rows: Int? { get }
    var position: Int { get }
    func next() throws -> [Float]?
}

/// Reads a file of vectors with a file of ids: each row is a document without text.
///
/// The file of ids has one per line, or is JSON Lines with documents whose `vector` the row
/// becomes. Without such a file, ids are derived from the vectors' file and row.
final class VectorReader: RecordReader {
    private let vectors: any VectorSource
    private let file: InputFile
    private let ids: LineReader?
    private let documents: JSONLinesReader?
    private let idsPath: String
    private var row = 0

    init(_ vectors: any VectorSource, file: InputFile, options: SourceOptions) throws {
        self.vectors = vectors
        self.file = file
        idsPath = options.idsPath ?? ""
        guard let idsPath = options.idsPath else {
            ids = nil
            documents = nil
            return
        }
        let idsFile = InputFile(
            path: idsPath, source: FileWalk.absolute(idsPath), name: idsPath)
        let stream = try idsFile.translating {
            try decompressing(try DescriptorStream(path: idsPath)).stream
        }
        let lines = LineReader(stream, limit: options.recordLimit, endings: .detected)
        let isJSON =
            try SourceFormat.of(content: stream.peek(4096), options: SourceOptions()) == .jsonLines
        ids = isJSON ? nil : lines
        var options = options
        options.idsPath = nil
        documents =
            isJSON
            ? JSONLinesReader(lines, file: idsFile, options: options, needsText: false) : nil
        // If the number of vectors is known, compare the counts before anything is stored.
        if let rows = vectors.rows {
            let found = try Self.count(idsFile, limit: options.recordLimit)
            if found != rows {
                throw SourceError.idCount(
                    path: file.path, ids: idsPath, vectors: rows, found: found)
            }
        }
    }

    var position: Int { vectors.position }

    func next() throws -> Document? {
        guard let vector = try file.translating({ try vectors.next() }) else {
            if try nextDocument() != nil, ids != nil || documents != nil {
                throw SourceError.idCount(
                    path: file.path, ids: idsPath, vectors: row, found: row + 1)
            }
            return nil
        }
        row += 1
        guard vector.allSatisfy(\.isFinite) else {
            throw SourceError.malformed(
                path: file.path, line: row,
                fault: .vectorNotFinite)
        }
        guard var document = try nextDocument() else {
            throw SourceError.idCount(
                path: file.path, ids: idsPath, vectors: vectors.rows ?? row, found: row - 1)
        }
        document.vector = vector
        document.source = file.place(row)
        return document
    }

    /// The document that the next vector belongs to; `nil` after the last.
    private func nextDocument() throws -> Document? {
        if let documents { return try documents.next() }
        guard let ids else { return Document(id: file.derivedID(row), text: "") }
        let idsFile = InputFile(path: idsPath)
        while true {
            let id = try idsFile.translating {
                try ids.next { bytes throws(SourceError) -> String in
                    try idsFile.checkText(bytes, line: ids.line)
                    return String(decoding: bytes, as: UTF8.self)
                }
            }
            guard let id else { return nil }
            if !id.isEmpty { return Document(id: id, text: "") }
        }
    }

    private static func count(_ file: InputFile, limit: Int) throws -> Int {
        try file.translating {
            let lines = LineReader(
                try decompressing(try DescriptorStream(path: file.path)).stream, limit: limit,
                endings: .detected)
            var count = 0
            while let isEmpty = try lines.next({ $0.isEmpty }) { if !isEmpty { count += 1 } }
            return count
        }
    }
}

/// Reads fixed numbers of bytes from a stream.
struct ByteTaker {
    let stream: any ByteStream

    /// Exactly `count` bytes; `nil` if the stream ends before the first.
    func take(_ count: Int, path: String) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = try bytes.withUnsafeMutableBytes {
                try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
            }
            if got == 0 { break }
            filled += got
        }
        if filled == 0, count > 0 { return nil }
        guard filled == count else {
            throw SourceError.unusableVectors(
                path: path,
                fault: .cutShort(found: filled, expected: count))
        }
        return bytes
    }
}
