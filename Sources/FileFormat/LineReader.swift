import Foundation

/// Reads the lines of a stream in memory bounded by the longest line allowed.
///
/// A line ends in LF or CR LF, which the last one may lack. A byte-order mark at the start is
/// skipped. Lines are bytes in any encoding.
///
/// With `Endings.detected`, lines end in CR if the first 256 KiB of the stream have a CR but no LF,
/// as in files of classic Mac OS and of some programs.
package final class LineReader {
    private let stream: any ByteStream
    private var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private var isAtEnd = false
    private var mayHaveMark: Bool
    /// LF or CR; nil if not detected yet.
    private var ending: UInt8?
    /// The number of the last line returned, from 1; 0 before the first.
    package private(set) var line: Int
    /// The most bytes of a line.
    package let limit: Int

    /// 64 MiB.
    package static let defaultLimit = 64 << 20

    /// What ends a line.
    package enum Endings: Sendable { case lineFeed, detected }
    /// The first bytes, by which the ending is detected.
    package static let lookAhead = 1 << 18

    /// A line is longer than the limit. It has been skipped; the next call returns the one after
    /// it.
    package struct LineTooLong: Error, Equatable {
        /// The line's number, from 1.
        package let line: Int
        package let limit: Int
    }

    /// - Parameters:
    ///   - keepsByteOrderMark: whether a byte-order mark at the start is kept in the first
    ///     line.
    ///   - line: the number of lines before the stream, if it is a part of a file.
    package init(
        _ stream: any ByteStream, limit: Int = LineReader.defaultLimit,
        keepsByteOrderMark: Bool = false, endings: Endings = .lineFeed, after line: Int = 0
    ) {
        self.line = line
        ending = endings == .lineFeed ? 10 : nil
        self.stream = stream
        self.limit = limit
        mayHaveMark = !keepsByteOrderMark
        buffer = [UInt8](repeating: 0, count: 1 << 18)
    }

    /// Bytes read from the file so far.
    package var position: Int { stream.position }

    /// Whether the next line is already buffered.
    package var hasLineAtHand: Bool { newline(from: start) != nil }

    /// Calls `body` with the next line's bytes, which are valid only during the call. Returns nil
    /// at the end.
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

    /// The next line's range in the buffer, including its line end.
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

    /// The position of the first line end in the buffer from `searched` on.
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

    /// Reads more bytes after the pending ones. Returns by how much the pending ones moved to the
    /// front.
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
            buffer += [UInt8](repeating: 0, count: buffer.count)
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
