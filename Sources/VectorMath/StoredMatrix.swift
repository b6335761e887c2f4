import CVectorKernels

/// A linear layer's weight where it lies: W [outputs, inputs], row-major, in the type it is stored
/// in, so that y = x W^T + bias. It is converted panel by panel as a product runs, never whole.
package struct StoredMatrix: @unchecked Sendable {
    package enum Encoding: Int32, Sendable {
        case float32 = 0
        case bfloat16 = 1
        case float16 = 2

        /// Bytes of one element.
        package var size: Int { self == .float32 ? 4 : 2 }
    }

    /// Not necessarily aligned; must outlive this value.
    package let values: UnsafeRawPointer
    package let encoding: Encoding
    package let outputs: Int
    package let inputs: Int
    /// `outputs` numbers, or nil.
    package let bias: UnsafePointer<Float>?

    package init(
        values: UnsafeRawPointer, encoding: Encoding, outputs: Int, inputs: Int,
        bias: UnsafePointer<Float>? = nil
    ) {
        (self.values, self.encoding) = (values, encoding)
        (self.outputs, self.inputs, self.bias) = (outputs, inputs, bias)
    }

    /// Rows `range` only, which share the bytes.
    package func rows(_ range: Range<Int>) -> StoredMatrix {
        StoredMatrix(
            values: values + range.lowerBound * inputs * encoding.size, encoding: encoding,
            outputs: range.count, inputs: inputs, bias: bias.map { $0 + range.lowerBound })
    }

    /// One element as float32.
    package func element(_ output: Int, _ input: Int) -> Float {
        var result: Float = 0
        transformer_widen(
            values + (output * inputs + input) * encoding.size, encoding.rawValue, 1, &result)
        return result
    }

    var kernel: transformer_weight {
        transformer_weight(
            values: values, bias: bias, n: outputs, k: inputs, type: encoding.rawValue)
    }
}
