import Tensors
import Transformer

/// Rows of compressed tokens that are trained in the place of a frozen embedding's.
enum TokenRows {
    /// Attaches rows for `tokens`: those saved with the model, else the embedding's.
    ///
    /// - Parameter newRows: initial rows of tokens that are new to the model.
    /// - Returns: the parameters to train.
    static func attach(
        to decoder: inout DifferentiableDecoder, saved: SavedAdapter?, tokens: [Int32],
        newRows: [Int32: [Float]], backend: any Backend
    ) throws(TrainingError) -> [Parameter] {
        guard !tokens.isEmpty else { return [] }
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
        return [parameter]
    }
}
