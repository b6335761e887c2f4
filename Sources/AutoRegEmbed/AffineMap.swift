/// y = W x + b in float32.
package struct AffineMap: Sendable {
    /// W, `[outputs, inputs]`, row-major.
    package let weight: [Float]
    /// `[outputs]`
    package let bias: [Float]
    package let inputs: Int
    package var outputs: Int { bias.count }

    /// - Precondition: `weight` has a row for each element of `bias`.
    package init(weight: [Float], bias: [Float]) {
        precondition(!bias.isEmpty && weight.count.isMultiple(of: bias.count))
        (self.weight, self.bias) = (weight, bias)
        inputs = weight.count / bias.count
    }

    /// x `[inputs]` -> `[outputs]`
    package func applied(to x: some RandomAccessCollection<Float>) -> [Float] {
        precondition(x.count == inputs)
        return bias.indices.map { row in
            var sum = bias[row]
            for (weight, value) in zip(weight[row * inputs..<(row + 1) * inputs], x) {
                sum += weight * value
            }
            return sum
        }
    }
}
