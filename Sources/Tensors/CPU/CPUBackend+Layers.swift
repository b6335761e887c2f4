import CVectorKernels

extension CPUBackend {
    package func rmsNorm(
        _ x: Buffer, weight: Buffer, epsilon: Float, precision: ComputePrecision
    ) -> (y: Buffer, scale: Buffer) {
        let columns = weight.count
        let rows = x.count / columns
        let scale = buffer(count: rows)
        if rounds(precision) {
            let (from, scales) = (x.floats, scale.floats)
            parallel.ranges(rows, cost: columns) { range in
                training_rms_norm_scale(
                    from + range.lowerBound * columns, scales + range.lowerBound, range.count,
                    columns, epsilon)
            }
            return (rmsNormAgain(x, weight: weight, scale: scale, precision: precision), scale)
        }
        let y = buffer(count: x.count)
        let (from, weights, to, scales) = (x.floats, weight.floats, y.floats, scale.floats)
        parallel.ranges(rows, cost: columns) { range in
            let start = range.lowerBound * columns
            training_rms_norm_forward(
                from + start, weights, to + start, scales + range.lowerBound, range.count, columns,
                epsilon)
        }
        return (y, scale)
    }

    package func rmsNormAgain(
        _ x: Buffer, weight: Buffer, scale: Buffer, precision: ComputePrecision
    ) -> Buffer {
        let columns = weight.count
        if rounds(precision) {
            let y = pool.buffer(count: x.count, isHalf: true)
            let (from, weights, to, scales) = (x.floats, weight.floats, y.halves, scale.floats)
            parallel.ranges(scale.count, cost: columns) { range in
                let start = range.lowerBound * columns
                training_rms_norm_apply_narrow(
                    from + start, weights, scales + range.lowerBound, to + start, range.count,
                    columns)
            }
            return y
        }
        let y = buffer(count: x.count)
        let (from, weights, to, scales) = (x.floats, weight.floats, y.floats, scale.floats)
        parallel.ranges(scale.count, cost: columns) { range in
            let start = range.lowerBound * columns
            training_rms_norm_apply(
                from + start, weights, scales + range.lowerBound, to + start, range.count, columns)
        }
        return y
    }

    /// Rows are processed in pieces of a fixed size, each with its own partial sum of the weight's
    /// gradient, which are added in order, so that the result does not depend on the number of
    /// threads.
    package func rmsNormBackward(
        _ gradient: Buffer, x: Buffer, weight: Buffer, scale: Buffer, input: Buffer?,
        accumulate: Bool, weightGradient: Buffer?
    ) {
        let columns = weight.count
        let piece = max(1, 65_536 / columns)
        let pieces = (scale.count + piece - 1) / piece
        let partial = weightGradient.map { _ in zeros(count: pieces * columns) }
        let (dy, from, weights, scales) =
            (gradient.floats, x.floats, weight.floats, scale.floats)
        let (dx, sums) = (input?.floats, partial?.floats)
        parallel.tasks(pieces) { task, _ in
            let first = task * piece
            let rows = min(piece, scale.count - first)
            let start = first * columns
            training_rms_norm_backward(
                dy + start, from + start, weights, scales + first, dx.map { $0 + start },
                accumulate ? 1 : 0, sums.map { $0 + task * columns }, rows, columns)
        }
        if let partial, let weightGradient {
            sumRows(partial, columns: columns, to: weightGradient)
        }
    }

    package func swiglu(_ gate: Value, _ up: Value, precision: ComputePrecision) -> Buffer {
        if rounds(precision) {
            let y = pool.buffer(count: gate.count, isHalf: true)
            let to = y.halves
            if gate.either.isHalf, up.either.isHalf {
                let (gates, ups) = (gate.either.halves, up.either.halves)
                parallel.ranges(gate.count, cost: 4) { range in
                    let start = range.lowerBound
                    training_swiglu_narrow(gates + start, ups + start, to + start, range.count)
                }
                return y
            }
            let (gates, ups) = (gate.floats(self).floats, up.floats(self).floats)
            parallel.ranges(gate.count, cost: 4) { range in
                let start = range.lowerBound
                training_swiglu_forward_narrow(
                    gates + start, ups + start, to + start, range.count)
            }
            return y
        }
        let y = buffer(count: gate.count)
        let (gates, ups, to) = (gate.floats(self).floats, up.floats(self).floats, y.floats)
        parallel.ranges(gate.count, cost: 4) { range in
            let start = range.lowerBound
            training_swiglu_forward(gates + start, ups + start, to + start, range.count)
        }
        return y
    }

    package func swigluBackward(_ gradient: Buffer, gate: Value, up: Value) -> (
        gate: Buffer, up: Buffer
    ) {
        let (dgate, dup) = (buffer(count: gate.count), buffer(count: gate.count))
        let (dy, toGate, toUp) = (gradient.floats, dgate.floats, dup.floats)
        if gate.either.isHalf, up.either.isHalf {
            let (gates, ups) = (gate.either.halves, up.either.halves)
            parallel.ranges(gate.count, cost: 6) { range in
                let start = range.lowerBound
                training_swiglu_backward_narrow(
                    dy + start, gates + start, ups + start, toGate + start, toUp + start,
                    range.count)
            }
            return (dgate, dup)
        }
        let (gates, ups) = (gate.floats(self).floats, up.floats(self).floats)
        parallel.ranges(gate.count, cost: 6) { range in
            let start = range.lowerBound
            training_swiglu_backward(
                dy + start, gates + start, ups + start, toGate + start, toUp + start, range.count)
        }
        return (dgate, dup)
    }

    package func rotate(
        _ x: Buffer, positions: [Int32], table: RotaryTable, heads: Int, direction: Float
    ) -> Buffer {
        let y = buffer(count: x.count)
        let dimension = table.halfDimension * 2
        let (from, to) = (x.floats, y.floats)
        let width = heads * dimension
        positions.withUnsafeBufferPointer { positions in
            table.cosines.withUnsafeBufferPointer { cosines in
                table.sines.withUnsafeBufferPointer { sines in
                    guard let place = positions.baseAddress, let cosine = cosines.baseAddress,
                        let sine = sines.baseAddress
                    else { return }
                    parallel.ranges(x.count / width, cost: width) { range in
                        let start = range.lowerBound * width
                        training_rotate(
                            from + start, to + start, place + range.lowerBound, cosine, sine,
                            range.count, heads, dimension, direction)
                    }
                }
            }
        }
        return y
    }

    package func sumOfSquares(_ x: Buffer) -> Double {
        let piece = 1 << 16
        let pieces = (x.count + piece - 1) / piece
        var sums = [Double](repeating: 0, count: pieces)
        let values = x.floats
        sums.withUnsafeMutableBufferPointer { sums in
            let to = sums.baseAddress
            parallel.tasks(pieces) { task, _ in
                let first = task * piece
                to?[task] = training_sum_of_squares(values + first, min(piece, x.count - first))
            }
        }
        return sums.reduce(0, +)
    }

    package func adamW(
        _ parameter: Buffer, gradient: Buffer, first: Buffer, second: Buffer, _ step: AdamWStep
    ) {
        let settings = training_adamw_settings(
            decay: step.decay, one_minus_beta1: Float(1 - step.beta1), beta2: Float(step.beta2),
            one_minus_beta2: Float(1 - step.beta2), inverse_root: step.inverseRoot,
            step: step.size, epsilon: step.epsilon, gradient_factor: step.gradientFactor)
        let (p, g, m, v) = (parameter.floats, gradient.floats, first.floats, second.floats)
        parallel.ranges(parameter.count, cost: 8) { range in
            let start = range.lowerBound
            training_adamw(p + start, g + start, m + start, v + start, range.count, settings)
        }
    }
}
