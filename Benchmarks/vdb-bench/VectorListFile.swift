import ArgumentParser
import FileFormat
import Foundation

/// An fvecs or ivecs file: for each vector its dimensions (int32), then as many 4-byte components.
final class VectorListFile: @unchecked Sendable {
    let count: Int
    let dimensions: Int
    private let words: UnsafeMutableBufferPointer<UInt32>

    init(path: String) throws {
        let file = try MappedFile(path: path)
        guard file.count >= 4 else { throw ValidationError("\(path): holds no vectors") }
        let dimensions = Int(Int32(littleEndian: file.bytes.loadUnaligned(as: Int32.self)))
        guard dimensions > 0, file.count % (4 * (dimensions + 1)) == 0 else {
            throw ValidationError("\(path): is not an fvecs or ivecs file of equal dimensions")
        }
        let count = file.count / (4 * (dimensions + 1))
        words = .allocate(capacity: count * dimensions)
        for row in 0..<count {
            let start = row * (dimensions + 1) * 4
            guard file.bytes.loadUnaligned(fromByteOffset: start, as: Int32.self) == dimensions
            else { throw ValidationError("\(path): vector \(row) has other dimensions") }
            UnsafeMutableRawPointer(words.baseAddress! + row * dimensions).copyMemory(
                from: file.bytes.baseAddress! + start + 4, byteCount: dimensions * 4)
        }
        (self.count, self.dimensions) = (count, dimensions)
    }

    deinit { words.deallocate() }

    func floats(_ rows: Range<Int>) -> UnsafeBufferPointer<Float> {
        UnsafeRawBufferPointer(words)[
            rows.lowerBound * dimensions * 4..<rows.upperBound * dimensions * 4
        ].withMemoryRebound(to: Float.self) { $0 }
    }

    func integers(_ row: Int) -> [Int32] {
        words[row * dimensions..<(row + 1) * dimensions].map { Int32(bitPattern: $0) }
    }

    static func writeIVecs(_ rows: [[Int32]], to path: String) throws {
        var data = Data()
        for row in rows {
            for word in [Int32(row.count)] + row {
                withUnsafeBytes(of: word.littleEndian) { data.append(contentsOf: $0) }
            }
        }
        try data.write(to: URL(fileURLWithPath: path))
    }
}

/// What this process uses.
enum ProcessMemory {
    static var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
            return 0
        }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(getpagesize())
    }

    /// Processor time of all threads so far.
    static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
