import FileFormat

/// The bytes of a file: all together, or those of a long text in parts.
///
/// A text longer than the limit is cut after the last line end of each part, so that a part is the
/// same again when the file has grown, and memory does not depend on the file's size.
struct FileParts {
    private let stream: any ByteStream
    private let path: String
    /// The most bytes that come together.
    private let limit: Int
    /// The most bytes of a part of a longer text; `nil` if such a file is refused.
    private let partSize: Int?
    private var buffer: [UInt8] = []
    private var start = 0
    /// What the stream gave last.
    private var piece = [UInt8](repeating: 0, count: 1 << 16)
    private var isAtEnd = false
    private var isRefused = false

    /// The number of parts so far.
    private(set) var count = 0
    /// Whether the file comes in parts.
    private(set) var isLong = false
    /// The lines before the last part.
    private(set) var linesBefore = 0
    private var lines = 0
    private var bytesSoFar = 0

    /// A text that is this many times longer than its compressed file is not what it seems.
    private static let largestRatio = 200

    /// - Parameter size: the file's bytes as they are read; `nil` if that is not known.
    init(
        _ stream: any ByteStream, path: String, size: Int?, limit: Int, partSize: Int?
    ) throws {
        self.stream = stream
        self.path = path
        self.limit = limit
        self.partSize = partSize
        if let size, size > limit {
            // Do not read what cannot be used.
            guard partSize != nil else {
                throw SourceError.fileTooLarge(path: path, limit: limit)
            }
            isLong = true
        }
        buffer.reserveCapacity(min(size ?? 0, isLong ? partSize ?? 0 : limit) + 1)
    }

    /// The next part; `nil` after the last. An empty file is one empty part.
    ///
    /// - Throws: errors of the stream; `SourceError.fileTooLarge`, after which there are no more parts.
    mutating func next() throws -> ArraySlice<UInt8>? {
        if isRefused { return nil }
        if count == 0, !isLong {
            try fill(limit + 1)
            if buffer.count <= limit {
                count = 1
                defer { buffer = [] }
                return buffer[...]
            }
            if partSize == nil { throw refusal() }
            isLong = true
        }
        guard isLong, let partSize else { return nil }
        // One byte more tells whether a character ends there.
        try fill(partSize + 1)
        let rest = buffer[start...]
        if rest.isEmpty { return nil }
        let part = rest.count <= partSize && isAtEnd ? rest : rest.prefix(Self.cut(rest, partSize))
        start = part.endIndex
        count += 1
        linesBefore += lines
        lines = part.count { $0 == 10 }
        bytesSoFar += part.count
        // A file of a few kilobytes may decompress to any length.
        if bytesSoFar > limit, bytesSoFar / Self.largestRatio > stream.position {
            throw refusal()
        }
        return part
    }

    private mutating func refusal() -> SourceError {
        isRefused = true
        buffer = []
        return .fileTooLarge(path: path, limit: limit)
    }

    /// Reads until `count` bytes wait, or the end.
    private mutating func fill(_ count: Int) throws {
        if start > 0, buffer.count - start < count {
            buffer.removeFirst(start)
            start = 0
        }
        while !isAtEnd, buffer.count - start < count {
            let wanted = min(piece.count, count - (buffer.count - start))
            let got = try piece.withUnsafeMutableBytes {
                try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]))
            }
            piece.withUnsafeBytes {
                buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[..<got]))
            }
            isAtEnd = got == 0
        }
    }

    /// The length of a part: up to a line end, else a space, else a character's end.
    private static func cut(_ bytes: ArraySlice<UInt8>, _ size: Int) -> Int {
        let part = bytes.prefix(size)
        for mark in [UInt8(10), 13, 32] {
            if let last = part.lastIndex(of: mark) { return last + 1 - part.startIndex }
        }
        var end = part.endIndex
        while end > part.startIndex + 1, end < bytes.endIndex, bytes[end] & 0xC0 == 0x80 {
            end -= 1
        }
        return end - part.startIndex
    }
}
