import CVectorKernels

/// The storage type of a weight matrix: single numbers, or quantized blocks with shared scales. Raw
/// values are GGUF's (ggml_type).
// These are the names that the field uses. swift-format-ignore: AlwaysUseLowerCamelCase
package enum BlockType: Int32, Sendable, CaseIterable, Hashable {
    case float32 = 0
    case float16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q2_k = 10
    case q3_k = 11
    case q4_k = 12
    case q5_k = 13
    case q6_k = 14
    case iq4_nl = 20
    case bfloat16 = 30

    /// The name in GGUF's tools: `F32`, `Q4_K`.
    package var name: String {
        switch self {
        case .float32: "F32"
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .q4_0: "Q4_0"
        case .q4_1: "Q4_1"
        case .q5_0: "Q5_0"
        case .q5_1: "Q5_1"
        case .q8_0: "Q8_0"
        case .q2_k: "Q2_K"
        case .q3_k: "Q3_K"
        case .q4_k: "Q4_K"
        case .q5_k: "Q5_K"
        case .q6_k: "Q6_K"
        case .iq4_nl: "IQ4_NL"
        }
    }

    /// Whether weights are in quantized blocks, which are multiplied by int8 products.
    package var isQuantized: Bool {
        switch self {
        case .float32, .float16, .bfloat16: false
        default: true
        }
    }

    /// The number of weights in a block: 1, 32 or 256. A row is a whole number of blocks.
    package var weightsPerBlock: Int {
        isQuantized ? quantized_block_weights(rawValue) : 1
    }

    package var bytesPerBlock: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        default: quantized_block_bytes(rawValue)
        }
    }

    /// The size of `weights` weights in bytes; `nil` if they are not a whole number of blocks, or
    /// it overflows.
    package func byteCount(of weights: Int) -> Int? {
        guard weights >= 0, weights.isMultiple(of: weightsPerBlock) else { return nil }
        let (bytes, overflows) = (weights / weightsPerBlock).multipliedReportingOverflow(
            by: bytesPerBlock)
        return overflows ? nil : bytes
    }

    /// Dequantizes whole blocks to float32.
    ///
    /// - Precondition: `bytes` is a whole number of blocks.
    package func dequantize(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        precondition(bytes.count.isMultiple(of: bytesPerBlock))
        let count = bytes.count / bytesPerBlock * weightsPerBlock
        guard let base = bytes.baseAddress else { return [] }
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let to = buffer.baseAddress {
                transformer_widen(base, rawValue, count, to)
            }
            initialized = count
        }
    }
}
