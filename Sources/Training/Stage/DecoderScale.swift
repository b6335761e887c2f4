import AutoRegEmbed

/// How the compressed tokens' states e are scaled before they enter the decoder, as `decoder_scale`
/// of the model's settings keeps it. It changes no vector.
public enum DecoderScale: Sendable, Equatable {
    /// A given factor, without an offset.
    case factor(Double)
    /// The factor and an offset, fitted to data, see ``DecoderInput``. The model's settings keep the
    /// offset as `decoder_offset`.
    case automatic

    /// The factors that may be given.
    static let range = OptionRange(
        lower: EmbedderSettings.decoderScales.lowerBound,
        upper: EmbedderSettings.decoderScales.upperBound)
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
