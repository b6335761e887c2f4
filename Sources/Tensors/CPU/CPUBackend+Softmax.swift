import CVectorKernels

/// The softmax over the vocabulary, fused with the output projection.
///
/// Logits exist for one block of rows at a time, about 16 MiB: all logits of a batch would be larger
/// than everything else together. The backward pass of a trained projection recomputes them.
extension CPUBackend {
    private func block(vocabulary: Int) -> Int { max(16, min(1024, (1 << 22) / vocabulary)) }

    /// The rows `range` of `states`, without copying.
    private func part(
        _ states: Value, _ range: Range<Int>, width: Int, _ precision: ComputePrecision
    ) -> Value {
        let isHalf = precision == .bfloat16
        let source = isHalf ? states.halves(self) : states.floats(self)
        let start =
            isHalf
            ? UnsafeMutableRawPointer(source.halves + range.lowerBound * width)
            : UnsafeMutableRawPointer(source.floats + range.lowerBound * width)
        // The closure keeps the source alive.
        return Value(
            Buffer(address: start, count: range.count * width, isHalf: isHalf) { _ = source })
    }

    private func forEachBlock(_ rows: Int, vocabulary: Int, _ body: (Range<Int>) -> Void) {
        let size = block(vocabulary: vocabulary)
        for first in stride(from: 0, to: rows, by: size) { body(first..<min(rows, first + size)) }
    }

    /// logits `[rows, V]` = states `[rows, H]` weight^T, weight `[V, H]`
    private func project(
        _ states: Value, _ weight: Value, width: Int, into logits: Buffer,
        _ precision: ComputePrecision
    ) {
        multiply(
            Operand(states), Operand(weight, transposed: true), m: states.count / width,
            n: weight.count / width, k: width, factor: 1, into: logits, accumulate: false,
            precision: precision)
    }

    package func logProbability(
        states: Value, weight: Value, targets: [Int32], width: Int, statesGradient: Buffer?,
        precision: ComputePrecision
    ) -> (logProbabilities: Buffer, logSums: Buffer) {
        let vocabulary = weight.count / width
        let (result, sums) = (buffer(count: targets.count), buffer(count: targets.count))
        let logits = buffer(count: min(block(vocabulary: vocabulary), targets.count) * vocabulary)
        let (values, to, toSums) = (logits.floats, result.floats, sums.floats)
        let ones = [Float](repeating: 1, count: targets.count)
        forEachBlock(targets.count, vocabulary: vocabulary) { rows in
            project(
                part(states, rows, width: width, precision), weight, width: width, into: logits,
                precision)
            targets.withUnsafeBufferPointer { targets in
                guard let ids = targets.baseAddress else { return }
                parallel.ranges(rows.count, cost: vocabulary) { range in
                    let place = rows.lowerBound + range.lowerBound
                    training_log_probability(
                        values + range.lowerBound * vocabulary, ids + place, range.count,
                        vocabulary, to + place, toSums + place)
                }
            }
            if let statesGradient {
                let slopes = slopes(logits, rows, vocabulary, targets, logSums: sums, ones)
                projectBack(
                    slopes, rows, weight, width: width, into: statesGradient, precision)
            }
        }
        return (result, sums)
    }

    package func logProbabilityBackward(
        _ gradient: [Float], states: Value, weight: Value, targets: [Int32], logSums: Buffer,
        width: Int, statesGradient: Buffer?, weightGradient: GradientSlot?,
        precision: ComputePrecision
    ) {
        let vocabulary = weight.count / width
        let logits = buffer(count: min(block(vocabulary: vocabulary), targets.count) * vocabulary)
        forEachBlock(targets.count, vocabulary: vocabulary) { rows in
            let block = part(states, rows, width: width, precision)
            project(block, weight, width: width, into: logits, precision)
            let slopes = slopes(logits, rows, vocabulary, targets, logSums: logSums, gradient)
            if let statesGradient {
                projectBack(
                    slopes, rows, weight, width: width, into: statesGradient, precision)
            }
            weightGradient?.update(self) { gradient, accumulate in
                multiply(
                    Operand(slopes, transposed: true), Operand(block), m: vocabulary, n: width,
                    k: rows.count, factor: 1, into: gradient, accumulate: accumulate,
                    precision: precision)
            }
        }
    }

    /// The logits' gradients, in their place: dy[r] (1[j = target] - p[j]).
    private func slopes(
        _ logits: Buffer, _ rows: Range<Int>, _ vocabulary: Int, _ targets: [Int32],
        logSums: Buffer, _ gradient: [Float]
    ) -> Value {
        let (values, sums) = (logits.floats, logSums.floats)
        targets.withUnsafeBufferPointer { targets in
            gradient.withUnsafeBufferPointer { gradient in
                guard let ids = targets.baseAddress, let slopes = gradient.baseAddress
                else { return }
                parallel.ranges(rows.count, cost: vocabulary) { range in
                    let place = rows.lowerBound + range.lowerBound
                    training_log_probability_backward(
                        values + range.lowerBound * vocabulary, ids + place, range.count,
                        vocabulary, sums + place, slopes + place)
                }
            }
        }
        return Value(view(logits, count: rows.count * vocabulary))
    }

    /// The rows `range` of dstates = dlogits weight
    private func projectBack(
        _ slopes: Value, _ rows: Range<Int>, _ weight: Value, width: Int,
        into statesGradient: Buffer, _ precision: ComputePrecision
    ) {
        multiply(
            Operand(slopes), Operand(weight), m: rows.count, n: width, k: weight.count / width,
            factor: 1,
            into: view(statesGradient, from: rows.lowerBound * width, count: rows.count * width),
            accumulate: false, precision: precision)
    }

    package func divergence(
        _ a: Value, _ b: Value, weight: Value, width: Int, isSymmetric: Bool,
        precision: ComputePrecision
    ) -> Buffer {
        let vocabulary = weight.count / width
        let rows = a.count / width
        let result = buffer(count: rows)
        let size = min(block(vocabulary: vocabulary), rows) * vocabulary
        let (first, second) = (buffer(count: size), buffer(count: size))
        let (left, right, to) = (first.floats, second.floats, result.floats)
        forEachBlock(rows, vocabulary: vocabulary) { rows in
            project(
                part(a, rows, width: width, precision), weight, width: width, into: first,
                precision)
            project(
                part(b, rows, width: width, precision), weight, width: width, into: second,
                precision)
            parallel.ranges(rows.count, cost: vocabulary) { range in
                let start = range.lowerBound * vocabulary
                training_divergence(
                    left + start, right + start, range.count, vocabulary, isSymmetric ? 1 : 0,
                    to + rows.lowerBound + range.lowerBound)
            }
        }
        return result
    }

    package func divergenceBackward(
        _ gradient: [Float], _ a: Value, _ b: Value, weight: Value, width: Int, isSymmetric: Bool,
        precision: ComputePrecision
    ) -> (a: Buffer, b: Buffer) {
        let vocabulary = weight.count / width
        let rows = a.count / width
        let (da, db) = (buffer(count: a.count), buffer(count: b.count))
        let size = min(block(vocabulary: vocabulary), rows) * vocabulary
        let (first, second) = (buffer(count: size), buffer(count: size))
        let (left, right) = (first.floats, second.floats)
        forEachBlock(rows, vocabulary: vocabulary) { rows in
            project(
                part(a, rows, width: width, precision), weight, width: width, into: first,
                precision)
            project(
                part(b, rows, width: width, precision), weight, width: width, into: second,
                precision)
            gradient.withUnsafeBufferPointer { gradient in
                guard let slopes = gradient.baseAddress else { return }
                parallel.ranges(rows.count, cost: vocabulary) { range in
                    let start = range.lowerBound * vocabulary
                    training_divergence_backward(
                        left + start, right + start, range.count, vocabulary,
                        isSymmetric ? 1 : 0, slopes + rows.lowerBound + range.lowerBound)
                }
            }
            for (logits, target) in [(first, da), (second, db)] {
                multiply(
                    Operand(Value(view(logits, count: rows.count * vocabulary))), Operand(weight),
                    m: rows.count, n: width, k: vocabulary, factor: 1,
                    into: view(target, from: rows.lowerBound * width, count: rows.count * width),
                    accumulate: false, precision: precision)
            }
        }
        return (da, db)
    }

    /// A view of part of a float32 buffer, which it keeps alive.
    private func view(_ buffer: Buffer, from start: Int = 0, count: Int) -> Buffer {
        Buffer(
            address: UnsafeMutableRawPointer(buffer.floats + start), count: count, isHalf: false
        ) { _ = buffer }
    }
}
