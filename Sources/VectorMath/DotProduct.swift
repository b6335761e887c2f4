import CVectorKernels

/// Inner products and squared Euclidean distances of float32 vectors.
package enum DotProduct {
    /// Σ a[i] b[i]. Both must have the same length.
    package static func dot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>)
        -> Float
    {
        precondition(a.count == b.count)
        guard let left = a.baseAddress, let right = b.baseAddress, !a.isEmpty else { return 0 }
        return VectorKernels.active.table.pointee.dot_f32(left, right, a.count)
    }

    package static func dot(_ a: [Float], _ b: [Float]) -> Float {
        a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { dot(a, $0) } }
    }

    /// Σ (a[i] - b[i])^2. Both must have the same length.
    package static func squaredDistance(
        _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>
    ) -> Float {
        precondition(a.count == b.count)
        guard let left = a.baseAddress, let right = b.baseAddress, !a.isEmpty else { return 0 }
        return VectorKernels.active.table.pointee.l2_f32(left, right, a.count)
    }

    package static func squaredDistance(_ a: [Float], _ b: [Float]) -> Float {
        a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { squaredDistance(a, $0) } }
    }

    /// Whether no component is NaN or infinite.
    package static func isFinite(_ a: UnsafeBufferPointer<Float>) -> Bool {
        guard let base = a.baseAddress, !a.isEmpty else { return true }
        return VectorKernels.active.table.pointee.max_magnitude(base, a.count).isFinite
    }

    /// The reference for `dot`, in double precision.
    package static func dotReference(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// The reference for `squaredDistance`, in double precision.
    package static func squaredDistanceReference(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) {
            let difference = Double($1.0) - Double($1.1)
            return $0 + difference * difference
        }
    }
}
