/// A text cut into pieces: bytes, and the ranges of them that are still to be encoded. Empty pieces
/// are dropped as they are made.
struct PieceList {
    var bytes: [UInt8] = []
    var pieces: [Range<Int>] = []

    mutating func reset(to text: UnsafeBufferPointer<UInt8>) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: text)
        wholeText()
    }

    /// One piece: everything.
    mutating func wholeText() {
        pieces.removeAll(keepingCapacity: true)
        if !bytes.isEmpty { pieces.append(0..<bytes.count) }
    }

    /// Cuts every piece in turn: `body` gets the whole bytes, a piece, and appends its parts.
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

    /// Writes every piece again: `body` gets a piece and where it starts, and appends its new bytes.
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
