import Tensors
import Transformer
import VectorMath

/// One worker's activations. Not shared between threads.
///
/// Widths: H hidden, I intermediate; T rows of the batch.
final class EncoderWorkspace {
    /// The residual stream, [T, H].
    let residual = Scratch<Float>()
    /// [T, H] each
    let queries = Scratch<Float>()
    let keys = Scratch<Float>()
    let values = Scratch<Float>()
    let attended = Scratch<Float>()
    /// What the feed-forward layer's second product reads, [T, I].
    let innerFloats = Scratch<Float>()
    /// Rows of the residual or of attention's output, [T, H], and the inner rows, in bfloat16.
    let inputHalves = Scratch<UInt16>()
    let innerHalves = Scratch<UInt16>()
    /// Panels and attention's scores.
    let kernel = Scratch<Float>()

    private let configuration: EncoderConfiguration
    private let precision: ComputePrecision

    init(_ configuration: EncoderConfiguration, precision: ComputePrecision) {
        (self.configuration, self.precision) = (configuration, precision)
    }

    /// Of rows of bfloat16, which products read in pairs.
    static func even(_ width: Int) -> Int { (width + 1) & ~1 }

    /// - Parameters:
    ///   - rows: of the batch.
    ///   - longest: rows of its longest sequence.
    func reserve(rows: Int, longest: Int) {
        let (width, inner) = (configuration.hiddenSize, configuration.intermediateSize)
        for scratch in [residual, queries, keys, values, attended] {
            scratch.reserve(rows * width)
        }
        switch precision {
        case .float32: innerFloats.reserve(rows * inner)
        case .bfloat16:
            inputHalves.reserve(rows * Self.even(width))
            innerHalves.reserve(rows * Self.even(inner))
        }
        kernel.reserve(
            max(
                LinearLayer.activatedScratchCount(inputs: max(width, inner), rows: rows),
                FullAttention.scratchCount(
                    keys: longest, dimension: configuration.headDimension)))
    }
}
