import Foundation

/// Operations on the few numbers of a loss, one for each text or pair: vectors of the same length
/// unless said otherwise, computed on the calling thread.
extension Tape {
    /// y = f(x), elementwise. `slope` returns f'(x) from x and y.
    ///
    /// Backward: dx = dy f'(x).
    private func mapped(
        _ x: Tensor, _ function: (Float) -> Float,
        slope: @escaping (_ x: Float, _ y: Float) -> Float
    ) -> Tensor {
        let xs = values(x)
        let ys = xs.map(function)
        return result(shape: x.shape, backend.buffer(ys), from: [x]) {
            [backend, slot = x.slot] dy in
            slot?.add(
                backend.buffer(xs.indices.map { dy.floats[$0] * slope(xs[$0], ys[$0]) }), backend)
        }
    }

    /// factor * x
    package func scaled(_ x: Tensor, by factor: Float) -> Tensor {
        mapped(x, { $0 * factor }, slope: { _, _ in factor })
    }

    /// |x|; the slope at 0 is 0, as in PyTorch.
    package func absolute(_ x: Tensor) -> Tensor {
        mapped(x, { abs($0) }, slope: { x, _ in x > 0 ? 1 : x < 0 ? -1 : 0 })
    }

    /// sigma(x) = 1 / (1 + e^-x)
    package func sigmoid(_ x: Tensor) -> Tensor {
        mapped(x, { 1 / (1 + exp(-$0)) }, slope: { _, y in y * (1 - y) })
    }

    package func hyperbolicTangent(_ x: Tensor) -> Tensor {
        mapped(x, { tanh($0) }, slope: { _, y in 1 - y * y })
    }

    /// log sigma(x) = min(x, 0) - log(1 + e^-|x|)
    package func logSigmoid(_ x: Tensor) -> Tensor {
        mapped(
            x, { min($0, 0) - log1p(exp(-abs($0))) }, slope: { x, _ in 1 / (1 + exp(x)) })
    }

    /// x - constants, elementwise.
    package func subtracting(_ x: Tensor, _ constants: [Float]) -> Tensor {
        add(x, constant(constants.map { -$0 }, shape: x.shape))
    }

    /// y[i] = x[indices[i]], for a vector x.
    package func picked(_ x: Tensor, _ indices: [Int]) -> Tensor {
        let y = gather(Tensor.column(x), rows: indices.map(Int32.init))
        return Tensor(shape: [indices.count], value: y.value, slot: y.slot)
    }

    /// y[t] = sum of weights[i] x[i] over all i with targets[i] = t; y has `count` elements.
    ///
    /// Backward: dx[i] = weights[i] dy[targets[i]].
    package func combined(
        _ x: Tensor, weights: [Float], into targets: [Int32], count: Int
    ) -> Tensor {
        var sums = [Float](repeating: 0, count: count)
        for (index, value) in values(x).enumerated() {
            sums[Int(targets[index])] += weights[index] * value
        }
        return result(shape: [count], backend.buffer(sums), from: [x]) {
            [backend, slot = x.slot] dy in
            let slopes = weights.indices.map { weights[$0] * dy.floats[Int(targets[$0])] }
            slot?.add(backend.buffer(slopes), backend)
        }
    }

    /// The sum of a vector's values times constant weights, as a vector of one element.
    ///
    /// Backward: dx[i] = weights[i] dy.
    package func weightedSum(_ x: Tensor, _ weights: [Float]) -> Tensor {
        let sum = zip(values(x), weights).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        return result(shape: [1], backend.buffer([Float(sum)]), from: [x]) {
            [backend, slot = x.slot] dy in
            slot?.add(backend.buffer(weights.map { $0 * dy.floats[0] }), backend)
        }
    }

    /// -log softmax of each row's first candidate: y[r] = log sum over j of exp z[r, j] - z[r, 0].
    ///
    ///     candidates: for each row the indices in z (a vector) that compete, the target first
    ///
    /// Backward: dz[j] += dy[r] (p[r, j] - 1[j is the first]).
    package func negativeLogLikelihood(_ z: Tensor, candidates: [[Int]]) -> Tensor {
        let scores = values(z)
        var probabilities: [[Float]] = []
        var losses: [Float] = []
        for row in candidates {
            let top = row.map { scores[$0] }.max() ?? 0
            let exponentials = row.map { exp(Double(scores[$0] - top)) }
            let sum = exponentials.reduce(0, +)
            probabilities.append(exponentials.map { Float($0 / sum) })
            losses.append(Float(log(sum) + Double(top) - Double(scores[row[0]])))
        }
        return result(shape: [candidates.count], backend.buffer(losses), from: [z]) {
            [backend, probabilities, slot = z.slot] dy in
            guard let slot else { return }
            let dz = slot.added(backend).floats
            for (row, indices) in candidates.enumerated() {
                for (place, index) in indices.enumerated() {
                    dz[index] +=
                        dy.floats[row] * (probabilities[row][place] - (place == 0 ? 1 : 0))
                }
            }
        }
    }
}

extension Tensor {
    /// A vector as a column, with the same values and gradient.
    fileprivate static func column(_ x: Tensor) -> Tensor {
        Tensor(shape: [x.count, 1], value: x.value, slot: x.slot)
    }
}
