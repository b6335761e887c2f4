import Foundation

/// Reads a text file line by line in bounded memory: run files reach hundreds of megabytes.
///
/// Lines end in LF or CR LF; the last may end without. A byte order mark is skipped. Lines are
/// numbered from 1, including empty ones.
struct LineFile {
    let url: URL
    /// The most bytes of a line. No id, judgment or query comes close.
    static let longestLine = 64 << 20

    var path: String { url.path(percentEncoded: false) }

    func problem(_ problem: EvaluationError.Problem, line: Int) -> EvaluationError {
        .malformed(path: path, line: line, problem: problem)
    }

    /// Calls `body` with the bytes of every line, without its line ending, and the line's number.
    func forEachLine(
        _ body: (_ line: Line, _ number: Int) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        let handle: FileHandle
        do { handle = try FileHandle(forReadingFrom: url) } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
        defer { try? handle.close() }

        var held: [UInt8] = []
        var number = 0
        var start = true
        while true {
            let chunk: Data
            do { chunk = try handle.read(upToCount: 1 << 20) ?? Data() } catch {
                throw .unreadable(path: path, reason: error.localizedDescription)
            }
            if chunk.isEmpty { break }
            held.append(contentsOf: chunk)
            if start, held.starts(with: [0xEF, 0xBB, 0xBF]) { held.removeFirst(3) }
            start = false
            var first = 0
            while let end = held[first...].firstIndex(of: 0x0A) {
                number += 1
                try body(Line(bytes: held[first..<end]), number)
                first = end + 1
            }
            held.removeSubrange(..<first)
            if held.count > Self.longestLine {
                throw problem(.tooLong(bytes: Self.longestLine), line: number + 1)
            }
        }
        if !held.isEmpty { try body(Line(bytes: held[...]), number + 1) }
    }
}

/// The bytes of one line, without its line ending.
struct Line {
    let bytes: ArraySlice<UInt8>

    init(bytes: ArraySlice<UInt8>) {
        self.bytes = bytes.last == 0x0D ? bytes.dropLast() : bytes
    }

    /// Whether there is only white space.
    var isBlank: Bool { bytes.allSatisfy(Self.isSpace) }

    /// The parts between runs of white space; none is empty.
    var words: [ArraySlice<UInt8>] { bytes.split(whereSeparator: Self.isSpace) }

    /// The parts between single tabs; they may be empty.
    var fields: [ArraySlice<UInt8>] {
        bytes.split(separator: 0x09, omittingEmptySubsequences: false)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0B || byte == 0x0C || byte == 0x0D
    }
}

extension ArraySlice<UInt8> {
    /// The bytes as text; `nil` if they are not valid UTF-8.
    var text: String? { String(validating: self, as: UTF8.self) }
}
