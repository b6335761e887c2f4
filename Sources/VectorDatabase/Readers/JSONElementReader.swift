import FileFormat

/// Where JSON records come from: lines, or the elements of an array.
protocol JSONRecordSource: AnyObject {
    /// Calls `body` with the next record's bytes, which are valid only during the call. Returns `nil`
    /// at the end.
    func nextRecord(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Document?
    ) throws -> Document??
    /// The line on which the last record began, from 1.
    var line: Int { get }
    /// The number of the last record, which derives its id: in lines, the line's.
    var ordinal: Int { get }
    /// Bytes of the file consumed so far, before decompression.
    var position: Int { get }
}

extension LineReader: JSONRecordSource {
    func nextRecord(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Document?
    ) throws -> Document?? { try next(body) }

    var ordinal: Int { line }
}

/// Splits JSON that is not one object a line into its objects: an array's elements, or objects that
/// follow each other, on any number of lines. Only where an object begins and ends is found here; it
/// is checked when it is read.
final class JSONElementReader: JSONRecordSource {
    private let stream: any ByteStream
    private let file: InputFile
    private let limit: Int
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var start = 0
    private var end = 0
    private var currentLine = 1
    private(set) var line = 1
    private(set) var ordinal = 0
    private var isInArray: Bool?
    private var isDone = false
    private var record: [UInt8] = []

    init(_ stream: any ByteStream, file: InputFile, limit: Int) {
        self.stream = stream
        self.file = file
        self.limit = limit
    }

    var position: Int { stream.position }

    func nextRecord(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Document?
    ) throws -> Document?? {
        guard try findRecord() else { return nil }
        return try record.withUnsafeBufferPointer(body)
    }

    private func peek() throws -> UInt8? {
        if start == end {
            start = 0
            end = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) }
            if end == 0 { return nil }
        }
        return buffer[start]
    }

    /// The next byte that is not white space, without taking it.
    private func peekSignificant() throws -> UInt8? {
        while let byte = try peek() {
            guard isSpace(byte) || byte == 0xEF || byte == 0xBB || byte == 0xBF else { return byte }
            if byte == 10 { currentLine += 1 }
            start += 1
        }
        return nil
    }

    private func fail(_ expected: String) -> SourceError {
        isDone = true
        return .unusableContent(
            path: file.path,
            reason: "is not valid JSON: expected \(expected) on line \(currentLine)")
    }

    /// Puts the next element into `record`.
    private func findRecord() throws -> Bool {
        if isDone { return false }
        if isInArray == nil {
            isInArray = try peekSignificant() == UInt8(ascii: "[")
            if isInArray == true { start += 1 }
        } else if isInArray == true {
            switch try peekSignificant() {
            case UInt8(ascii: ",")?: start += 1
            case UInt8(ascii: "]")?: break
            default: throw fail("',' or ']'")
            }
        }
        guard let first = try peekSignificant() else {
            if isInArray == true { throw fail("']'") }
            return false
        }
        if isInArray == true, first == UInt8(ascii: "]") {
            start += 1
            isDone = true
            if try peekSignificant() != nil { throw fail("the end of the file") }
            return false
        }
        line = currentLine
        ordinal += 1
        try takeElement()
        return true
    }

    /// Takes bytes up to the end of the element: the bracket that closes it, or for a bare value what
    /// follows it.
    private func takeElement() throws {
        record.removeAll(keepingCapacity: true)
        var scanner = ElementScanner()
        var isTooLong = false
        while try peek() != nil {
            let range = start..<end
            let (taken, lines, isComplete) = buffer.withUnsafeBufferPointer {
                scanner.scan(UnsafeBufferPointer(rebasing: $0[range]))
            }
            let kept = min(taken, limit - record.count)
            isTooLong = isTooLong || kept < taken
            record += buffer[start..<start + kept]
            start += taken
            currentLine += lines
            if isComplete { break }
        }
        if isTooLong {
            throw SourceError.recordTooLong(path: file.path, line: line, limit: limit)
        }
    }
}

/// Finds the end of an element, piece by piece.
private struct ElementScanner {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var hasBegun = false

    /// Scans a piece.
    ///
    /// - Returns: the number of bytes that belong to the element, that of line feeds among them, and
    ///   whether the element ends after them.
    mutating func scan(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> (taken: Int, lines: Int, isComplete: Bool) {
        var lines = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if byte == 10 { lines += 1 }
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // After a bare value, the bracket closes the array.
                if depth == 0, hasBegun { return (index, lines, true) }
                depth -= 1
                if depth <= 0 { return (index + 1, lines, true) }
            case UInt8(ascii: ","), 32, 9, 10, 13:
                if depth == 0, hasBegun { return (index, lines - (byte == 10 ? 1 : 0), true) }
            default: break
            }
            hasBegun = true
        }
        return (bytes.count, lines, false)
    }
}
