import Dispatch
import Foundation
import Synchronization
import Tensors
import VectorMath

/// A decoder-only language model ready to run. Weights stay in the checkpoint's mapped bytes;
/// loading checks shapes and copies only the small vectors.
package final class LanguageModel: Sendable {
    package let configuration: ModelConfiguration
    package let checkpoint: Checkpoint
    let weights: ModelWeights
    let rotary: RotaryCache
    private let hasPendingChanges: Atomic<Bool>

    package var precision: ComputePrecision { weights.precision }

    /// Whether quantized weights are multiplied without dequantizing, by activations quantized to
    /// signed bytes.
    package var multipliesBlocks: Bool { weights.multipliesBlocks }

    /// The number of rows of the embedding matrix, including trained additional ones.
    package var vocabularySize: Int { weights.embedding.vocabularySize }

    /// The rows of the embedding matrix, `[tokens.count, H]`; zeros for a token that has none.
    package func embeddingRows(of tokens: [Int32]) -> [Float] {
        let width = configuration.hiddenSize
        var rows = [Float](repeating: 0, count: tokens.count * width)
        rows.withUnsafeMutableBufferPointer { rows in
            guard let start = rows.baseAddress else { return }
            for (row, token) in tokens.enumerated() {
                _ = weights.embedding.copyRow(token, to: start + row * width)
            }
        }
        return rows
    }

    /// The mean of some rows of the embedding matrix `[H]`; a token without a row counts as zeros.
    package func meanEmbeddingRow(of tokens: [Int32]) -> [Float] {
        let width = configuration.hiddenSize
        var sum = [Float](repeating: 0, count: width)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { row in
            sum.withUnsafeMutableBufferPointer { sum in
                guard let row = row.baseAddress, let sum = sum.baseAddress else { return }
                for token in tokens where weights.embedding.copyRow(token, to: row) {
                    // Bare pointers, so that the loop is vectorized.
                    for column in 0..<width { sum[column] += row[column] }
                }
            }
        }
        return sum.map { $0 / Float(max(1, tokens.count)) }
    }

    /// Loads a Hugging Face folder.
    ///
    /// - Parameter precision: nil uses the checkpoint's own: bfloat16 for bfloat16, else float32,
    ///   without dequantizing quantized weights.
    package convenience init(folder: URL, precision: ComputePrecision? = nil) throws(ModelError) {
        let configuration: ModelConfiguration
        do {
            configuration = try ModelConfiguration(folder: folder)
        } catch { throw .configuration(error) }
        try self.init(
            configuration: configuration, checkpoint: Checkpoint(folder: folder),
            precision: precision)
    }

    /// - Parameters:
    ///   - replacing: weights that replace the checkpoint's, by name.
    ///   - changes: an adapter's changes of linear layers, by the weight's name and of its shape.
    ///     They are applied when states are first computed.
    ///   - trainedRows: embedding rows that replace the checkpoint's or follow them, by id.
    ///   - outputVocabulary: the number of ids that can be predicted, from 0; nil means all rows.
    package init(
        configuration: ModelConfiguration, checkpoint: Checkpoint,
        precision: ComputePrecision? = nil,
        replacing: [String: TensorView] = [:], changes: [String: LowRankChange] = [:],
        trainedRows: [Int32: [Float]] = [:], outputVocabulary: Int? = nil
    ) throws(ModelError) {
        self.configuration = configuration
        self.checkpoint = checkpoint
        weights = try ModelWeights(
            configuration: configuration, checkpoint: checkpoint, precision: precision,
            replacing: replacing, changes: changes, trainedRows: trainedRows,
            outputVocabulary: outputVocabulary)
        hasPendingChanges = Atomic(weights.needsPreparation)
        rotary = RotaryCache(configuration)
    }

    /// The final states (after the last norm) of the selected rows of each sequence, in order.
    ///
    /// A sequence's states do not depend on the others or on the number of threads.
    ///
    /// - Returns: for each sequence `[rows, H]`, with the rows that `selection` selects.
    package func states(
        of sequences: [SequenceInput], selecting selection: RowSelection = .all, threads: Int = 1,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(ModelError) -> [[Float]] {
        let width = configuration.hiddenSize
        let results = ResultTable<[Float]>(count: sequences.count)
        try forEachBatch(of: sequences, threads: threads, isCancelled: isCancelled) {
            (pass, batch) throws(ModelError) in
            let inputs = batch.map { sequences[$0] }
            let counts = inputs.map { selection.count(ofLength: $0.length) }
            let total = counts.reduce(0, +)
            let output = UnsafeMutablePointer<Float>.allocate(capacity: max(1, total * width))
            defer { output.deallocate() }
            try pass.run(inputs, selecting: selection, into: output)
            var row = 0
            for (sequence, count) in zip(batch, counts) {
                results[sequence] = Array(
                    UnsafeBufferPointer(start: output + row * width, count: count * width))
                row += count
            }
        }
        return results.values
    }

    /// Runs `body` for each packed batch on `threads` workers and throws the first error.
    func forEachBatch(
        of sequences: [SequenceInput], threads: Int, isCancelled: @Sendable () -> Bool,
        _ body: @Sendable (ForwardPass, [Int]) throws(ModelError) -> Void
    ) throws(ModelError) {
        prepare(threads: threads)
        do throws(ModelError) {
            try BatchPlan.run(
                lengths: sequences.map(\.length), threads: threads, isCancelled: isCancelled,
                makeState: { makePass() }, body)
        } catch { throw locate(error) }
    }

    /// Computes the matrices that an adapter changes, if that has not been done.
    func prepare(threads: Int) {
        guard hasPendingChanges.load(ordering: .relaxed) else { return }
        weights.applyChanges(threads: threads)
        hasPendingChanges.store(false, ordering: .relaxed)
    }

    func makePass() -> ForwardPass {
        ForwardPass(
            configuration: configuration, weights: weights, rotary: rotary, precision: precision,
            workspace: Workspace(configuration, precision: precision))
    }

    /// Adds the checkpoint's path to errors of the inner loops, which do not know it.
    func locate(_ error: ModelError) -> ModelError {
        switch error {
        case .nonFiniteWeight("", let tensor):
            .nonFiniteWeight(path: checkpoint.path, tensor: tensor)
        case .noOutput: .noOutput(path: checkpoint.path)
        default: error
        }
    }
}

/// Slots that workers fill concurrently, each a different one.
package final class ResultTable<Value>: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<Value?>

    package init(count: Int) {
        slots = .allocate(capacity: count)
        slots.initialize(repeating: nil)
    }

    deinit {
        slots.deinitialize()
        slots.deallocate()
    }

    package subscript(index: Int) -> Value? {
        get { slots[index] }
        set { slots[index] = newValue }
    }

    package var values: [Value] { slots.compactMap { $0 } }
}
