import CXXHash

/// A 128-bit XXH3 hash, for the identity of content and models and for sections of files.
///
/// It protects against accidents, not against an adversary who constructs collisions.
package struct ContentHash: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// Hashes bytes that are in memory.
    package init(of bytes: UnsafeRawBufferPointer) {
        let hash = XXH3_128bits(bytes.baseAddress, bytes.count)
        self.init(high: hash.high64, low: hash.low64)
    }

    /// 32 lower-case hexadecimal digits.
    package var hexadecimal: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Big-endian, 16 bytes.
    package var bytes: [UInt8] {
        [high, low].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
        }
    }
}

/// Computes a hash incrementally.
package final class ContentHasher {
    private let state: OpaquePointer

    package init() {
        guard let state = XXH3_createState() else { preconditionFailure("out of memory") }
        self.state = state
        XXH3_128bits_reset(state)
    }

    deinit { XXH3_freeState(state) }

    /// Resets the hasher to its initial state.
    package func reset() { XXH3_128bits_reset(state) }

    /// Adds bytes.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        XXH3_128bits_update(state, bytes.baseAddress, bytes.count)
    }

    /// Adds the string's UTF-8 preceded by its length, so that ("ab", "c") and ("a", "bc") differ.
    package func update(_ string: String) {
        var string = string
        string.withUTF8 { utf8 in
            withUnsafeBytes(of: UInt64(utf8.count).littleEndian) { update($0) }
            update(UnsafeRawBufferPointer(utf8))
        }
    }

    /// The hash of all bytes added so far.
    package func finalize() -> ContentHash {
        let hash = XXH3_128bits_digest(state)
        return ContentHash(high: hash.high64, low: hash.low64)
    }
}

/// The 64-bit XXH3 hash, for rows and sections of cache files.
package enum Checksum {
    /// XXH3, 64 bits.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        XXH3_64bits(bytes.baseAddress, bytes.count)
    }
}
