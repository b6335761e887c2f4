import Tensors
import Transformer
import VectorMath

/// BERT's layers over one packed batch, on the calling thread.
///
/// With x the residual stream [T, H], LayerNorm after each sum (Devlin et al. 2019):
///
///     x = norm(word + position + type)
///     x = norm(x + attention(x Wq^T, x Wk^T, x Wv^T) Wo^T)
///     x = norm(x + activation(x Wu^T) Wd^T)
///
/// with a bias in every product. Sequences lie one after another without padding, and attention stays
/// within each, so that a sequence's states do not depend on those beside it. In the last layer
/// everything after the keys and values is computed only for the rows that are wanted.
struct EncoderForwardPass {
    let configuration: EncoderConfiguration
    let weights: EncoderWeights
    let workspace: EncoderWorkspace

    private var width: Int { configuration.hiddenSize }
    private var precision: ComputePrecision { weights.precision }

    /// - Parameters:
    ///   - sequences: at least one, none empty, none longer than the model has positions.
    ///   - rows: which states are wanted of each sequence.
    /// - Returns: the states of those rows, [rows, H], sequence after sequence; valid until the next
    ///   run with this workspace.
    func run(
        _ sequences: [ArraySlice<Int32>], selecting rows: EncoderRows
    ) throws(ModelError) -> UnsafePointer<Float> {
        let layout = SequenceLayout(lengths: sequences.map(\.count))
        workspace.reserve(rows: layout.rows, longest: layout.longest)
        let x = workspace.residual.pointer
        try embed(sequences, into: x)
        norm(x, rows: layout.rows, weights.embeddingNorm)

        var count = layout.rows
        for (number, layer) in weights.layers.enumerated() {
            let input = operand(x, rows: count)
            try linear(input, rows: count, layer.key, into: workspace.keys.pointer)
            try linear(input, rows: count, layer.value, into: workspace.values.pointer)
            var queries = (0..<layout.sequences).map(layout.range)
            if number == weights.layers.count - 1, rows != .all {
                queries = keepOne(of: layout, rows)
                count = layout.sequences
                let chosen = operand(x, rows: count)
                try linear(chosen, rows: count, layer.query, into: workspace.queries.pointer)
            } else {
                try linear(input, rows: count, layer.query, into: workspace.queries.pointer)
            }
            attend(layout, queries: queries)
            try linear(
                operand(workspace.attended.pointer, rows: count), rows: count,
                layer.attentionOutput, into: x, accumulate: true)
            norm(x, rows: count, layer.attentionNorm)

            let inner = try activated(operand(x, rows: count), rows: count, layer.up)
            try linear(inner, rows: count, layer.down, into: x, accumulate: true)
            norm(x, rows: count, layer.outputNorm)
        }
        guard TransformerRows.isFinite(x, count: count * width) else {
            throw .nonFiniteActivation
        }
        return UnsafePointer(x)
    }

    private func embed(
        _ sequences: [ArraySlice<Int32>], into x: UnsafeMutablePointer<Float>
    ) throws(ModelError) {
        var x = x
        for sequence in sequences {
            guard !sequence.isEmpty else { throw .emptySequence }
            precondition(sequence.count <= configuration.maximumPositions)
            var position = weights.positions.pointer
            for token in sequence {
                guard weights.words.copyRow(token, to: x) else {
                    throw .tokenOutOfRange(
                        token: token, vocabulary: weights.words.vocabularySize)
                }
                guard TransformerRows.isFinite(x, count: width) else {
                    throw .nonFiniteWeight(path: "", tensor: EncoderNames.words)
                }
                for index in 0..<width { x[index] += position[index] }
                x += width
                position += width
            }
        }
    }

    /// Moves the wanted row of each sequence to the front of the residual stream.
    ///
    /// - Returns: where each sequence's lies now.
    private func keepOne(of layout: SequenceLayout, _ rows: EncoderRows) -> [Range<Int>] {
        let x = workspace.residual.pointer
        for sequence in 0..<layout.sequences {
            let range = layout.range(sequence)
            let row = rows == .first ? range.lowerBound : range.upperBound - 1
            if row != sequence {
                (x + sequence * width).update(from: x + row * width, count: width)
            }
        }
        return (0..<layout.sequences).map { $0..<$0 + 1 }
    }

    private func attend(_ layout: SequenceLayout, queries: [Range<Int>]) {
        let dimension = configuration.headDimension
        for sequence in 0..<layout.sequences {
            let (range, rows) = (layout.range(sequence), queries[sequence])
            for head in 0..<configuration.headCount {
                let column = head * dimension
                let from = range.lowerBound * width + column
                let to = rows.lowerBound * width + column
                FullAttention.attend(
                    queries: workspace.queries.pointer + to, stride: width,
                    queryCount: rows.count, keys: workspace.keys.pointer + from,
                    values: workspace.values.pointer + from, keyStride: width,
                    keyCount: range.count, dimension: dimension,
                    into: workspace.attended.pointer + to, outputStride: width,
                    scratch: workspace.kernel.pointer)
            }
        }
    }

    private func norm(_ x: UnsafeMutablePointer<Float>, rows: Int, _ norm: LayerNorm) {
        TransformerRows.layerNorm(
            x, stride: width, rows: rows, width: width, weight: norm.weight.pointer,
            bias: norm.bias.pointer, epsilon: configuration.normEpsilon, into: x, stride: width)
    }

    // MARK: Products

    /// Rows that a product reads, in the precision that it multiplies in.
    private enum Operand {
        case float32(UnsafePointer<Float>, stride: Int)
        case bfloat16(UnsafePointer<UInt16>, stride: Int)
    }

    private func operand(_ x: UnsafeMutablePointer<Float>, rows: Int) -> Operand {
        switch precision {
        case .float32: return .float32(x, stride: width)
        case .bfloat16:
            let (halves, stride) = (workspace.inputHalves.pointer, EncoderWorkspace.even(width))
            TransformerRows.narrow(
                x, stride: width, rows: rows, width: width, into: halves, stride: stride)
            return .bfloat16(halves, stride: stride)
        }
    }

    /// y = x W^T + b, or y += …; rows of y are H long.
    private func linear(
        _ x: Operand, rows: Int, _ weight: MatrixWeight, into y: UnsafeMutablePointer<Float>,
        accumulate: Bool = false
    ) throws(ModelError) {
        let (check, scratch) = (weight.needsCheck, workspace.kernel.pointer)
        let isFinite =
            switch x {
            case .float32(let x, let stride):
                LinearLayer.multiply(
                    x, stride: stride, rows: rows, by: weight.stored, into: y, stride: width,
                    accumulate: accumulate, checksWeights: check, scratch: scratch)
            case .bfloat16(let x, let stride):
                LinearLayer.multiply(
                    x, stride: stride, rows: rows, by: weight.stored, into: y, stride: width,
                    accumulate: accumulate, checksWeights: check, scratch: scratch)
            }
        try note(isFinite, check, weight)
    }

    /// activation(x W^T + b), [rows, I]
    private func activated(
        _ x: Operand, rows: Int, _ weight: MatrixWeight
    ) throws(ModelError) -> Operand {
        let (check, scratch) = (weight.needsCheck, workspace.kernel.pointer)
        let inner = configuration.intermediateSize
        switch x {
        case .float32(let x, let stride):
            let y = workspace.innerFloats.pointer
            let isFinite = LinearLayer.activated(
                x, stride: stride, rows: rows, by: weight.stored,
                activation: configuration.activation, into: y, stride: inner,
                checksWeights: check, scratch: scratch)
            try note(isFinite, check, weight)
            return .float32(y, stride: inner)
        case .bfloat16(let x, let stride):
            let (y, outputStride) = (workspace.innerHalves.pointer, EncoderWorkspace.even(inner))
            let isFinite = LinearLayer.activated(
                x, stride: stride, rows: rows, by: weight.stored,
                activation: configuration.activation, into: y, stride: outputStride,
                checksWeights: check, scratch: scratch)
            try note(isFinite, check, weight)
            return .bfloat16(y, stride: outputStride)
        }
    }

    /// The first product with a weight looks at all of it.
    private func note(
        _ isFinite: Bool, _ checked: Bool, _ weight: MatrixWeight
    ) throws(ModelError) {
        guard checked else { return }
        guard isFinite else { throw .nonFiniteWeight(path: "", tensor: weight.name) }
        weight.markChecked()
    }
}

/// Of which rows of a sequence the final states are wanted.
enum EncoderRows: Sendable {
    case all, first, last
}
