/// A posting list in a mapped file that may be damaged. Nothing beyond its bytes is ever read;
/// skipping slots that are out of the segment's range is left to the caller.
struct PostingList {
    /// Postings in the list.
    let count: Int
    /// The greatest impact of any posting.
    let impact: UInt8
    private let table: UnsafeRawPointer
    private let blocks: UnsafeRawPointer
    private let blockBytes: Int

    /// - Parameters:
    ///   - bytes: the list's bytes, followed by at least `BitPacking.slack` readable ones.
    ///   - count: at least 1.
    /// - Returns: `nil` if the bytes cannot be a list of `count` postings.
    init?(_ bytes: UnsafeRawBufferPointer, count: Int, impact: UInt8) {
        let tableBytes = PostingListLayout.tableBytes(count)
        guard let base = bytes.baseAddress, count > 0, bytes.count >= tableBytes + 2 else {
            return nil
        }
        self.count = count
        self.impact = impact
        table = base
        blocks = base + tableBytes
        blockBytes = bytes.count - tableBytes
    }

    var blockCount: Int { PostingListLayout.blockCount(count) }

    func lastSlot(ofBlock block: Int) -> UInt32 {
        blockCount == 1
            ? .max : table.loadUnaligned(fromByteOffset: block * 4, as: UInt32.self)
    }

    func impact(ofBlock block: Int) -> UInt8 {
        blockCount == 1
            ? impact : table.load(fromByteOffset: blockCount * 8 + block, as: UInt8.self)
    }

    func length(ofBlock block: Int) -> Int {
        min(BitPacking.blockLength, count - block * BitPacking.blockLength)
    }

    /// The first block from `start` on whose last slot is not below `slot`; `blockCount` if there
    /// is none.
    func block(reaching slot: UInt32, from start: Int) -> Int {
        let blockCount = blockCount
        guard blockCount > 1 else { return start }
        var low = start
        var step = 1
        while low + step < blockCount, lastSlot(ofBlock: low + step - 1) < slot {
            low += step
            step *= 2
        }
        var high = min(low + step, blockCount)
        while low < high {
            let middle = (low + high) / 2
            if lastSlot(ofBlock: middle) < slot { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The layout of a block; `nil` if the list is damaged.
    @inline(__always)
    private func layout(ofBlock block: Int) -> Block? {
        let isOnly = blockCount == 1
        func end(_ block: Int) -> Int {
            Int(table.loadUnaligned(fromByteOffset: (blockCount + block) * 4, as: UInt32.self))
        }
        let start = isOnly || block == 0 ? 0 : end(block - 1)
        let stop = isOnly ? blockBytes : end(block)
        guard start + 2 <= stop, stop <= blockBytes else { return nil }
        let address = blocks + start
        let (gapWidth, extraWidth) = (
            Int(address.load(as: UInt8.self)), Int(address.load(fromByteOffset: 1, as: UInt8.self))
        )
        let length = length(ofBlock: block)
        let gapBytes = BitPacking.byteCount(of: length, width: gapWidth)
        guard gapWidth <= 32, extraWidth <= 32,
            2 + gapBytes + BitPacking.byteCount(of: length, width: extraWidth) <= stop - start
        else { return nil }
        return Block(
            length: length, gapWidth: gapWidth, extraWidth: extraWidth, gaps: address + 2,
            extras: address + 2 + gapBytes)
    }

    private struct Block {
        let length: Int
        let gapWidth: Int
        let extraWidth: Int
        let gaps: UnsafeRawPointer
        let extras: UnsafeRawPointer
    }

    /// Unpacks the slots of a block and returns their number; 0 if the list is damaged.
    func unpackSlots(ofBlock block: Int, into slots: UnsafeMutablePointer<UInt32>) -> Int {
        guard let layout = layout(ofBlock: block) else { return 0 }
        if layout.length == BitPacking.blockLength {
            BitPacking.unpackBlock(layout.gaps, width: layout.gapWidth, into: slots)
        } else {
            BitPacking.unpackRest(
                layout.gaps, count: layout.length, width: layout.gapWidth, into: slots)
        }
        var next = block == 0 ? 0 : lastSlot(ofBlock: block - 1) &+ 1
        for index in 0..<layout.length {
            next &+= slots[index]
            slots[index] = next
            next &+= 1
        }
        return layout.length
    }

    /// Unpacks the frequencies of a block, each minus one, after its slots were unpacked
    /// successfully.
    func unpackExtras(ofBlock block: Int, into extras: UnsafeMutablePointer<UInt32>) {
        guard let layout = layout(ofBlock: block) else { return }
        if layout.length == BitPacking.blockLength {
            BitPacking.unpackBlock(layout.extras, width: layout.extraWidth, into: extras)
        } else {
            BitPacking.unpackRest(
                layout.extras, count: layout.length, width: layout.extraWidth, into: extras)
        }
    }

    /// Appends the whole list to `postings`; `false` if it is damaged.
    func unpack(into postings: inout Postings) -> Bool {
        var isSound = true
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * BitPacking.blockLength) {
            scratch in
            let slots = scratch.baseAddress!
            let extras = slots + BitPacking.blockLength
            for block in 0..<blockCount {
                let length = unpackSlots(ofBlock: block, into: slots)
                guard length > 0 else {
                    isSound = false
                    return
                }
                unpackExtras(ofBlock: block, into: extras)
                for index in 0..<length {
                    postings.append(slot: slots[index], frequency: extras[index] &+ 1)
                }
            }
        }
        return isSound
    }
}
