import CVectorKernels

/// y = x W^T + b for a batch of rows, directly from the stored weights, on the calling thread.
///
/// Shapes: x `[rows, inputs]`, W `[outputs, inputs]`, y `[rows, outputs]`. Each output is one sum
/// over the inputs in order, so a row's result does not depend on the other rows.
package enum LinearLayer {
    /// The number of floats of scratch memory for a product with `inputs` inputs.
    package static func scratchCount(inputs: Int) -> Int { transformer_panel_scratch(inputs) }

    /// The number of floats of scratch memory for a gated product of `rows` rows.
    package static func gatedScratchCount(inputs: Int, rows: Int) -> Int {
        transformer_panel_scratch(inputs) + 64 * rows
    }

    /// - Parameters:
    ///   - accumulate: whether to add to y instead of replacing it.
    ///   - checksWeights: whether to check that each weight is finite, which costs a few percent if
    ///     there are few rows.
    /// - Returns: `false` if a weight is infinite or NaN (only with `checksWeights`).
    package static func multiply(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, by weight: StoredMatrix,
        into y: UnsafeMutablePointer<Float>, stride outputStride: Int, accumulate: Bool = false,
        checksWeights: Bool = false, scratch: UnsafeMutablePointer<Float>,
        level: KernelLevel = .active
    ) -> Bool {
        var kernel = weight.kernel
        return transformer_linear_float32(
            level.rawValue, x, stride, rows, &kernel, y, outputStride, accumulate, checksWeights,
            scratch)
    }

    /// The same for bfloat16 rows; weights are rounded to bfloat16, sums are float32.
    ///
    /// - Parameter stride: must be even; a row of odd length must be followed by a zero.
    package static func multiply(
        _ x: UnsafePointer<UInt16>, stride: Int, rows: Int, by weight: StoredMatrix,
        into y: UnsafeMutablePointer<Float>, stride outputStride: Int, accumulate: Bool = false,
        checksWeights: Bool = false, scratch: UnsafeMutablePointer<Float>,
        level: KernelLevel = .active
    ) -> Bool {
        var kernel = weight.kernel
        return transformer_linear_bfloat16(
            level.rawValue, x, stride, rows, &kernel, y, outputStride, accumulate, checksWeights,
            scratch)
    }

    /// y = x M for a stored matrix M `[outputs, inputs]`, with x `[rows, outputs]` and y `[rows,
    /// inputs]`.
    ///
    /// - Parameter scratch: ``scratchCount(inputs:)`` for `matrix.outputs`.
    package static func multiply(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, byTransposed matrix: StoredMatrix,
        into y: UnsafeMutablePointer<Float>, stride outputStride: Int, accumulate: Bool = false,
        scratch: UnsafeMutablePointer<Float>, level: KernelLevel = .active
    ) {
        var kernel = matrix.kernel
        transformer_product_float32(
            level.rawValue, x, stride, rows, &kernel, y, outputStride, accumulate, scratch)
    }

    /// y = silu(x G^T) * (x U^T), elementwise: the first half of SwiGLU (Shazeer 2020).
    package static func gated(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, gate: StoredMatrix, up: StoredMatrix,
        into y: UnsafeMutablePointer<Float>, stride outputStride: Int, checksWeights: Bool = false,
        scratch: UnsafeMutablePointer<Float>, level: KernelLevel = .active
    ) -> Bool {
        var (gate, up) = (gate.kernel, up.kernel)
        return transformer_gated_float32(
            level.rawValue, x, stride, rows, &gate, &up, y, outputStride, checksWeights, scratch)
    }

    /// The same for bfloat16 input and output.
    package static func gated(
        _ x: UnsafePointer<UInt16>, stride: Int, rows: Int, gate: StoredMatrix, up: StoredMatrix,
        into y: UnsafeMutablePointer<UInt16>, stride outputStride: Int, checksWeights: Bool = false,
        scratch: UnsafeMutablePointer<Float>, level: KernelLevel = .active
    ) -> Bool {
        var (gate, up) = (gate.kernel, up.kernel)
        return transformer_gated_bfloat16(
            level.rawValue, x, stride, rows, &gate, &up, y, outputStride, checksWeights, scratch)
    }

    /// Floats of scratch for an activated product of `rows` rows.
    package static func activatedScratchCount(inputs: Int, rows: Int) -> Int {
        transformer_panel_scratch(inputs) + 32 * rows
    }

    /// y = activation(x W^T + b): the first half of an encoder's feed-forward layer.
    package static func activated(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, by weight: StoredMatrix,
        activation: Activation, into y: UnsafeMutablePointer<Float>, stride outputStride: Int,
        checksWeights: Bool = false, scratch: UnsafeMutablePointer<Float>,
        level: KernelLevel = .active
    ) -> Bool {
        var kernel = weight.kernel
        return transformer_activated_float32(
            level.rawValue, x, stride, rows, &kernel, activation.kernel, y, outputStride,
            checksWeights, scratch)
    }

    /// The same from and to bfloat16.
    package static func activated(
        _ x: UnsafePointer<UInt16>, stride: Int, rows: Int, by weight: StoredMatrix,
        activation: Activation, into y: UnsafeMutablePointer<UInt16>, stride outputStride: Int,
        checksWeights: Bool = false, scratch: UnsafeMutablePointer<Float>,
        level: KernelLevel = .active
    ) -> Bool {
        var kernel = weight.kernel
        return transformer_activated_bfloat16(
            level.rawValue, x, stride, rows, &kernel, activation.kernel, y, outputStride,
            checksWeights, scratch)
    }
}

/// The same in plain Swift and double precision, as a reference for tests.
package enum LinearReference {
    /// - Parameter x: `[rows, inputs]`
    /// - Returns: `[rows, outputs]`
    package static func multiply(_ x: [Float], rows: Int, by weight: StoredMatrix) -> [Double] {
        var y: [Double] = []
        for row in 0..<rows {
            for output in 0..<weight.outputs {
                var sum = 0.0
                for input in 0..<weight.inputs {
                    sum +=
                        Double(x[row * weight.inputs + input])
                        * Double(weight.element(output, input))
                }
                y.append(sum + Double(weight.bias?[output] ?? 0))
            }
        }
        return y
    }
}
