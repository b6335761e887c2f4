import FileFormat

/// Splits a CSV file into records and fields.
final class CSVParser {
    private let lines: LineReader
    private let file: InputFile
    private let limit: Int
    private var separator: UInt8?
    /// The line on which the last record began.
    private(set) var recordLine = 0

    init(_ stream: any ByteStream, file: InputFile, options: SourceOptions) {
        lines = LineReader(stream, limit: options.recordLimit, endings: .detected)
        self.file = file
        limit = options.recordLimit
        separator = options.delimiter
    }

    var position: Int { lines.position }

    /// The next record's fields; an empty line gives one empty field.
    func next() throws -> [String]? {
        var record = Record()
        recordLine = lines.line + 1
        while true {
            let isComplete = try file.translating {
                try lines.next(keepsEnd: true) { bytes in
                    try file.checkText(bytes, line: lines.line)
                    if separator == nil { separator = Self.separator(of: bytes) }
                    return try read(bytes, into: &record)
                }
            }
            if isComplete == true { return record.fields }
            if isComplete == nil {
                if record.size == 0 { return nil }
                throw SourceError.malformed(
                    path: file.path, line: recordLine,
                    fault: .unclosedQuote)
            }
            guard record.size <= limit else {
                throw SourceError.recordTooLong(path: file.path, line: recordLine, limit: limit)
            }
        }
    }

    /// The most frequent of comma, semicolon and tab outside quotes; of equally frequent ones the
    /// first in this order.
    static func separator(of line: UnsafeBufferPointer<UInt8>) -> UInt8 {
        var counts = [0, 0, 0]
        var isQuoted = false
        for byte in line {
            if byte == UInt8(ascii: "\"") {
                // A doubled quote toggles twice.
                isQuoted.toggle()
            } else if !isQuoted, let index = candidates.firstIndex(of: byte) {
                counts[index] += 1
            }
        }
        let most = counts.max() ?? 0
        return candidates[counts.firstIndex(of: most) ?? 0]
    }

    private static let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), 9]

    private struct Record {
        var fields: [String] = []
        /// The field being read.
        var field: [UInt8] = []
        var isQuoted = false
        /// Bytes read for this record.
        var size = 0
    }

    /// Parses a line, including its line ending. Returns whether the record ends with it.
    private func read(_ bytes: UnsafeBufferPointer<UInt8>, into record: inout Record) throws -> Bool
    {
        record.size += bytes.count
        var end = bytes.count
        if end > 0, bytes[end - 1] == 10 { end -= 1 }
        if end > 0, bytes[end - 1] == 13 { end -= 1 }
        let quote = UInt8(ascii: "\"")
        var index = 0
        var isAtStart = !record.isQuoted
        while true {
            if record.isQuoted {
                guard index < bytes.count else { return false }
                let byte = bytes[index]
                index += 1
                if byte != quote {
                    record.field.append(byte)
                } else if index < end, bytes[index] == quote {
                    record.field.append(quote)
                    index += 1
                } else {
                    record.isQuoted = false
                    guard index >= end || bytes[index] == separator else {
                        throw SourceError.malformed(
                            path: file.path, line: lines.line,
                            fault: .textAfterQuote(byte: index))
                    }
                }
                continue
            }
            if index >= end || bytes[index] == separator {
                record.fields.append(String(decoding: record.field, as: UTF8.self))
                record.field.removeAll(keepingCapacity: true)
                if index >= end { return true }
                index += 1
                isAtStart = true
                continue
            }
            if isAtStart, bytes[index] == quote {
                record.isQuoted = true
            } else {
                record.field.append(bytes[index])
            }
            isAtStart = false
            index += 1
        }
    }
}
