import Foundation

/// The bytes of a range of a file, read in order.
package final class RangeStream: ByteStream {
    private let file: DescriptorStream
    private let range: Range<Int>

    /// - Parameters:
    ///   - path: the file's path, which need not be UTF-8.
    ///   - name: the file's name in messages.
    package init(path: [UInt8], name: String, range: Range<Int>) throws(ByteStreamError) {
        file = try DescriptorStream(path: path, name: name)
        self.range = range
        guard lseek(file.descriptor, off_t(range.lowerBound), SEEK_SET) >= 0 else {
            throw .system(operation: "seek", name: name, code: errno)
        }
    }

    package var name: String { file.name }
    /// Bytes read of the range.
    package var position: Int { file.position }
    /// The size of the whole file; `nil` if it is not a regular one.
    package var size: Int? { file.size }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(buffer.count, range.count - position)
        guard count > 0 else { return 0 }
        let got = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        // The file has become shorter.
        if got == 0 { throw ByteStreamError.system(operation: "read", name: name, code: EIO) }
        return got
    }

    /// The bytes up to the first line feed from the current position, or to the range's end.
    package func bytesToLineFeed() throws -> Int {
        var passed = 0
        let found = try forEachChunk { chunk in
            guard let feed = chunk.firstIndex(of: 10) else {
                passed += chunk.count
                return true
            }
            passed += feed + 1
            return false
        }
        return found ? passed : range.count
    }

    /// The number of line feeds from the current position to the range's end.
    package func countLineFeeds() throws -> Int {
        var count = 0
        _ = try forEachChunk { chunk in
            var rest = chunk[...]
            while let base = rest.baseAddress, let found = memchr(base, 10, rest.count) {
                count += 1
                rest = rest.dropFirst(UnsafeRawPointer(found) - base + 1)
            }
            return true
        }
        return count
    }

    /// - Parameter body: whether to read on.
    /// - Returns: whether it was ended by `body`.
    private func forEachChunk(_ body: (UnsafeRawBufferPointer) -> Bool) throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        return try buffer.withUnsafeMutableBytes { buffer in
            while true {
                let count = try read(into: buffer)
                if count == 0 { return false }
                if !body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { return true }
            }
        }
    }
}

extension Slice<UnsafeRawBufferPointer> {
    fileprivate var baseAddress: UnsafeRawPointer? {
        isEmpty ? nil : UnsafeRawBufferPointer(rebasing: self).baseAddress
    }
}
