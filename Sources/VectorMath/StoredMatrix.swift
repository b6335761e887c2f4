import CVectorKernels

/// The weight of a linear layer, y = x W^T + bias, in place and in its storage type: W `[outputs,
/// inputs]`, row-major. Products convert it panel by panel, never as a whole.
///
/// For a quantized type, `inputs` is a whole number of blocks.
package struct StoredMatrix: @unchecked Sendable {
    package typealias Encoding = BlockType

    /// Need not be aligned; must outlive this value.
    package let values: UnsafeRawPointer
    package let encoding: Encoding
    package let outputs: Int
    package let inputs: Int
    /// `[outputs]`, or `nil` for none.
    package let bias: UnsafePointer<Float>?

    package init(
        values: UnsafeRawPointer, encoding: Encoding, outputs: Int, inputs: Int,
        bias: UnsafePointer<Float>? = nil
    ) {
        precondition(inputs.isMultiple(of: encoding.weightsPerBlock))
        (self.values, self.encoding) = (values, encoding)
        (self.outputs, self.inputs, self.bias) = (outputs, inputs, bias)
    }

    /// The size of a row in bytes.
    package var rowBytes: Int { inputs / encoding.weightsPerBlock * encoding.bytesPerBlock }

    /// The rows in `range`, sharing the bytes.
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
