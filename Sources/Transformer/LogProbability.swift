import Foundation
import Tensors
import VectorMath

extension LanguageModel {
    /// A sequence whose last tokens are scored: log p(target | what precedes it), summed over the
    /// target's tokens.
    ///
    /// The last `targetCount` tokens are the target, each predicted from the state before it; the
    /// rows before them are the condition.
    package struct TargetInput: Sendable {
        package var sequence: SequenceInput
        /// The number of target tokens: at most `sequence.tokens.count`, and less than the
        /// sequence's length.
        package var targetCount: Int

        package init(sequence: SequenceInput, targetCount: Int) {
            (self.sequence, self.targetCount) = (sequence, targetCount)
        }
    }

    /// The log-probability of each target, a natural logarithm.
    ///
    /// The softmax is computed online, a piece of the vocabulary at a time (Milakov & Gimelshein
    /// 2018), so that the logits of a whole batch never exist at once.
    package func logProbabilities(
        of targets: [TargetInput], threads: Int = 1,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(ModelError) -> [Double] {
        let width = configuration.hiddenSize
        // The last token is only predicted, never an input.
        let sequences = targets.map { target in
            SequenceInput(
                prefix: target.sequence.prefix, rows: target.sequence.prefixRows,
                tokens: Array(target.sequence.tokens.dropLast()))
        }
        let results = ResultTable<Double>(count: targets.count)
        try forEachBatch(of: sequences, threads: threads, isCancelled: isCancelled) {
            (pass, batch) throws(ModelError) in
            let inputs = batch.map { sequences[$0] }
            let most = batch.map { targets[$0].targetCount }.max() ?? 0
            let selection = RowSelection.last(most)
            let counts = inputs.map { selection.count(ofLength: $0.length) }
            let rows = counts.reduce(0, +)
            let states = UnsafeMutablePointer<Float>.allocate(capacity: max(1, rows * width))
            defer { states.deallocate() }
            try pass.run(inputs, selecting: selection, into: states)
            var start = 0
            for (index, count) in zip(batch, counts) {
                let target = targets[index]
                let ids = Array(target.sequence.tokens.suffix(target.targetCount))
                let first = start + count - target.targetCount
                results[index] = try pass.logProbability(of: ids, states: states + first * width)
                start += count
            }
        }
        return results.values
    }

    /// The logits `[rows, V]` of final states `[rows, H]`.
    package func logits(ofStates states: [Float]) throws(ModelError) -> [Float] {
        let width = configuration.hiddenSize
        let rows = states.count / width
        let pass = makePass()
        do throws(ModelError) {
            let vocabulary = try pass.output.outputs
            var logits = [Float](repeating: 0, count: rows * vocabulary)
            try pass.loadOutputInput(states, rows: rows)
            try logits.withUnsafeMutableBufferPointer { (buffer) throws(ModelError) in
                guard let base = buffer.baseAddress else { return }
                try pass.outputLogits(0..<vocabulary, rows: rows, into: base)
            }
            return logits
        } catch { throw locate(error) }
    }
}

extension ForwardPass {
    /// The output projection, which prediction needs and embedding does not.
    var output: MatrixWeight {
        get throws(ModelError) {
            guard let output = weights.output else { throw .noOutput(path: "") }
            return output
        }
    }

    /// The number of vocabulary rows whose logits are computed at once.
    static let vocabularyPiece = 1024

    /// The sum of log softmax over the vocabulary at each target's id; states `[targets.count, H]`.
    func logProbability(
        of targets: [Int32], states: UnsafePointer<Float>
    ) throws(ModelError) -> Double {
        let width = configuration.hiddenSize
        let vocabulary = try output.outputs
        let rows = targets.count
        for id in targets where id < 0 || Int(id) >= vocabulary {
            throw .tokenOutOfRange(token: id, vocabulary: vocabulary)
        }
        try loadOutputInput(UnsafeBufferPointer(start: states, count: rows * width), rows: rows)
        let piece = min(Self.vocabularyPiece, vocabulary)
        let logits = UnsafeMutablePointer<Float>.allocate(capacity: rows * piece)
        defer { logits.deallocate() }
        var greatest = [Double](repeating: -.infinity, count: rows)
        var sums = [Double](repeating: 0, count: rows)
        var chosen = [Double](repeating: 0, count: rows)
        for first in stride(from: 0, to: vocabulary, by: piece) {
            let range = first..<min(first + piece, vocabulary)
            try outputLogits(range, rows: rows, into: logits)
            for row in 0..<rows {
                let line = UnsafeBufferPointer(
                    start: logits + row * range.count, count: range.count)
                let (top, sum) = LogSumExp.parts(line)
                let larger = max(greatest[row], top)
                sums[row] = sums[row] * exp(greatest[row] - larger) + sum * exp(top - larger)
                greatest[row] = larger
                if range.contains(Int(targets[row])) {
                    chosen[row] = Double(line[Int(targets[row]) - first])
                }
            }
        }
        return (0..<rows).reduce(0) { $0 + chosen[$1] - greatest[$1] - log(sums[$1]) }
    }

    /// Makes states `[rows, H]` the operand of `outputLogits`.
    func loadOutputInput(
        _ states: some Collection<Float>, rows: Int
    ) throws(ModelError) {
        workspace.reserve(rows: rows, longest: 1)
        let width = configuration.hiddenSize
        let residual = workspace.residual.pointer
        _ = UnsafeMutableBufferPointer(start: residual, count: rows * width)
            .update(from: states)
        let operand = workspace.input(width: width)
        switch precision {
        case .float32:
            for row in 0..<rows {
                (operand.floats + row * operand.stride).update(
                    from: residual + row * width, count: width)
            }
        case .bfloat16:
            TransformerRows.narrow(
                residual, stride: width, rows: rows, width: width, into: operand.halves,
                stride: operand.stride)
        }
        quantize(operand, rows: rows, width: width)
    }

    /// The logits of the vocabulary's `range`, `[rows, range.count]`.
    func outputLogits(
        _ range: Range<Int>, rows: Int, into logits: UnsafeMutablePointer<Float>
    ) throws(ModelError) {
        let output = try output
        let operand = workspace.input(width: configuration.hiddenSize)
        let part = output.stored.rows(range)
        let finite =
            switch operand.precision {
            case .float32 where part.encoding.isQuantized:
                LinearLayer.multiply(
                    workspace.quantized, rows: rows, by: part, into: logits, stride: range.count,
                    checksWeights: output.needsCheck, scratch: workspace.kernel.pointer)
            case .float32:
                LinearLayer.multiply(
                    operand.floats, stride: operand.stride, rows: rows, by: part, into: logits,
                    stride: range.count, checksWeights: output.needsCheck,
                    scratch: workspace.kernel.pointer)
            case .bfloat16:
                LinearLayer.multiply(
                    operand.halves, stride: operand.stride, rows: rows, by: part, into: logits,
                    stride: range.count, checksWeights: output.needsCheck,
                    scratch: workspace.kernel.pointer)
            }
        guard finite else {
            throw .nonFiniteWeight(path: "", tensor: output.name)
        }
        if range.upperBound == output.outputs { output.markChecked() }
    }
}
