import Foundation

/// A memory-mapped `.npy` file: rows are read when they are needed.
package final class NpyFile: Sendable {
    package let path: String
    package let rows: Int
    package let columns: Int
    private let element: NpyHeader.Element
    private let file: MappedFile
    private let start: Int

    /// - Throws: `FileError`, `NpyError`
    package init(path: String) throws {
        self.path = path
        file = try MappedFile(path: path)
        let bytes = file.bytes
        let size = try NpyHeader.lengthSize(start: bytes.prefix(NpyHeader.startCount))
        let head = NpyHeader.startCount + size
        guard bytes.count >= head else { throw NpyError.unusableHeader }
        let length = bytes[NpyHeader.startCount..<head].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard 1...NpyHeader.longest ~= length, bytes.count - head >= length else {
            throw NpyError.unusableHeader
        }
        start = head + length
        let header = try NpyHeader(String(decoding: bytes[head..<start], as: UTF8.self))
        (rows, columns, element) = (header.rows, header.columns, header.element)
        let (numbers, tooMany) = rows.multipliedReportingOverflow(by: columns)
        let (expected, tooLarge) = numbers.multipliedReportingOverflow(by: element.size)
        guard !tooMany, !tooLarge, bytes.count - start == expected else {
            throw NpyError.size(
                found: bytes.count - start, expected: tooMany || tooLarge ? .max : expected)
        }
    }

    /// The file's bytes.
    package var bytes: UnsafeRawBufferPointer { file.bytes }

    /// - Precondition: `index` is less than `rows`.
    package func row(_ index: Int) -> [Float] {
        precondition(0..<rows ~= index)
        let first = start + index * columns * element.size
        return withExtendedLifetime(file) {
            (0..<columns).map { element.float(file.bytes, at: first + $0 * element.size) }
        }
    }
}
