/// The element types of GGUF tensors, with ggml's numbers. Quantized types store blocks of 32 or
/// 256 numbers of one row.
///
/// All types of the format are listed, so that a file's layout can be checked; `Tensors` decides
/// which of them are supported.
package enum GGUFElementType: UInt32, Sendable, CaseIterable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q8_1 = 9
    case q2_K = 10
    case q3_K = 11
    case q4_K = 12
    case q5_K = 13
    case q6_K = 14
    case q8_K = 15
    case iq2_XXS = 16
    case iq2_XS = 17
    case iq3_XXS = 18
    case iq1_S = 19
    case iq4_NL = 20
    case iq3_S = 21
    case iq2_S = 22
    case iq4_XS = 23
    case i8 = 24
    case i16 = 25
    case i32 = 26
    case i64 = 27
    case f64 = 28
    case iq1_M = 29
    case bf16 = 30
    case tq1_0 = 34
    case tq2_0 = 35
    case mxfp4 = 39

    /// Numbers in a block; 1 for types without blocks.
    package var blockCount: Int { layout.numbers }

    /// Bytes of a block.
    package var blockSize: Int { layout.bytes }

    private var layout: (numbers: Int, bytes: Int) {
        switch self {
        case .f32, .i32: (1, 4)
        case .f16, .bf16, .i16: (1, 2)
        case .i8: (1, 1)
        case .i64, .f64: (1, 8)
        case .q4_0, .iq4_NL: (32, 18)
        case .q4_1: (32, 20)
        case .q5_0: (32, 22)
        case .q5_1: (32, 24)
        case .q8_0: (32, 34)
        case .q8_1: (32, 36)
        case .mxfp4: (32, 17)
        case .q2_K: (256, 84)
        case .q3_K: (256, 110)
        case .q4_K: (256, 144)
        case .q5_K: (256, 176)
        case .q6_K: (256, 210)
        case .q8_K: (256, 292)
        case .iq1_S: (256, 50)
        case .iq1_M: (256, 56)
        case .iq2_XXS: (256, 66)
        case .iq2_XS: (256, 74)
        case .iq2_S: (256, 82)
        case .iq3_XXS: (256, 98)
        case .iq3_S: (256, 110)
        case .iq4_XS: (256, 136)
        case .tq1_0: (256, 54)
        case .tq2_0: (256, 66)
        }
    }

    /// The type's name as llama.cpp writes it, such as `Q4_K`.
    package var name: String {
        switch self {
        case .iq2_XXS, .iq2_XS, .iq3_XXS, .iq1_S, .iq4_NL, .iq3_S, .iq2_S, .iq4_XS, .iq1_M:
            "IQ" + "\(self)".dropFirst(2)
        default: "\(self)".uppercased()
        }
    }
}
