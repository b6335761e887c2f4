import FileFormat
import Foundation

/// A JSON Lines file of training rows. Only the rows' positions are kept, 16 bytes a row; rows are
/// read on demand.
///
/// Every row is checked when the file is opened, so that a bad line is reported before the run
/// begins. Empty lines are skipped.
package final class TrainingData: Sendable {
    package let path: String
    private let file: RandomAccessFile
    private let rows: [Place]
    private let reader: RowReader
    /// Number of negatives left out because they equal a positive of their row.
    let leftOut: Int
    /// A hash of the file's bytes, by which a resumed run recognizes its data.
    let fingerprint: String

    private struct Place {
        let offset: Int
        let count: Int32
        let line: Int32
    }

    package init(path: String, stage: TrainingStage, needsNegative: Bool) throws(TrainingError) {
        self.path = path
        reader = RowReader(path: path, stage: stage, needsNegative: needsNegative)
        do {
            (rows, leftOut, fingerprint) = try Self.scan(path, reader)
            file = try RandomAccessFile(path: path)
        } catch let error as TrainingError {
            throw error
        } catch let error as LineReader.LineTooLong {
            throw .badLine(path: path, line: error.line, .tooLong(limitBytes: error.limit))
        } catch {
            throw .cannotRead(path: path, .failed(error))
        }
        guard !rows.isEmpty else { throw .noRows(path: path) }
    }

    private static func scan(
        _ path: String, _ reader: RowReader
    ) throws -> (rows: [Place], leftOut: Int, fingerprint: String) {
        let stream = PeekableStream(try DescriptorStream(path: path))
        if let compression = Compression.detect(try stream.peek(4)) {
            throw TrainingError.compressed(path: path, format: compression.rawValue)
        }
        let lines = LineReader(stream, keepsByteOrderMark: true)
        let hasher = ContentHasher()
        var rows: [Place] = []
        var offset = 0
        var leftOut = 0
        while true {
            let place = try lines.next(keepsEnd: true) { bytes -> Place? in
                hasher.update(UnsafeRawBufferPointer(bytes))
                let place = Place(
                    offset: offset, count: Int32(bytes.count), line: Int32(lines.line))
                offset += bytes.count
                let isBlank = bytes.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
                if isBlank { return nil }
                let row = try reader.row(UnsafeRawBufferPointer(bytes), line: lines.line)
                if case .pair(_, _, _, _, let count) = row { leftOut += count }
                return place
            }
            guard let place else { break }
            if let place { rows.append(place) }
        }
        return (rows, leftOut, hasher.finalize().hexadecimal)
    }

    package var count: Int { rows.count }
    func line(_ index: Int) -> Int { Int(rows[index].line) }

    package func row(_ index: Int) throws(TrainingError) -> TrainingRow {
        try withBytes(of: rows[index]) { bytes throws(TrainingError) in
            try reader.row(bytes, line: line(index))
        }
    }

    /// The id of the row in a line, if it has one.
    func identifier(ofLine line: Int) -> String? {
        guard let place = rows.first(where: { $0.line == line }) else { return nil }
        return try? withBytes(of: place) { bytes throws(TrainingError) in
            reader.identifier(bytes)
        }
    }

    private func withBytes<Result>(
        of place: Place, _ body: (UnsafeRawBufferPointer) throws(TrainingError) -> Result
    ) throws(TrainingError) -> Result {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try file.bytes(place.offset..<place.offset + Int(place.count))
        } catch {
            throw .cannotRead(path: path, .changedWhileRead(error))
        }
        var outcome: Swift.Result<Result, TrainingError>?
        bytes.withUnsafeBytes { bytes in
            do throws(TrainingError) {
                outcome = .success(try body(bytes))
            } catch { outcome = .failure(error) }
        }
        guard let outcome else { preconditionFailure("the closure has run") }
        return try outcome.get()
    }
}
