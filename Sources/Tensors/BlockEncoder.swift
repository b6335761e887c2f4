import FileFormat

/// Converts float32 weights to the types that files store them in.
///
/// Q8_0 and Q4_0 are ggml's reference encoders, bit by bit. Q4_K has no encoder that all agree on: here
/// each 32 weights get the scale and minimum that fit them best of a few tries, and these are then
/// rounded to six bits.
package enum BlockEncoder {
    /// The types that can be written.
    package static let types: [ElementType] = [.float32, .bfloat16, .float16, .q8_0, .q4_0, .q4_k]

    /// The weights, encoded.
    ///
    /// - Returns: nil if a weight is not finite, or too large for the type.
    /// - Precondition: whole blocks, of one of ``types``.
    package static func encode(_ weights: UnsafeBufferPointer<Float>, as type: ElementType)
        -> [UInt8]?
    {
        precondition(types.contains(type) && weights.count % type.elementsPerBlock == 0)
        guard weights.allSatisfy(\.isFinite) else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(type.byteCount(of: weights.count))
        switch type {
        case .float16:
            for weight in weights {
                guard weight.magnitude < 65520 else { return nil }
                append(Float16Bits.bits(weight), to: &out)
            }
        case .bfloat16:
            for weight in weights { append(BFloat16.bits(weight), to: &out) }
        case .q8_0, .q4_0, .q4_k:
            let size = type.elementsPerBlock
            for start in stride(from: 0, to: weights.count, by: size) {
                let block = UnsafeBufferPointer(rebasing: weights[start..<start + size])
                // Scales are float16.
                guard block.allSatisfy({ $0.magnitude < 60000 }) else { return nil }
                switch type {
                case .q8_0: appendQ8_0(block, to: &out)
                case .q4_0: appendQ4_0(block, to: &out)
                default: appendQ4_K(block, to: &out)
                }
            }
        default: out += UnsafeRawBufferPointer(weights)
        }
        return out
    }

    private static func append(_ bits: UInt16, to out: inout [UInt8]) {
        out.append(UInt8(truncatingIfNeeded: bits))
        out.append(UInt8(truncatingIfNeeded: bits >> 8))
    }

    /// 1 / scale; 0 for a scale of 0, and for one so small that its inverse is infinite.
    private static func inverse(_ scale: Float) -> Float {
        let inverse = 1 / scale
        return inverse.isFinite ? inverse : 0
    }

    /// Scale, then 32 signed bytes.
    private static func appendQ8_0(_ x: UnsafeBufferPointer<Float>, to out: inout [UInt8]) {
        let scale = x.reduce(0) { max($0, $1.magnitude) } / 127
        let inverse = inverse(scale)
        append(Float16Bits.bits(scale), to: &out)
        for value in x {
            let quant = (value * inverse).rounded(.toNearestOrAwayFromZero)
            out.append(UInt8(bitPattern: Int8(min(127, max(-127, quant)))))
        }
    }

    /// Scale, then 32 nibbles with 8 for 0; those of the second half are the upper ones.
    private static func appendQ4_0(_ x: UnsafeBufferPointer<Float>, to out: inout [UInt8]) {
        var extreme: Float = 0
        for value in x where value.magnitude > extreme.magnitude { extreme = value }
        let scale = extreme / -8
        let inverse = inverse(scale)
        append(Float16Bits.bits(scale), to: &out)
        func quant(_ value: Float) -> UInt8 { UInt8(min(15, max(0, value * inverse + 8.5))) }
        for index in 0..<16 { out.append(quant(x[index]) | quant(x[index + 16]) << 4) }
    }

    // MARK: Q4_K

    /// 256 weights: scale and minimum scale; eight groups' scales and minima of six bits; nibbles.
    private static func appendQ4_K(_ x: UnsafeBufferPointer<Float>, to out: inout [UInt8]) {
        let groups = (0..<8).map { group in
            fit(UnsafeBufferPointer(rebasing: x[group * 32..<group * 32 + 32]))
        }
        let scaleBits = Float16Bits.bits(groups.reduce(0) { max($0, $1.scale) } / 63)
        let minimumBits = Float16Bits.bits(groups.reduce(0) { max($0, $1.minimum) } / 63)
        let (scale, minimum) = (Float16Bits.float(scaleBits), Float16Bits.float(minimumBits))
        func six(_ value: Float, _ unit: Float) -> UInt8 {
            UInt8(min(63, max(0, (value * inverse(unit)).rounded())))
        }
        let scales = groups.map { six($0.scale, scale) }
        let minima = groups.map { six($0.minimum, minimum) }
        append(scaleBits, to: &out)
        append(minimumBits, to: &out)
        for group in 0..<4 { out.append(scales[group] | (scales[group + 4] >> 4) << 6) }
        for group in 0..<4 { out.append(minima[group] | (minima[group + 4] >> 4) << 6) }
        for group in 4..<8 { out.append(scales[group] & 15 | (minima[group] & 15) << 4) }
        func quant(_ index: Int) -> UInt8 {
            let group = index / 32
            let shifted = x[index] + minimum * Float(minima[group])
            return UInt8(
                min(15, max(0, (shifted * inverse(scale * Float(scales[group]))).rounded())))
        }
        for pair in 0..<4 {
            for index in pair * 64..<pair * 64 + 32 {
                out.append(quant(index) | quant(index + 32) << 4)
            }
        }
    }

    /// The scale s and minimum m, neither negative, with which s q - m for q in 0...15 comes near to 32
    /// weights; large weights count more.
    private static func fit(_ x: UnsafeBufferPointer<Float>) -> (scale: Float, minimum: Float) {
        let least = min(0, x.min() ?? 0)
        let most = x.max() ?? 0
        guard most > least else { return (0, -least) }
        let root = (x.reduce(0) { $0 + $1 * $1 } / 32).squareRoot()
        var best = (scale: (most - least) / 15, minimum: -least)
        var bestError = Float.infinity
        for step in -10...10 {
            // A larger inverse cuts the extremes off and is finer for the others.
            let inverse = (15 + Float(step) * 0.1) / (most - least)
            guard inverse.isFinite else { continue }
            let (scale, minimum) = solve(x, inverse: inverse, least: least, root: root)
            guard scale > 0 else { continue }
            let error = error(x, scale: scale, minimum: minimum, root: root)
            if error < bestError { (best, bestError) = ((scale, minimum), error) }
        }
        return best
    }

    /// Weighted least squares for s and m, with the q that a first scale gives.
    private static func solve(
        _ x: UnsafeBufferPointer<Float>, inverse: Float, least: Float, root: Float
    ) -> (scale: Float, minimum: Float) {
        var (sum, q1, q2, x1, qx): (Float, Float, Float, Float, Float) = (0, 0, 0, 0, 0)
        for value in x {
            let weight = root + value.magnitude
            let q = min(15, max(0, (inverse * (value - least)).rounded()))
            sum += weight
            q1 += weight * q
            q2 += weight * q * q
            x1 += weight * value
            qx += weight * q * value
        }
        let determinant = sum * q2 - q1 * q1
        guard determinant > 0 else { return (0, 0) }
        let offset = (q2 * x1 - q1 * qx) / determinant
        if offset > 0 { return (q2 > 0 ? qx / q2 : 0, 0) }
        return ((sum * qx - q1 * x1) / determinant, -offset)
    }

    private static func error(
        _ x: UnsafeBufferPointer<Float>, scale: Float, minimum: Float, root: Float
    ) -> Float {
        x.reduce(0) { error, value in
            let q = min(15, max(0, ((value + minimum) / scale).rounded()))
            let difference = scale * q - minimum - value
            return error + (root + value.magnitude) * difference * difference
        }
    }
}
