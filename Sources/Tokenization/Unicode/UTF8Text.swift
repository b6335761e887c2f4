/// UTF-8 in byte buffers. All stages work on these; a `String` is converted to bytes once.
enum UTF8Text {
    /// The scalar that starts at `at`, and its length. The bytes must be well-formed.
    @inline(__always)
    static func decode(_ bytes: UnsafePointer<UInt8>, at: Int) -> (scalar: UInt32, length: Int) {
        let lead = UInt32(bytes[at])
        if lead < 0x80 { return (lead, 1) }
        let second = UInt32(bytes[at + 1] & 0x3F)
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
        let third = UInt32(bytes[at + 2] & 0x3F)
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
        return (
            (lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[at + 3] & 0x3F), 4
        )
    }

    /// The number of bytes of the scalar that begins with `lead`.
    @inline(__always)
    static func length(lead: UInt8) -> Int {
        lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    }

    /// The start of the scalar that ends before `end`, which must be greater than 0.
    @inline(__always)
    static func start(before end: Int, in bytes: UnsafePointer<UInt8>) -> Int {
        var at = end - 1
        while at > 0, bytes[at] & 0xC0 == 0x80 { at -= 1 }
        return at
    }

    @inline(__always)
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        if scalar < 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: scalar))
        } else if scalar < 0x800 {
            bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        } else if scalar < 0x10000 {
            bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        } else {
            bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
    }

    /// Calls `body` with each scalar and the range of its bytes.
    @inline(__always)
    static func forEachScalar(
        in bytes: UnsafeBufferPointer<UInt8>, _ body: (UInt32, Range<Int>) -> Void
    ) {
        guard let base = bytes.baseAddress else { return }
        var at = 0
        while at < bytes.count {
            let (scalar, length) = decode(base, at: at)
            body(scalar, at..<at + length)
            at += length
        }
    }
}
