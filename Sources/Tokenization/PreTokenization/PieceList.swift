/// A text split into pieces: its bytes, and the ranges to encode. Empty pieces are dropped.
struct PieceList {
    var bytes: [UInt8] = []
    var pieces: [Range<Int>] = []

    mutating func reset(to text: UnsafeBufferPointer<UInt8>) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: text)
        wholeText()
    }

    /// Makes the whole text one piece.
    mutating func wholeText() {
        pieces.removeAll(keepingCapacity: true)
        if !bytes.isEmpty { pieces.append(0..<bytes.count) }
    }

    /// Splits every piece: `body` receives all bytes and a piece, and appends the piece's parts.
    mutating func split(
        _ body: (UnsafeBufferPointer<UInt8>, Range<Int>, inout [Range<Int>]) -> Void
    ) {
        var parts: [Range<Int>] = []
        parts.reserveCapacity(max(16, bytes.count / 4))
        bytes.withUnsafeBufferPointer { buffer in
            for piece in pieces { body(buffer, piece, &parts) }
        }
        pieces = parts
    }

    /// Rewrites every piece: `body` receives a piece and its start, and appends its new bytes.
    mutating func rewrite(_ body: (UnsafeBufferPointer<UInt8>, Int, inout [UInt8]) -> Void) {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + bytes.count / 4 + 8)
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(pieces.count)
        bytes.withUnsafeBufferPointer { buffer in
            for piece in pieces {
                let start = out.count
                body(UnsafeBufferPointer(rebasing: buffer[piece]), piece.lowerBound, &out)
                if out.count > start { ranges.append(start..<out.count) }
            }
        }
        bytes = out
        pieces = ranges
    }
}
