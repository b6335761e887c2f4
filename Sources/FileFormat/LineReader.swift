import Foundation

/// A stream's lines, in memory that does not grow beyond the longest line allowed.
///
/// A line ends in LF or CR LF; the last one may lack its end. A byte-order mark at the start is
/// left out. Lines are bytes: what they mean is the caller's business.
///
/// With `Endings.detected`, lines end in CR if the stream has one and its first 256 KiB have no LF:
/// the files of old Macs, and what some programs still write.
package final class LineReader {
    private let stream: any ByteStream
    private var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private var isAtEnd = false
    private var mayHaveMark: Bool
    /// LF or CR; `nil`: not detected yet.
    private var ending: UInt8?
    /// The number of the line given last, from 1; 0 before the first.
    package private(set) var line = 0
    /// Bytes a line may have.
    package let limit: Int

    /// 64 MiB.
    package static let defaultLimit = 64 << 20

    /// What ends a line.
    package enum Endings: Sendable { case lineFeed, detected }
    private static let lookAhead = 1 << 18

    /// A line longer than the limit; it has been passed over, and the next call gives the one after.
    package struct LineTooLong: Error, Equatable {
        /// The line's number, from 1.
        package let line: Int
        package let limit: Int
    }

    /// - Parameter keepsByteOrderMark: whether a mark at the start belongs to the first line.
    package init(
        _ stream: any ByteStream, limit: Int = LineReader.defaultLimit,
        keepsByteOrderMark: Bool = false, endings: Endings = .lineFeed
    ) {
        ending = endings == .lineFeed ? 10 : nil
        self.stream = stream
        self.limit = limit
        mayHaveMark = !keepsByteOrderMark
        buffer = [UInt8](repeating: 0, count: 1 << 18)
    }

    /// Bytes taken from the file so far.
    package var position: Int { stream.position }

    /// Whether the next line can be had without waiting for the stream.
    package var hasLineAtHand: Bool { newline(from: start) != nil }

    /// Calls `body` with the next line's bytes, valid only during the call; `nil` at the end.
    ///
    /// - Parameter keepsEnd: whether the bytes include the LF or CR LF.
    /// - Throws: `LineTooLong`, or what the stream or `body` throws.
    package func next<Result>(
        keepsEnd: Bool = false, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) throws -> Result? {
        guard let range = try nextRange() else { return nil }
        return try buffer.withUnsafeBufferPointer { bytes in
            var last = range.upperBound
            if !keepsEnd {
                if last > range.lowerBound, bytes[last - 1] == ending {
                    last -= 1
                    if last > range.lowerBound, bytes[last - 1] == 13, ending == 10 { last -= 1 }
                }
            }
            return try body(UnsafeBufferPointer(rebasing: bytes[range.lowerBound..<last]))
        }
    }

    /// The next line's place in the buffer, its end included.
    private func nextRange() throws -> Range<Int>? {
        if mayHaveMark { try skipByteOrderMark() }
        if ending == nil { try detectEnding() }
        var searched = start
        while true {
            if let newline = newline(from: searched) {
                let range = start..<newline + 1
                start = newline + 1
                line += 1
                if range.count > limit + 2 { throw LineTooLong(line: line, limit: limit) }
                return range
            }
            searched = end
            if end - start > limit + 1 {
                try skipRestOfLine()
                throw LineTooLong(line: line, limit: limit)
            }
            if isAtEnd {
                guard start < end else { return nil }
                defer { start = end }
                line += 1
                return start..<end
            }
            searched -= try fill()
        }
    }

    /// The place of the first line's end in the buffer from `searched` on.
    private func newline(from searched: Int) -> Int? {
        place(of: ending ?? 10, from: searched)
    }

    private func detectEnding() throws {
        var searched = start
        while place(of: 10, from: searched) == nil {
            if isAtEnd || end - start >= Self.lookAhead {
                ending = place(of: 13, from: start) == nil ? 10 : 13
                return
            }
            searched = end
            searched -= try fill()
        }
        ending = 10
    }

    private func place(of byte: UInt8, from searched: Int) -> Int? {
        buffer.withUnsafeBytes { bytes -> Int? in
            guard searched < end, let base = bytes.baseAddress,
                let found = memchr(base + searched, Int32(byte), end - searched)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// Reads more behind what is pending. Returns how far what was pending moved to the front.
    private func fill() throws -> Int {
        let moved = start
        if start > 0 {
            if start < end {
                buffer.withUnsafeMutableBytes {
                    _ = memmove($0.baseAddress!, $0.baseAddress! + start, end - start)
                }
            }
            end -= start
            start = 0
        }
        if end == buffer.count {
            buffer.append(contentsOf: repeatElement(0, count: buffer.count))
        }
        let count = try buffer.withUnsafeMutableBytes {
            try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[end...]))
        }
        end += count
        if count == 0 { isAtEnd = true }
        return moved
    }

    private func skipRestOfLine() throws {
        line += 1
        while true {
            if let newline = newline(from: start) {
                start = newline + 1
                return
            }
            start = end
            if isAtEnd { return }
            _ = try fill()
        }
    }

    private func skipByteOrderMark() throws {
        mayHaveMark = false
        while end - start < 3, !isAtEnd { _ = try fill() }
        if end - start >= 3, buffer[start...].starts(with: [0xEF, 0xBB, 0xBF]) { start += 3 }
    }
}
