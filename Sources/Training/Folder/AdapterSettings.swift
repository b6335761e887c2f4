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

    /// Attaches an adapter to every projection and trained embedding rows to the compressed tokens:
    /// those saved with the model, else A uniform in ±1/sqrt(inputs), B zero, and the embedding's
    /// rows.
    ///
    /// - Parameter newRows: initial rows of tokens that are new to the model.
    /// - Returns: the parameters to train.
    func attach(
        to decoder: inout DifferentiableDecoder, saved: SavedAdapter?, tokens: [Int32],
        newRows: [Int32: [Float]], seed: UInt64, backend: any Backend
    ) throws(TrainingError) -> [Parameter] {
        var trained: [Parameter] = []
        for layer in decoder.layers.indices {
            for projection in Projection.allCases {
                let shape = decoder.configuration.shape(of: projection)
                let name = ModelConfiguration.weightName(projection, layer: layer)
                var generator = SeededGenerator(
                    seed: seed, purpose: 4, UInt64(layer),
                    UInt64(Projection.allCases.firstIndex(of: projection) ?? 0))
                let bound = 1 / Float(shape[1]).squareRoot()
                let (a, b) =
                    try saved?.matrices(name: name, shape: shape)
                    ?? (
                        (0..<rank * shape[1]).map { _ in
                            (Float(generator.next() >> 40) * 0x1p-23 - 1) * bound
                        }, [Float](repeating: 0, count: shape[0] * rank)
                    )
                let first = Parameter(
                    name: AdapterNames.a(name), shape: [rank, shape[1]],
                    value: Value(backend.buffer(a)), isTrained: true)
                let second = Parameter(
                    name: AdapterNames.b(name), shape: [shape[0], rank],
                    value: Value(backend.buffer(b)), isTrained: true)
                decoder.layers[layer].projections[projection]?.adapter = .init(
                    a: first, b: second, scale: scale, dropout: Float(dropout))
                trained += [first, second]
            }
        }
        guard !tokens.isEmpty else { return trained }
        if let saved, !saved.tokens.isEmpty, saved.tokens != tokens {
            throw .badModel(
                path: saved.path, .otherTokenRows(saved: saved.tokens, compressed: tokens))
        }
        let width = decoder.configuration.hiddenSize
        var rows =
            try saved?.tokenRows(count: tokens.count, width: width)
            ?? backend.gather(decoder.embedding.value, rows: tokens, columns: width).array
        for (place, token) in tokens.enumerated() {
            guard let row = newRows[token] else { continue }
            rows.replaceSubrange(place * width..<(place + 1) * width, with: row)
        }
        let parameter = Parameter(
            name: AdapterNames.tokens, shape: [tokens.count, width],
            value: Value(backend.buffer(rows)), isTrained: true)
        decoder.trainedRows = (tokens, parameter)
        return trained + [parameter]
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
}
