import Foundation
import Ranking

/// The stored form of a vector: its components, little-endian.
enum StoredVector {
    /// An INSERT statement with two arguments: the passage's key and the encoded vector.
    static func insertion(into table: String) -> String {
        "INSERT OR REPLACE INTO \(table) (\(RowChecksum.vector), checksum) "
            + "VALUES (?1, ?2, \(RowChecksum.name)(?1, ?2))"
    }

    static func encode(_ vector: [Float], as type: VectorElement) -> Data {
        switch type {
        case .float32:
            vector.withUnsafeBytes { Data($0) }
        case .float16:
            vector.map { Float16($0) }.withUnsafeBytes { Data($0) }
        }
    }

    /// Appends the components; `false` if the blob does not have `dimensions` of them.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, as type: VectorElement, dimensions: Int,
        appendingTo values: inout [Float]
    ) -> Bool {
        guard bytes.count == dimensions * type.byteCount else { return false }
        switch type {
        case .float32:
            if UInt(bitPattern: bytes.baseAddress) % 4 == 0 {
                values.append(contentsOf: bytes.bindMemory(to: Float.self))
            } else {
                for index in 0..<dimensions {
                    values.append(bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self))
                }
            }
        case .float16:
            for index in 0..<dimensions {
                let half = bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
                values.append(widen(half))
            }
        }
        return true
    }

    /// Converts float16 to float32 with integer operations, which the compiler can vectorize:
    /// shifts exponent and fraction into place, and corrects the bias by one multiplication
    /// (subnormals included).
    private static func widen(_ half: UInt16) -> Float {
        let magnitude = UInt32(half & 0x7fff) << 13
        let scaled = Float(bitPattern: magnitude) * Float(bitPattern: (254 - 15) << 23)
        let sign = UInt32(half & 0x8000) << 16
        return Float(bitPattern: scaled.bitPattern | sign)
    }
}
