import Tensors
import VectorMath

/// Reusable memory that grows as needed.
package final class Scratch<Element: BitwiseCopyable> {
    package private(set) var pointer: UnsafeMutablePointer<Element>
    private var capacity: Int

    package init() { (pointer, capacity) = (.allocate(capacity: 1), 1) }

    deinit { pointer.deallocate() }

    /// Makes room for `count` elements. The contents are not kept.
    package func reserve(_ count: Int) {
        guard count > capacity else { return }
        pointer.deallocate()
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Element>.stride, alignment: 64)
        pointer = raw.bindMemory(to: Element.self, capacity: count)
        capacity = count
    }
}

/// The rows that a matrix product reads, in float32 or bfloat16 depending on the precision.
struct Operand {
    let floats: UnsafeMutablePointer<Float>
    let halves: UnsafeMutablePointer<UInt16>
    let precision: ComputePrecision
    /// The distance between rows in elements; even.
    let stride: Int
}

/// The activations of one worker. Not shared between threads.
///
/// Widths: H hidden, Q queryWidth, K keyValueWidth, I intermediate; T is the number of rows of the
/// batch.
final class Workspace {
    /// The residual stream, `[T, H]`.
    let residual = Scratch<Float>()
    /// The residual's selected rows in the last layer, `[R, H]`.
    let selected = Scratch<Float>()
    /// Queries `[T, Q]`, keys and values `[T, K]`, and attention's output `[T, Q]`.
    let queries = Scratch<Float>()
    let keys = Scratch<Float>()
    let values = Scratch<Float>()
    let attended = Scratch<Float>()
    /// The input of the next product: normalized rows or attention's output, and the gated rows
    /// `[T, I]`.
    private let inputFloats = Scratch<Float>()
    private let inputHalves = Scratch<UInt16>()
    private let gatedFloats = Scratch<Float>()
    private let gatedHalves = Scratch<UInt16>()
    /// The quantized input of the next products, for quantized weights.
    let quantized = QuantizedRows()
    /// Scratch for panels of weights and for attention's scores.
    let kernel = Scratch<Float>()

    private let configuration: ModelConfiguration
    private let precision: ComputePrecision

    init(_ configuration: ModelConfiguration, precision: ComputePrecision) {
        (self.configuration, self.precision) = (configuration, precision)
    }

    private static func even(_ n: Int) -> Int { (n + 1) & ~1 }

    /// - Parameters:
    ///   - rows: the number of rows of the batch.
    ///   - longest: the most keys that one sequence attends to.
    func reserve(rows: Int, longest: Int) {
        let c = configuration
        let input = rows * Self.even(max(c.hiddenSize, c.queryWidth))
        let gated = rows * Self.even(c.intermediateSize)
        residual.reserve(rows * c.hiddenSize)
        selected.reserve(rows * c.hiddenSize)
        queries.reserve(rows * c.queryWidth)
        keys.reserve(rows * c.keyValueWidth)
        values.reserve(rows * c.keyValueWidth)
        attended.reserve(rows * c.queryWidth)
        switch precision {
        case .float32:
            inputFloats.reserve(input)
            gatedFloats.reserve(gated)
        case .bfloat16:
            inputHalves.reserve(input)
            gatedHalves.reserve(gated)
        }
        let inputs = max(c.hiddenSize, c.queryWidth, c.intermediateSize)
        kernel.reserve(
            max(
                LinearLayer.gatedScratchCount(inputs: inputs, rows: rows),
                LinearLayer.quantizedScratchCount(inputs: inputs, rows: rows),
                CausalAttention.scratchCount(keys: longest, dimension: c.headDimension)))
    }

    func input(width: Int) -> Operand {
        Operand(
            floats: inputFloats.pointer, halves: inputHalves.pointer, precision: precision,
            stride: Self.even(width))
    }

    var gated: Operand {
        Operand(
            floats: gatedFloats.pointer, halves: gatedHalves.pointer, precision: precision,
            stride: Self.even(configuration.intermediateSize))
    }
}
