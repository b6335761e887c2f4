import Foundation
import JSON
import Tensors
import Transformer

/// What happens to the compressed tokens' states e before they enter the decoder as its first
/// inputs:
///
///     scale * e + offset
///
/// A language model's final states are no embeddings: their root mean square may be many times
/// greater (SmolLM2: 1.83 beside .136), and their mean is another. The decoder's layers then add
/// too little to its first inputs to work on them, and what depends on the text is small beside
/// what all texts share. Fitted, an untrained model starts where the compressed tokens already say
/// something about their text: on SmolLM2 at a loss of 5.3 instead of 11.7 a token, with a gain of
/// .56 instead of none.
struct DecoderInput: Equatable {
    var scale = 1.0
    /// `[H]`, or empty for none.
    var offset: [Float] = []

    /// The number of texts that it is fitted to.
    static let rows = 256
    /// Texts that are encoded at once.
    private static let batch = 32

    func applied(_ tape: Tape, to states: Tensor) -> Tensor {
        let scaled = scale == 1 ? states : tape.scaled(states, by: Float(scale))
        guard !offset.isEmpty else { return scaled }
        let offsets = [[Float]](repeating: offset, count: states.rows).flatMap { $0 }
        return tape.add(scaled, tape.constant(offsets, shape: scaled.shape))
    }

    /// Brings e to the size and the mean of D's embeddings: with μ the mean of D's embedding matrix
    /// and m the mean of the states of all texts,
    ///
    ///     scale  = rms(embedding matrix) / rms(weights of E's final norm)
    ///     offset = μ - scale * m
    ///
    /// - Parameter inputs: E's inputs, ending with the compressed tokens.
    /// - Returns: nil if the weights are zero or not finite.
    static func fitted(
        _ model: ConditionalModel, _ inputs: [[Int32]], backend: any Backend
    ) -> DecoderInput? {
        guard let decoder = model.decoder else { return nil }
        let table = decoder.embedding.value.stored
        let ratio =
            rootMeanSquare(table) / rootMeanSquare(model.encoder.finalNorm.value.stored)
        guard let scale = Double(String(format: "%.4g", ratio)), DecoderScale.range.contains(scale)
        else { return nil }
        var sums = [Double](repeating: 0, count: model.encoder.configuration.hiddenSize)
        for first in stride(from: 0, to: inputs.count, by: batch) {
            let tape = Tape(backend: backend, isRecording: false)
            let part = Array(inputs[first..<min(first + batch, inputs.count)])
            let states = tape.values(model.encode(tape, part, dropoutSeed: nil))
            for (place, value) in states.enumerated() { sums[place % sums.count] += Double(value) }
        }
        let count = Double(inputs.count * model.compressedTokens)
        let offset = zip(mean(table, columns: sums.count), sums).map { mean, sum in
            Float(mean - scale * sum / count)
        }
        return offset.allSatisfy(\.isFinite) ? DecoderInput(scale: scale, offset: offset) : nil
    }

    /// The offset as the settings keep it; nil for none.
    var offsetValue: JSONValue? {
        guard !offset.isEmpty else { return nil }
        // The shortest decimal that reads back as the same 32-bit float.
        return .array(offset.map { .number(Double("\($0)") ?? Double($0)) })
    }

    /// What tells it from others, in a list of strings; empty if it changes nothing.
    var identity: [String] {
        self == DecoderInput() ? [] : ["\(scale)"] + (offset.isEmpty ? [] : ["\(offset)"])
    }

    private static func rootMeanSquare(_ buffer: Buffer) -> Double {
        var sum = 0.0
        for index in 0..<buffer.count {
            let value = Double(self.value(buffer, index))
            sum += value * value
        }
        return (sum / Double(buffer.count)).squareRoot()
    }

    private static func mean(_ buffer: Buffer, columns: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: columns)
        for row in 0..<buffer.count / columns {
            for column in 0..<columns {
                sums[column] += Double(value(buffer, row * columns + column))
            }
        }
        return sums.map { $0 / Double(buffer.count / columns) }
    }

    /// An element in 16 or 32 bits.
    @inline(__always)
    private static func value(_ buffer: Buffer, _ index: Int) -> Float {
        buffer.isHalf
            ? Float(bitPattern: UInt32(buffer.halves[index]) << 16) : buffer.floats[index]
    }
}
