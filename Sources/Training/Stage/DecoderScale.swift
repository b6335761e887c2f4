import AutoRegEmbed
import Foundation
import Tensors
import Transformer

/// The factor that multiplies the compressed tokens' states e before they enter the decoder, as
/// `decoder_scale` of the model's settings keeps it.
///
/// E's final norm may leave e many times greater than the embeddings that the decoder is used to
/// (SmolLM2: a root mean square of 1.83 beside .136). The decoder's layers then add too little to
/// so great an input to work on it. A factor brings e to the embeddings' size; it changes no
/// vector.
public enum DecoderScale: Sendable, Equatable {
    /// A given factor.
    case factor(Double)
    /// The root mean square of the decoder's embedding matrix divided by that of the weights of E's
    /// final norm, rounded to four significant digits.
    case automatic

    /// The factors that may be given.
    static let range = OptionRange(
        lower: EmbedderSettings.decoderScales.lowerBound,
        upper: EmbedderSettings.decoderScales.upperBound)

    /// The factor of ``automatic``; nil if the weights are zero or not finite.
    static func automatic(
        encoder: DifferentiableDecoder, decoder: DifferentiableDecoder
    ) -> Double? {
        let ratio =
            rootMeanSquare(decoder.embedding.value.stored)
            / rootMeanSquare(encoder.finalNorm.value.stored)
        guard let rounded = Double(String(format: "%.4g", ratio)), range.contains(rounded) else {
            return nil
        }
        return rounded
    }

    private static func rootMeanSquare(_ buffer: Buffer) -> Double {
        var sum = 0.0
        for index in 0..<buffer.count {
            let value =
                buffer.isHalf
                ? Float(bitPattern: UInt32(buffer.halves[index]) << 16) : buffer.floats[index]
            sum += Double(value) * Double(value)
        }
        return (sum / Double(buffer.count)).squareRoot()
    }
}

extension DecoderScale: Codable {
    private static let automaticName = "auto"

    /// Reads a number or `"auto"`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let factor = try? container.decode(Double.self) {
            self = .factor(factor)
        } else if try container.decode(String.self) == Self.automaticName {
            self = .automatic
        } else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be a number or auto")
        }
    }

    /// Writes a number or `"auto"`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .factor(let factor): try container.encode(factor)
        case .automatic: try container.encode(Self.automaticName)
        }
    }
}
