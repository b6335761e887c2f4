import CVectorKernels

/// A linear layer's weight where it lies: W [outputs, inputs], row-major, in the type it is stored
/// in, so that y = x W^T + bias. It is converted panel by panel as a product runs, never whole.
///
/// Of a quantized type, `inputs` is a whole number of blocks.
package struct StoredMatrix: @unchecked Sendable {
    package typealias Encoding = BlockType

    /// Not necessarily aligned; must outlive this value.
    package let values: UnsafeRawPointer
    package let encoding: Encoding
    package let outputs: Int
    package let inputs: Int
    /// `outputs` numbers, or `nil`.
    package let bias: UnsafePointer<Float>?

    package init(
        values: UnsafeRawPointer, encoding: Encoding, outputs: Int, inputs: Int,
        bias: UnsafePointer<Float>? = nil
    ) {
        precondition(inputs.isMultiple(of: encoding.weightsPerBlock))
        (self.values, self.encoding) = (values, encoding)
        (self.outputs, self.inputs, self.bias) = (outputs, inputs, bias)
    }

    /// Bytes of a row.
    package var rowBytes: Int { inputs / encoding.weightsPerBlock * encoding.bytesPerBlock }

    /// Rows `range` only, which share the bytes.
    package func rows(_ range: Range<Int>) -> StoredMatrix {
        StoredMatrix(
            values: values + range.lowerBound * rowBytes, encoding: encoding,
            outputs: range.count, inputs: inputs, bias: bias.map { $0 + range.lowerBound })
    }

    /// One element as float32.
    package func element(_ output: Int, _ input: Int) -> Float {
        let block = input / encoding.weightsPerBlock
        let start = output * rowBytes + block * encoding.bytesPerBlock
        let bytes = UnsafeRawBufferPointer(start: values + start, count: encoding.bytesPerBlock)
        return encoding.dequantize(bytes)[input % encoding.weightsPerBlock]
    }

    var kernel: transformer_weight {
        transformer_weight(
            values: values, bias: bias, n: outputs, k: inputs, type: encoding.rawValue)
    }
}
