import Dispatch
import Foundation
import Synchronization
import Tensors
import VectorMath

/// A decoder-only language model ready to run. Weights stay in the checkpoint's mapped bytes;
/// loading checks shapes and copies the small vectors only.
package final class LanguageModel: Sendable {
    package let configuration: ModelConfiguration
    package let checkpoint: Checkpoint
    let weights: ModelWeights
    let rotary: RotaryCache
    private let hasPendingChanges: Atomic<Bool>

    package var precision: ComputePrecision { weights.precision }

    /// Whether quantised weights are multiplied as they lie, by activations made signed bytes.
    package var multipliesBlocks: Bool { weights.multipliesBlocks }

    /// Rows of the embedding matrix, trained additions included.
    package var vocabularySize: Int { weights.embedding.vocabularySize }

    /// Loads a Hugging Face folder.
    ///
    /// - Parameter precision: nil takes the checkpoint's own: bfloat16 for bfloat16, else float32, and
    ///   quantised blocks as they lie.
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
    ///   - replacing: weights that stand in for the checkpoint's, by name.
    ///   - changes: what an adapter adds to linear layers, by the weight's name; of its shape.
    ///     Nothing is computed before the first states are asked for.
    ///   - trainedRows: embedding rows that stand in for the checkpoint's, or follow them.
    ///   - outputVocabulary: ids that can be predicted, counted from 0; nil: all that have a row.
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

    /// Final states (after the last norm) of the selected rows of each sequence, in the order given.
    ///
    /// A sequence's states do not depend on the others, nor on the number of threads.
    ///
    /// - Returns: for each sequence [rows, hidden], rows as `selection` says.
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
        if hasPendingChanges.load(ordering: .relaxed) {
            weights.applyChanges(threads: threads)
            hasPendingChanges.store(false, ordering: .relaxed)
        }
        let batches = BatchPlan.batches(lengths: sequences.map(\.length), threads: threads)
        let next = Atomic<Int>(0)
        let failure = Mutex<ModelError?>(nil)
        @Sendable func work() {
            let pass = makePass()
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < batches.count, failure.withLock({ $0 == nil }) else { return }
                do throws(ModelError) {
                    if isCancelled() { throw .cancelled }
                    try body(pass, batches[index])
                } catch {
                    let located = locate(error)
                    failure.withLock { if $0 == nil { $0 = located } }
                }
            }
        }
        let workers = max(1, min(threads, batches.count))
        if workers == 1 {
            work()
        } else {
            DispatchQueue.concurrentPerform(iterations: workers) { _ in work() }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    func makePass() -> ForwardPass {
        ForwardPass(
            configuration: configuration, weights: weights, rotary: rotary, precision: precision,
            workspace: Workspace(configuration, precision: precision))
    }

    /// The inner loops know tensors, not files.
    func locate(_ error: ModelError) -> ModelError {
        switch error {
        case .nonFiniteWeight("", let tensor):
            .nonFiniteWeight(path: checkpoint.path, tensor: tensor)
        case .noOutput: .noOutput(path: checkpoint.path)
        default: error
        }
    }
}

/// Slots that workers fill, each its own.
final class ResultTable<Value>: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<Value?>

    init(count: Int) {
        slots = .allocate(capacity: count)
        slots.initialize(repeating: nil)
    }

    deinit {
        slots.deinitialize()
        slots.deallocate()
    }

    subscript(index: Int) -> Value? {
        get { slots[index] }
        set { slots[index] = newValue }
    }

    var values: [Value] { slots.compactMap { $0 } }
}
