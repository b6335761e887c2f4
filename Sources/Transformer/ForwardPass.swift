import Tensors
import VectorMath

/// The forward pass of a decoder-only transformer, for one packed batch at a time, on the calling
/// thread.
///
/// With x the residual stream `[T, H]`, each block computes
///
///     a = norm(x);  q, k, v = a Wq^T, a Wk^T, a Wv^T (+ biases);  q, k = rope(norm?(q, k))
///     x += attention(q, k, v) Wo^T
///     b = norm(x);  x += (silu(b Wg^T) * (b Wu^T)) Wd^T
///
/// and the final states are norm(x). Sequences are packed one after another without padding;
/// attention stays inside each. For quantized weights, the rows before a product are quantized to
/// signed bytes; everything between products is float32. In the last block, everything after keys
/// and values is computed only for the selected rows.
struct ForwardPass {
    let configuration: ModelConfiguration
    let weights: ModelWeights
    let rotary: RotaryCache
    let precision: ComputePrecision
    let workspace: Workspace

    /// - Parameters:
    ///   - sequences: at least one; none may be empty.
    ///   - caches: keys and values of earlier positions, which each sequence continues and to which
    ///     its own are added; empty if sequences are computed whole.
    ///   - output: receives the selected rows of all sequences in order, `[rows, H]`.
    func run(
        _ sequences: [SequenceInput], selecting selection: RowSelection,
        caches: [KeyValueCache] = [], into output: UnsafeMutablePointer<Float>
    ) throws(ModelError) {
        precondition(caches.isEmpty || caches.count == sequences.count)
        let layout = SequenceLayout(lengths: sequences.map(\.length))
        let past = caches.map(\.count).max() ?? 0
        workspace.reserve(rows: layout.rows, longest: past + layout.longest)
        try embed(sequences, layout: layout)

        let width = configuration.hiddenSize
        var x = workspace.residual.pointer
        var rows = layout.rows
        for (number, layer) in weights.layers.enumerated() {
            let normed = workspace.input(width: width)
            norm(x, rows: rows, weight: layer.attentionNorm, into: normed)
            let (k, v) = (workspace.keys.pointer, workspace.values.pointer)
            let keyWidth = configuration.keyValueWidth
            quantize(normed, rows: rows, width: width)
            try linear(normed, rows: rows, layer.key, into: k, stride: keyWidth)
            try linear(normed, rows: rows, layer.value, into: v, stride: keyWidth)
            norm(heads: k, rows: rows, count: configuration.keyValueHeadCount, layer.keyNorm)

            var chosen = Selection(layout: layout, selection: .all)
            if number == weights.layers.count - 1, selection != .all {
                chosen = Selection(layout: layout, selection: selection)
                compact(normed, width: width, chosen)
                let selected = workspace.selected.pointer
                for (place, row) in chosen.rows.enumerated() {
                    (selected + place * width).update(from: x + row * width, count: width)
                }
                (x, rows) = (selected, chosen.rows.count)
                quantize(normed, rows: rows, width: width)
            }

            let q = workspace.queries.pointer
            try linear(
                normed, rows: rows, layer.query, into: q, stride: configuration.queryWidth)
            norm(heads: q, rows: rows, count: configuration.headCount, layer.queryNorm)
            attend(layer, number: number, layout: layout, chosen: chosen, caches: caches)
            let attended = workspace.input(width: configuration.queryWidth)
            load(workspace.attended.pointer, rows: rows, into: attended)
            quantize(attended, rows: rows, width: configuration.queryWidth)
            try linear(
                attended, rows: rows, layer.attentionOutput, into: x, stride: width,
                accumulate: true)

            let second = workspace.input(width: width)
            norm(x, rows: rows, weight: layer.feedForwardNorm, into: second)
            quantize(second, rows: rows, width: width)
            try gate(second, rows: rows, layer)
            quantize(workspace.gated, rows: rows, width: configuration.intermediateSize)
            try linear(
                workspace.gated, rows: rows, layer.down, into: x, stride: width, accumulate: true)
        }
        for (cache, sequence) in zip(caches, sequences) { cache.advance(by: sequence.length) }
        TransformerRows.norm(
            x, stride: width, rows: rows, width: width, weight: weights.finalNorm.pointer,
            epsilon: configuration.normEpsilon, into: output, stride: width)
        guard TransformerRows.isFinite(output, count: rows * width) else {
            throw .nonFiniteActivation
        }
    }

    /// Sets x to the prefixes' rows and the tokens' embeddings.
    private func embed(
        _ sequences: [SequenceInput], layout: SequenceLayout
    ) throws(ModelError) {
        let width = configuration.hiddenSize
        for (number, sequence) in sequences.enumerated() {
            guard sequence.length > 0 else { throw .emptySequence }
            var x = workspace.residual.pointer + layout.range(number).lowerBound * width
            precondition(sequence.prefix.count == sequence.prefixRows * width)
            x.update(from: sequence.prefix, count: sequence.prefix.count)
            x += sequence.prefix.count
            for token in sequence.tokens {
                guard weights.embedding.copyRow(token, to: x) else {
                    throw .tokenOutOfRange(
                        token: token, vocabulary: weights.embedding.vocabularySize)
                }
                guard TransformerRows.isFinite(x, count: width) else {
                    throw .nonFiniteWeight(
                        path: "", tensor: ModelConfiguration.embeddingName)
                }
                x += width
            }
        }
    }

    private func norm(
        _ x: UnsafeMutablePointer<Float>, rows: Int, weight: FloatArray, into operand: Operand
    ) {
        let width = configuration.hiddenSize
        let epsilon = configuration.normEpsilon
        switch operand.precision {
        case .float32:
            TransformerRows.norm(
                x, stride: width, rows: rows, width: width, weight: weight.pointer,
                epsilon: epsilon, into: operand.floats, stride: operand.stride)
        case .bfloat16:
            TransformerRows.norm(
                x, stride: width, rows: rows, width: width, weight: weight.pointer,
                epsilon: epsilon, into: operand.halves, stride: operand.stride)
        }
    }

    /// Qwen3's norm of each head, in place; does nothing for models without it.
    private func norm(
        heads x: UnsafeMutablePointer<Float>, rows: Int, count: Int, _ weight: FloatArray?
    ) {
        guard let weight else { return }
        let width = configuration.headDimension
        TransformerRows.norm(
            x, stride: width, rows: rows * count, width: width, weight: weight.pointer,
            epsilon: configuration.normEpsilon, into: x, stride: width)
    }

    private func load(_ x: UnsafeMutablePointer<Float>, rows: Int, into operand: Operand) {
        let width = configuration.queryWidth
        switch operand.precision {
        case .float32:
            for row in 0..<rows {
                (operand.floats + row * operand.stride).update(from: x + row * width, count: width)
            }
        case .bfloat16:
            TransformerRows.narrow(
                x, stride: width, rows: rows, width: width, into: operand.halves,
                stride: operand.stride)
        }
    }

    /// Moves the selected rows to the front.
    private func compact(_ operand: Operand, width: Int, _ chosen: Selection) {
        for (place, row) in chosen.rows.enumerated() where place != row {
            let (to, from) = (place * operand.stride, row * operand.stride)
            switch operand.precision {
            case .float32:
                (operand.floats + to).update(from: operand.floats + from, count: operand.stride)
            case .bfloat16:
                (operand.halves + to).update(from: operand.halves + from, count: operand.stride)
            }
        }
    }

    /// Quantizes the operand's rows, for products with quantized weights.
    func quantize(_ operand: Operand, rows: Int, width: Int) {
        // Rows of quantized weights are whole blocks of at least 32 elements.
        guard weights.multipliesBlocks, width.isMultiple(of: 32) else { return }
        workspace.quantized.load(
            operand.floats, stride: operand.stride, rows: rows, width: width)
    }

    /// y = x W^T. If W is quantized, x must be the operand last passed to `quantize`.
    private func linear(
        _ x: Operand, rows: Int, _ weight: MatrixWeight, into y: UnsafeMutablePointer<Float>,
        stride: Int, accumulate: Bool = false
    ) throws(ModelError) {
        let check = weight.needsCheck
        let stored = weight.stored
        guard !stored.encoding.isQuantized else {
            let finite = LinearLayer.multiply(
                workspace.quantized, rows: rows, by: stored, into: y, stride: stride,
                accumulate: accumulate, checksWeights: check, scratch: workspace.kernel.pointer)
            return try note(finite, check, weight)
        }
        let finite =
            switch x.precision {
            case .float32:
                LinearLayer.multiply(
                    x.floats, stride: x.stride, rows: rows, by: stored, into: y,
                    stride: stride, accumulate: accumulate, checksWeights: check,
                    scratch: workspace.kernel.pointer)
            case .bfloat16:
                LinearLayer.multiply(
                    x.halves, stride: x.stride, rows: rows, by: stored, into: y,
                    stride: stride, accumulate: accumulate, checksWeights: check,
                    scratch: workspace.kernel.pointer)
            }
        try note(finite, check, weight)
    }

    private func gate(
        _ x: Operand, rows: Int, _ layer: LayerWeights
    ) throws(ModelError) {
        let check = layer.gate.needsCheck || layer.up.needsCheck
        let to = workspace.gated
        let (gate, up) = (layer.gate.stored, layer.up.stored)
        // Both are quantized or neither is, as ModelWeights ensures.
        guard !gate.encoding.isQuantized else {
            let finite = LinearLayer.gated(
                workspace.quantized, rows: rows, gate: gate, up: up, into: to.floats,
                stride: to.stride, checksWeights: check, scratch: workspace.kernel.pointer)
            return try note(finite, check, layer.gate, layer.up)
        }
        let finite =
            switch x.precision {
            case .float32:
                LinearLayer.gated(
                    x.floats, stride: x.stride, rows: rows, gate: gate, up: up, into: to.floats,
                    stride: to.stride, checksWeights: check,
                    scratch: workspace.kernel.pointer)
            case .bfloat16:
                LinearLayer.gated(
                    x.halves, stride: x.stride, rows: rows, gate: gate, up: up, into: to.halves,
                    stride: to.stride, checksWeights: check,
                    scratch: workspace.kernel.pointer)
            }
        try note(finite, check, layer.gate, layer.up)
    }

    private func note(
        _ finite: Bool, _ checked: Bool, _ weights: MatrixWeight...
    ) throws(ModelError) {
        guard checked else { return }
        if finite {
            for weight in weights { weight.markChecked() }
            return
        }
        let damaged = weights.first { !$0.isFinite } ?? weights[0]
        throw .nonFiniteWeight(path: "", tensor: damaged.name)
    }

    /// Rotates queries and keys, then computes attention, sequence by sequence.
    private func attend(
        _ layer: LayerWeights, number: Int, layout: SequenceLayout, chosen: Selection,
        caches: [KeyValueCache]
    ) {
        let c = configuration
        let (d, group) = (c.headDimension, c.groupSize)
        let (queryWidth, keyWidth) = (c.queryWidth, c.keyValueWidth)
        let scratch = workspace.kernel.pointer
        for sequence in 0..<layout.sequences {
            let cache = caches.isEmpty ? nil : caches[sequence]
            let past = cache?.count ?? 0
            let range = layout.range(sequence)
            let queries = chosen.ranges[sequence]
            let length = past + range.count
            let table = rotary.table(length: length)
            let positions = (0..<range.count).map { Int32(past + $0) }
            let q = workspace.queries.pointer + queries.lowerBound * queryWidth
            let k = workspace.keys.pointer + range.lowerBound * keyWidth
            let v = workspace.values.pointer + range.lowerBound * keyWidth
            let to = workspace.attended.pointer + queries.lowerBound * queryWidth
            TransformerRows.rotate(
                k, stride: keyWidth, rows: range.count, heads: c.keyValueHeadCount, dimension: d,
                positions: positions, cosines: table.cosines, sines: table.sines)
            TransformerRows.rotate(
                q, stride: queryWidth, rows: queries.count, heads: c.headCount, dimension: d,
                positions: Array(positions.suffix(queries.count)), cosines: table.cosines,
                sines: table.sines)
            cache?.store(layer: number, keys: k, values: v, rows: range.count)
            let shape = CausalAttention.Shape(
                firstQuery: length - queries.count, queries: queries.count, keys: length,
                dimension: d, group: group, window: layer.slidingWindow)
            for head in 0..<c.keyValueHeadCount {
                let heads = head * group * d
                if let cache {
                    CausalAttention.attend(
                        shape, queries: q + heads, stride: queryWidth,
                        packed: cache.packed(layer: number, head: head), into: to + heads,
                        outputStride: queryWidth, scratch: scratch)
                } else {
                    CausalAttention.attend(
                        shape, queries: q + heads, stride: queryWidth, keys: k + head * d,
                        values: v + head * d, keyStride: keyWidth, into: to + heads,
                        outputStride: queryWidth, scratch: scratch)
                }
            }
        }
    }
}

/// The selected rows of a batch, and the range of each sequence in them.
private struct Selection {
    /// Selected rows, ascending.
    var rows: [Int] = []
    /// The range of each sequence in `rows`.
    var ranges: [Range<Int>] = []

    init(layout: SequenceLayout, selection: RowSelection) {
        for sequence in 0..<layout.sequences {
            let range = layout.range(sequence)
            let kept = range.suffix(selection.count(ofLength: range.count))
            ranges.append(rows.count..<rows.count + kept.count)
            rows.append(contentsOf: kept)
        }
    }
}
