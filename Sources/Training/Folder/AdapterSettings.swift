import Foundation
import RandomNumbers
import Tensors
import Transformer

/// The settings of a LoRA adapter: rank r, and alpha, whose quotient alpha / r scales the product.
struct AdapterSettings: Equatable {
    let rank: Int
    let alpha: Double
    let dropout: Double

    init(rank: Int, alpha: Double, dropout: Double) {
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
    }

    /// Nil if the run trains all weights. An adapter that the model already has keeps its rank and
    /// alpha.
    init?(_ options: TrainingOptions, saved: AdapterSettings?) {
        guard let rank = options.adapterRank else { return nil }
        self.init(
            rank: saved?.rank ?? rank,
            alpha: saved?.alpha ?? options.adapterAlpha ?? 2 * Double(rank),
            dropout: options.adapterDropout)
    }

    var scale: Float { Float(alpha / Double(rank)) }

    /// Attaches an adapter to every projection: that saved with the model, else A uniform in
    /// ±1/sqrt(inputs) and B zero. One that is not trained is attached only as far as it was saved.
    ///
    /// - Returns: the parameters to train.
    func attach(
        to decoder: inout DifferentiableDecoder, saved: SavedAdapter?, isTrained: Bool,
        seed: UInt64, backend: any Backend
    ) throws(TrainingError) -> [Parameter] {
        var trained: [Parameter] = []
        for layer in decoder.layers.indices {
            for projection in Projection.allCases {
                let shape = decoder.configuration.shape(of: projection)
                let name = ModelConfiguration.weightName(projection, layer: layer)
                var generator = SeededGenerator(
                    seed: seed, purpose: 4, UInt64(layer),
                    UInt64(Projection.allCases.firstIndex(of: projection) ?? 0))
                let own = try saved?.matrices(name: name, shape: shape)
                guard isTrained || own != nil else { continue }
                let (a, b) =
                    own
                    ?? (
                        generator.uniform(
                            rank * shape[1], bound: 1 / Float(shape[1]).squareRoot()),
                        [Float](repeating: 0, count: shape[0] * rank)
                    )
                let first = Parameter(
                    name: AdapterNames.a(name), shape: [rank, shape[1]],
                    value: Value(backend.buffer(a)), isTrained: isTrained)
                let second = Parameter(
                    name: AdapterNames.b(name), shape: [shape[0], rank],
                    value: Value(backend.buffer(b)), isTrained: isTrained)
                decoder.layers[layer].projections[projection]?.adapter = .init(
                    a: first, b: second, scale: scale, dropout: Float(dropout))
                if isTrained { trained += [first, second] }
            }
        }
        return trained
    }
}

/// Names of an adapter's tensors, as PEFT has them.
enum AdapterNames {
    private static func base(_ weight: String) -> String {
        "base_model.model." + weight.replacing(".weight", with: "")
    }

    static func a(_ weight: String) -> String { base(weight) + ".lora_A.weight" }
    static func b(_ weight: String) -> String { base(weight) + ".lora_B.weight" }
    /// The compressed tokens' rows. They are the values themselves, although PEFT's name says
    /// delta.
    static let tokens = "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta"
    /// The same in an adapter that has nothing else.
    static let tokensAlone = "base_model.model.embed_tokens.trainable_tokens_delta"

    /// Whether an adapter's tensor is the compressed tokens' rows, which programs name variously.
    static func isTokens(_ name: String) -> Bool {
        [
            "embed_tokens.token_adapter.trainable_tokens_delta",
            "embed_tokens.trainable_tokens_delta",
        ]
        .contains { name.hasSuffix($0) }
    }
}
