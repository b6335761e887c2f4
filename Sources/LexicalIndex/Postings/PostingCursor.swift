/// Walks through a posting list, forward only, unpacking blocks as they are needed.
///
/// It has one owner, who frees its memory with `deallocate()`.
struct PostingCursor {
    let list: PostingList
    /// The block that is unpacked, or will be next.
    private(set) var block = 0
    /// The number of unpacked postings of the block; 0 if it is not unpacked yet.
    private(set) var length = 0
    /// The next posting in the block.
    var position = 0
    private var hasExtras = false
    let slots: UnsafeMutablePointer<UInt32>
    private let extraValues: UnsafeMutablePointer<UInt32>

    init(_ list: PostingList) {
        self.list = list
        slots = .allocate(capacity: 2 * BitPacking.blockLength)
        slots.initialize(repeating: 0, count: 2 * BitPacking.blockLength)
        extraValues = slots + BitPacking.blockLength
    }

    func deallocate() { slots.deallocate() }

    var isAtEnd: Bool { block >= list.blockCount }

    /// The frequencies of the unpacked block, each minus one.
    mutating func extras() -> UnsafeMutablePointer<UInt32> {
        if !hasExtras {
            list.unpackExtras(ofBlock: block, into: extraValues)
            hasExtras = true
        }
        return extraValues
    }

    /// Moves to the block that reaches `slot` and unpacks it; `false` at the end.
    mutating func load(blockReaching slot: UInt32) -> Bool {
        let found = list.block(reaching: slot, from: block)
        if found != block {
            block = found
            length = 0
        }
        guard block < list.blockCount else { return false }
        if length == 0 {
            length = list.unpackSlots(ofBlock: block, into: slots)
            position = 0
            hasExtras = false
            if length == 0 { block = list.blockCount }
        }
        return length > 0
    }

    /// Moves to the first posting that is not below `slot`; `false` at the end.
    mutating func seek(_ slot: UInt32) -> Bool {
        while load(blockReaching: slot) {
            while position < length, slots[position] < slot { position += 1 }
            if position < length { return true }
            // Only in a list of one block, or a damaged one, can the block end before `slot`.
            advanceBlock()
            if isAtEnd { return false }
        }
        return false
    }

    /// The current slot, after `seek`.
    var slot: UInt32 { slots[position] }

    /// The impact of the block that reaches `slot`, without unpacking it; `nil` at the end.
    mutating func impact(reaching slot: UInt32) -> UInt8? {
        let found = list.block(reaching: slot, from: block)
        if found != block {
            block = found
            length = 0
            position = 0
        }
        return block < list.blockCount ? list.impact(ofBlock: block) : nil
    }

    mutating func advanceBlock() {
        block += 1
        length = 0
        position = 0
    }

    /// How often the term occurs in `slot`; 0 if it does not. Calls must be in ascending order of slots.
    mutating func frequency(in slot: UInt32) -> UInt32 {
        guard load(blockReaching: slot) else { return 0 }
        var low = position
        var high = length
        while low < high {
            let middle = (low + high) >> 1
            if slots[middle] < slot { low = middle + 1 } else { high = middle }
        }
        position = low
        guard low < length, slots[low] == slot else { return 0 }
        return extras()[low] &+ 1
    }
}
