import Tensors
import VectorMath

/// Numbers at a fixed address, shared between threads and not written after `init`.
package final class FloatArray: @unchecked Sendable {
    package let pointer: UnsafeMutablePointer<Float>
    package let count: Int

    package init(_ values: [Float]) {
        count = values.count
        pointer = .allocate(capacity: max(1, values.count))
        pointer.initialize(from: values, count: values.count)
    }

    deinit { pointer.deallocate() }
}

/// One block's weights.
struct LayerWeights: Sendable {
    let attentionNorm: FloatArray
    let projections: [Projection: MatrixWeight]
    let queryNorm: FloatArray?
    let keyNorm: FloatArray?
    let feedForwardNorm: FloatArray

    let query: MatrixWeight
    let key: MatrixWeight
    let value: MatrixWeight
    let attentionOutput: MatrixWeight
    let gate: MatrixWeight
    let up: MatrixWeight
    let down: MatrixWeight
    let slidingWindow: Int?
}

/// All weights, checked against the configuration.
struct ModelWeights: Sendable {
    let embedding: EmbeddingTable
    let layers: [LayerWeights]
    let finalNorm: FloatArray
    /// The output projection `[V, H]`; nil if the checkpoint has none, as one saved for embedding.
    let output: MatrixWeight?
    let precision: ComputePrecision
    /// Whether some products multiply quantized weights without dequantizing.
    let multipliesBlocks: Bool

    /// - Parameters:
    ///   - precision: nil uses the checkpoint's own and does not dequantize; otherwise quantized
    ///     weights are dequantized to float32.
    ///   - replacing: weights that replace the checkpoint's, by parameter name.
    ///   - changes: adapters' changes of linear layers, by parameter name and of the parameters'
    ///     shapes.
    init(
        configuration: ModelConfiguration, checkpoint: Checkpoint,
        precision: ComputePrecision? = nil,
        replacing: [String: TensorView] = [:], changes: [String: LowRankChange] = [:],
        trainedRows: [Int32: [Float]] = [:], outputVocabulary: Int? = nil
    ) throws(ModelError) {
        func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> TensorView {
            if let tensor = replacing[name] {
                guard tensor.shape == shape else {
                    throw .wrongShape(
                        path: checkpoint.path, tensor: name, expected: shape, found: tensor.shape)
                }
                return tensor
            }
            return try checkpoint.weight(named: name, shape: shape)
        }
        try checkpoint.checkIsKnown(to: configuration)
        let embeddingShape = [configuration.vocabularySize, configuration.hiddenSize]
        let embeddingTensor = try tensor(ModelConfiguration.embeddingName, embeddingShape)
        embedding = EmbeddingTable(tensor: embeddingTensor, trainedRows: trainedRows)
        let own: ComputePrecision = embeddingTensor.elementType == .bfloat16 ? .bfloat16 : .float32
        let keepsBlocks = precision == nil && own == .float32
        let precision = precision ?? own
        self.precision = precision

        func vector(_ name: String, _ count: Int) throws(ModelError) -> FloatArray {
            let values = try tensor(name, [count]).floats()
            guard values.allSatisfy(\.isFinite) else {
                throw .nonFiniteWeight(path: checkpoint.path, tensor: name)
            }
            return FloatArray(values)
        }
        func matrix(_ projection: Projection, _ layer: Int) throws(ModelError) -> MatrixWeight {
            let shape = configuration.shape(of: projection)
            let name = ModelConfiguration.weightName(projection, layer: layer)
            let weight = try tensor(name, shape)
            let bias =
                configuration.hasBias(projection)
                ? try vector(ModelConfiguration.biasName(projection, layer: layer), shape[0]) : nil
            // Gate and up are multiplied together, so either both stay quantized or neither.
            let pair: [Projection] = [.gate, .up]
            let keeps =
                keepsBlocks
                && (!pair.contains(projection)
                    || pair.allSatisfy {
                        let name = ModelConfiguration.weightName($0, layer: layer)
                        let tensor = replacing[name] ?? checkpoint.tensor(named: name)
                        return changes[name] == nil && tensor?.elementType.isQuantized == true
                    })
            return MatrixWeight(
                tensor: weight, bias: bias, change: changes[name], precision: precision,
                keepsBlocks: keeps)
        }

        var layers: [LayerWeights] = []
        for layer in 0..<configuration.layerCount {
            let prefix = ModelConfiguration.layerPrefix(layer)
            let width = configuration.hiddenSize
            let head = configuration.headDimension
            var projections: [Projection: MatrixWeight] = [:]
            for projection in Projection.allCases {
                projections[projection] = try matrix(projection, layer)
            }
            guard let query = projections[.query], let key = projections[.key],
                let value = projections[.value], let output = projections[.attentionOutput],
                let gate = projections[.gate], let up = projections[.up],
                let down = projections[.down]
            else { preconditionFailure("every projection was just added") }
            let hasNorm = configuration.hasQueryKeyNorm
            layers.append(
                LayerWeights(
                    attentionNorm: try vector(prefix + "input_layernorm.weight", width),
                    projections: projections,
                    queryNorm: hasNorm
                        ? try vector(prefix + "self_attn.q_norm.weight", head) : nil,
                    keyNorm: hasNorm ? try vector(prefix + "self_attn.k_norm.weight", head) : nil,
                    feedForwardNorm: try vector(
                        prefix + "post_attention_layernorm.weight", width),
                    query: query, key: key, value: value, attentionOutput: output, gate: gate,
                    up: up, down: down, slidingWindow: configuration.slidingWindows[layer]))
        }
        self.layers = layers
        finalNorm = try vector(ModelConfiguration.finalNormName, configuration.hiddenSize)
        let outputName = ModelConfiguration.outputName
        let outputTensor: TensorView?
        if configuration.isTied {
            outputTensor = embeddingTensor
        } else if replacing[outputName] == nil, checkpoint.tensor(named: outputName) == nil {
            outputTensor = nil
        } else {
            outputTensor = try tensor(outputName, embeddingShape)
        }
        output = outputTensor.map {
            MatrixWeight(
                tensor: $0.prefix(rows: outputVocabulary ?? configuration.vocabularySize),
                bias: nil,
                precision: precision, keepsBlocks: keepsBlocks)
        }
        multipliesBlocks =
            output?.multipliesBlocks == true
            || layers.contains { $0.projections.values.contains(where: \.multipliesBlocks) }
    }

    /// Whether products need matrices that must be computed from the checkpoint's.
    var needsPreparation: Bool {
        layers.contains { $0.projections.values.contains { !$0.isPrepared } }
    }

    /// Computes all such matrices in parallel. Otherwise products compute what they need, one layer
    /// after another.
    func applyChanges(threads: Int) {
        let matrices = layers.flatMap(\.projections.values)
        let workspaces = (0..<max(1, threads)).map { _ in LowRankWorkspace() }
        WorkerThreads.run(count: matrices.count, threads: threads) { worker, index in
            matrices[index].tensor(using: workspaces[worker])
        }
    }
}

/// The embedding matrix, with rows that training replaced or added.
package struct EmbeddingTable: Sendable {
    /// `[V, H]`
    let tensor: TensorView
    /// Rows that replace or follow the tensor's: those of an adapter's compressed tokens.
    let trainedRows: [Int32: [Float]]

    /// - Parameter tensor: of a type that is a weight.
    package init(tensor: TensorView, trainedRows: [Int32: [Float]] = [:]) {
        (self.tensor, self.trainedRows) = (tensor, trainedRows)
    }

    /// The number of ids with a row.
    package var vocabularySize: Int {
        max(tensor.shape[0], trainedRows.keys.max().map { Int($0) + 1 } ?? 0)
    }

    /// Copies the row of `token`; returns false if there is none.
    package func copyRow(_ token: Int32, to destination: UnsafeMutablePointer<Float>) -> Bool {
        let width = tensor.shape[1]
        if let row = trainedRows[token] {
            destination.update(from: row, count: width)
            return true
        }
        guard token >= 0, Int(token) < tensor.shape[0], let base = tensor.bytes.baseAddress else {
            return false
        }
        TransformerRows.widen(
            base + tensor.elementType.byteCount(of: Int(token) * width), tensor.encoding,
            count: width, into: destination)
        return true
    }
}
