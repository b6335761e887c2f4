import VectorMath

/// The element type of a stored tensor, by safetensors' names; GGUF files also have quantized
/// types, by llama.cpp's names.
// The established names of these types. swift-format-ignore: AlwaysUseLowerCamelCase
package enum ElementType: String, Sendable, CaseIterable, Hashable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint64 = "U64"
    case uint32 = "U32"
    case uint16 = "U16"
    case uint8 = "U8"
    case bool = "BOOL"
    case q4_0 = "Q4_0"
    case q4_1 = "Q4_1"
    case q5_0 = "Q5_0"
    case q5_1 = "Q5_1"
    case q8_0 = "Q8_0"
    case q2_k = "Q2_K"
    case q3_k = "Q3_K"
    case q4_k = "Q4_K"
    case q5_k = "Q5_K"
    case q6_k = "Q6_K"
    case iq4_nl = "IQ4_NL"

    /// The kernels' type; nil for types that weights never have.
    package var blockType: BlockType? {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .q4_0: .q4_0
        case .q4_1: .q4_1
        case .q5_0: .q5_0
        case .q5_1: .q5_1
        case .q8_0: .q8_0
        case .q2_k: .q2_k
        case .q3_k: .q3_k
        case .q4_k: .q4_k
        case .q5_k: .q5_k
        case .q6_k: .q6_k
        case .iq4_nl: .iq4_nl
        default: nil
        }
    }

    package init(_ type: BlockType) {
        // Every block type has an element type of the same name.
        self = ElementType.allCases.first { $0.blockType == type } ?? .float32
    }

    package var isQuantized: Bool { blockType?.isQuantized ?? false }

    /// The number of elements in a block: 1 unless the type is quantized.
    package var elementsPerBlock: Int { isQuantized ? blockType?.weightsPerBlock ?? 1 : 1 }

    /// The size in bytes of one element, or of one block of a quantized type.
    package var size: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_k, .q3_k, .q4_k, .q5_k, .q6_k, .iq4_nl:
            blockType?.bytesPerBlock ?? 0
        }
    }

    /// The size in bytes of `elements` elements, which must be whole blocks.
    package func byteCount(of elements: Int) -> Int { elements / elementsPerBlock * size }

    /// Whether weights can have this type.
    package var isWeight: Bool { blockType != nil }

    /// From `torch.float32`, `float32`, … as in `config.json`; nil for types that weights never
    /// have.
    package init?(torchName: String) {
        switch torchName.hasPrefix("torch.") ? String(torchName.dropFirst(6)) : torchName {
        case "float32", "float": self = .float32
        case "float16", "half": self = .float16
        case "bfloat16": self = .bfloat16
        default: return nil
        }
    }

    /// The name that `config.json` uses.
    package var torchName: String {
        switch self {
        case .float64: "float64"
        case .float32: "float32"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        case .int64: "int64"
        case .int32: "int32"
        case .int16: "int16"
        case .int8: "int8"
        case .uint64: "uint64"
        case .uint32: "uint32"
        case .uint16: "uint16"
        case .uint8: "uint8"
        case .bool: "bool"
        // config.json has no names for quantized types.
        default: "float32"
        }
    }
}

/// bfloat16: the upper half of a float32.
package enum BFloat16 {
    /// Exact.
    @inline(__always)
    package static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// Rounds to nearest, ties to even; NaN stays NaN.
    @inline(__always)
    package static func bits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
}
