/// An entry of the change log.
package struct Change: Sendable, Equatable {
    package enum Kind: Int, Sendable {
        case inserted = 1
        case deleted = 2
        /// Every vector was replaced (another model): whoever follows the log starts afresh.
        case replacedAll = 3
    }

    package let position: Int64
    package let kind: Kind
    /// Consecutive keys. One that was inserted may have been deleted since.
    package let passages: ClosedRange<Int64>

    package init(position: Int64, kind: Kind, passages: ClosedRange<Int64>) {
        self.position = position
        self.kind = kind
        self.passages = passages
    }
}
