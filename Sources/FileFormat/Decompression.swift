import CZlib
import CZstd
import Foundation

/// A compression format, detected from a file's first bytes, not its name.
package enum Compression: String, Sendable, CaseIterable {
    case gzip
    case zstd
    case bzip2
    case xz

    /// - Parameter start: the first bytes of the file; 6 are enough.
    package static func detect(_ start: some Collection<UInt8>) -> Compression? {
        let start = Array(start.prefix(6))
        if start == [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0] { return .xz }
        // "BZh" and the size of the blocks.
        if start.starts(with: [0x42, 0x5A, 0x68]), start.count > 3,
            (0x31...0x39).contains(start[3]),
            start.dropFirst(4).elementsEqual([0x31, 0x41].prefix(start.count - 4))
                || start.dropFirst(4).elementsEqual([0x17, 0x72].prefix(start.count - 4))
        {
            return .bzip2
        }
        if start.starts(with: [0x1F, 0x8B]) { return .gzip }
        if start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        // A skippable frame, which pzstd and others write first.
        if start.count >= 4, start[0] & 0xF0 == 0x50, start[1...3] == [0x2A, 0x4D, 0x18] {
            return .zstd
        }
        return nil
    }
}

/// A stream whose next bytes can be peeked at before they are read.
package final class PeekableStream: ByteStream {
    private let base: any ByteStream
    private var pending: [UInt8] = []

    package init(_ base: any ByteStream) { self.base = base }

    package var name: String { base.name }
    package var position: Int { base.position }

    /// The next `count` bytes, or fewer if the stream ends before. With `lineIsEnough`, returns as
    /// soon as it has a line that is not blank: a pipe's writer may be waiting for an answer to it.
    package func peek(_ count: Int, lineIsEnough: Bool = false) throws -> ArraySlice<UInt8> {
        while pending.count < count, !(lineIsEnough && holdsLine) {
            var chunk = [UInt8](repeating: 0, count: count - pending.count)
            let got = try chunk.withUnsafeMutableBytes { try base.read(into: $0) }
            if got == 0 { break }
            pending.append(contentsOf: chunk[..<got])
        }
        return pending.prefix(count)
    }

    /// Whether the pending bytes contain a complete line that is not blank.
    private var holdsLine: Bool {
        pending.drop { $0 == 32 || (9...13).contains($0) }.contains(10)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !pending.isEmpty else { return try base.read(into: buffer) }
        let count = min(pending.count, buffer.count)
        buffer.copyBytes(from: pending[..<count])
        pending.removeFirst(count)
        return count
    }
}

/// The stream itself, or its decompressed bytes if they begin like a compressed file.
package func decompressing(
    _ base: any ByteStream
) throws -> (stream: PeekableStream, compression: Compression?) {
    let stream = PeekableStream(base)
    let compression = Compression.detect(try stream.peek(6))
    return switch compression {
    case .gzip: (PeekableStream(GzipStream(stream)), compression)
    case .zstd: (PeekableStream(ZstdStream(stream)), compression)
    case .bzip2: (PeekableStream(try LibraryStream(stream, format: .bzip2)), compression)
    case .xz: (PeekableStream(try LibraryStream(stream, format: .xz)), compression)
    case nil: (stream, nil)
    }
}

/// Bytes read from a stream but not yet consumed.
struct InputBuffer {
    static let size = 1 << 17
    var bytes = [UInt8](repeating: 0, count: size)
    var start = 0
    var end = 0

    var isEmpty: Bool { start == end }

    /// False at the end of the stream. If the stream throws, the buffer stays empty, and a later call may
    /// succeed.
    mutating func refill(from stream: any ByteStream) throws -> Bool {
        let count = try bytes.withUnsafeMutableBytes { try stream.read(into: $0) }
        start = 0
        end = count
        return end > 0
    }
}

/// gzip (RFC 1952): any number of consecutive members, with optional zero padding after the last.
package final class GzipStream: ByteStream {
    private let base: any ByteStream
    private var input = InputBuffer()
    // zlib keeps a pointer back to its z_stream, which therefore must not move.
    private let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var isInMember = true
    private var isStarted = false

    package init(_ base: any ByteStream) {
        self.base = base
        state.initialize(to: z_stream())
        let code = inflateInit2_(state, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "zlib cannot start: \(code)")
    }

    deinit {
        inflateEnd(state)
        state.deallocate()
    }

    package var name: String { base.name }
    package var position: Int { base.position }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard buffer.count > 0 else { return 0 }
        while true {
            if input.isEmpty, try !input.refill(from: base) {
                if isInMember { throw ByteStreamError.cutShort(name: name, format: .gzip) }
                return 0
            }
            if !isInMember, try !beginMember() { continue }
            let produced = try inflateOnce(into: buffer)
            if produced > 0 { return produced }
        }
    }

    /// After a member: zeros are padding, anything else begins another member.
    private func beginMember() throws -> Bool {
        while !input.isEmpty, input.bytes[input.start] == 0 { input.start += 1 }
        if input.isEmpty { return false }
        inflateReset(state)
        isInMember = true
        return true
    }

    private func inflateOnce(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var code = Z_OK
        let start = input.start
        let available = input.end - start
        let capacity = min(buffer.count, 1 << 30)
        input.bytes.withUnsafeMutableBufferPointer { bytes in
            state.pointee.next_in = bytes.baseAddress! + start
            state.pointee.avail_in = UInt32(available)
            state.pointee.next_out = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
            state.pointee.avail_out = UInt32(capacity)
            code = inflate(state, Z_NO_FLUSH)
        }
        input.start += available - Int(state.pointee.avail_in)
        switch code {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: isInMember = false
        default:
            let reason = state.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)"
            throw ByteStreamError.damaged(name: name, format: .gzip, reason: reason)
        }
        return capacity - Int(state.pointee.avail_out)
    }
}

/// Zstandard (RFC 8878): any number of frames, including skippable ones.
package final class ZstdStream: ByteStream {
    private let base: any ByteStream
    private var input = InputBuffer()
    private let state: OpaquePointer
    private var isInFrame = true

    package init(_ base: any ByteStream) {
        self.base = base
        guard let state = ZSTD_createDStream() else { preconditionFailure("out of memory") }
        self.state = state
    }

    deinit { ZSTD_freeDStream(state) }

    package var name: String { base.name }
    package var position: Int { base.position }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard buffer.count > 0 else { return 0 }
        while true {
            // A frame may still have output when its input is consumed, so drain it before reading
            // more.
            let produced = try decompressOnce(into: buffer)
            if produced > 0 { return produced }
            if input.isEmpty, try !input.refill(from: base) {
                if isInFrame { throw ByteStreamError.cutShort(name: name, format: .zstd) }
                return 0
            }
        }
    }

    private func decompressOnce(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        // At the end of a frame, the decompressor would treat an empty input as the start of a new
        // frame.
        if input.isEmpty, !isInFrame { return 0 }
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        let (start, end) = (input.start, input.end)
        let (code, used) = input.bytes.withUnsafeBytes { bytes in
            var view = ZSTD_inBuffer(src: bytes.baseAddress, size: end, pos: start)
            let code = ZSTD_decompressStream(state, &output, &view)
            return (code, view.pos)
        }
        input.start = used
        if ZSTD_isError(code) != 0 {
            throw ByteStreamError.damaged(
                name: name, format: .zstd, reason: String(cString: ZSTD_getErrorName(code)))
        }
        isInFrame = code != 0
        return output.pos
    }
}
