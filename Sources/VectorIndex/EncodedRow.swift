import FileFormat
import VectorMath

/// A vector in the form in which a graph stores it. Memory for one at a time.
final class EncodedRow {
    let bytes: AlignedArray<UInt8>
    /// bfloat16 bits; with int8 only.
    private(set) var scale: UInt16 = 0
    /// The squared length of what the codes stand for; with int8 and l2 only.
    private(set) var squaredNorm: Float = 0
    private(set) var hash: UInt64 = 0
    private let parameters: IndexParameters

    init(_ parameters: IndexParameters) {
        self.parameters = parameters
        bytes = AlignedArray(repeating: 0, count: VectorRows.stride(of: parameters))
    }

    /// Takes a vector that `Metric.prepared` has made.
    func encode(_ vector: UnsafeBufferPointer<Float>) {
        switch parameters.quantization {
        case .none:
            UnsafeMutableRawBufferPointer(start: bytes.pointer, count: bytes.count).copyMemory(
                from: UnsafeRawBufferPointer(vector))
        case .int8:
            scale = Int8Codes.encode(vector, into: bytes.pointer)
            if parameters.metric == .euclidean {
                var squares = 0
                for i in 0..<bytes.count {
                    let code = Int(bytes.pointer[i]) - Int(Int8Codes.zeroCode)
                    squares += code * code
                }
                let value = Int8Codes.value(ofScale: scale)
                squaredNorm = Float(squares) * value * value
            }
        }
        hash = Self.hash(bytes.bytes, scale: scale)
    }

    static func hash(_ bytes: UnsafeRawBufferPointer, scale: UInt16) -> UInt64 {
        ContentHash(of: bytes).low ^ UInt64(scale) &* 0x9e37_79b9_7f4a_7c15
    }
}
