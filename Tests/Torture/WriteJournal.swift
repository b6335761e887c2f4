import Synchronization
import TestSupport

/// Documents that one call writes or deletes.
struct WriteGroup: Hashable, Sendable {
    let writer: Int
    let index: Int

    static let size = 20
    private static let perWriter = 15
    /// A document of no group.
    static let heldNumber = 1_000_000

    var numbers: Range<Int> {
        let first = (writer * Self.perWriter + index) * Self.size
        return first..<first + Self.size
    }

    /// Each writer has groups of its own.
    static func random(of writer: Int, _ random: inout RandomSource) -> WriteGroup {
        WriteGroup(writer: writer, index: Int.random(in: 0..<perWriter, using: &random))
    }

    func documents(_ version: Int) -> [SampleDocument] {
        numbers.map { SampleDocument(number: $0, version: version) }
    }
}

/// What the writers have done so far: of each group the version that they began to write last, and the
/// one of which they were told that it is safe. A deletion is a version, too.
final class WriteJournal: Sendable {
    struct Safe: Sendable {
        var version: Int
        var isDeleted: Bool
    }

    private struct State {
        var begun: [WriteGroup: Int] = [:]
        var safe: [WriteGroup: Safe] = [:]
        var isOver = false
        var summary = ConcurrencyLoop.Summary()
    }

    private let state = Mutex(State())

    var isOver: Bool { state.withLock(\.isOver) }
    var summary: ConcurrencyLoop.Summary { state.withLock(\.summary) }

    /// What is to be stored when all writes have returned.
    var stored: StoredVersions {
        state.withLock { state in
            state.safe.filter { !$0.value.isDeleted }.reduce(into: [:]) { result, group in
                for number in group.key.numbers { result[number] = group.value.version }
            }
        }
    }

    func begin(_ group: WriteGroup, _ version: Int) {
        state.withLock { $0.begun[group] = version }
    }

    func acknowledge(_ group: WriteGroup, _ version: Int, isDeleted: Bool) {
        state.withLock {
            $0.safe[group] = Safe(version: version, isDeleted: isDeleted)
            $0.summary.writes += 1
        }
    }

    func end() { state.withLock { $0.isOver = true } }

    func count(_ change: (inout ConcurrencyLoop.Summary) -> Void) {
        state.withLock { change(&$0.summary) }
    }

    /// A group that has been written, and what was safe of it; call before a read.
    func randomSafe(_ random: inout RandomSource) -> (group: WriteGroup, safe: Safe)? {
        state.withLock { state in
            let groups = state.safe.keys.sorted {
                ($0.writer, $0.index) < ($1.writer, $1.index)
            }
            guard !groups.isEmpty else { return nil }
            let group = random.pick(groups)
            return state.safe[group].map { (group, $0) }
        }
    }

    /// The version that has been begun last; call after a read.
    func begun(_ group: WriteGroup) -> Int { state.withLock { $0.begun[group] ?? 0 } }
}
