import NIOCore

/// Cuts a body into lines as it arrives, in memory bounded by the longest line that is allowed.
struct LineSplitter {
    /// The number of the line that is being read, from 1.
    private(set) var line = 1
    private let limit: Int
    private var pending: [UInt8] = []
    private var isTooLong = false

    /// - Parameter limit: the most bytes of a line.
    init(limit: Int) { self.limit = limit }

    enum Line {
        case bytes([UInt8], number: Int)
        case tooLong(number: Int)
    }

    /// The lines that another piece of the body completes.
    mutating func split(_ piece: ByteBuffer) -> [Line] {
        var lines: [Line] = []
        var rest = piece.readableBytesView[...]
        while let end = rest.firstIndex(of: 10) {
            append(rest[..<end])
            lines.append(take())
            rest = rest[rest.index(after: end)...]
        }
        append(rest)
        return lines
    }

    /// The last line, if no line feed ends it.
    mutating func end() -> Line? { pending.isEmpty && !isTooLong ? nil : take() }

    private mutating func append(_ bytes: ByteBufferView) {
        if isTooLong { return }
        guard pending.count + bytes.count <= limit else {
            isTooLong = true
            pending = []
            return
        }
        pending += bytes
    }

    private mutating func take() -> Line {
        defer {
            line += 1
            pending = []
            isTooLong = false
        }
        return isTooLong ? .tooLong(number: line) : .bytes(pending, number: line)
    }
}
