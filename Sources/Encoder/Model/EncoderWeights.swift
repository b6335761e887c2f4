import Tensors
import Transformer

/// One LayerNorm's weight and bias, [H].
struct LayerNorm: Sendable {
    let weight: FloatArray
    let bias: FloatArray
}

/// One layer's weights.
struct EncoderLayer: Sendable {
    /// [H, H]
    let query, key, value, attentionOutput: MatrixWeight
    let attentionNorm: LayerNorm
    /// [intermediate, H]
    let up: MatrixWeight
    /// [H, intermediate]
    let down: MatrixWeight
    let outputNorm: LayerNorm
}

/// All weights, checked against the configuration. Matrices stay in the checkpoint's mapped bytes.
struct EncoderWeights: Sendable {
    /// [V, H]
    let words: EmbeddingTable
    /// Position embeddings with the first token type's row added to each, [positions, H].
    let positions: FloatArray
    let embeddingNorm: LayerNorm
    let layers: [EncoderLayer]
    let precision: ComputePrecision

    /// - Parameter precision: nil takes the checkpoint's own: bfloat16 for bfloat16, else float32.
    init(
        configuration: EncoderConfiguration, checkpoint: Checkpoint, precision: ComputePrecision?
    ) throws(ModelError) {
        let names = EncoderNames(checkpoint)
        try names.checkAreKnown(layers: configuration.layerCount)
        let width = configuration.hiddenSize
        func vector(_ name: String, _ shape: [Int]) throws(ModelError) -> [Float] {
            let values = try names.weight(name, shape: shape).floats()
            guard values.allSatisfy(\.isFinite) else {
                throw .nonFiniteWeight(path: checkpoint.path, tensor: name)
            }
            return values
        }
        func norm(_ name: String) throws(ModelError) -> LayerNorm {
            LayerNorm(
                weight: FloatArray(try vector(name + ".weight", [width])),
                bias: FloatArray(try vector(name + ".bias", [width])))
        }

        let words = try names.weight(
            EncoderNames.words, shape: [configuration.vocabularySize, width])
        self.words = EmbeddingTable(tensor: words)
        let own: ComputePrecision = words.elementType == .bfloat16 ? .bfloat16 : .float32
        let chosen = precision ?? own
        self.precision = chosen
        var positions = try vector(
            EncoderNames.positions, [configuration.maximumPositions, width])
        let types = try vector(EncoderNames.types, [configuration.typeCount, width])
        for index in positions.indices { positions[index] += types[index % width] }
        self.positions = FloatArray(positions)
        embeddingNorm = try norm(EncoderNames.embeddingNorm)

        var layers: [EncoderLayer] = []
        for number in 0..<configuration.layerCount {
            func linear(
                _ name: String, _ outputs: Int, _ inputs: Int
            ) throws(ModelError) -> MatrixWeight {
                let name = EncoderNames.layer(number) + name
                return MatrixWeight(
                    tensor: try names.weight(name + ".weight", shape: [outputs, inputs]),
                    bias: FloatArray(try vector(name + ".bias", [outputs])), precision: chosen)
            }
            let inner = configuration.intermediateSize
            layers.append(
                EncoderLayer(
                    query: try linear("attention.self.query", width, width),
                    key: try linear("attention.self.key", width, width),
                    value: try linear("attention.self.value", width, width),
                    attentionOutput: try linear("attention.output.dense", width, width),
                    attentionNorm: try norm(
                        EncoderNames.layer(number) + "attention.output.LayerNorm"),
                    up: try linear("intermediate.dense", inner, width),
                    down: try linear("output.dense", width, inner),
                    outputNorm: try norm(EncoderNames.layer(number) + "output.LayerNorm")))
        }
        self.layers = layers
    }
}

/// A checkpoint's tensors by the names that transformers' `BertModel` has for them.
///
/// Checkpoints of a model with a head have the prefix `bert.`; old ones call a LayerNorm's weight and
/// bias `gamma` and `beta`.
struct EncoderNames {
    static let words = "embeddings.word_embeddings.weight"
    static let positions = "embeddings.position_embeddings.weight"
    static let types = "embeddings.token_type_embeddings.weight"
    static let embeddingNorm = "embeddings.LayerNorm"

    static func layer(_ number: Int) -> String { "encoder.layer.\(number)." }

    private static let linear = [
        "attention.self.query", "attention.self.key", "attention.self.value",
        "attention.output.dense", "intermediate.dense", "output.dense",
    ]
    private static let norms = ["attention.output.LayerNorm", "output.LayerNorm"]
    /// Numbers from 0 on, which some programs save.
    private static let ignored: Set = ["embeddings.position_ids", "embeddings.token_type_ids"]

    private let checkpoint: Checkpoint
    private let prefix: String

    init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        prefix = checkpoint.tensor(named: "bert." + Self.words) == nil ? "" : "bert."
    }

    /// The tensor, checked to be a weight of this shape.
    func weight(_ name: String, shape: [Int]) throws(ModelError) -> TensorView {
        var full = prefix + name
        if checkpoint.tensor(named: full) == nil, let older = Self.older(full),
            checkpoint.tensor(named: older) != nil
        {
            full = older
        }
        return try checkpoint.weight(named: full, shape: shape)
    }

    private static func older(_ name: String) -> String? {
        if name.hasSuffix("LayerNorm.weight") { return name.dropLast("weight".count) + "gamma" }
        if name.hasSuffix("LayerNorm.bias") { return name.dropLast("bias".count) + "beta" }
        return nil
    }

    /// Refuses a checkpoint that has more in its embeddings or in a layer than BERT has, such as
    /// relative positions. Heads and the pooler beside them are not used.
    func checkAreKnown(layers: Int) throws(ModelError) {
        var known: Set = [Self.words, Self.positions, Self.types]
        known.formUnion(Self.ignored)
        func add(_ name: String) {
            known.formUnion([name + ".weight", name + ".bias"])
            known.formUnion(
                [Self.older(name + ".weight"), Self.older(name + ".bias")].compactMap(\.self))
        }
        add(Self.embeddingNorm)
        for name in Self.linear + Self.norms { add(Self.layer(0) + name) }
        let first = Self.layer(0)
        for name in checkpoint.names where name.hasPrefix(prefix) {
            let own = String(name.dropFirst(prefix.count))
            var place = own
            if own.hasPrefix("encoder.layer."),
                let number = own.split(separator: ".").dropFirst(2).first.flatMap({ Int($0) }),
                0..<layers ~= number, own.hasPrefix(Self.layer(number))
            {
                // Every layer has what the first has.
                place = first + own.dropFirst(Self.layer(number).count)
            } else if !own.hasPrefix("embeddings.") {
                continue
            }
            guard known.contains(place) else {
                throw .unknownTensor(path: checkpoint.path, tensor: name)
            }
        }
    }
}
