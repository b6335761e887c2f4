import Foundation
import Tensors
import Transformer

/// A BERT encoder ready to run: every state sees the whole text. Loading checks names and shapes and
/// copies the small vectors only.
final class EncoderModel: Sendable {
    let configuration: EncoderConfiguration
    let checkpoint: Checkpoint
    private let weights: EncoderWeights

    /// What matrix products multiply in.
    var precision: ComputePrecision { weights.precision }

    /// Loads a Hugging Face folder.
    ///
    /// - Parameter precision: nil takes the checkpoint's own: bfloat16 for bfloat16, else float32.
    init(folder: URL, precision: ComputePrecision? = nil) throws(ModelError) {
        do { configuration = try EncoderConfiguration(folder: folder) } catch {
            throw .configuration(error)
        }
        checkpoint = try Checkpoint(folder: folder)
        weights = try EncoderWeights(
            configuration: configuration, checkpoint: checkpoint, precision: precision)
    }

    /// What is made of a sequence's final states.
    enum Reduction: Sendable {
        /// All of them, [rows, H].
        case none
        /// [H]
        case mean, first, last

        fileprivate var rows: EncoderRows {
            switch self {
            case .none, .mean: .all
            case .first: .first
            case .last: .last
            }
        }
    }

    /// The final states of each sequence, reduced, in the order given.
    ///
    /// A sequence's do not depend on the others, nor on the number of threads.
    ///
    /// - Parameter sequences: none empty, none longer than `configuration.maximumPositions`.
    func states(
        of sequences: [[Int32]], reducedBy reduction: Reduction, threads: Int = 1,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(ModelError) -> [[Float]] {
        let width = configuration.hiddenSize
        let results = ResultTable<[Float]>(count: sequences.count)
        do throws(ModelError) {
            try BatchPlan.run(
                lengths: sequences.map(\.count), threads: threads, isCancelled: isCancelled,
                makeState: { makePass() }
            ) { pass, batch throws(ModelError) in
                let states = try pass.run(
                    batch.map { sequences[$0][...] }, selecting: reduction.rows)
                var row = 0
                for number in batch {
                    let count = reduction.rows == .all ? sequences[number].count : 1
                    let own = UnsafeBufferPointer(
                        start: states + row * width, count: count * width)
                    results[number] =
                        reduction == .mean ? Self.mean(of: own, width: width) : Array(own)
                    row += count
                }
            }
        } catch .nonFiniteWeight("", let tensor) {
            throw .nonFiniteWeight(path: checkpoint.path, tensor: tensor)
        }
        return results.values
    }

    private static func mean(of states: UnsafeBufferPointer<Float>, width: Int) -> [Float] {
        let rows = states.count / width
        var mean = [Float](repeating: 0, count: width)
        for row in 0..<rows {
            for index in 0..<width { mean[index] += states[row * width + index] }
        }
        for index in 0..<width { mean[index] /= Float(rows) }
        return mean
    }

    private func makePass() -> EncoderForwardPass {
        EncoderForwardPass(
            configuration: configuration, weights: weights,
            workspace: EncoderWorkspace(configuration, precision: precision))
    }
}
