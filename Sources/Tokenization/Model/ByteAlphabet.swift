/// The alphabet of byte-level models: each of the 256 bytes is represented by a visible character,
/// so that vocabularies can be text. Printable Latin-1 represents itself; the other 68 bytes are
/// U+0100 and up, in order.
enum ByteAlphabet {
    /// The scalar of each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (0..<UInt32(256)).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
            default:
                next += 1
                return next - 1
            }
        }
    }()

    /// The byte of each scalar below U+0144, or -1.
    static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = Int16(byte) }
        return table
    }()

    static func spell(_ text: UnsafeBufferPointer<UInt8>, into out: inout [UInt8]) {
        let scalars = scalars
        for byte in text { UTF8Text.append(scalars[Int(byte)], to: &out) }
    }

    static func spell(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count * 2)
        text.withUnsafeBufferPointer { spell($0, into: &out) }
        return out
    }

    /// The bytes that `token` spells; nil if it has a character outside the alphabet.
    static func read(_ token: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let table = bytes
        var out: [UInt8] = []
        out.reserveCapacity(token.count)
        var spelled = true
        UTF8Text.forEachScalar(in: token) { scalar, _ in
            if scalar < 0x144, table[Int(scalar)] >= 0 {
                out.append(UInt8(table[Int(scalar)]))
            } else {
                spelled = false
            }
        }
        return spelled ? out : nil
    }
}
