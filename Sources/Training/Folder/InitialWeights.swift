import Foundation
import RandomNumbers
import Tensors
import Transformer

/// The initial values of the encoder's parameters: the checkpoint's, random ones if a folder to
/// pre-train has no weights, and for new tokens another token's row or the mean of all.
struct InitialWeights {
    let folder: ModelFolder
    let options: TrainingOptions
    let configuration: ModelConfiguration
    /// Ids of tokens that were added to the tokenizer for this run.
    let newTokens: [Int32]
    /// The token whose row new tokens start with; nil uses the mean of all rows.
    let startToken: Int32?
    /// Whether the compressed tokens have rows of their own beside the matrix: all rows of the
    /// checkpoint, including spare ones that no token had, then belong to the frozen decoder and stay
    /// unchanged.
    let hasOwnRows: Bool
    let backend: any Backend

    func parameter(
        _ declaration: ParameterDeclaration, isTrained: Bool, merging adapter: SavedAdapter?
    ) throws(TrainingError) -> Parameter {
        guard folder.hasWeights else { return random(declaration) }
        let isTable =
            declaration.name == ModelConfiguration.embeddingName
            || declaration.name == ModelConfiguration.outputName
        let hasRows = declaration.shape[0] == folder.configuration.vocabularySize
        if isTable, !newTokens.isEmpty || !hasRows {
            return try grown(declaration, isTrained: isTrained)
        }
        let view = try folder.view(declaration)
        guard let adapter else {
            return Parameter(
                view, name: declaration.name, isTrained: isTrained, backend: backend)
        }
        let buffer = backend.buffer(try adapter.merged(view, name: declaration.name))
        return Parameter(
            name: declaration.name, shape: declaration.shape, value: Value(buffer),
            isTrained: isTrained)
    }

    /// Initial values of an adapter's rows for new tokens, by token: the row of
    /// `startToken`, or the mean of the rows before them. Empty without new tokens.
    func newRows() throws(TrainingError) -> [Int32: [Float]] {
        if newTokens.isEmpty { return [:] }
        let row = newRow(try stored(ModelConfiguration.embeddingName))
        return Dictionary(newTokens.map { ($0, row) }, uniquingKeysWith: { first, _ in first })
    }

    /// The checkpoint's values of an embedding or output table.
    private func stored(_ name: String) throws(TrainingError) -> [Float] {
        let shape = [folder.configuration.vocabularySize, configuration.hiddenSize]
        return try folder.view(ParameterDeclaration(name: name, shape: shape)).floats()
    }

    /// The row of `startToken`, or the mean of the rows before the first new token's.
    private func newRow(_ stored: [Float]) -> [Float] {
        let width = configuration.hiddenSize
        let first = newTokens.map(Int.init).min() ?? stored.count / width
        let ordinary = min(stored.count / width, first)
        if let start = startToken.map(Int.init), 0..<ordinary ~= start {
            return Array(stored[start * width..<(start + 1) * width])
        }
        var mean = [Double](repeating: 0, count: width)
        for row in 0..<ordinary {
            for column in 0..<width { mean[column] += Double(stored[row * width + column]) }
        }
        return mean.map { Float($0 / Double(max(1, ordinary))) }
    }

    /// The checkpoint's rows, and the same new row for each new token.
    private func grown(
        _ declaration: ParameterDeclaration, isTrained: Bool
    ) throws(TrainingError) -> Parameter {
        let width = declaration.shape[1]
        let stored = try stored(declaration.name)
        var values = stored
        let row = newRow(stored)
        let missing = declaration.shape[0] - stored.count / width
        for _ in 0..<missing { values += row }
        for token in newTokens where !hasOwnRows || Int(token) >= stored.count / width {
            values.replaceSubrange(Int(token) * width..<(Int(token) + 1) * width, with: row)
        }
        return Parameter(
            name: declaration.name, shape: declaration.shape,
            value: Value(backend.buffer(values)), isTrained: isTrained)
    }

    /// Initialized as in transformers: normal with standard deviation 0.02, norms 1, biases 0.
    private func random(_ declaration: ParameterDeclaration) -> Parameter {
        let count = declaration.shape.reduce(1, *)
        let values: [Float]
        if declaration.name.hasSuffix(".bias") {
            values = [Float](repeating: 0, count: count)
        } else if declaration.shape.count == 1 {
            values = [Float](repeating: 1, count: count)
        } else {
            let place = configuration.parameters.firstIndex(of: declaration) ?? 0
            var generator = SeededGenerator(seed: options.seed, purpose: 3, UInt64(place))
            values = (0..<count).map { _ in Float(generator.normal() * 0.02) }
        }
        return Parameter(
            name: declaration.name, shape: declaration.shape,
            value: Value(backend.buffer(values)), isTrained: true)
    }
}
