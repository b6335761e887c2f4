import Foundation

private func cosine(_ angle: Float) -> Float { Float(cos(Double(angle))) }
private func sine(_ angle: Float) -> Float { Float(sin(Double(angle))) }

/// The layout of a packed batch: sequences of different lengths in consecutive rows.
package struct SequenceLayout: Sendable, Equatable {
    /// Sequence s has rows offsets[s] ..< offsets[s + 1].
    package let offsets: [Int]
    /// The position of each row in its sequence, from 0.
    package let positions: [Int32]

    package init(lengths: [Int]) {
        var offsets = [0]
        var positions: [Int32] = []
        for length in lengths {
            offsets.append(offsets[offsets.count - 1] + length)
            positions.append(contentsOf: (0..<length).map(Int32.init))
        }
        self.offsets = offsets
        self.positions = positions
    }

    package var sequences: Int { offsets.count - 1 }
    package var rows: Int { offsets[offsets.count - 1] }
    package func range(_ sequence: Int) -> Range<Int> {
        offsets[sequence]..<offsets[sequence + 1]
    }
    package var longest: Int { (0..<sequences).map { range($0).count }.max() ?? 0 }
}

/// The heads of one attention operation.
package struct AttentionShape: Sendable, Equatable {
    package let heads: Int
    /// Grouped-query attention: each key and value head serves heads / keyValueHeads query heads.
    package let keyValueHeads: Int
    package let headDimension: Int
    /// The number of keys that a query attends to, including its own; nil for all up to it.
    package let window: Int?

    package init(heads: Int, keyValueHeads: Int, headDimension: Int, window: Int?) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headDimension = headDimension
        self.window = window
    }
}

/// Cosines and sines of the rotary embedding, each `[positions, headDimension / 2]`.
package final class RotaryTable: Sendable {
    package let halfDimension: Int
    package let positions: Int
    package let cosines: [Float]
    package let sines: [Float]

    /// Angles are position * inverseFrequencies[i]; `factor` multiplies both tables (YaRN).
    package init(inverseFrequencies: [Float], factor: Float, positions: Int) {
        halfDimension = inverseFrequencies.count
        self.positions = positions
        var cosines: [Float] = []
        var sines: [Float] = []
        cosines.reserveCapacity(positions * halfDimension)
        sines.reserveCapacity(positions * halfDimension)
        for position in 0..<positions {
            for frequency in inverseFrequencies {
                let angle = Float(position) * frequency
                cosines.append(cosine(angle) * factor)
                sines.append(sine(angle) * factor)
            }
        }
        self.cosines = cosines
        self.sines = sines
    }
}
