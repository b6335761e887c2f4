/// An entry of the change log.
package struct Change: Sendable, Equatable {
    package enum Kind: Int, Sendable {
        case inserted = 1
        case deleted = 2
        /// Every vector was replaced, by those of another model. Followers of the log must start
        /// over.
        case replacedAll = 3
    }

    package let position: Int64
    package let kind: Kind
    /// Consecutive passage keys. An inserted one may have been deleted since.
    package let passages: ClosedRange<Int64>

    package init(position: Int64, kind: Kind, passages: ClosedRange<Int64>) {
        self.position = position
        self.kind = kind
        self.passages = passages
    }
}
