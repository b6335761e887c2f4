import FileFormat

/// A part of the input that one worker of a job reads: a file, or a range of its lines.
struct FileUnit: Sendable {
    /// The file, with its range of lines if that is not all of it.
    private(set) var file: InputFile
    /// Names the file on every machine: its path below the argument by which it was found.
    let path: String
    /// In bytes of the file.
    let range: Range<Int>
    /// A hash of the unit's first and last bytes.
    let ends: UInt64

    /// The bytes at each end that are hashed.
    private static let endLength = 4096

    init(_ file: InputFile, path: String, range: Range<Int>) throws {
        self.file = file
        self.path = path
        self.range = range
        ends = try Self.hash(file, range)
    }

    /// The same for all workers that see the same bytes, as far as the ends tell.
    var name: String {
        let digits = String(ends, radix: 16)
        let hash = String(repeating: "0", count: 16 - digits.count) + digits
        return "\(path) \(range.lowerBound)-\(range.upperBound) of \(file.size), \(hash)"
    }

    /// Sets the number of lines before the unit, which whoever has registered it has counted.
    mutating func setLines(before count: Int) { file.lines?.before = count }

    /// Whether the file is as it was.
    func isUnchanged() throws -> Bool {
        let size = try DescriptorStream(path: file.location.bytes, name: file.path).size
        return try size == file.size && Self.hash(file, range) == ends
    }

    private static func hash(_ file: InputFile, _ range: Range<Int>) throws -> UInt64 {
        let first = range.lowerBound..<min(range.upperBound, range.lowerBound + endLength)
        let last = max(range.lowerBound, range.upperBound - endLength)..<range.upperBound
        let bytes = try file.bytes(first) + file.bytes(last)
        return bytes.withUnsafeBytes { Checksum.of($0) }
    }
}

/// A range of a file's lines.
struct LineRange: Sendable, Equatable {
    /// From the beginning of a line to the end of one.
    var bytes: Range<Int>
    /// The number of lines before it.
    var before: Int
}

extension InputFile {
    /// The bytes of a range.
    fileprivate func bytes(_ range: Range<Int>) throws -> [UInt8] {
        try translating {
            let stream = try RangeStream(path: location.bytes, name: path, range: range)
            var bytes = [UInt8](repeating: 0, count: range.count)
            var count = 0
            while count < bytes.count {
                count += try bytes.withUnsafeMutableBytes {
                    try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
                }
            }
            return bytes
        }
    }
}
