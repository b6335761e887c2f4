import CVectorKernels
import VectorMath

/// The vectors of a graph's nodes, as pointers into memory that the owner keeps alive.
///
/// Row `id` is `stride` bytes at `base + id * stride`: float32 components, or 8-bit codes padded to
/// whole blocks of 64. This type only scores them; it knows nothing of links.
struct VectorRows {
    let metric: Metric
    let quantization: VectorQuantization
    let dimensions: Int
    let count: Int
    let base: UnsafeRawPointer
    /// bfloat16 bits, one per row; valid with int8.
    let scales: UnsafePointer<UInt16>
    /// The squared lengths of the vectors that the codes represent; valid with int8 and l2.
    let squaredNorms: UnsafePointer<Float>
    let kernels = VectorKernels.active.table

    /// Bytes from one row to the next.
    static func stride(of parameters: IndexParameters) -> Int {
        switch parameters.quantization {
        case .none: parameters.dimensions * MemoryLayout<Float>.stride
        case .int8: Int8Codes.paddedCount(parameters.dimensions)
        }
    }

    var stride: Int {
        quantization == .int8
            ? Int8Codes.paddedCount(dimensions) : dimensions * MemoryLayout<Float>.stride
    }

    @inline(__always)
    func codes(_ id: UInt32) -> UnsafePointer<UInt8> {
        (base + Int(id) * stride).assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always)
    func floats(_ id: UInt32) -> UnsafePointer<Float> {
        (base + Int(id) * stride).assumingMemoryBound(to: Float.self)
    }

    /// The scale of a row: its components are about scale × (code - 128).
    @inline(__always)
    func scale(_ id: UInt32) -> Float { Int8Codes.value(ofScale: scales[Int(id)]) }

    /// The squared length of the vector that a row's codes represent.
    func squaredNorm(_ id: UInt32) -> Float {
        let codes = codes(id)
        var squares: Int32 = 0
        for i in 0..<dimensions {
            let code = Int32(codes[i]) - Int32(Int8Codes.zeroCode)
            squares += code * code
        }
        return Float(squares) * scale(id) * scale(id)
    }

    /// Distances from `query` to `count` rows, lower for nearer: minus the inner product, or the
    /// squared Euclidean distance. `ids` are below `self.count`. `integers` is scratch memory.
    func distances(
        from query: QueryVector, to ids: UnsafePointer<UInt32>, count: Int,
        integers: UnsafeMutablePointer<Int32>, into distances: UnsafeMutablePointer<Float>
    ) {
        switch quantization {
        case .none:
            let rows = base.assumingMemoryBound(to: Float.self)
            let (floats, n) = (query.floats.pointer, dimensions)
            if metric == .euclidean {
                kernels.pointee.l2_f32_rows(floats, rows, n, n, ids, count, distances)
            } else {
                kernels.pointee.dot_f32_rows(floats, rows, n, n, ids, count, distances)
                for i in 0..<count { distances[i] = -distances[i] }
            }
        case .int8:
            let rows = base.assumingMemoryBound(to: UInt8.self)
            // In a large index each scale is a cache miss; while the rows are read, all of them
            // arrive.
            for i in 0..<count { vk_prefetch_bytes(scales + Int(ids[i]), 2) }
            kernels.pointee.dot_i8_rows(
                query.codes.pointer, query.codeSum, rows, stride, stride, ids, count, integers)
            if metric == .euclidean {
                let (factor, own) = (-2 * query.scale, query.squaredNorm)
                for i in 0..<count {
                    let id = Int(ids[i])
                    let scale = Int8Codes.value(ofScale: scales[id])
                    distances[i] = own + squaredNorms[id] + factor * scale * Float(integers[i])
                }
            } else {
                let factor = -query.scale
                for i in 0..<count {
                    let scale = Int8Codes.value(ofScale: scales[Int(ids[i])])
                    distances[i] = factor * scale * Float(integers[i])
                }
            }
        }
    }
}
