import CDecompression

/// bzip2 or xz, decompressed by a library that is opened when it is needed: any number of
/// consecutive streams.
package final class LibraryStream: ByteStream {
    private let base: any ByteStream
    private let format: Compression
    private let state: OpaquePointer
    private var input = InputBuffer()
    private var isLast = false
    private var isDone = false

    /// - Parameter format: `.bzip2` or `.xz`.
    /// - Throws: `ByteStreamError.libraryMissing`.
    package init(_ base: any ByteStream, format: Compression) throws(ByteStreamError) {
        let isBzip2 = format == .bzip2
        let kind = isBzip2 ? DECOMPRESSION_BZIP2 : DECOMPRESSION_XZ
        guard decompression_available(kind) else {
            throw .libraryMissing(
                name: base.name, library: isBzip2 ? "libbz2" : "liblzma",
                package: isBzip2 ? "libbz2-1.0" : "liblzma5")
        }
        guard let state = decompressor_new(kind) else {
            throw .needsTooMuchMemory(name: base.name, format: format)
        }
        self.base = base
        self.format = format
        self.state = state
    }

    deinit { decompressor_free(state) }

    package var name: String { base.name }
    package var position: Int { base.position }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard buffer.count > 0 else { return 0 }
        while !isDone {
            if input.isEmpty, !isLast { isLast = try !input.refill(from: base) }
            let (produced, consumed) = try step(into: buffer)
            if produced > 0 { return produced }
            if isLast, consumed == 0, !isDone {
                throw ByteStreamError.cutShort(name: name, format: format)
            }
        }
        return 0
    }

    private func step(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ByteStreamError) -> (produced: Int, consumed: Int) {
        var output = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var outputCount = buffer.count
        let available = input.end - input.start
        var inputCount = available
        let start = input.start
        let isLast = isLast
        let result = input.bytes.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress.map { $0 + start }
            return decompressor_step(
                state, &next, &inputCount, &output, &outputCount, isLast)
        }
        input.start += available - inputCount
        switch result {
        case DECOMPRESSION_END: isDone = true
        case DECOMPRESSION_DAMAGED:
            throw .damaged(name: name, format: format, reason: "it is not what was compressed")
        case DECOMPRESSION_TOO_LARGE: throw .needsTooMuchMemory(name: name, format: format)
        default: break
        }
        return (buffer.count - outputCount, available - inputCount)
    }
}
