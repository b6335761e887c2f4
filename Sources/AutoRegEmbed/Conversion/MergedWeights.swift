import Tensors
import Transformer
import VectorMath

/// A model's weights with its adapter's changes: W + scale B A, replaced parameters, trained rows.
struct MergedWeights {
    /// The merged model's; its vocabulary may have grown.
    let configuration: ModelConfiguration
    private let checkpoint: Checkpoint
    private let adapter: Adapter?
    private let workspace = LowRankWorkspace()

    init(_ parts: ModelParts) throws {
        (checkpoint, adapter) = (parts.checkpoint, parts.adapter)
        var configuration = parts.configuration
        if let adapter {
            try adapter.checkFits(checkpoint, configuration)
            guard !adapter.changesHead else {
                throw ModelConversionError.notExpressible(
                    path: adapter.path, what: "a change of lm_head")
            }
            let replaced = adapter.replaced[ModelConfiguration.embeddingName]?.shape.first
            let rows = max(
                replaced ?? configuration.vocabularySize,
                Int(adapter.trainedRows.keys.max() ?? -1) + 1)
            guard rows == configuration.vocabularySize || configuration.isTied else {
                throw ModelConversionError.notExpressible(
                    path: adapter.path, what: "an embedding matrix of another size than lm_head")
            }
            configuration.vocabularySize = rows
        }
        self.configuration = configuration
    }

    func tensor(named name: String, shape: [Int]) throws -> TensorView {
        let isEmbedding = name == ModelConfiguration.embeddingName
        if let replaced = adapter?.replaced[name] {
            guard replaced.shape == shape || isEmbedding, replaced.shape.count == shape.count else {
                throw AutoRegEmbedError.model(
                    ModelError.wrongShape(
                        path: adapter?.path ?? "", tensor: name, expected: shape,
                        found: replaced.shape))
            }
            return isEmbedding ? withTrainedRows(replaced, shape) : changed(replaced, name)
        }
        var own = shape
        if isEmbedding, let rows = checkpoint.tensor(named: name)?.shape.first { own[0] = rows }
        let stored: TensorView
        do { stored = try checkpoint.weight(named: name, shape: own) } catch {
            throw AutoRegEmbedError.model(error)
        }
        return isEmbedding ? withTrainedRows(stored, shape) : changed(stored, name)
    }

    private func changed(_ weight: TensorView, _ name: String) -> TensorView {
        guard let change = adapter?.lowRank[name] else { return weight }
        return change.applied(to: weight, precision: .float32, using: workspace)
    }

    /// The matrix with the adapter's rows, and with zeros for new ones that it has none for.
    private func withTrainedRows(_ matrix: TensorView, _ shape: [Int]) -> TensorView {
        guard let rows = adapter?.trainedRows, !rows.isEmpty || matrix.shape != shape else {
            return matrix
        }
        let (count, width) = (shape[0] * shape[1], shape[1])
        let memory = AlignedMemory(byteCount: count * 4)
        let floats = memory.base.bindMemory(to: Float.self, capacity: count)
        let own = min(matrix.count, count)
        matrix.copyFloats(0..<own, to: UnsafeMutableBufferPointer(start: floats, count: own))
        for (id, row) in rows where Int(id) < shape[0] {
            for (column, value) in row.enumerated() { floats[Int(id) * width + column] = value }
        }
        return TensorView(
            name: matrix.name, shape: shape, elementType: .float32,
            bytes: UnsafeRawBufferPointer(start: memory.base, count: count * 4), owner: memory)
    }
}
