import Dispatch
import FileFormat
import Foundation
import Synchronization

/// The tokens of all texts of a pre-training run, in a file in the output folder while the run
/// lasts, so that memory does not grow with the tokens and sequences can be read in any order.
///
///     tokens    Int32 each, text after text: BOS, the text's, EOS
///     ends      UInt64 for each text: the number of tokens up to its end
///     footer    UInt64 number of texts; 32 bytes key; 8 bytes "vdbtoken"
///
/// 1. The file is complete or absent (`AtomicFile`).
/// 2. The key is a hash of the data and the tokenizer: a resumed run reuses the earlier run's file,
///    a run on other data writes its own.
/// 3. Little-endian, the byte order of all supported processors.
final class TokenFile {
    static let name = "training-tokens.bin"
    private static let magic = Array("vdbtoken".utf8)
    private static let footer = 48
    /// Texts tokenized at once.
    private static let chunkRows = 512

    private let file: RandomAccessFile
    /// For each text, the number of tokens up to its end.
    private let ends: [UInt64]

    /// Opens the file of an earlier run if it has the same key, else writes it.
    ///
    /// - Parameter tokens: returns one row's tokens; called on several threads at once.
    init(
        folder: String, key: String, rows: Int, threads: Int,
        progress: (_ done: Int) throws -> Void,
        tokens: @escaping @Sendable (Int) throws(TrainingError) -> [Int32]
    ) throws {
        let path = folder + "/" + Self.name
        if let (file, ends) = try? Self.open(path, key: key, rows: rows) {
            (self.file, self.ends) = (file, ends)
            return
        }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let writer = try AtomicFile(path: path)
            var ends: [UInt64] = []
            ends.reserveCapacity(rows)
            var count: UInt64 = 0
            for start in stride(from: 0, to: rows, by: Self.chunkRows) {
                let chunk = start..<min(rows, start + Self.chunkRows)
                for tokens in try Self.tokenize(chunk, threads: threads, tokens) {
                    try tokens.withUnsafeBytes { try writer.write($0) }
                    count += UInt64(tokens.count)
                    ends.append(count)
                }
                try progress(chunk.upperBound)
            }
            try ends.withUnsafeBytes { try writer.write($0) }
            try writer.write(withUnsafeBytes(of: UInt64(rows)) { Array($0) })
            try writer.write(Array(key.utf8) + Self.magic)
            try writer.commit()
            file = try RandomAccessFile(path: path)
            self.ends = ends
        } catch let error as FileError {
            throw TrainingError.cannotWrite(path: path, error)
        }
    }

    private static func tokenize(
        _ rows: Range<Int>, threads: Int,
        _ tokens: @escaping @Sendable (Int) throws(TrainingError) -> [Int32]
    ) throws(TrainingError) -> [[Int32]] {
        let results = Mutex<[Int: Result<[Int32], TrainingError>]>([:])
        let next = Mutex(rows.lowerBound)
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            while true {
                let row = next.withLock { next -> Int in
                    defer { next += 1 }
                    return next
                }
                guard row < rows.upperBound else { return }
                let result: Result<[Int32], TrainingError>
                do throws(TrainingError) { result = .success(try tokens(row)) } catch {
                    result = .failure(error)
                }
                results.withLock { $0[row] = result }
            }
        }
        var all: [[Int32]] = []
        for row in rows { all.append(try results.withLock { $0[row] }?.get() ?? []) }
        return all
    }

    private static func open(
        _ path: String, key: String, rows: Int
    ) throws -> (RandomAccessFile, [UInt64])? {
        let file = try RandomAccessFile(path: path)
        let tail = rows * 8 + footer
        guard file.count >= tail,
            try file.bytes(file.count - 40..<file.count) == Array(key.utf8) + magic,
            try file.values(UInt64.self, count: 1, at: file.count - footer)[0] == UInt64(rows)
        else { return nil }
        let ends = try file.values(UInt64.self, count: rows, at: file.count - tail)
        guard ends.last.map({ $0 == UInt64(file.count - tail) / 4 }) ?? false,
            zip(ends, ends.dropFirst()).allSatisfy({ $0 <= $1 })
        else { return nil }
        return (file, ends)
    }

    /// The number of tokens of a text.
    func count(_ row: Int) -> Int { Int(ends[row] - (row == 0 ? 0 : ends[row - 1])) }

    /// A part of a text's tokens.
    func tokens(_ row: Int, _ range: Range<Int>) throws(TrainingError) -> [Int32] {
        let start = Int(row == 0 ? 0 : ends[row - 1]) + range.lowerBound
        do throws(FileError) {
            return try file.values(Int32.self, count: range.count, at: start * 4)
        } catch {
            throw .cannotRead(path: file.path, .failed(error))
        }
    }

    /// Removes the file of a run.
    static func remove(_ folder: String) throws(TrainingError) {
        let path = folder + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw .cannotWrite(path: path, error)
        }
    }
}
