import FileFormat
import Foundation

/// A JSON Lines file of training rows, mapped and read row by row.
///
/// Every row is checked when the file is opened, so that a bad line ends the run before it begins.
/// Empty lines are skipped.
final class TrainingData: Sendable {
    let path: String
    private let file: MappedFile
    /// Where each row's bytes are, and the number of its line.
    private let rows: [(range: Range<Int>, line: Int)]
    private let reader: RowReader
    /// Of the file's bytes, so that a resumed run knows its data.
    let fingerprint: String

    init(path: String, stage: TrainingStage, needsNegative: Bool) throws(TrainingError) {
        self.path = path
        do { file = try MappedFile(path: path) } catch {
            throw .cannotRead(path: path, reason: "\(error)")
        }
        reader = RowReader(path: path, stage: stage, needsNegative: needsNegative)
        fingerprint = ContentHash(of: file.bytes).hexadecimal
        var rows: [(range: Range<Int>, line: Int)] = []
        var start = 0
        var line = 0
        let bytes = file.bytes
        while start < bytes.count {
            line += 1
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { start + $0 } ?? bytes.count
            let range = start..<end
            start = end + 1
            let isBlank = bytes[range].allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }
            if isBlank { continue }
            _ = try reader.row(Data(bytes[range]), line: line)
            rows.append((range, line))
        }
        guard !rows.isEmpty else { throw .noRows(path: path) }
        self.rows = rows
    }

    var count: Int { rows.count }
    func line(_ index: Int) -> Int { rows[index].line }

    func row(_ index: Int) throws(TrainingError) -> TrainingRow {
        try reader.row(Data(file.bytes[rows[index].range]), line: rows[index].line)
    }
}
