import CVectorKernels

/// Products with weights in quantized blocks, without dequantizing them: activations are signed
/// bytes, too, so that sums are integers within a group of 16 or 32 inputs, and float32 across
/// groups.
///
/// A row's result depends neither on the other rows nor on how outputs are split between threads.
extension LinearLayer {
    /// The number of floats of scratch memory, aligned to a cache line, for products of `rows` rows
    /// with `inputs` inputs.
    package static func quantizedScratchCount(inputs: Int, rows: Int) -> Int {
        quantized_scratch(rows, inputs) / MemoryLayout<Float>.stride
    }

    /// y = x W^T + b for a range of W's outputs. y `[rows, outputs.count]` begins with the first of
    /// them.
    ///
    /// - Parameters:
    ///   - rows: the number of rows of x to use, from the first.
    ///   - weight: a matrix of a quantized type.
    ///   - checksWeights: whether to check that each scale is finite.
    /// - Returns: `false` if a scale is infinite or NaN (only with `checksWeights`).
    package static func multiply(
        _ x: QuantizedRows, rows: Int, by weight: StoredMatrix, outputs: Range<Int>? = nil,
        into y: UnsafeMutablePointer<Float>, stride: Int, accumulate: Bool = false,
        checksWeights: Bool = false, scratch: UnsafeMutablePointer<Float>,
        level: KernelLevel = .active
    ) -> Bool {
        precondition(rows <= x.count && weight.inputs == x.width)
        var (operand, kernel) = (x.kernel, weight.quantizedKernel)
        let outputs = outputs ?? 0..<weight.outputs
        precondition(outputs.lowerBound >= 0 && outputs.upperBound <= weight.outputs)
        return quantized_linear(
            level.rawValue, &operand, rows, &kernel, outputs.lowerBound, outputs.count, y, stride,
            accumulate, checksWeights, scratch)
    }

    /// y = silu(x G^T) * (x U^T), elementwise, for a range of outputs. G and U may be of different
    /// types.
    package static func gated(
        _ x: QuantizedRows, rows: Int, gate: StoredMatrix, up: StoredMatrix,
        outputs: Range<Int>? = nil, into y: UnsafeMutablePointer<Float>, stride: Int,
        checksWeights: Bool = false, scratch: UnsafeMutablePointer<Float>,
        level: KernelLevel = .active
    ) -> Bool {
        precondition(rows <= x.count && gate.inputs == x.width && up.inputs == x.width)
        var (operand, gates, ups) = (x.kernel, gate.quantizedKernel, up.quantizedKernel)
        let outputs = outputs ?? 0..<gate.outputs
        precondition(outputs.lowerBound >= 0)
        precondition(outputs.upperBound <= min(gate.outputs, up.outputs))
        return quantized_gated(
            level.rawValue, &operand, rows, &gates, &ups, outputs.lowerBound, outputs.count, y,
            stride, checksWeights, scratch)
    }
}

extension StoredMatrix {
    fileprivate var quantizedKernel: quantized_weight {
        precondition(encoding.isQuantized)
        return quantized_weight(
            blocks: values, bias: bias, n: outputs, k: inputs, type: encoding.rawValue)
    }
}

extension LinearReference {
    /// The reference in plain Swift: activations quantized, weights dequantized, products in double
    /// precision.
    ///
    /// - Parameter x: `[rows, inputs]`
    /// - Returns: the products `[rows, outputs]`, and for each an upper bound on the sum of its
    ///   terms' magnitudes, to which rounding errors are relative.
    package static func multiplyQuantized(
        _ x: [Float], rows: Int, by weight: StoredMatrix
    ) -> (sums: [Double], magnitudes: [Double]) {
        let inputs = weight.inputs
        let bytes = UnsafeRawBufferPointer(
            start: weight.values, count: weight.outputs * weight.rowBytes)
        let weights = QuantizedBlocks.reference(weight.encoding, Array(bytes))
        var (sums, magnitudes): ([Double], [Double]) = ([], [])
        for row in 0..<rows {
            let (values, scales) = QuantizedRows.reference(
                Array(x[row * inputs..<(row + 1) * inputs]))
            for output in 0..<weight.outputs {
                let ofOutput = weights[output * inputs..<(output + 1) * inputs]
                let largest = Double(ofOutput.map(abs).max() ?? 0)
                var sum = Double(weight.bias?[output] ?? 0)
                var magnitude = abs(sum)
                for (input, w) in ofOutput.enumerated() {
                    let value = Double(values[input]) * Double(scales[input / 32])
                    sum += value * Double(w)
                    magnitude += abs(value) * largest
                }
                sums.append(sum)
                magnitudes.append(magnitude)
            }
        }
        return (sums, magnitudes)
    }
}
