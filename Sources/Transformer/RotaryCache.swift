import Synchronization
import Tensors

/// Cosines and sines of the positions in use, computed when a sequence first needs them.
final class RotaryCache: Sendable {
    private struct State {
        /// The table of all sequences whose frequencies do not depend on their length.
        var common: RotaryTable?
        /// The tables of longer sequences by length, or under one key if the scaling has only two
        /// sets of frequencies.
        var special: [Int: RotaryTable] = [:]
    }

    private let rope: RopeConfiguration
    private let headDimension: Int
    private let state = Mutex(State())

    init(_ configuration: ModelConfiguration) {
        (rope, headDimension) = (configuration.rope, configuration.headDimension)
    }

    /// A table with at least `length` positions for a sequence of `length` tokens.
    func table(length: Int) -> RotaryTable {
        state.withLock { state in
            guard let limit = rope.lengthDependentBeyond, length > limit else {
                if let table = state.common, table.positions >= length { return table }
                let table = make(length: length)
                state.common = table
                return table
            }
            var key = length
            if case .longrope = rope.scaling { key = 0 }
            if let table = state.special[key], table.positions >= length { return table }
            let table = make(length: length)
            if state.special.count > 64 { state.special = [:] }
            state.special[key] = table
            return table
        }
    }

    /// Makes a table with more positions than needed, so that new tables are rare.
    private func make(length: Int) -> RotaryTable {
        var positions = 64
        while positions < length { positions *= 2 }
        return RotaryTable(
            inverseFrequencies: rope.frequencies(headDimension: headDimension, length: length),
            factor: rope.attentionFactor, positions: positions)
    }
}
