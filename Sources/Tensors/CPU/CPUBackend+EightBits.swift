import CVectorKernels
import VectorMath

/// Products with frozen weights in eight bits. What multiplies them, an activation or a gradient, is
/// rounded to signed bytes with one scale for each 32 of a row, as when a quantized model encodes; sums
/// are exact within these groups and float32 across them.
extension CPUBackend {
    package func quantize(_ parameter: Parameter) {
        guard !parameter.isTrained, parameter.shape.count == 2,
            parameter.value.eightBitWeight == nil
        else { return }
        parameter.value.eightBitWeight = EightBitWeight(
            parameter.value.stored, outputs: parameter.shape[0], inputs: parameter.shape[1],
            parallel: parallel)
        parameter.value.stored.releasePages()
    }

    /// c = or += a W^T if `product.bTransposed`, else a W.
    ///
    /// - Returns: false if b has no weight in eight bits.
    func multiplyEightBits(_ a: Value, _ b: Value, _ c: Buffer, _ product: Product) -> Bool {
        guard let weight = b.eightBitWeight, !product.aTransposed, product.factor == 1 else {
            return false
        }
        let matrix = weight.matrix(transposed: !product.bTransposed)
        let (m, n, k) = (product.m, product.n, product.k)
        precondition(matrix.outputs == n && matrix.inputs == k, "the weight's own shape")
        let rows = eightBitRows(a, rows: m, width: k)
        let size = LinearLayer.quantizedScratchCount(inputs: k, rows: m) + 16
        let aligned = (size + 15) & ~15
        let scratch = buffer(count: parallel.threads * aligned)
        let (to, memory) = (c.floats, scratch.floats)
        let panels = (n + 31) / 32
        let tasks = min(panels, parallel.threads)
        parallel.tasks(tasks) { task, worker in
            let first = panels * task / tasks * 32
            let outputs = first..<min(n, panels * (task + 1) / tasks * 32)
            rows.multiply(
                m, by: matrix, outputs: outputs, into: to + first, stride: n,
                accumulate: product.accumulate, scratch: memory + worker * aligned)
        }
        return true
    }

    /// The rows in eight bits, which the value keeps for further products.
    private func eightBitRows(_ value: Value, rows: Int, width: Int) -> EightBitRows {
        if let existing = value.eightBitRows, existing.width == width { return existing }
        let source = value.either
        let made = EightBitRows(rows: rows, width: width, backend: self)
        let scratch = buffer(count: parallel.threads * ((width + 15) & ~15))
        let floats = scratch.floats
        let unit = 16
        parallel.tasks((rows + unit - 1) / unit) { task, worker in
            for row in task * unit..<min(rows, (task + 1) * unit) {
                guard source.isHalf else {
                    made.load(source.floats + row * width, row)
                    continue
                }
                let widened = floats + worker * ((width + 15) & ~15)
                training_widen(source.halves + row * width, widened, width)
                made.load(widened, row)
            }
        }
        value.eightBitRows = made
        return made
    }
}

/// Rows of activations or gradients as signed bytes.
final class EightBitRows {
    let width: Int
    private let memory: [Buffer]
    private let kernel: quantized_rows

    init(rows: Int, width: Int, backend: CPUBackend) {
        self.width = width
        let counts = [rows * width / 4, rows * width / 32, rows * width / 32]
        memory = counts.map { backend.buffer(count: max(16, $0)) }
        kernel = quantized_rows(
            values: UnsafeMutableRawPointer(memory[0].floats).assumingMemoryBound(to: Int8.self),
            scales: memory[1].floats,
            sums: UnsafeMutableRawPointer(memory[2].floats).assumingMemoryBound(to: Int16.self),
            width: width)
    }

    /// Rounds row number `row`, of `width` values.
    func load(_ values: UnsafePointer<Float>, _ row: Int) {
        var part = kernel
        part.values += row * width
        part.scales += row * width / 32
        part.sums += row * width / 16
        quantized_rows_from_float32(values, width, 0, 1, &part)
    }

    func multiply(
        _ rows: Int, by matrix: StoredMatrix, outputs: Range<Int>,
        into y: UnsafeMutablePointer<Float>, stride: Int, accumulate: Bool,
        scratch: UnsafeMutablePointer<Float>
    ) {
        var own = kernel
        var weight = quantized_weight(
            blocks: matrix.values, bias: nil, n: matrix.outputs, k: matrix.inputs,
            type: matrix.encoding.rawValue)
        _ = quantized_linear(
            KernelLevel.active.rawValue, &own, rows, &weight, outputs.lowerBound, outputs.count,
            y, stride, accumulate, false, scratch)
    }
}
