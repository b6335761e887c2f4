import CVectorKernels

/// Scales vectors to length one.
package enum Normalization {
    /// Divides by the Euclidean norm, in place. A zero vector, or one with a component that is not
    /// finite, is not changed. Vectors so small or large that their squares would underflow or
    /// overflow are first divided by their largest component.
    package static func normalize(_ vector: UnsafeMutableBufferPointer<Float>) {
        guard let base = vector.baseAddress, !vector.isEmpty else { return }
        let kernels = VectorKernels.active.table
        let largest = kernels.pointee.max_magnitude(base, vector.count)
        guard largest > 0, largest.isFinite else { return }
        if largest < 1e-12 || largest > 1e12 {
            for i in vector.indices { vector[i] /= largest }
        }
        let norm = kernels.pointee.dot_f32(base, base, vector.count).squareRoot()
        for i in vector.indices { vector[i] /= norm }
    }

    package static func normalized(_ vector: [Float]) -> [Float] {
        var result = vector
        result.withUnsafeMutableBufferPointer { normalize($0) }
        return result
    }
}
