import Foundation

/// A hash of short byte strings, with a random seed in each process, so that a malicious file
/// cannot contain tokens chosen to collide.
enum ByteHash {
    private static let seed = UInt64.random(in: .min ... .max) | 1

    @inline(__always)
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    @inline(__always)
    static func hash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
        let raw = UnsafeRawPointer(bytes)
        var state = seed ^ UInt64(truncatingIfNeeded: count)
        var at = 0
        while count - at >= 8 {
            state = mix(
                state ^ raw.loadUnaligned(fromByteOffset: at, as: UInt64.self),
                0x9E37_79B9_7F4A_7C15)
            at += 8
        }
        var tail: UInt64 = 0
        if count - at >= 4 {
            tail = UInt64(raw.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            at += 4
        }
        while at < count {
            tail = tail << 8 | UInt64(bytes[at])
            at += 1
        }
        state = mix(state ^ tail, 0xD6E8_FEB8_6659_FD93)
        return UInt32(truncatingIfNeeded: state ^ state >> 32)
    }

    @inline(__always)
    static func hash(_ pair: UInt64) -> UInt64 {
        mix(pair ^ seed, 0x9E37_79B9_7F4A_7C15)
    }
}
