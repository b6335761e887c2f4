import Foundation

/// A cache of words' ids: texts repeat words, and a lookup is several times faster than merging.
///
/// A hash table with open addressing over an arena of bytes and an arena of ids. It grows up to a
/// limit and is then cleared; results never depend on its contents. Each encoding thread has its
/// own.
struct WordCache {
    private struct Slot {
        var hash: UInt32
        /// 0 if the slot is free.
        var length: UInt16
        var idCount: UInt16
        var start: UInt32
        var idStart: UInt32
    }

    private static let free = Slot(hash: 0, length: 0, idCount: 0, start: 0, idStart: 0)
    private var slots: [Slot]
    private var count = 0
    private var bytes: [UInt8] = []
    private var ids: [Int32] = []

    /// Longer words are rarely seen twice.
    static let longestWord = 64
    private static let mostSlots = 1 << 17

    init() {
        slots = Array(repeating: Self.free, count: 1_024)
    }

    /// Appends the word's ids to `output` and returns true if the word is in the cache.
    @inline(__always)
    func append(
        _ word: UnsafePointer<UInt8>, _ length: Int, hash: UInt32, to output: inout [Int32]
    ) -> Bool {
        slots.withUnsafeBufferPointer { slots in
            let mask = slots.count - 1
            var index = Int(hash) & mask
            while true {
                let slot = slots[index]
                if slot.length == 0 { return false }
                if slot.hash == hash, Int(slot.length) == length,
                    bytes.withUnsafeBufferPointer({
                        memcmp($0.baseAddress! + Int(slot.start), word, length) == 0
                    })
                {
                    let start = Int(slot.idStart)
                    if slot.idCount == 1 {
                        output.append(ids[start])
                    } else {
                        output.append(contentsOf: ids[start..<start + Int(slot.idCount)])
                    }
                    return true
                }
                index = (index + 1) & mask
            }
        }
    }

    /// Adds a word that is not in the cache, of 1 to `longestWord` bytes.
    mutating func insert(
        _ word: UnsafePointer<UInt8>, _ length: Int, hash: UInt32, ids wordIDs: ArraySlice<Int32>
    ) {
        if (count + 1) * 2 > slots.count { makeRoom() }
        let slot = Slot(
            hash: hash, length: UInt16(length), idCount: UInt16(wordIDs.count),
            start: UInt32(bytes.count), idStart: UInt32(ids.count))
        bytes.append(contentsOf: UnsafeBufferPointer(start: word, count: length))
        ids.append(contentsOf: wordIDs)
        place(slot)
        count += 1
    }

    private mutating func place(_ slot: Slot) {
        let mask = slots.count - 1
        var index = Int(slot.hash) & mask
        while slots[index].length != 0 { index = (index + 1) & mask }
        slots[index] = slot
    }

    private mutating func makeRoom() {
        if slots.count >= Self.mostSlots {
            slots = Array(repeating: Self.free, count: slots.count)
            bytes.removeAll(keepingCapacity: true)
            ids.removeAll(keepingCapacity: true)
            count = 0
            return
        }
        let old = slots
        slots = Array(repeating: Self.free, count: old.count * 4)
        for slot in old where slot.length != 0 { place(slot) }
    }
}
